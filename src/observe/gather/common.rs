//! What every planner wants to know.

use super::{World, application, policy};
use crate::{
    connect::kube::{ApiErrorKind, Reader},
    formats,
    model::{
        Access, Autoscaler, CommonFacts, Holder, Intent, Kind, ObjectRef, Owner, OwnerKind, Permission, Reservation,
    },
    observe::{ObserveError, rows},
    wire,
};
use futures::future::join_all;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// The facts about the target that do not depend on the verb.
pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<CommonFacts, ObserveError> {
    let reader = world.cluster.reader();
    let target = intent.target();
    let (owner, application) = application::owner(reader, &object).await;
    let lease = Access::new("create", Kind::Lease, &target.namespace);
    let mut asked = [intent.needs(), intent.may_need()].concat();
    if let (Intent::Rollback { .. }, Some(release)) = (intent, super::surroundings::release_of(&object)) {
        asked.extend(Intent::Rollback { target: release, revision: None }.needs());
    }
    let urgent = matches!(intent, Intent::Rollback { .. } | Intent::Restart { .. });
    let permissions = join_all(asked.iter().map(|access| reader.may(access)));
    // On the heap: a rollback asks for much at once, and carries the size of what it waits for.
    let agreed = Box::pin(policy::of(world, intent, owner.as_ref()));
    let (cluster, autoscaler, holder, reservation, may_lease, kustomization, allowed, agreed) = tokio::join!(
        world.cluster.identity(),
        patient(urgent, autoscaler(reader, target)),
        patient(urgent, holder(reader, target)),
        patient(urgent, async { Ok(reservation(reader).await) }),
        reader.may(&lease),
        patient(urgent, async { Ok(kustomization(reader, owner.as_ref()).await) }),
        permissions,
        agreed,
    );
    let (reservation, kustomization) = (reservation?, kustomization?);
    let permissions = asked.into_iter().zip(allowed).map(|(access, allowed)| Permission { access, allowed }).collect();
    let suspended = kustomization.as_ref().is_some_and(|k| k.spec.suspend);
    Ok(CommonFacts {
        cluster,
        context: world.cluster.info().name.clone(),
        actor: world.actor.clone(),
        owner_interval: kustomization.as_ref().and_then(|k| seconds(&k.spec.interval)),
        owner_suspended: suspended || formats::owner::exempt(&object),
        owner_syncs: application.as_ref().map(application::syncs),
        owner,
        autoscaler: autoscaler?,
        permissions,
        holder: holder?,
        reservation,
        may_lease,
        agreed,
        object,
    })
}

/// How long an urgent verb waits for what is only good to know beside its target.
pub(super) const BESIDE: Duration = Duration::from_secs(2);

/// How long it is waited for whoever reconciles a workload, and what stands above: a chain of questions, without which the hold is
/// not known.
pub(super) const ABOVE: Duration = Duration::from_secs(6);

/// An answer; for an urgent verb, nothing where there is none in time or none at all. What puts a workload back does not wait for
/// it: the lock has the last word on who else is at work, and an autoscaler that is not seen is not written either.
async fn patient<T>(
    urgent: bool,
    asked: impl Future<Output = Result<Option<T>, ObserveError>>,
) -> Result<Option<T>, ObserveError> {
    if !urgent {
        return asked.await;
    }
    Ok(timeout(BESIDE, asked).await.ok().and_then(Result::ok).flatten())
}

/// The Flux Kustomization behind an object, where it is one and may be read.
pub(super) async fn kustomization(reader: &Reader, owner: Option<&Owner>) -> Option<wire::Kustomization> {
    let owner = owner.filter(|owner| owner.kind == OwnerKind::Kustomization)?;
    let object = ObjectRef::new(Kind::Kustomization, owner.namespace.clone(), owner.name.clone());
    reader.get_as(&object).await.ok()
}

/// The autoscaler of a target. Where autoscalers may not be listed, none is known.
async fn autoscaler(reader: &Reader, target: &ObjectRef) -> Result<Option<Autoscaler>, ObserveError> {
    let kind = Kind::HorizontalPodAutoscaler;
    if !target.kind.is_workload() {
        return Ok(None);
    }
    match reader.list_as::<wire::Autoscaler>(kind, Some(&target.namespace), None, None).await {
        Ok(all) => {
            let mut interner = rows::Interner::default();
            let mut rows = all.iter().filter_map(|wire| rows::autoscaler(wire, &mut interner));
            Ok(rows.find(|row| row.target == *target))
        }
        Err(error) if matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Who holds the target's Lease; None where nobody does, or where it may not be read.
async fn holder(reader: &Reader, target: &ObjectRef) -> Result<Option<Holder>, ObserveError> {
    let lease = match reader.find(&formats::lease::of(target)).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return Ok(None),
        Err(error) if error.kind == ApiErrorKind::Forbidden => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(formats::lease::holder(&lease))
}

/// Who has reserved the cluster. It is a word of warning: what keeps it from being read keeps no plan from being made.
async fn reservation(reader: &Reader) -> Option<Reservation> {
    let lease = reader.get_as::<wire::Lease>(&formats::reservation::lease()).await.ok()?;
    formats::reservation::read(&lease)
}

/// A duration as Go writes it (`1h30m`, `10m0s`, `500ms`) in whole seconds.
pub(in crate::observe) fn seconds(text: &str) -> Option<u64> {
    let (mut total, mut rest) = (0.0, text.trim());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        total += number
            * match &rest[digits..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    // Durations of reconcilers are far below what an integer holds.
    Some(total.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("10m0s", Some(600))]
    #[case("1h", Some(3600))]
    #[case("1h30m", Some(5400))]
    #[case("1.5m", Some(90))]
    #[case("500ms", Some(1))]
    #[case("", None)]
    #[case("soon", None)]
    #[case("10", None)]
    fn go_durations(#[case] text: &str, #[case] expected: Option<u64>) {
        assert_eq!(seconds(text), expected);
    }
}
