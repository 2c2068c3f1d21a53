//! Resource quotas: a namespace takes no more than it was given.
//!
//! Invariant: what is used is counted from the objects themselves at each creation, so a quota is never behind.

use super::Surroundings;
use crate::sim::{
    quantity,
    resource::{Resource, resources},
    status::Status,
    store::meta,
};
use serde_json::Value;

/// Refuses an object that would exceed a quota of its namespace.
pub fn check(r: &Resource, object: &Value, around: &dyn Surroundings) -> Result<(), Status> {
    let namespace = meta(object, "namespace");
    for quota in around.objects(&resources::RESOURCE_QUOTAS, namespace) {
        unsaid(r, object, &quota)?;
        let (mut requested, mut used, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for (name, limit) in quota["spec"]["hard"].as_object().into_iter().flatten() {
            let Some(asks) = amount(r, name, object) else { continue };
            let all = counted(r, around, namespace);
            // Not `sum`: that of nothing is -0.
            let has = all.iter().filter_map(|o| amount(r, name, o)).fold(0.0, |all, one| all + one);
            let text = match limit {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if asks > 0.0 && has + asks > quantity::value(&text) {
                requested.push(format!("{name}={}", render(name, asks)));
                used.push(format!("{name}={}", render(name, has)));
                limited.push(format!("{name}={text}"));
            }
        }
        if !requested.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                meta(&quota, "name"),
                requested.join(","),
                used.join(","),
                limited.join(","),
            );
            return Err(Status::forbidden(r, meta(object, "name"), &why));
        }
    }
    Ok(())
}

/// Refuses a pod whose containers do not say what a quota counts.
fn unsaid(r: &Resource, object: &Value, quota: &Value) -> Result<(), Status> {
    let counted = quota["spec"]["hard"].as_object().into_iter().flatten().filter_map(|(entry, _)| compute(r, entry));
    let mut missing = Vec::new();
    for (entry, part, name) in counted {
        let silent = object["spec"]["containers"].as_array().into_iter().flatten();
        let silent = silent.filter(|c| c["resources"][part][name].is_null()).filter_map(|c| c["name"].as_str());
        let silent: Vec<&str> = silent.collect();
        if !silent.is_empty() {
            missing.push(format!("{entry} for: {}", silent.join(",")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!("failed quota: {}: must specify {}", meta(quota, "name"), missing.join("; "));
    Err(Status::forbidden(r, meta(object, "name"), &why))
}

/// The part and name of a container's resource that an entry is about, as `requests` and `cpu`.
fn compute<'a>(r: &Resource, entry: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let (part, name) = entry.split_once('.').unwrap_or(("requests", entry));
    (r.kind == "Pod" && matches!((part, name), ("requests" | "limits", "cpu" | "memory")))
        .then_some((entry, part, name))
}

/// The objects that count: all of the resource, but pods that have ended.
fn counted(r: &Resource, around: &dyn Surroundings, namespace: &str) -> Vec<std::sync::Arc<Value>> {
    let Some(r) = crate::sim::resource::resource(r.group, r.plural) else { return Vec::new() };
    let ended = |o: &Value| r.kind == "Pod" && matches!(o["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    around.objects(r, namespace).into_iter().filter(|o| !ended(o)).collect()
}

/// How much of a quota's entry an object takes; `None` when the entry is about something else.
fn amount(r: &Resource, entry: &str, object: &Value) -> Option<f64> {
    if entry.strip_prefix("count/").is_some_and(|name| name == r.qualified())
        || (r.group.is_empty() && entry == r.plural)
    {
        return Some(1.0);
    }
    let (_, part, name) = compute(r, entry)?;
    let containers = object["spec"]["containers"].as_array().into_iter().flatten();
    let amounts = containers.filter_map(|c| c["resources"][part][name].as_str()).map(quantity::value);
    Some(amounts.fold(0.0, |all, one| all + one))
}

fn render(entry: &str, amount: f64) -> String {
    if entry.ends_with("cpu") && amount.fract() != 0.0 {
        format!("{:.0}m", amount * 1e3)
    } else {
        format!("{amount:.0}")
    }
}
