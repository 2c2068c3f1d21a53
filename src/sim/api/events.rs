//! `events.k8s.io/v1`: the newer spelling of the core group's events, which is what is stored.
//!
//! Invariant: translating there and back loses nothing that either spelling has. Watches read the core group's events instead.

use super::{Call, Response, body, path::Verb, read::Selection, reply, write};
use crate::sim::{
    resource::resources::EVENTS,
    status::Status,
    store::{Part, meta},
};
use serde_json::{Value, json};

/// The two spellings of each field, core first.
const FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

fn translated(event: &Value, to_core: bool) -> Value {
    let mut out = event.clone();
    let Some(map) = out.as_object_mut() else { return out };
    map.insert("apiVersion".into(), json!(if to_core { "v1" } else { "events.k8s.io/v1" }));
    map.insert("kind".into(), json!("Event"));
    for (core, new) in FIELDS {
        let (from, to) = if to_core { (new, core) } else { (core, new) };
        if let Some(value) = map.shift_remove(from) {
            map.insert(to.to_owned(), value);
        }
    }
    out
}

/// Answers a request about `events.k8s.io`.
pub fn answer(call: &Call) -> Result<Response, Status> {
    let (store, namespace, name) = (&call.store, call.target.namespace(), call.target.name());
    match call.verb {
        Verb::Create => {
            let (mut event, warnings) = body::own(call)?;
            write::place(call, &mut event)?;
            let made = store.create(&EVENTS, translated(&event, true))?;
            Ok(reply::with_warnings(reply::json(201, &translated(&made, false)), &warnings))
        }
        Verb::Get => {
            let found = store.get(&EVENTS, namespace, name).ok_or_else(|| Status::not_found(&EVENTS, name))?;
            Ok(reply::json(200, &translated(&found, false)))
        }
        Verb::List => {
            let selection = Selection::of(call)?;
            let (all, version) = store.snapshot(&EVENTS, call.target.namespace.as_deref());
            let items: Vec<Value> = all.iter().filter(|o| selection.has(o)).map(|o| translated(o, false)).collect();
            let metadata = json!({ "resourceVersion": version.to_string() });
            Ok(reply::json(
                200,
                &json!({ "kind": "EventList", "apiVersion": "events.k8s.io/v1", "metadata": metadata, "items": items }),
            ))
        }
        Verb::Patch => {
            let written = store.update(&EVENTS, namespace, name, Part::Whole, None, |event| {
                let new = super::patch::patched(call, call.target.resource, &translated(event, false))?;
                super::patch::unmoved(&EVENTS, event, &new)?;
                *event = translated(&new, true);
                Ok(())
            })?;
            Ok(reply::json(200, &translated(&written, false)))
        }
        Verb::Delete => {
            let gone = store.delete(&EVENTS, namespace, name, body::delete_options(call)?.0)?;
            Ok(reply::success(200, &json!({ "name": name, "kind": "events", "uid": meta(&gone, "uid") })))
        }
        Verb::Watch | Verb::Update | Verb::DeleteCollection => Err(Status::method_not_allowed()),
    }
}
