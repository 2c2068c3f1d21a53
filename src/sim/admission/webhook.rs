//! Validating webhooks: others who are asked before a pod is kept.
//!
//! The embedded world has no network, so nobody who is asked answers: a webhook that must be heard (`failurePolicy: Fail`) refuses
//! every pod it is asked about, in the API server's own words for one that cannot be reached. Nothing is ever called.

use super::Surroundings;
use crate::sim::{
    resource::{Resource, resources},
    selector::LabelSelector,
    status::Status,
    store::meta,
};
use serde_json::Value;

/// Refuses a pod that a webhook must be asked about.
pub fn check(r: &Resource, pod: &Value, around: &dyn Surroundings) -> Result<(), Status> {
    let Some(namespace) = around.object(&resources::NAMESPACES, "", meta(pod, "namespace")) else { return Ok(()) };
    for configuration in around.objects(&resources::VALIDATING_WEBHOOK_CONFIGURATIONS, "") {
        for hook in configuration["webhooks"].as_array().into_iter().flatten() {
            let selected = |selector: &Value, object: &Value| {
                selector.is_null() || LabelSelector::of_object(selector).matches_labels(&object["metadata"]["labels"])
            };
            let asked = hook["rules"].as_array().into_iter().flatten().any(|rule| is_meant(rule, r))
                && selected(&hook["namespaceSelector"], &namespace)
                && selected(&hook["objectSelector"], pod);
            if asked && hook["failurePolicy"] != "Ignore" {
                return Err(unheard(hook, around));
            }
        }
    }
    Ok(())
}

/// Whether a rule is about the creation of these.
fn is_meant(rule: &Value, r: &Resource) -> bool {
    let names =
        |field: &str, name: &str| rule[field].as_array().into_iter().flatten().any(|one| one == "*" || *one == *name);
    names("operations", "CREATE") && names("apiGroups", r.group) && names("resources", r.plural)
}

/// What the API server says of a webhook that it cannot reach.
fn unheard(hook: &Value, around: &dyn Surroundings) -> Status {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let seconds = hook["timeoutSeconds"].as_u64().unwrap_or(10);
    let client = &hook["clientConfig"];
    let (url, why) = match client["url"].as_str() {
        Some(url) => {
            let host = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
            (url.to_owned(), format!("dial tcp {host}: connect: connection refused"))
        }
        None => {
            let service = &client["service"];
            let (namespace, name) = (text(&service["namespace"]), text(&service["name"]));
            let why = match around.object(&resources::SERVICES, &namespace, &name) {
                Some(_) => format!("no endpoints available for service \"{name}\""),
                None => format!("service \"{name}\" not found"),
            };
            let port = service["port"].as_u64().unwrap_or(443);
            (format!("https://{name}.{namespace}.svc:{port}{}", text(&service["path"])), why)
        }
    };
    let name = text(&hook["name"]);
    let why = format!("failed to call webhook: Post \"{url}?timeout={seconds}s\": {why}");
    let message = format!("Internal error occurred: failed calling webhook \"{name}\": {why}");
    Status::new(500, "InternalError", message)
}
