//! The message of a commit: what, why, and trailers by which the commit is recognised after a crash.

use super::Asked;
use crate::model::{Action, ObjectRef, Plan};

/// `change` says what becomes of what, as `2.4.0 → 2.4.1`; `body` has a paragraph each.
pub(super) fn of(asked: &Asked<'_>, target: &ObjectRef, change: &str, body: &[String]) -> String {
    let mut message = format!("{}: {change}\n\n", target.name);
    message.extend(body.iter().map(|text| paragraph(text)));
    message + &format!("Pilothouse-Operation: {}\nPilothouse-Workload: {target}\n", asked.operation)
}

fn paragraph(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).chain("\n\n".chars()).collect()
}

/// The same plan, with the operator's reason, which its commit tells as well. One that has a reason already keeps its own.
///
/// Nothing else in a plan depends on the reason, so nothing has to be asked again while somebody waits.
pub fn because(mut plan: Plan, why: &str) -> Plan {
    let why = why.trim();
    if plan.why.is_some() || why.is_empty() {
        return plan;
    }
    for step in &mut plan.steps {
        if let Action::Commit(commit) = &mut step.action
            && let Some(end) = commit.message.find("\n\n")
        {
            commit.message.insert_str(end + 2, &paragraph(why));
        }
    }
    Plan { why: Some(why.to_owned()), ..plan }
}

/// Adds a trailer for each rule of the team that is overridden.
pub(super) fn overrides(message: &mut String, rules: &[String]) {
    for rule in rules {
        let line: String = rule.chars().filter(|c| !c.is_control()).collect();
        message.push_str(&format!("Pilothouse-Overrides: {line}\n"));
    }
}
