//! An object as YAML for reading, whatever may be secret hidden.

use super::redact;
use crate::model::Manifest;
use serde_json::Value;

/// The object's YAML. Environment values, long annotations and whatever is named like a secret are hidden.
pub fn of(object: &Value) -> Manifest {
    let shown = redact::template(object, None);
    // A JSON value always has a YAML form; should that ever fail, JSON is YAML too.
    let text = serde_yaml::to_string(&shown).unwrap_or_else(|_| format!("{shown:#}\n"));
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let first = lines.iter().position(|line| line == "  managedFields:");
    let managed = first.map_or(0..0, |first| {
        let of_list = |line: &&String| line.starts_with("  - ") || line.starts_with("   ");
        first..first + 1 + lines[first + 1..].iter().take_while(of_list).count()
    });
    let mut managers: Vec<String> = object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["manager"].as_str().map(str::to_owned))
        .collect();
    managers.sort();
    managers.dedup();
    Manifest { lines, managed, managers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn managed_fields_are_found_and_values_hidden() {
        let manifest = of(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"app": "web"}, "managedFields": [
                {"manager": "kubectl", "fieldsV1": {"f:spec": {}}}, {"manager": "flux"}, {"manager": "flux", "subresource": "status"}],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"hunter2\": 1}\n"}},
            "spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "hunter2"}]}]}}}}));
        assert!(!manifest.lines.concat().contains("hunter2"));
        assert_eq!(manifest.managers, ["flux", "kubectl"]);
        assert_eq!(manifest.lines[manifest.managed.start], "  managedFields:");
        assert_eq!(manifest.lines[manifest.managed.end], "  annotations:");
        assert!(of(&json!({"kind": "Pod"})).managed.is_empty());
    }
}
