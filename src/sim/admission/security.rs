//! What a namespace asks of its pods: the service account they name must be there, and they must keep its Pod Security level.
//!
//! Invariant: refuses, and never changes a pod. The default service account is made with its namespace and not asked for. Of the
//! Pod Security standards the checks on privileges, host namespaces, users and seccomp are kept, in the words of the real ones.

use super::Surroundings;
use crate::sim::{
    resource::{Resource, resources},
    status::Status,
    store::meta,
};
use serde_json::Value;

/// Refuses a pod that its namespace does not allow.
pub fn check(r: &Resource, pod: &Value, around: &dyn Surroundings) -> Result<(), Status> {
    let (namespace, name) = (meta(pod, "namespace"), meta(pod, "name"));
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default");
    if account != "default" && around.object(&resources::SERVICE_ACCOUNTS, namespace, account).is_none() {
        let why =
            format!("error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found");
        return Err(Status::forbidden(r, name, &why));
    }
    let Some(space) = around.object(&resources::NAMESPACES, "", namespace) else { return Ok(()) };
    let label = |key: &str| space["metadata"]["labels"][format!("pod-security.kubernetes.io/{key}")].as_str();
    let found = match label("enforce") {
        Some("restricted") => [baseline(pod), restricted(pod)].concat(),
        Some("baseline") => baseline(pod),
        _ => Vec::new(),
    };
    if found.is_empty() {
        return Ok(());
    }
    let level = format!("{}:{}", label("enforce").unwrap_or_default(), label("enforce-version").unwrap_or("latest"));
    Err(Status::forbidden(r, name, &format!("violates PodSecurity \"{level}\": {}", found.join(", "))))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let list = |field: &str| pod["spec"][field].as_array().map(Vec::as_slice).unwrap_or_default();
    list("initContainers").iter().chain(list("containers"))
}

/// The containers that fail a check, as a violation names them; None where none does.
fn failing(pod: &Value, who: &str, fails: impl Fn(&Value) -> bool) -> Option<String> {
    let names: Vec<String> =
        containers(pod).filter(|c| fails(&c["securityContext"])).map(|c| c["name"].to_string()).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("{who} {}", names[0])),
        _ => Some(format!("{}s {}", who, names.join(", "))),
    }
}

fn baseline(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let host = |field: &str| (pod["spec"][field] == true).then(|| format!("{field}=true"));
    let spaces: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter_map(host).collect();
    if !spaces.is_empty() {
        found.push(format!("host namespaces ({})", spaces.join(", ")));
    }
    if let Some(who) = failing(pod, "container", |c| c["privileged"] == true) {
        found.push(format!("privileged ({who} must not set securityContext.privileged=true)"));
    }
    found
}

fn restricted(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let own = &pod["spec"]["securityContext"];
    if let Some(who) = failing(pod, "container", |c| c["allowPrivilegeEscalation"] != false) {
        found.push(format!(
            "allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
        ));
    }
    let keeps = |c: &Value| !c["capabilities"]["drop"].as_array().is_some_and(|all| all.contains(&"ALL".into()));
    if let Some(who) = failing(pod, "container", keeps) {
        found.push(format!("unrestricted capabilities ({who} must set securityContext.capabilities.drop=[\"ALL\"])"));
    }
    let root = |c: &Value| c["runAsNonRoot"] != true && (own["runAsNonRoot"] != true || c["runAsNonRoot"] == false);
    if let Some(who) = failing(pod, "pod or container", root) {
        found.push(format!("runAsNonRoot != true ({who} must set securityContext.runAsNonRoot=true)"));
    }
    let confined = |c: &Value| matches!(c["seccompProfile"]["type"].as_str(), Some("RuntimeDefault" | "Localhost"));
    if let Some(who) = failing(pod, "pod or container", |c| !confined(c) && !confined(own)) {
        found.push(format!(
            "seccompProfile ({who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        ));
    }
    found
}
