//! `pilothouse status`: one look at workloads, rollouts, autoscalers, jobs and routes.

use super::{
    args::{Format, Global, Status},
    failure::Failure,
    report::Report,
    table::Table,
};
use crate::{
    app::Session,
    model::{Change, Health, JobState, Rows, Workload},
    observe::{self, Scope},
    operate,
    time::age,
};
use jiff::Timestamp;
use std::{io::Write, process::ExitCode};

/// Prints the state of the scope once.
///
/// # Errors
/// When the cluster cannot be reached, or nothing may be read.
pub async fn run(global: &Global, arguments: &Status, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let session = Session::open(&global.into()).await?;
    let scope = match global.namespaces() {
        _ if global.all_namespaces => Scope::All,
        names if names.is_empty() => Scope::Namespaces(vec![session.cluster.info().namespace.clone()]),
        names => Scope::Namespaces(names),
    };
    let (rows, reserved) =
        tokio::join!(observe::snapshot(&session.cluster, &scope), operate::reserved(&session.cluster));
    let mut rows = rows?;
    // What keeps it from being read keeps nothing else from being told.
    if let Ok(Some(held)) = reserved {
        rows.apply(vec![Change::Reservation(held)], session.clock.now());
    }
    match arguments.output {
        Format::Table => table(&rows, session.clock.now(), out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &report(&session, &rows))?;
            writeln!(out)?;
        }
        Format::Yaml => {
            let text = serde_yaml::to_string(&report(&session, &rows))
                .map_err(|e| Failure::internal("write the report as YAML", e))?;
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn report(session: &Session, rows: &Rows) -> Report {
    Report::new(&session.cluster.info().name, rows, session.clock.now())
}

const fn glyph(health: Health) -> &'static str {
    match health {
        Health::Broken => "✗",
        Health::Degraded => "!",
        Health::Progressing => "◐",
        Health::Unknown => "?",
        Health::Healthy => "✓",
    }
}

fn table(rows: &Rows, now: Timestamp, out: &mut impl Write) -> std::io::Result<()> {
    let mut workloads: Vec<&Workload> = rows.workloads.iter().collect();
    workloads.sort_by_cached_key(|w| (rows.health_of(w), w.object.namespace.clone(), w.object.name.clone()));
    let mut table = Table::new(["", "WORKLOAD", "KIND", "READY", "ROLLOUT", "IMAGES", "REVISION", "AGE", "OWNER"]);
    let mut reasons = Vec::new();
    for row in &workloads {
        let health = rows.health_of(row);
        let images: Vec<String> = row.containers.iter().map(|c| short_image(&c.image)).collect();
        table.row([
            glyph(health).to_owned(),
            row.object.path(),
            row.object.kind.to_string(),
            format!("{}/{}", row.ready, row.desired),
            rollout(row),
            images.join(" "),
            row.revision.map_or_else(|| "–".into(), |r| r.to_string()),
            row.created.map_or_else(|| "–".into(), |t| age(t, now)),
            row.owner.as_ref().map_or_else(|| "–".into(), ToString::to_string),
        ]);
        let blocker = rows.blocker_of(row);
        if let Some(reason) = rows.reason_with_age(row, |since| age(since, now))
            && (health != Health::Healthy || blocker.is_some())
        {
            reasons.push(format!("{} {}: {reason}", glyph(health), row.object.path()));
            let evidence = blocker.iter().flat_map(|blocker| &blocker.evidence);
            reasons.extend(evidence.map(|line| format!("    {line}")));
        }
    }
    if workloads.is_empty() {
        writeln!(out, "no workloads")?;
    } else {
        table.write(out)?;
    }
    if !reasons.is_empty() {
        writeln!(out, "\n{}", reasons.join("\n"))?;
    }
    if let Some(held) = rows.reservation(now) {
        let until = held.until.strftime("%F %H:%M UTC");
        writeln!(out, "\nreserved by {} until {until}{}", held.holder, held.remarks(now))?;
    }
    autoscalers(rows, out)?;
    jobs(rows, out)?;
    routes(rows, out)?;
    for unknown in Report::new("", rows, now).unknown {
        let place = unknown.namespace.map_or_else(String::new, |n| format!(" in {n}"));
        writeln!(out, "\nnot seen: {}{place}: {}", unknown.kind.plural(), unknown.reason)?;
    }
    Ok(())
}

/// Where the rollout stands, and for an Argo Rollout that is under way, how far: `paused, step 2/6 25 %`.
fn rollout(row: &Workload) -> String {
    match row.delivery.as_ref().and_then(|delivery| delivery.progress()) {
        Some(progress) => format!("{}, {progress}", row.rollout.state),
        None => row.rollout.state.to_string(),
    }
}

/// The last part of the repository with its version: `checkout:2.4.1`.
fn short_image(image: &str) -> String {
    image.rsplit('/').next().unwrap_or(image).to_owned()
}

fn autoscalers(rows: &Rows, out: &mut impl Write) -> std::io::Result<()> {
    if rows.autoscalers.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["AUTOSCALER", "TARGET", "MIN", "NOW", "MAX", "METRICS", "TROUBLE"]);
    for row in rows.autoscalers.iter() {
        let metrics: Vec<String> = row
            .metrics
            .iter()
            .map(|m| format!("{} {}/{}", m.name, m.current.as_deref().unwrap_or("unknown"), m.target))
            .collect();
        table.row([
            row.object.path(),
            row.target.type_name(),
            row.min.to_string(),
            row.current.to_string(),
            row.max.to_string(),
            metrics.join(", "),
            row.trouble().unwrap_or("–").to_owned(),
        ]);
    }
    writeln!(out)?;
    table.write(out)
}

fn jobs(rows: &Rows, out: &mut impl Write) -> std::io::Result<()> {
    if rows.jobs.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["JOB", "STATE", "DONE", "IMAGE"]);
    for row in rows.jobs.iter() {
        let state = match &row.state {
            JobState::Suspended => "suspended".to_owned(),
            JobState::Running => match rows.blocker_of_job(row) {
                Some(blocker) => format!("stuck: {}", blocker.kind().words()),
                None => "running".to_owned(),
            },
            JobState::Complete => "complete".to_owned(),
            JobState::Failed(why) => format!("failed: {why}"),
        };
        table.row([
            row.object.path(),
            state,
            format!("{}/{}", row.succeeded, row.completions),
            short_image(&row.image),
        ]);
    }
    writeln!(out)?;
    table.write(out)
}

fn routes(rows: &Rows, out: &mut impl Write) -> std::io::Result<()> {
    if rows.routes.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["ROUTE", "BACKENDS", "HEALTH"]);
    for row in rows.routes.iter() {
        let backends: Vec<String> = row.backends.iter().map(|b| format!("{} {} %", b.name, b.percent)).collect();
        table.row([row.object.path(), backends.join(" · "), row.health.to_string()]);
    }
    writeln!(out)?;
    table.write(out)
}
