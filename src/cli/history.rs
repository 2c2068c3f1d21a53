//! `pilothouse history`: the revisions of a workload with the commits that wrote their images, and what the reconciler did.

use super::{
    args::{Format, Global, History as Arguments},
    failure::Failure,
    report::API_VERSION,
    table::Table,
};
use crate::{
    app::Session,
    model::{Commit, History, KnownGood, Lead, Moment, ObjectRef, Origin},
    time::age,
};
use jiff::Timestamp;
use serde::Serialize;
use std::{io::Write, process::ExitCode};

/// The whole document. Fields may be added, never renamed.
#[derive(Debug, Serialize)]
struct Document<'h> {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    context: &'h str,
    workload: &'h ObjectRef,
    /// Newest first.
    revisions: Vec<Row<'h>>,
    /// What the reconciler did, newest first.
    reconciliations: Vec<Done<'h>>,
    /// What is missing above, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Row<'h> {
    revision: u64,
    current: bool,
    known_good: KnownGood,
    evidence: &'h str,
    created: Option<Timestamp>,
    images: Vec<&'h str>,
    cause: Option<&'h str>,
    replicas: u32,
    ready: u32,
    commit: Option<CommitRow<'h>>,
    /// How long it was on its way; null where it is not known.
    lead: Option<LeadRow>,
}

/// How long a revision was on its way.
#[derive(Debug, Serialize)]
struct LeadRow {
    environment: Option<String>,
    /// When every new pod was ready.
    serving: Timestamp,
    /// When its image was built.
    image_built: Option<Timestamp>,
    seconds_from_commit: Option<i64>,
    seconds_from_image: Option<i64>,
}

impl From<Lead> for LeadRow {
    fn from(lead: Lead) -> Self {
        Self {
            seconds_from_commit: lead.from_commit().map(|lead| lead.as_secs()),
            seconds_from_image: lead.from_image().map(|lead| lead.as_secs()),
            serving: lead.serving,
            image_built: lead.built,
            environment: lead.environment,
        }
    }
}

#[derive(Debug, Serialize)]
struct CommitRow<'h> {
    sha: &'h str,
    author: &'h str,
    message: &'h str,
    time: Timestamp,
}

#[derive(Debug, Serialize)]
struct Done<'h> {
    at: Timestamp,
    revision: Option<&'h str>,
    succeeded: bool,
    message: &'h str,
}

/// Prints the history of a workload.
///
/// # Errors
/// When the cluster cannot be reached, or the workload or its revisions cannot be read. A repository that cannot be read is
/// said in what is printed.
pub async fn run(global: &Global, arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let session = Session::open(&global.into()).await?;
    let namespace = global.namespace.clone().unwrap_or_else(|| session.cluster.info().namespace.clone());
    let target = ObjectRef::new(arguments.target.kind, namespace, arguments.target.name.as_str());
    let (history, origin) = tokio::join!(session.history(&target), session.origin(&target, arguments.repo.as_deref()));
    let history = history?;
    let mut unknown: Vec<String> = Vec::new();
    if let Err(error) = &origin {
        unknown.push(format!("commits: {error}"));
    }
    if let Some(Err(why)) = &history.reconciliations {
        unknown.push(format!("reconciliations: {why}"));
    }
    let origin = origin.ok();
    let document = || document(&session.cluster.info().name, &target, &history, origin.as_ref(), unknown.clone());
    match arguments.output {
        Format::Table => table(&history, origin.as_ref(), &unknown, session.clock.now(), out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &document())?;
            writeln!(out)?;
        }
        Format::Yaml => {
            let text = serde_yaml::to_string(&document())
                .map_err(|error| Failure::internal("write the history as YAML", error))?;
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn document<'h>(
    context: &'h str,
    workload: &'h ObjectRef,
    history: &'h History,
    origin: Option<&'h Origin>,
    unknown: Vec<String>,
) -> Document<'h> {
    let row = |past: &'h crate::model::PastRevision| Row {
        revision: past.revision,
        current: past.current,
        known_good: past.known_good,
        evidence: &past.evidence,
        created: past.created,
        images: past.containers.iter().map(|container| &*container.image).collect(),
        cause: past.cause.as_deref(),
        replicas: past.replicas,
        ready: past.ready,
        commit: history.commit_of(past, origin).map(|commit| CommitRow {
            sha: &commit.sha,
            author: &commit.author,
            message: &commit.subject,
            time: commit.time,
        }),
        lead: history.lead_of(past, origin).map(LeadRow::from),
    };
    let done = history.reconciliations.iter().flatten().flatten();
    Document {
        api_version: API_VERSION,
        context,
        workload,
        revisions: history.revisions.iter().map(row).collect(),
        reconciliations: done
            .map(|done| Done {
                at: done.at,
                revision: done.revision.as_deref(),
                succeeded: done.succeeded,
                message: &done.message,
            })
            .collect(),
        unknown,
    }
}

fn table(
    history: &History,
    origin: Option<&Origin>,
    unknown: &[String],
    now: Timestamp,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let mut table = Table::new(["", "REVISION", "GOOD", "READY", "AGE", "LEAD", "IMAGES", "WHAT"]);
    for moment in history.timeline(origin) {
        table.row(match moment {
            Moment::Revision(past, commit) => [
                if past.current { "▸".to_owned() } else { String::new() },
                past.revision.to_string(),
                match past.known_good {
                    KnownGood::Yes => "yes",
                    KnownGood::No => "no",
                    KnownGood::Unknown => "unknown",
                }
                .to_owned(),
                format!("{}/{}", past.ready, past.replicas),
                past.created.map_or_else(|| "–".into(), |created| age(created, now)),
                lead(history.lead_of(past, origin)),
                past.containers.iter().map(|container| last_part(&container.image)).collect::<Vec<_>>().join(" "),
                match (commit, &past.cause) {
                    (Some(commit), _) => of_commit(commit),
                    (None, Some(cause)) => cause.clone(),
                    (None, None) => past.evidence.clone(),
                },
            ],
            Moment::Commit(commit) => {
                let version = commit.to.clone().unwrap_or_else(|| "nothing".into());
                let what = of_commit(commit);
                ["".into(), "git".into(), "".into(), "".into(), age(commit.time, now), "".into(), version, what]
            }
            Moment::Reconciliation(done) => {
                let what = if done.succeeded { done.message.clone() } else { format!("failed: {}", done.message) };
                ["".into(), "sync".into(), "".into(), "".into(), age(done.at, now), "".into(), "".into(), what]
            }
        });
    }
    if history.revisions.is_empty() {
        writeln!(out, "no revisions are kept")?;
    } else {
        table.write(out)?;
    }
    for what in unknown {
        writeln!(out, "\nnot seen: {what}")?;
    }
    Ok(())
}

/// How long it took from its commit until it served, and from its image where that is known: `4m`, `4m (image 2h)`.
fn lead(lead: Option<Lead>) -> String {
    let Some(lead) = lead else { return String::new() };
    let from = |began| age(began, lead.serving);
    match (lead.committed.map(from), lead.built.map(from)) {
        (Some(commit), Some(image)) => format!("{commit} (image {image})"),
        (Some(commit), None) => commit,
        (None, image) => image.map_or_else(String::new, |image| format!("image {image}")),
    }
}

/// The last part of the repository with its version: `checkout:2.4.1`.
fn last_part(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

fn of_commit(commit: &Commit) -> String {
    format!("{} {} ({})", commit.sha.get(..7).unwrap_or(&commit.sha), commit.subject, commit.author)
}
