//! Preconditions that every verb shares: the object's life, RBAC, and who else is at work on it.

use super::Asked;
use super::span;
use crate::formats::lease;
use crate::model::{Access, CommonFacts, Holder, Kind, Precondition, Reservation};
use jiff::Timestamp;

/// The checks that every verb begins with. `lease` says whether the verb refuses to run without a Lease.
pub(super) fn shared(asked: &Asked<'_>, common: &CommonFacts, lease: bool) -> Vec<Precondition> {
    let mut checks = Vec::new();
    if common.object["metadata"]["deletionTimestamp"].is_string() {
        let detail = format!("{} is being deleted; recreate it instead", asked.intent.target());
        checks.push(Precondition::require("object", false, detail));
    }
    checks.extend(permissions(&asked.intent.needs(), common));
    checks.extend(nobody_else(common.holder.as_ref(), asked.now));
    checks.extend(reserved(common.reservation.as_ref(), &common.actor, asked.now));
    checks.extend(may_lock(common.may_lease, lease));
    checks
}

/// What a plan cannot do without: the guard asks again for these when it runs.
pub(super) fn required(needs: Vec<Access>) -> Vec<Access> {
    needs.into_iter().filter(|access| missed(access).is_none()).collect()
}

/// What is missed without this right; None where the plan cannot run without it.
fn missed(access: &Access) -> Option<&'static str> {
    match (access.verb.as_str(), access.kind, access.subresource.as_str()) {
        ("get", Kind::Pod, "log") => Some("the Job's log cannot be shown"),
        ("list", Kind::Pod, _) => Some("why pods fail cannot be told"),
        ("patch", Kind::Rollout, "status") => {
            Some("an update under way is not aborted first, nor are its steps skipped")
        }
        ("get", Kind::Service, _) => Some("whether backends exist cannot be told"),
        ("create", Kind::ConfigMap, _) => Some("once the Job's time to live is over, nothing remembers that it ran"),
        _ => None,
    }
}

/// Whether this is allowed, as far as RBAC told.
pub(super) fn allowed(common: &CommonFacts, access: &Access) -> Option<bool> {
    common.permissions.iter().find(|permission| permission.access == *access).and_then(|p| p.allowed)
}

pub(super) fn permissions(needs: &[Access], common: &CommonFacts) -> Vec<Precondition> {
    let mut checks = Vec::new();
    let mut unknown = Vec::new();
    for access in needs {
        match (allowed(common, access), missed(access)) {
            (Some(true), _) => {}
            (Some(false), Some(missed)) => {
                checks.push(Precondition::warn("permission", format!("may not {access}: {missed}")));
            }
            (Some(false), None) => {
                let detail = format!("may not {access}; ask for it, or use a context that may");
                checks.push(Precondition::require("permission", false, detail));
            }
            (None, _) => unknown.push(access.to_string()),
        }
    }
    if !unknown.is_empty() {
        let detail = format!("RBAC could not be asked: {}; it shows when it runs", unknown.join(", "));
        checks.push(Precondition::warn("permission", detail));
    }
    if checks.is_empty() {
        checks.push(Precondition::require("permission", true, format!("may {}", summed_up(needs))));
    }
    checks
}

/// Rights grouped by verb, writes first: `patch deployments; get deployments; list replicasets, pods`.
fn summed_up(needs: &[Access]) -> String {
    let mut verbs: Vec<(&str, Vec<String>)> = Vec::new();
    for access in needs.iter().rev() {
        let plural = access.kind.plural();
        let what = match access.subresource.as_str() {
            "" => plural.to_owned(),
            subresource => format!("{plural}/{subresource}"),
        };
        match verbs.iter_mut().find(|(verb, _)| *verb == access.verb) {
            Some((_, objects)) => objects.push(what),
            None => verbs.push((&access.verb, vec![what])),
        }
    }
    let verbs = verbs.into_iter().map(|(verb, objects)| format!("{verb} {}", objects.join(", ")));
    verbs.collect::<Vec<_>>().join("; ")
}

fn nobody_else(holder: Option<&Holder>, now: Timestamp) -> Option<Precondition> {
    let Some(holder) = holder else {
        return Some(Precondition::require("nobody else", true, "no other operation is at work on it"));
    };
    // A Lease says `user@host/operation`; the operation is told apart.
    let who = holder.identity.split('/').next().unwrap_or_default();
    let operation = holder.operation.as_ref().map(|id| format!(" for operation {id}")).unwrap_or_default();
    let fresh = holder.renewed.is_some_and(|renewed| lease::is_fresh(renewed, now));
    Some(if holder.gone {
        let detail =
            format!("{who} held it{operation}, whose process on this machine is gone: it is taken over at once");
        Precondition::warn("nobody else", detail)
    } else if fresh {
        let detail = format!("{who} is at work on it{operation}; wait, or finish that first");
        Precondition::require("nobody else", false, detail)
    } else {
        // The lock has the last word: clocks differ.
        let silent = holder.renewed.map(|renewed| format!(" {} ago", span::words(span::between(renewed, now))));
        let watched = lease::DURATION.as_secs();
        let detail = format!(
            "{who} held it{operation} and fell silent{}: watched for {watched} s, then taken over",
            silent.unwrap_or_default()
        );
        Precondition::warn("nobody else", detail)
    })
}

/// Somebody else wants the cluster for themselves: to be known, not a block.
fn reserved(reservation: Option<&Reservation>, us: &str, now: Timestamp) -> Option<Precondition> {
    let held = reservation.filter(|held| held.concerns(us, now))?;
    let until = held.until.strftime("%F %H:%M UTC");
    let detail =
        format!("{} has reserved this cluster until {until}{}; talk to them first", held.holder, held.remarks(now));
    Some(Precondition::warn("reservation", detail))
}

fn may_lock(may_lease: Option<bool>, needed: bool) -> Option<Precondition> {
    match (may_lease, needed) {
        (Some(true), _) => None,
        (Some(false), true) => Some(Precondition::require(
            "lease",
            false,
            "may not write leases here, so two operators could shift at once; ask for get, create, patch on leases",
        )),
        (Some(false), false) => {
            Some(Precondition::warn("lease", "may not write leases here: nothing keeps a second operator out"))
        }
        (None, _) => Some(Precondition::warn("lease", "RBAC could not be asked about leases; it shows when it runs")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, now};
    use super::*;
    use crate::model::{Intent, Permission};
    use rstest::rstest;
    use serde_json::json;

    fn check(common: &CommonFacts, lease: bool, what: &str) -> Vec<(bool, bool)> {
        let intent = Intent::Rollback { target: fixtures::checkout(), revision: None };
        let operation = fixtures::operation();
        let asked = Asked { intent: &intent, operation: &operation, why: None, now: now() };
        let found = shared(&asked, common, lease).into_iter().filter(|p| p.what == what);
        found.map(|p| (p.ok, p.warning)).collect()
    }

    const HOLDS: (bool, bool) = (true, false);
    const WARNS: (bool, bool) = (false, true);
    const STOPS: (bool, bool) = (false, false);

    #[rstest]
    #[case::all(|_: &Access| Some(true), &[HOLDS])]
    #[case::no_patch(|a: &Access| Some(a.verb != "patch"), &[STOPS])]
    #[case::no_pods(|a: &Access| Some(a.kind != Kind::Pod), &[WARNS])]
    #[case::none(|_: &Access| Some(false), &[STOPS, STOPS, WARNS, STOPS])]
    #[case::not_asked(|_: &Access| None, &[WARNS])]
    fn rbac(#[case] answer: fn(&Access) -> Option<bool>, #[case] expected: &[(bool, bool)]) {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        let needs = Intent::Rollback { target: fixtures::checkout(), revision: None }.needs();
        common.permissions = needs.into_iter().map(|access| Permission { allowed: answer(&access), access }).collect();
        assert_eq!(check(&common, false, "permission"), expected);
    }

    #[test]
    fn what_was_never_asked_is_not_taken_as_allowed() {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        common.permissions.clear();
        assert_eq!(check(&common, false, "permission"), [WARNS]);
    }

    #[rstest]
    #[case(None, HOLDS)]
    #[case(Some(Some(3)), STOPS)]
    #[case(Some(Some(13)), WARNS)]
    #[case(Some(Some(-4000)), WARNS)]
    #[case(Some(None), WARNS)]
    fn another_holder(#[case] silent: Option<Option<i64>>, #[case] expected: (bool, bool)) {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        common.holder = silent.map(|silent| Holder {
            identity: "ana@desk".into(),
            operation: Some("op-1".into()),
            renewed: silent.map(fixtures::ago),
            gone: false,
        });
        assert_eq!(check(&common, false, "nobody else"), [expected]);
        if let Some(holder) = &mut common.holder {
            holder.gone = true;
            assert_eq!(check(&common, false, "nobody else"), [WARNS], "a process that is gone keeps nobody out");
        }
    }

    #[rstest]
    #[case::theirs("ben@laptop", 600, &[WARNS])]
    #[case::ended("ben@laptop", -600, &[])]
    #[case::ours("", 600, &[])]
    fn a_reservation_of_somebody_else_is_a_word_of_warning(
        #[case] holder: &str,
        #[case] left: i64,
        #[case] expected: &[(bool, bool)],
    ) {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        let holder = if holder.is_empty() { common.actor.as_str() } else { holder };
        common.reservation = Some(Reservation {
            lease: crate::formats::reservation::lease(),
            holder: holder.into(),
            reason: Some("load test".into()),
            since: None,
            renewed: fixtures::ago(3600),
            until: fixtures::ago(-left),
        });
        assert_eq!(check(&common, false, "reservation"), expected);
    }

    #[rstest]
    #[case(Some(true), true, None)]
    #[case(Some(false), true, Some(STOPS))]
    #[case(Some(false), false, Some(WARNS))]
    #[case(None, true, Some(WARNS))]
    fn leases(#[case] may: Option<bool>, #[case] needed: bool, #[case] expected: Option<(bool, bool)>) {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        common.may_lease = may;
        assert_eq!(check(&common, needed, "lease"), Vec::from_iter(expected));
    }

    #[test]
    fn an_object_that_is_going_away_is_left_alone() {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        assert_eq!(check(&common, false, "object"), []);
        common.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(check(&common, false, "object"), [STOPS]);
    }

    #[test]
    fn the_guard_asks_again_only_for_what_is_indispensable() {
        let needs =
            Intent::Migrate { target: fixtures::checkout(), tag: None, container: None, command: vec![] }.needs();
        let required: Vec<String> = required(needs).iter().map(ToString::to_string).collect();
        assert_eq!(required, ["get deployments in shop", "get jobs in shop", "create jobs in shop"]);
    }
}
