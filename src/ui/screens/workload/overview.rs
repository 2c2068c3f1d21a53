//! The Overview tab: the verdict with its evidence, how the rollout stands, its pods, what it is made of, who owns it, what
//! limits it, what happened last, and what can be done about it.

use super::{events, sight, usage, words};
use crate::{
    config::{Action, Meaning},
    model::{Aspect, Budget, ContainerDetail, Inspection, Overview, Sight, Workload},
    time::age,
    ui::{
        elsewhere, glyph,
        page::{Page, Piece},
        panes::verdict::proof,
        refusals,
        scene::Scene,
        tables::reading,
    },
};

/// Events shown at the end.
const LAST_EVENTS: usize = 5;

const VERBS: [Action; 5] = [Action::RollBack, Action::Bump, Action::Migrate, Action::Shift, Action::Restart];

/// Everything about the workload at a glance.
pub fn page(scene: &Scene<'_>, row: &Workload, width: u16) -> Page {
    let mut page = Page::new(width);
    let inspection = scene.rows.inspections.get(&row.object);
    evidence(&mut page, scene, row);
    elsewhere::on(&mut page, scene, row);
    rollout(&mut page, scene, row);
    pods(&mut page, scene);
    verbs(&mut page, scene);
    let seen = sight(scene, Aspect::Overview);
    let overview = match &seen {
        Ok(Sight::Overview(overview)) => Some(overview),
        _ => None,
    };
    who(&mut page, scene, row, overview);
    page.blank();
    match overview {
        Some(overview) => about(&mut page, scene, row, inspection, overview),
        None => {
            for container in &row.containers {
                page.labelled("image", Meaning::Text, &container.image);
            }
            if let Err((meaning, text)) = &seen {
                page.text(*meaning, text);
            }
        }
    }
    page.blank();
    page.line(vec![(Meaning::Title, "last events".into())]);
    match sight(scene, Aspect::Events) {
        Ok(Sight::Events(all, _)) if all.is_empty() => page.text(Meaning::Muted, "none within the last hour or so"),
        Ok(Sight::Events(all, _)) => {
            for event in all.iter().take(LAST_EVENTS) {
                page.line(events::pieces(event, &row.object, scene.now));
            }
        }
        Ok(_) => {}
        Err((meaning, text)) => page.text(meaning, &text),
    }
    page
}

/// The whole sentence where the line above the tab is too narrow for it, what proves it, and the keys that help.
fn evidence(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    let sentence = scene.rows.reason_with_age(row, |since| age(since, scene.now));
    if let Some(sentence) = sentence.filter(|sentence| sentence.chars().count() + 2 > page.width()) {
        page.labelled("because", glyph::workload(row, scene.rows.health_of(row)).1, &sentence);
    }
    proof(page, scene, row, 3);
}

fn rollout(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    let (full, empty) = glyph::bar(row.updated.into(), row.desired.into(), 10);
    let meaning = glyph::workload(row, scene.rows.health_of(row)).1;
    let mut pieces: Vec<Piece> = vec![
        (Meaning::Muted, format!("{:<8} ", "rollout")),
        (meaning, full),
        (Meaning::Muted, empty),
        (Meaning::Text, format!(" {} of {} new", row.updated, row.desired)),
        (Meaning::Text, format!(", {} ready, {} available", row.ready, row.available)),
    ];
    if let Some(revision) = row.revision {
        pieces.push((Meaning::Muted, format!("  revision {revision}")));
    }
    if let Some(changed) = row.changed {
        pieces.push((Meaning::Muted, format!("  moved {} ago", age(changed, scene.now))));
    }
    page.line(pieces);
    if let Some(reason) = &row.rollout.reason {
        page.labelled("", Meaning::Muted, &format!("{}: {reason}", row.rollout.state));
    }
}

fn pods(page: &mut Page, scene: &Scene<'_>) {
    let mut pieces: Vec<Piece> = vec![(Meaning::Muted, format!("{:<8} ", "pods"))];
    match sight(scene, Aspect::Pods) {
        Ok(Sight::Pods(pods)) => {
            let states = pods.by_status();
            if states.is_empty() {
                pieces.push((Meaning::Muted, "none".into()));
            }
            for (at, (status, ready, count)) in states.into_iter().enumerate() {
                let gap = if at > 0 { "  " } else { "" };
                let meaning = super::pods::meaning(ready, status);
                let word = if ready || status != "Running" { status.to_owned() } else { "Running, not ready".into() };
                pieces.push((meaning, format!("{gap}{count} {word}")));
            }
            if pods.omitted > 0 {
                pieces.push((Meaning::Muted, format!("  and {} more", pods.omitted)));
            }
            page.line(pieces);
            let classes = pods.by_quality();
            if !classes.is_empty() {
                page.labelled("quality", Meaning::Text, &classes.join(", "));
            }
            if !pods.groups.is_empty() {
                usage::total(page, scene, pods);
            }
        }
        Ok(_) => {}
        Err((meaning, text)) => page.hanging(pieces, meaning, &text),
    }
}

fn who(page: &mut Page, scene: &Scene<'_>, row: &Workload, overview: Option<&Overview>) {
    match &row.owner {
        Some(owner) if owner.kind.reconciles() => {
            page.labelled("owner", Meaning::Text, &format!("{owner}, which writes it again by itself"));
        }
        Some(owner) => page.labelled("owner", Meaning::Text, &owner.to_string()),
        None => page.labelled("owner", Meaning::Muted, "none found"),
    }
    if let Some(scaler) = scene.rows.autoscaler_of(&row.object) {
        let metrics: Vec<String> = scaler.metrics.iter().map(reading).collect();
        let range = format!("{} of {} to {}", scaler.current, scaler.min, scaler.max);
        let wish =
            if scaler.desired == scaler.current { String::new() } else { format!(", asks for {}", scaler.desired) };
        page.labelled("scales", Meaning::Text, &format!("{range}{wish}  {}", metrics.join(", ")));
        if let Some(trouble) = scaler.trouble() {
            page.labelled("", Meaning::Degraded, trouble);
        }
    }
    match overview.and_then(|overview| overview.budgets.as_ref()) {
        Some(Ok(budgets)) if budgets.is_empty() => page.labelled("budget", Meaning::Muted, "none covers its pods"),
        Some(Ok(budgets)) => budgets.iter().for_each(|one| budget(page, one)),
        Some(Err(why)) => page.labelled("budget", Meaning::Warning, &format!("not known: {why}")),
        None => {}
    }
}

fn budget(page: &mut Page, budget: &Budget) {
    let meaning = if budget.allowed == 0 { Meaning::Warning } else { Meaning::Text };
    let disrupted = if budget.allowed == 0 { "no pod".to_owned() } else { budget.allowed.to_string() };
    let text = format!(
        "{}: {}; {disrupted} may be disrupted now ({} healthy, {} required)",
        budget.name, budget.rule, budget.healthy, budget.required
    );
    page.labelled("budget", meaning, &text);
}

/// What can be done, by key; what cannot says why when its key is pressed.
fn verbs(page: &mut Page, scene: &Scene<'_>) {
    let mut pieces: Vec<Piece> = vec![(Meaning::Muted, format!("{:<8} ", "can do"))];
    for action in VERBS {
        let Some(key) = scene.state.session.keymap.key(scene.state.places(), action) else { continue };
        let possible = refusals::refusal(scene.state, scene.rows, action).is_none();
        let (of_key, of_word) = if possible { (Meaning::Key, Meaning::Text) } else { (Meaning::Muted, Meaning::Muted) };
        pieces.push((of_key, format!("{key} ")));
        pieces.push((of_word, format!("{}  ", action.description())));
    }
    page.line(pieces);
}

fn about(page: &mut Page, scene: &Scene<'_>, row: &Workload, inspection: Option<&Inspection>, overview: &Overview) {
    let serving = inspection.map_or(&[][..], |inspection| &inspection.serving_before);
    for container in &overview.containers {
        self::container(page, container);
        let changed = row.containers.iter().any(|c| *c.name == *container.name);
        if let (true, Some(before)) = (changed && !container.init, serving.first()) {
            page.labelled("", Meaning::Muted, &format!("{before} still serves"));
        }
    }
    page.labelled("strategy", Meaning::Text, &overview.strategy);
    if let Some(account) = &overview.service_account {
        page.labelled("account", Meaning::Muted, account);
    }
    if overview.unobserved {
        page.labelled("", Meaning::Progressing, "its controller has not looked at the latest change yet");
    }
    page.blank();
    for condition in &overview.conditions {
        let (meaning, words) = words::condition(&condition.kind, &condition.status, &condition.reason);
        let since = condition.since.map(|since| format!(" for {}", age(since, scene.now))).unwrap_or_default();
        let head = format!("{} {}{since}: ", condition.kind, condition.status);
        let text = match words {
            Some(words) if condition.message.is_empty() || condition.is_true() => words.to_owned(),
            Some(words) => format!("{words} ({})", condition.message),
            None if condition.message.is_empty() => condition.reason.to_string(),
            None => condition.message.to_string(),
        };
        page.hanging(vec![(meaning, "• ".to_owned()), (Meaning::Muted, head)], Meaning::Text, &text);
    }
    if overview.conditions.is_empty() {
        page.text(Meaning::Muted, "its controller reports no conditions");
    }
}

fn container(page: &mut Page, container: &ContainerDetail) {
    let init = if container.init { " (init)" } else { "" };
    let ports = if container.ports.is_empty() { String::new() } else { format!("  {}", container.ports.join(", ")) };
    page.hanging(
        vec![(Meaning::Title, format!("{}{init}  ", container.name))],
        Meaning::Text,
        &format!("{}{ports}", container.image),
    );
    let resources: Vec<String> = container.resources.iter().map(asked).collect();
    match resources.is_empty() {
        true => page.labelled("  asks", Meaning::Warning, "no requests and no limits"),
        false => page.labelled("  asks", Meaning::Text, &resources.join(", ")),
    }
    for (which, probe) in &container.probes {
        page.labelled(&format!("  {}", short(which)), Meaning::Text, probe);
    }
    if container.probes.is_empty() && !container.init {
        page.labelled("  probes", Meaning::Muted, "none: it counts as ready once it runs");
    }
}

/// What is requested of a resource, and what may be used at most.
fn asked((name, request, limit): &(String, Option<String>, Option<String>)) -> String {
    match (request, limit) {
        (Some(request), Some(limit)) if request == limit => format!("{name} {request}, not more"),
        (Some(request), Some(limit)) => format!("{name} {request} to {limit}"),
        (Some(request), None) => format!("{name} {request} without a limit"),
        (None, limit) => format!("{name} up to {}", limit.as_deref().unwrap_or_default()),
    }
}

/// A probe in the six columns there are.
const fn short(which: &str) -> &str {
    match which.as_bytes() {
        b"readiness" => "ready",
        b"liveness" => "alive",
        _ => "start",
    }
}
