//! Whether a change lasts: who would write the object again, and when.

use super::span;
use crate::formats::owner;
use crate::model::{CommonFacts, Durability, Owner, OwnerKind, Syncs};

/// Whether the owner keeps its hands off: suspended, or told to by the object itself.
pub(super) fn suspended(common: &CommonFacts) -> bool {
    let told = |owner: &Owner| owner.kind == OwnerKind::Kustomization && owner::exempt(&common.object);
    common.owner_suspended || common.owner.as_ref().is_some_and(told)
}

/// The owner that writes the object again by itself, if one does so now.
pub(super) fn reconciler(common: &CommonFacts) -> Option<&Owner> {
    common.owner.as_ref().filter(|owner| owner.kind.reconciles() && !suspended(common))
}

/// How long a write to what the owner has in its source lasts, when only the cluster is written.
pub(super) fn of_direct_write(common: &CommonFacts) -> Durability {
    let Some(owner) = &common.owner else { return Durability::Sticks };
    let within = common.owner_interval.map(|seconds| format!("within {}", span::words(seconds)));
    Durability::Reverted(match owner.kind {
        OwnerKind::Helm => format!("until the next upgrade of {owner} writes its own values"),
        _ if suspended(common) => {
            format!("{owner} is held off; once it is released it reverts this: put it back in Git first")
        }
        OwnerKind::Kustomization => {
            let when = within.unwrap_or_else(|| "at its next reconciliation".into());
            format!("{owner} reverts this {when}: put it back in Git as well")
        }
        OwnerKind::HelmRelease => {
            let when = within.unwrap_or_else(|| "at its next reconciliation".into());
            format!("{owner} reverts this at its next upgrade, {when} if it detects drift: put it back in Git as well")
        }
        OwnerKind::Application => {
            let when = match common.owner_syncs {
                Some(Syncs::Heals) => "within about 5 s",
                Some(Syncs::OnCommit) => "at the next commit",
                Some(Syncs::ByHand) => "at its next sync, which only a hand begins",
                None => "at its next sync, within seconds if it heals itself",
            };
            format!("{owner} reverts this {when}: put it back in Git as well")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(None, None, false, "sticks")]
    #[case(
        Some(OwnerKind::Kustomization),
        Some(600),
        false,
        "flux apps/shop reverts this within 10 min: put it back in Git as well"
    )]
    #[case(
        Some(OwnerKind::Kustomization),
        None,
        false,
        "flux apps/shop reverts this at its next reconciliation: put it back in Git as well"
    )]
    #[case(
        Some(OwnerKind::Kustomization),
        Some(600),
        true,
        "flux apps/shop is held off; once it is released it reverts this: put it back in Git first"
    )]
    #[case(
        Some(OwnerKind::HelmRelease),
        Some(600),
        false,
        "flux apps/shop reverts this at its next upgrade, within 10 min if it detects drift: put it back in Git as well"
    )]
    #[case(
        Some(OwnerKind::Application),
        None,
        false,
        "argo apps/shop reverts this at its next sync, within seconds if it heals itself: put it back in Git as well"
    )]
    #[case(Some(OwnerKind::Helm), None, false, "until the next upgrade of helm apps/shop writes its own values")]
    fn direct_writes(
        #[case] kind: Option<OwnerKind>,
        #[case] interval: Option<u64>,
        #[case] suspended: bool,
        #[case] expected: &str,
    ) {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        common.owner = kind.map(fixtures::owner);
        (common.owner_interval, common.owner_suspended) = (interval, suspended);
        assert_eq!(of_direct_write(&common).to_string(), expected);
    }

    #[test]
    fn an_exempt_object_is_flux_kustomizations_only() {
        let mut common = fixtures::common(fixtures::deployment("app:2"));
        common.object["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"});
        common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
        assert!(suspended(&common) && reconciler(&common).is_none());
        common.owner = Some(fixtures::owner(OwnerKind::Application));
        assert!(!suspended(&common) && reconciler(&common).is_some());
        common.owner = Some(fixtures::owner(OwnerKind::Helm));
        assert!(reconciler(&common).is_none(), "nothing reconciles a Helm release");
    }
}
