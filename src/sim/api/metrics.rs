//! `metrics.k8s.io`: PodMetrics and NodeMetrics, measured when they are asked for.
//!
//! Invariant: read only, and without pages, as metrics-server answers.

use super::{Call, Response, path::Verb, read::Selection, reply};
use crate::sim::{
    controllers::object::name,
    meter::{Meter, Reading},
    resource::resources,
    status::Status,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers a request for measurements.
pub fn answer(call: &Call) -> Result<Response, Status> {
    let meter: &Meter = call.store.meter();
    let target = &call.target;
    let mut reading = Reading::of(meter, &call.store);
    let samples: Vec<Arc<Value>> = if target.resource == &resources::POD_METRICS {
        let pods = call.store.list(&resources::PODS, target.namespace.as_deref());
        let wanted = pods.iter().filter(|pod| target.name.as_deref().is_none_or(|wanted| wanted == name(pod)));
        wanted.filter_map(|pod| reading.pod(pod)).map(Arc::new).collect()
    } else {
        let (nodes, pods) = (call.store.list(&resources::NODES, None), call.store.list(&resources::PODS, None));
        let wanted = nodes.iter().filter(|node| target.name.as_deref().is_none_or(|wanted| wanted == name(node)));
        wanted.map(|node| reading.node(node, pods.iter().map(|pod| &**pod))).map(Arc::new).collect()
    };
    match call.verb {
        Verb::Get => {
            let missing = || Status::not_found(target.resource, target.name());
            Ok(reply::object(call, 200, samples.first().ok_or_else(missing)?))
        }
        Verb::List => {
            let selection = Selection::of(call)?;
            let found: Vec<Arc<Value>> = samples.into_iter().filter(|sample| selection.has(sample)).collect();
            Ok(reply::list(call, &found, json!({})))
        }
        _ => Err(Status::method_not_allowed()),
    }
}
