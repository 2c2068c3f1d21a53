//! Accounts as Markdown: what is pasted into an incident report.

use super::incident;
use crate::model::Account;
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write as _;

/// A report of these operations, oldest first; where they answer one incident, the incident's. Times are UTC, because readers sit in several places.
pub fn markdown(accounts: &[&Account], now: Timestamp) -> String {
    let mut ordered = accounts.to_vec();
    ordered.sort_by_key(|account| (account.started, account.id.clone()));
    if incident::is_one(&ordered) {
        return incident::document(&ordered, now);
    }
    let mut text = format!("# Operations, as journaled until {}\n", moment(now));
    if ordered.is_empty() {
        text.push_str("\nNothing was changed.\n");
    } else {
        text.push_str("\n| when | who | what | result |\n|---|---|---|---|\n");
    }
    for account in &ordered {
        let row = [
            moment(account.started),
            account.who.join(", "),
            format!("{} {}: {}", account.verb, account.target, account.summary),
            account.state.to_string(),
        ];
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        line(&mut text, format_args!("| {} |", cells.join(" | ")));
    }
    for account in ordered {
        one(&mut text, account);
    }
    text
}

pub(super) fn one(text: &mut String, account: &Account) {
    line(text, format_args!("\n## {} {}: {}\n", account.verb, account.target, account.summary));
    line(text, format_args!("- **operation** `{}` in context `{}`", account.id, account.context));
    line(text, format_args!("- **who** {}", account.who.join(", then ")));
    line(text, format_args!("- **why** {}", account.why.as_deref().unwrap_or("no reason was given")));
    for rule in &account.overridden {
        line(text, format_args!("- **overrides** {rule}"));
    }
    let ended = account.ended.map_or_else(|| "not ended".to_owned(), moment);
    line(text, format_args!("- **when** {} – {ended}", moment(account.started)));
    let result = account.result.as_deref().map_or_else(String::new, |result| format!(": {result}"));
    line(text, format_args!("- **result** {}{result}", account.state));
    line(text, format_args!("- **lasts** {}", account.durability));
    text.push_str("\n| time (UTC) | what happened |\n|---|---|\n");
    for happening in &account.timeline {
        let what = happening.what.replace('|', "\\|").replace('\n', " ");
        line(text, format_args!("| {} | {what} |", moment(happening.at)));
    }
    if !account.diff.trim().is_empty() {
        fenced(text, "What changed", "diff", account.diff.trim_end());
    }
    fenced(text, "The same by hand, without the checks", "sh", &account.commands.join("\n"));
}

/// A block of code in a fence that is longer than any within it.
pub(super) fn fenced(text: &mut String, title: &str, language: &str, code: &str) {
    let longest = code.lines().map(|line| line.chars().filter(|c| *c == '`').count()).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    line(text, format_args!("\n{title}:\n\n{fence}{language}\n{code}\n{fence}"));
}

pub(super) fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{what}"); // writing to a String cannot fail
}

pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Happening, Kind, ObjectRef, OperationId, OperationState, Verb};
    use crate::operate::fixtures::at;

    fn account() -> Account {
        Account {
            id: OperationId("op-1".into()),
            verb: Verb::Rollback,
            target: ObjectRef::new(Kind::Deployment, "shop", "checkout"),
            context: "prod".into(),
            summary: "41 → 40".into(),
            versions: None,
            who: vec!["ana@laptop".into(), "bo@desk".into()],
            incident: None,
            evidence: String::new(),
            written: None,
            healthy: None,
            left: Vec::new(),
            overridden: Vec::new(),
            why: None,
            started: at(0),
            ended: Some(at(65)),
            state: OperationState::Done,
            result: Some("6 of 6 pods are available".into()),
            durability: "sticks".into(),
            timeline: vec![Happening { at: at(0), what: "confirmed | by ana".into(), routine: false }],
            diff: "- a\n+ ```".into(),
            commands: vec!["kubectl rollout undo deploy/checkout".into()],
        }
    }

    #[test]
    fn a_report_can_be_pasted() {
        insta::assert_snapshot!(markdown(&[&account()], at(100)), @r"
        # Operations, as journaled until 2026-01-01 00:01:40

        | when | who | what | result |
        |---|---|---|---|
        | 2026-01-01 00:00:00 | ana@laptop, bo@desk | rollback Deployment shop/checkout: 41 → 40 | done |

        ## rollback Deployment shop/checkout: 41 → 40

        - **operation** `op-1` in context `prod`
        - **who** ana@laptop, then bo@desk
        - **why** no reason was given
        - **when** 2026-01-01 00:00:00 – 2026-01-01 00:01:05
        - **result** done: 6 of 6 pods are available
        - **lasts** sticks

        | time (UTC) | what happened |
        |---|---|
        | 2026-01-01 00:00:00 | confirmed \| by ana |

        What changed:

        ````diff
        - a
        + ```
        ````

        The same by hand, without the checks:

        ```sh
        kubectl rollout undo deploy/checkout
        ```
        ");
        assert!(markdown(&[], at(100)).contains("Nothing was changed"));
    }
}
