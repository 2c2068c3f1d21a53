//! Pod templates: their identity, and the patches that put an earlier one back or restart its pods.
//!
//! Every patch carries the object's UID and resourceVersion as preconditions: it applies to the object that was read, or fails.
//! Nothing but the template, the revision's own annotations and `spec.paused` is ever written.

use super::{FormatError, redact};
use crate::model::Kind;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The template annotation by which `kubectl rollout restart` restarts pods.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// The labels that tell pods of one template from those of another; that of Argo Rollouts second.
const TEMPLATE_HASHES: [&str; 2] = ["pod-template-hash", "rollouts-pod-template-hash"];

/// Annotations of a Deployment that describe the object as it is now, never one of its revisions (kubectl leaves the same).
const KEPT: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];
/// The annotation by which ReplicaSets of Argo Rollouts are told from those of a Deployment.
const ARGO_REVISION: &str = "rollout.argoproj.io/revision";
/// Domains whose annotations say who owns the object: bringing an old one back could release or set a hold.
const OWNERS: [&str; 6] = [
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "reconcile.fluxcd.io/",
    "argocd.argoproj.io/",
    "meta.helm.sh/",
    "pilothouse.io/",
];

/// A patch that restores a template, in the form that its kind needs.
#[derive(Clone, Debug, PartialEq)]
pub enum RestorePatch {
    /// A JSON Patch, for a Deployment or an Argo Rollout.
    Json(Value),
    /// A strategic merge patch, for a StatefulSet or a DaemonSet.
    Strategic(Value),
}

/// The pod template of a workload; `Null` where it has none.
pub fn of(object: &Value) -> &Value {
    &object["spec"]["template"]
}

/// The pod template that a ReplicaSet or a ControllerRevision keeps, as it stood in the workload.
pub fn kept_by(source: &Value) -> Result<Value, FormatError> {
    let (template, field) = match source["kind"].as_str() {
        Some("ControllerRevision") => (&source["data"]["spec"]["template"], "data.spec.template"),
        _ => (of(source), "spec.template"),
    };
    if !template.is_object() {
        return Err(FormatError::Missing { object: describe(source), field: field.into() });
    }
    Ok(cleaned(template))
}

/// SHA-256, in hex, of a template's canonical form. Key order, null fields, `pod-template-hash` and the merge directive that
/// ControllerRevisions store do not count.
pub fn hash(template: &Value) -> String {
    let digest = Sha256::digest(canonical(&cleaned(template)).to_string());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The patch that puts the template of `source` (a ReplicaSet or ControllerRevision of `object`) back. A paused Deployment is
/// refused unless it is unpaused in the same write.
pub fn restore(kind: Kind, object: &Value, source: &Value, unpause: bool) -> Result<RestorePatch, FormatError> {
    check_source(kind, object, source)?;
    let template = kept_by(source)?;
    if !matches!(kind, Kind::Deployment | Kind::Rollout) {
        let (uid, version) = identity(object)?;
        let mut template = template;
        // The directive is what makes it a replacement: without it, containers added since would stay.
        template["$patch"] = json!("replace");
        return Ok(RestorePatch::Strategic(json!({
            "metadata": {"uid": uid, "resourceVersion": version},
            "spec": {"template": template},
        })));
    }
    let paused = is_paused(object);
    // A Deployment that keeps the template of an Argo Rollout rolls nothing out itself, so that its pause does not matter.
    let theirs = source["metadata"]["annotations"].get(ARGO_REVISION).is_some();
    if paused && !unpause && !(theirs && kind == Kind::Deployment) {
        return Err(FormatError::Paused { object: describe(object) });
    }
    let mut operations = preconditions(object)?;
    operations.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
    // The command line of Argo Rollouts leaves annotations alone.
    let kept = if theirs { &Value::Null } else { &source["metadata"]["annotations"] };
    let changed = annotations_restored(object, pairs(kept));
    if !changed.is_empty() && !object["metadata"]["annotations"].is_object() {
        operations.push(json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    }
    for (key, value) in changed {
        let path = format!("/metadata/annotations/{}", escape(&key));
        operations.push(json!({"op": "add", "path": path, "value": value}));
    }
    if paused && unpause {
        operations.push(json!({"op": "replace", "path": "/spec/paused", "value": false}));
    }
    Ok(RestorePatch::Json(Value::Array(operations)))
}

/// The annotations that restoring a Deployment's revision sets: those of the ReplicaSet that differ from the object's. Those
/// that only the object has are kept (kubectl drops them), and so are the controller's own and those that name an owner.
pub fn annotations_restored<'a>(
    object: &Value,
    revision: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let now = &object["metadata"]["annotations"];
    revision
        .into_iter()
        .filter(|(key, _)| !KEPT.contains(key) && !OWNERS.iter().any(|domain| key.starts_with(domain)))
        .filter(|(key, value)| now.get(*key).and_then(Value::as_str) != Some(value))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The JSON Patch that restarts a workload's pods, as `kubectl rollout restart` does. A paused Deployment is refused.
pub fn restart(object: &Value, at: Timestamp) -> Result<Value, FormatError> {
    let template = of(object);
    if !template.is_object() {
        return Err(FormatError::Missing { object: describe(object), field: "spec.template".into() });
    }
    if is_paused(object) {
        return Err(FormatError::Paused { object: describe(object) });
    }
    let mut operations = preconditions(object)?;
    let metadata = &template["metadata"];
    if !metadata.is_object() {
        operations.push(json!({"op": "add", "path": "/spec/template/metadata", "value": {}}));
    }
    if !metadata["annotations"].is_object() {
        operations.push(json!({"op": "add", "path": "/spec/template/metadata/annotations", "value": {}}));
    }
    let path = format!("/spec/template/metadata/annotations/{}", escape(RESTARTED_AT));
    operations.push(json!({"op": "add", "path": path, "value": restart_value(at)}));
    Ok(Value::Array(operations))
}

/// The restart annotation's value for a time: RFC 3339 in whole seconds, as kubectl writes it.
pub fn restart_value(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// When the workload's pods were last told to restart, as the annotation says it.
pub fn restarted_at(object: &Value) -> Option<&str> {
    of(object)["metadata"]["annotations"].get(RESTARTED_AT)?.as_str()
}

/// Whether this is a paused Deployment or Argo Rollout.
pub fn is_paused(object: &Value) -> bool {
    object["spec"]["paused"].as_bool().unwrap_or(false)
}

/// A unified diff of two templates as YAML, environment values and whatever may be secret hidden. Empty where they are equal.
pub fn diff(before: &Value, after: &Value) -> String {
    let (before, after) = (canonical(&cleaned(before)), canonical(&cleaned(after)));
    if before == after {
        return String::new();
    }
    let left = yaml(&redact::template(&before, None));
    let right = yaml(&redact::template(&after, Some(&before)));
    similar::TextDiff::from_lines(&left, &right).unified_diff().context_radius(3).to_string()
}

/// A key as one segment of a JSON pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The `test` operations by which a JSON Patch applies to the object that was read, or to none.
pub(super) fn preconditions(object: &Value) -> Result<Vec<Value>, FormatError> {
    let (uid, version) = identity(object)?;
    Ok(vec![
        json!({"op": "test", "path": "/metadata/uid", "value": uid}),
        json!({"op": "test", "path": "/metadata/resourceVersion", "value": version}),
    ])
}

/// `Kind namespace/name`, for messages.
pub(super) fn describe(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let metadata = &object["metadata"];
    match metadata["namespace"].as_str() {
        Some(namespace) => format!("{} {namespace}/{}", text(&object["kind"]), text(&metadata["name"])),
        None => format!("{} {}", text(&object["kind"]), text(&metadata["name"])),
    }
}

fn identity(object: &Value) -> Result<(&str, &str), FormatError> {
    let field = |name: &str| {
        object["metadata"][name]
            .as_str()
            .ok_or_else(|| FormatError::Missing { object: describe(object), field: format!("metadata.{name}") })
    };
    Ok((field("uid")?, field("resourceVersion")?))
}

fn check_source(kind: Kind, object: &Value, source: &Value) -> Result<(), FormatError> {
    let needed = match kind {
        Kind::Deployment | Kind::Rollout => "ReplicaSet",
        Kind::StatefulSet | Kind::DaemonSet => "ControllerRevision",
        other => {
            let why = format!("a {other} keeps no revisions");
            return Err(FormatError::Unsupported { object: describe(object), why });
        }
    };
    let owners = source["metadata"]["ownerReferences"].as_array();
    let owned = owners.is_some_and(|owners| {
        // A Rollout may bring out the template of a Deployment: the ReplicaSets are the Rollout's then.
        let on_behalf = |owner: &Value| kind == Kind::Deployment && owner["kind"] == "Rollout";
        let ours = |owner: &Value| owner["uid"] == object["metadata"]["uid"] || on_behalf(owner);
        owners.iter().any(|owner| owner["controller"] == true && ours(owner))
    });
    if source["kind"] != needed || !owned {
        let why = format!("{} is not one of its revisions", describe(source));
        return Err(FormatError::Unsupported { object: describe(object), why });
    }
    Ok(())
}

fn pairs(annotations: &Value) -> impl Iterator<Item = (&str, &str)> {
    let fields = annotations.as_object().into_iter().flatten();
    fields.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// The template without what its keepers added: the label with the hash and the merge directive.
fn cleaned(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(fields) = template.as_object_mut() {
        fields.shift_remove("$patch");
    }
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        for label in TEMPLATE_HASHES {
            labels.shift_remove(label);
        }
    }
    template
}

/// Whether what somebody wrote is in a template that an API server kept: defaults may have been added, nothing else. Values that
/// it writes in another way, such as quantities, count as different.
pub fn contains(kept: &Value, written: &Value) -> bool {
    match (kept, written) {
        (_, Value::Null) => true,
        (Value::Object(kept), Value::Object(written)) => written
            .iter()
            .all(|(key, value)| kept.get(key).map_or(value.is_null() || is_empty(value), |kept| contains(kept, value))),
        (Value::Array(kept), Value::Array(written)) => {
            kept.len() == written.len() && kept.iter().zip(written).all(|(kept, value)| contains(kept, value))
        }
        // Charts quote numbers, or do not.
        (kept, written) => kept == written || plain(kept) == plain(written),
    }
}

/// What an API server leaves out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(value) => !value,
        Value::Null | Value::Number(_) => false,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The value with keys sorted (`name` first, for readers) and null fields left out.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().filter(|(_, field)| !field.is_null()).collect();
            fields.sort_by_key(|(key, _)| (*key != "name", *key));
            Value::Object(fields.into_iter().map(|(key, field)| (key.clone(), canonical(field))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

fn yaml(value: &Value) -> String {
    // A JSON value always has a YAML form; should that ever fail, the hidden form as JSON is still a diff.
    serde_yaml::to_string(value).unwrap_or_else(|_| format!("{value:#}\n"))
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
