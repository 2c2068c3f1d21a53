//! Facts for a shift: whether there is anybody behind the backends.

use super::{World, common};
use crate::{
    connect::kube::{ApiError, Reader},
    formats::route,
    model::{Intent, Kind, ObjectRef, ShiftFacts},
    observe::ObserveError,
    wire::EndpointSlice,
};
use futures::future::try_join_all;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<ShiftFacts, ObserveError> {
    let namespace = intent.target().namespace.clone();
    // A route that cannot be understood has no backends here; the planner says why.
    let weights = route::weights(&object).unwrap_or_default();
    let mut names: BTreeSet<String> = weights.into_iter().map(|weight| weight.name).collect();
    if let Intent::Shift { to, .. } = intent {
        names.insert(to.clone());
    }
    let reader = world.cluster.reader();
    let asked = names.into_iter().map(|name| {
        let namespace = namespace.clone();
        async move {
            let ready = ready(reader, &namespace, &name).await?;
            Ok::<_, ApiError>((name, ready))
        }
    });
    let backends = try_join_all(asked).await?;
    Ok(ShiftFacts { common: common::gather(world, intent, object).await?, backends })
}

/// Ready endpoints of a Service; None where there is no such Service.
async fn ready(reader: &Reader, namespace: &str, service: &str) -> Result<Option<u32>, ApiError> {
    if !reader.exists(&ObjectRef::new(Kind::Service, namespace, service)).await? {
        return Ok(None);
    }
    let labels = format!("kubernetes.io/service-name={service}");
    let slices: Vec<EndpointSlice> = reader.list_as(Kind::EndpointSlice, Some(namespace), Some(&labels), None).await?;
    let endpoints = slices.iter().flat_map(|slice| &slice.endpoints);
    // The same address may stand in two slices while one is being replaced.
    let addresses: HashSet<&str> = endpoints
        .filter(|endpoint| endpoint.conditions.ready.unwrap_or(true))
        .filter_map(|endpoint| endpoint.addresses.first().map(|address| &**address))
        .collect();
    Ok(Some(u32::try_from(addresses.len()).unwrap_or(u32::MAX)))
}
