//! Kinds that are served in a second spelling: events as `events.k8s.io/v1`, autoscalers as `autoscaling/v1`.
//!
//! Invariant: there is one object, kept in the spelling that [`Spelling::stored`] names; translating there and back loses
//! nothing that either spelling has.

use super::{
    Call, Response, body,
    path::Verb,
    read::Selection,
    reply::{self, Form},
    write,
};
use crate::sim::{
    resource::{
        Resource,
        resources::{EVENTS, HORIZONTAL_POD_AUTOSCALERS, NEW_EVENTS, OLD_AUTOSCALERS},
    },
    status::Status,
    store::{Part, child, meta},
};
use serde_json::{Value, json};

/// How a kind is spelled otherwise.
pub struct Spelling {
    /// The resource under which the objects are kept.
    pub stored: &'static Resource,
    /// From this spelling to the stored one, and back.
    to_stored: fn(&Value) -> Value,
    from_stored: fn(&Value) -> Value,
}

impl Spelling {
    /// The second spelling that a resource is; `None` for one that is kept as it is served.
    pub fn of(r: &'static Resource) -> Option<Self> {
        if r == &NEW_EVENTS {
            return Some(Self { stored: &EVENTS, to_stored: core_event, from_stored: new_event });
        }
        let old = r.group == OLD_AUTOSCALERS.group && r.version == OLD_AUTOSCALERS.version;
        old.then_some(Self {
            stored: &HORIZONTAL_POD_AUTOSCALERS,
            to_stored: new_autoscaler,
            from_stored: old_autoscaler,
        })
    }

    /// A stored object in this spelling.
    pub fn show(&self, object: &Value) -> Value {
        (self.from_stored)(object)
    }

    fn one(&self, call: &Call, code: u16, object: &Value) -> Response {
        match call.form {
            Form::Object => reply::json(code, &self.show(object)),
            _ => reply::object(call, code, object),
        }
    }

    /// Answers a request about the kind in this spelling. Watches know of spellings themselves.
    pub fn answer(&self, call: &Call) -> Result<Response, Status> {
        let (store, namespace, name, r) = (&call.store, call.target.namespace(), call.target.name(), self.stored);
        match call.verb {
            Verb::Create => {
                let (mut object, warnings) = body::own(call)?;
                write::place(call, &mut object)?;
                let mut object = (self.to_stored)(&object);
                write::without_status(r, &mut object);
                let made = store.create(r, object)?;
                Ok(reply::with_warnings(self.one(call, 201, &made), &warnings))
            }
            Verb::Get => {
                let found = store.get(r, namespace, name).ok_or_else(|| Status::not_found(r, name))?;
                Ok(self.one(call, 200, &found))
            }
            Verb::List => {
                let selection = Selection::of(call)?;
                let (mut all, version) = store.snapshot(r, call.target.namespace.as_deref());
                all.retain(|o| selection.has(o));
                let metadata = json!({ "resourceVersion": version.to_string() });
                if call.form != Form::Object {
                    return Ok(reply::list(call, &all, metadata));
                }
                let items: Vec<Value> = all.iter().map(|o| self.show(o)).collect();
                let (kind, version) = (format!("{}List", r.kind), call.target.resource.api_version());
                Ok(reply::json(
                    200,
                    &json!({ "kind": kind, "apiVersion": version, "metadata": metadata, "items": items }),
                ))
            }
            Verb::Patch => {
                let written = store.update(r, namespace, name, write::part(call), None, |object| {
                    let mut new = super::patch::patched(call, call.target.resource, &self.show(object))?;
                    body::fit_patched(call, call.target.resource, &mut new, None)?;
                    super::patch::unmoved(r, object, &new)?;
                    *object = (self.to_stored)(&new);
                    Ok(())
                })?;
                Ok(self.one(call, 200, &written))
            }
            Verb::Update => {
                let (mut object, warnings) = body::own(call)?;
                write::place(call, &mut object)?;
                let version = meta(&object, "resourceVersion").to_owned();
                let expect = (!version.is_empty()).then_some(version.as_str());
                let written = store.update(r, namespace, name, Part::Whole, expect, |current| {
                    *current = (self.to_stored)(&object);
                    Ok(())
                })?;
                Ok(reply::with_warnings(self.one(call, 200, &written), &warnings))
            }
            Verb::Delete => {
                let gone = store.delete(r, namespace, name, body::delete_options(call)?.0)?;
                let mut details = json!({ "name": name, "kind": r.plural, "uid": meta(&gone, "uid") });
                if !call.target.resource.group.is_empty() {
                    details["group"] = json!(call.target.resource.group);
                }
                Ok(reply::success(200, &details))
            }
            Verb::Watch | Verb::DeleteCollection => Err(Status::method_not_allowed()),
        }
    }
}

/// The two spellings of an event's fields, core first.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

fn core_event(event: &Value) -> Value {
    renamed(event, &EVENTS, EVENT_FIELDS.map(|(core, new)| (new, core)))
}

fn new_event(event: &Value) -> Value {
    renamed(event, &NEW_EVENTS, EVENT_FIELDS)
}

fn renamed(object: &Value, r: &Resource, fields: [(&str, &str); 7]) -> Value {
    let mut out = spelled(object, r);
    let Some(map) = out.as_object_mut() else { return out };
    for (from, to) in fields {
        if let Some(value) = map.shift_remove(from) {
            map.insert(to.to_owned(), value);
        }
    }
    out
}

fn spelled(object: &Value, r: &Resource) -> Value {
    let mut out = object.clone();
    if let Some(map) = out.as_object_mut() {
        map.insert("apiVersion".into(), json!(r.api_version()));
        map.insert("kind".into(), json!(r.kind));
    }
    out
}

/// What `autoscaling/v1` has no fields for is kept in annotations of these names.
const KEPT: [(&str, &str, &str); 4] = [
    ("spec", "metrics", "autoscaling.alpha.kubernetes.io/metrics"),
    ("spec", "behavior", "autoscaling.alpha.kubernetes.io/behavior"),
    ("status", "conditions", "autoscaling.alpha.kubernetes.io/conditions"),
    ("status", "currentMetrics", "autoscaling.alpha.kubernetes.io/current-metrics"),
];

/// The first metric of processor time as a share of what is requested.
fn processor(metrics: &mut Value) -> Option<Value> {
    let list = metrics.as_array_mut()?;
    let found = list.iter().position(|m| m["type"] == "Resource" && m["resource"]["name"] == "cpu")?;
    let part = |m: &Value, of: &str| m["resource"][of]["averageUtilization"].as_i64();
    let share = part(&list[found], "target").or_else(|| part(&list[found], "current"))?;
    list.remove(found);
    Some(json!(share))
}

fn old_autoscaler(stored: &Value) -> Value {
    let mut out = spelled(stored, &OLD_AUTOSCALERS);
    for (section, metrics, field) in [
        ("spec", "metrics", "targetCPUUtilizationPercentage"),
        ("status", "currentMetrics", "currentCPUUtilizationPercentage"),
    ] {
        if let Some(share) = processor(&mut out[section][metrics]) {
            out[section][field] = share;
        }
    }
    for (section, field, annotation) in KEPT {
        let Some(map) = out[section].as_object_mut() else { continue };
        let Some(value) = map.shift_remove(field) else { continue };
        if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
            child(child_value(&mut out, "metadata"), "annotations").insert(annotation.into(), json!(value.to_string()));
        }
    }
    for section in ["currentReplicas", "desiredReplicas"] {
        if out["status"][section].is_null() {
            child(&mut out, "status").insert(section.into(), json!(0));
        }
    }
    out
}

fn new_autoscaler(old: &Value) -> Value {
    let mut out = spelled(old, &HORIZONTAL_POD_AUTOSCALERS);
    for (section, field, annotation) in KEPT {
        let kept = out["metadata"]["annotations"].as_object_mut().and_then(|map| map.shift_remove(annotation));
        let kept = kept.and_then(|text| serde_json::from_str::<Value>(text.as_str()?).ok());
        if let (Some(value), true) = (kept, out[section].is_object()) {
            out[section][field] = value;
        }
    }
    if let Some(share) = out["spec"].as_object_mut().and_then(|s| s.shift_remove("targetCPUUtilizationPercentage")) {
        let target = json!({ "type": "Utilization", "averageUtilization": share });
        let metric = json!({ "type": "Resource", "resource": { "name": "cpu", "target": target } });
        let spec = child(&mut out, "spec");
        let others = spec.get("metrics").and_then(Value::as_array).cloned().unwrap_or_default();
        spec.insert("metrics".into(), Value::Array([vec![metric], others].concat()));
    }
    out
}

fn child_value<'a>(object: &'a mut Value, field: &str) -> &'a mut Value {
    child(object, field);
    &mut object[field]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_survives_the_older_spelling() {
        let target = |n: i64| json!({ "type": "Utilization", "averageUtilization": n });
        let stored = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web", "annotations": {} },
            "spec": { "maxReplicas": 4, "behavior": { "scaleUp": {} }, "metrics": [
                { "type": "Resource", "resource": { "name": "cpu", "target": target(70) } },
                { "type": "Resource", "resource": { "name": "memory", "target": target(60) } },
            ] },
            "status": { "currentReplicas": 1, "desiredReplicas": 2 },
        });
        let old = old_autoscaler(&stored);
        assert_eq!(
            (&old["apiVersion"], &old["spec"]["targetCPUUtilizationPercentage"]),
            (&json!("autoscaling/v1"), &json!(70))
        );
        assert!(old["spec"].get("metrics").is_none());
        assert_eq!(new_autoscaler(&old), stored);
    }

    #[test]
    fn an_event_survives_the_newer_spelling() {
        let core = json!({ "apiVersion": "v1", "kind": "Event", "involvedObject": { "kind": "Pod" }, "message": "m", "count": 2 });
        let new = new_event(&core);
        assert_eq!((&new["regarding"]["kind"], &new["note"]), (&json!("Pod"), &json!("m")));
        assert_eq!(core_event(&new), core);
    }
}
