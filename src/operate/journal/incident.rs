//! An incident as Markdown: what broke and since when, what was done about it, how long that took, and what is left to do.
//!
//! Invariant: every time is one that somebody saw. What nobody saw is said to be unknown, and nothing is made up from it.

use super::markdown::{fenced, line, moment, one};
use crate::model::{Account, Verb};
use jiff::Timestamp;
use std::fmt::Write as _;

/// Whether these operations answer one incident: one of them alone, or all those that were confirmed together.
pub(super) fn is_one(accounts: &[&Account]) -> bool {
    match accounts {
        [] => false,
        [only] => only.incident.is_some(),
        [first, rest @ ..] => first.group().is_some_and(|group| rest.iter().all(|told| told.group() == Some(group))),
    }
}

/// The document of one incident; `accounts` are its operations, oldest first.
pub(super) fn document(accounts: &[&Account], now: Timestamp) -> String {
    let mut text = String::new();
    let context = accounts.first().map_or("", |told| &told.context);
    let what = match accounts {
        [only] if only.verb == Verb::Rollback => format!("{} rolled back", only.target.path()),
        [only] => format!("{} {}", only.verb, only.target),
        several => format!("{} workloads rolled back", several.len()),
    };
    line(&mut text, format_args!("# Incident in {context}: {what}\n"));
    summary(&mut text, accounts, now);
    workloads(&mut text, accounts);
    timeline(&mut text, accounts);
    left(&mut text, accounts);
    let commands: Vec<&str> = accounts.iter().flat_map(|told| &told.commands).map(String::as_str).collect();
    text.push_str("\n## By hand\n");
    fenced(&mut text, "The same without the checks", "sh", &commands.join("\n"));
    text.push_str("\n# Operations\n");
    accounts.iter().for_each(|told| one(&mut text, told));
    text
}

/// Who, why, and from when to when users may have noticed.
fn summary(text: &mut String, accounts: &[&Account], now: Timestamp) {
    let incidents = || accounts.iter().filter_map(|told| told.incident.as_ref());
    let changed = incidents().filter_map(|incident| incident.changed).min();
    let broken = incidents().filter_map(|incident| incident.broken).min();
    let acted = accounts.iter().map(|told| told.started).min();
    let written = accounts.iter().filter_map(|told| told.written).max();
    let healthy = accounts.iter().filter_map(|told| told.healthy).max();
    let all_healthy = accounts.iter().all(|told| told.healthy.is_some());
    let told = |at: Option<Timestamp>| at.map_or_else(|| "not known".to_owned(), moment);
    line(text, format_args!("- **changed** {} (what fails was first asked for)", told(changed)));
    line(text, format_args!("- **seen to fail** {}", told(broken)));
    line(text, format_args!("- **acted** {}{}", told(acted), after(changed.or(broken), acted)));
    line(text, format_args!("- **write accepted** {}{}", told(written), after(acted, written)));
    let until = match (all_healthy, healthy) {
        (true, at) => format!("{}{}", told(at), after(acted, at)),
        (false, _) => "not all of them yet, see below".to_owned(),
    };
    line(text, format_args!("- **healthy again** {until}"));
    let from = [changed, broken].into_iter().flatten().min();
    let to = if all_healthy { healthy } else { Some(now) };
    match (from, to) {
        (Some(from), Some(to)) => {
            let open = if all_healthy { "" } else { ", and not over" };
            line(
                text,
                format_args!("- **impact at most** {} – {}, {}{open}", moment(from), moment(to), span(from, to)),
            );
        }
        _ => line(text, format_args!("- **impact** not known: nobody saw when it began")),
    }
    let mut who: Vec<&str> = accounts.iter().flat_map(|told| &told.who).map(String::as_str).collect();
    who.sort_unstable();
    who.dedup();
    line(text, format_args!("- **who** {}", who.join(", ")));
    let why = accounts.iter().find_map(|told| told.why.as_deref()).unwrap_or("no reason was given");
    line(text, format_args!("- **why** {why}"));
    for told in accounts {
        for rule in &told.overridden {
            line(text, format_args!("- **overrides** {}: {rule}", told.target.path()));
        }
    }
    text.push_str("- times are UTC, by the clock of the machine that acted\n");
}

fn workloads(text: &mut String, accounts: &[&Account]) {
    text.push_str(
        "\n## Workloads\n\n| workload | what failed | from → to | known good | result |\n|---|---|---|---|---|\n",
    );
    for told in accounts {
        let cause = told.incident.as_ref().and_then(|incident| incident.cause.as_deref()).unwrap_or("not known");
        let took = told.healthy.map_or_else(String::new, |at| format!(", healthy after {}", span(told.started, at)));
        let cells = [
            told.target.path(),
            cause.to_owned(),
            told.versions.as_ref().map_or_else(|| told.summary.clone(), |v| format!("{v} ({})", told.summary)),
            told.evidence.clone(),
            format!("{}{took}", told.state),
        ];
        line(text, format_args!("| {} |", cells.map(|cell| cell.replace('|', "\\|").replace('\n', " ")).join(" | ")));
    }
}

/// What happened to all of them, in order.
fn timeline(text: &mut String, accounts: &[&Account]) {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for told in accounts {
        let path = told.target.path();
        if let Some(incident) = &told.incident {
            lines.extend(incident.changed.map(|at| (at, format!("{path}: the template that fails is asked for"))));
            let cause = incident.cause.as_deref().unwrap_or("it fails");
            lines.extend(incident.broken.map(|at| (at, format!("{path}: {cause}"))));
        }
        let happened = told.timeline.iter().filter(|happening| !happening.routine);
        lines.extend(happened.map(|happening| (happening.at, format!("{path}: {}", happening.what))));
    }
    lines.sort_by_key(|(at, _)| *at);
    text.push_str("\n## Timeline\n\n| time (UTC) | what happened |\n|---|---|\n");
    for (at, what) in lines {
        let what = what.replace('|', "\\|").replace('\n', " ");
        line(text, format_args!("| {} | {what} |", moment(at)));
    }
}

fn left(text: &mut String, accounts: &[&Account]) {
    text.push_str("\n## What is left to do\n\n");
    let all = || accounts.iter().flat_map(|told| told.left.iter().map(move |left| (told.target.path(), left)));
    if all().next().is_none() {
        text.push_str("- [ ] nothing is known to undo this; find out why it broke\n");
    }
    for (path, what) in all() {
        line(text, format_args!("- [ ] {path}: {}", what.replace('\n', " ")));
    }
}

fn after(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if to >= from => format!(", after {}", span(from, to)),
        _ => String::new(),
    }
}

/// A length of time to the second: `7 min 13 s`; a short one to a tenth of it: `0.4 s`.
fn span(from: Timestamp, to: Timestamp) -> String {
    let length = to.duration_since(from);
    if length.as_millis() < 10_000 {
        return format!("{:.1} s", length.as_secs_f64().max(0.0));
    }
    let seconds = length.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    for (number, unit) in [(hours, "h"), (minutes, "min"), (seconds, "s")] {
        if number > 0 || (unit == "s" && text.is_empty()) {
            let blank = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{blank}{number} {unit}"); // writing to a String cannot fail
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Happening, Incident, Kind, ObjectRef, OperationId, OperationState};
    use crate::operate::fixtures::at;

    fn account(name: &str, begun: i64, healthy: Option<i64>) -> Account {
        Account {
            id: OperationId(format!("g-1-{name}")),
            verb: Verb::Rollback,
            target: ObjectRef::new(Kind::Deployment, "shop", name),
            context: "prod".into(),
            summary: "41 → 40".into(),
            versions: Some("2.4.1 → 2.4.0".into()),
            who: vec!["ana@laptop".into()],
            incident: Some(Incident {
                group: Some("g-1".into()),
                changed: Some(at(begun)),
                broken: None,
                cause: Some("crash loop | exit 1".into()),
            }),
            evidence: "4 ready pods serve now".into(),
            written: Some(at(401)),
            healthy: healthy.map(at),
            left: vec!["flux apps/shop reverts this within 10 min: put it back in Git as well".into()],
            overridden: Vec::new(),
            why: Some("errors".into()),
            started: at(400),
            ended: None,
            state: if healthy.is_some() { OperationState::Done } else { OperationState::Failed },
            result: None,
            durability: "sticks".into(),
            timeline: vec![
                Happening { at: at(400), what: "confirmed by ana@laptop".into(), routine: false },
                Happening { at: at(400), what: "lock: the target is ours".into(), routine: true },
            ],
            diff: String::new(),
            commands: vec![format!("kubectl rollout undo deploy/{name} --to-revision=40")],
        }
    }

    #[test]
    fn an_incident_is_told_as_one_document() {
        let (first, second) = (account("checkout", 10, Some(430)), account("cart", 20, Some(440)));
        assert!(is_one(&[&first, &second]) && is_one(&[&first]) && !is_one(&[]));
        let text = document(&[&first, &second], at(900));
        let (head, _) = text.split_once("\n# Operations\n").unwrap();
        insta::assert_snapshot!(head, @r"
        # Incident in prod: 2 workloads rolled back

        - **changed** 2026-01-01 00:00:10 (what fails was first asked for)
        - **seen to fail** not known
        - **acted** 2026-01-01 00:06:40, after 6 min 30 s
        - **write accepted** 2026-01-01 00:06:41, after 1.0 s
        - **healthy again** 2026-01-01 00:07:20, after 40 s
        - **impact at most** 2026-01-01 00:00:10 – 2026-01-01 00:07:20, 7 min 10 s
        - **who** ana@laptop
        - **why** errors
        - times are UTC, by the clock of the machine that acted

        ## Workloads

        | workload | what failed | from → to | known good | result |
        |---|---|---|---|---|
        | shop/checkout | crash loop \| exit 1 | 2.4.1 → 2.4.0 (41 → 40) | 4 ready pods serve now | done, healthy after 30 s |
        | shop/cart | crash loop \| exit 1 | 2.4.1 → 2.4.0 (41 → 40) | 4 ready pods serve now | done, healthy after 40 s |

        ## Timeline

        | time (UTC) | what happened |
        |---|---|
        | 2026-01-01 00:00:10 | shop/checkout: the template that fails is asked for |
        | 2026-01-01 00:00:20 | shop/cart: the template that fails is asked for |
        | 2026-01-01 00:06:40 | shop/checkout: confirmed by ana@laptop |
        | 2026-01-01 00:06:40 | shop/cart: confirmed by ana@laptop |

        ## What is left to do

        - [ ] shop/checkout: flux apps/shop reverts this within 10 min: put it back in Git as well
        - [ ] shop/cart: flux apps/shop reverts this within 10 min: put it back in Git as well

        ## By hand

        The same without the checks:

        ```sh
        kubectl rollout undo deploy/checkout --to-revision=40
        kubectl rollout undo deploy/cart --to-revision=40
        ```
        ");
    }

    #[test]
    fn what_is_not_over_is_not_said_to_be() {
        let (first, mut second) = (account("checkout", 10, Some(430)), account("cart", 20, None));
        let text = document(&[&first, &second], at(900));
        assert!(text.contains("- **healthy again** not all of them yet"), "{text}");
        assert!(text.contains("14 min 50 s, and not over"), "{text}");
        second.incident = None;
        assert!(!is_one(&[&first, &second]) && !is_one(&[&second]), "it was not confirmed with the other");
    }
}
