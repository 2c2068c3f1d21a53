//! The message of a commit: what, why, and trailers by which the commit is recognised after a crash.

use super::Asked;
use crate::model::ObjectRef;

/// `change` says what becomes of what, as `2.4.0 → 2.4.1`; `body` has a paragraph each.
pub(super) fn of(asked: &Asked<'_>, target: &ObjectRef, change: &str, body: &[String]) -> String {
    let mut message = format!("{}: {change}\n\n", target.name);
    for paragraph in body {
        message.extend(paragraph.chars().filter(|c| *c == '\n' || !c.is_control()));
        message.push_str("\n\n");
    }
    message + &format!("Pilothouse-Operation: {}\nPilothouse-Workload: {target}\n", asked.operation)
}

/// Adds a trailer for each rule of the team that is overridden.
pub(super) fn overrides(message: &mut String, rules: &[String]) {
    for rule in rules {
        let line: String = rule.chars().filter(|c| !c.is_control()).collect();
        message.push_str(&format!("Pilothouse-Overrides: {line}\n"));
    }
}
