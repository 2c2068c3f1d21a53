//! Reviews: what may I do, and who am I. Answered from the rules, kept nowhere.
//!
//! Invariant: a review says what the very same request would be told.

use super::{Call, Response, body, reply};
use crate::sim::{access::Action, status::Status};
use serde_json::{Value, json};

/// POST of a review.
pub fn answer(call: &Call) -> Result<Response, Status> {
    let (mut review, _) = body::own(call)?;
    let r = call.target.resource;
    review["apiVersion"] = json!(r.api_version());
    review["kind"] = json!(r.kind);
    if review["metadata"].is_null() {
        review["metadata"] = json!({ "creationTimestamp": null });
    }
    review["status"] = match r.kind {
        "SelfSubjectAccessReview" => access(call, &review["spec"])?,
        "SelfSubjectRulesReview" => rules(call, &review["spec"]),
        _ => json!({ "userInfo": { "username": call.user.name, "groups": call.user.groups } }),
    };
    Ok(reply::json(201, &review))
}

fn access(call: &Call, spec: &Value) -> Result<Value, Status> {
    let asked = &spec["resourceAttributes"];
    if asked.is_null() {
        // Paths that are no resources are open to whoever has a token.
        let allowed = spec["nonResourceAttributes"].is_object();
        let missing = ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
        return if allowed { Ok(json!({ "allowed": true })) } else { Err(Status::new(422, "Invalid", missing)) };
    }
    let text = |field: &str| asked[field].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        sub => format!("{}/{sub}", text("resource")),
    };
    let (verb, group) = (text("verb"), text("group"));
    let action = Action { verb, group, resource: &resource, namespace: text("namespace"), name: text("name") };
    let allowed = call.access.allows(&call.user, &action);
    Ok(if allowed {
        json!({ "allowed": true, "reason": "allowed by the embedded rules" })
    } else {
        json!({ "allowed": false })
    })
}

fn rules(call: &Call, spec: &Value) -> Value {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    let everything = json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]);
    let allowed = call.access.rules(&call.user).map(|rules| {
        let here = rules.iter().filter(|rule| rule.namespace.as_deref().is_none_or(|n| n == namespace));
        let show = here.map(|rule| {
            let mut shown = json!({ "verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources });
            if !rule.names.is_empty() {
                shown["resourceNames"] = json!(rule.names);
            }
            shown
        });
        Value::Array(show.collect())
    });
    let paths = if allowed.is_none() { json!([{ "verbs": ["*"], "nonResourceURLs": ["*"] }]) } else { json!([]) };
    json!({ "resourceRules": allowed.unwrap_or(everything), "nonResourceRules": paths, "incomplete": false })
}
