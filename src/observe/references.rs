//! What a pod template needs to exist before its pods can start: ConfigMaps, Secrets and claims.
//!
//! Optional references do not count: pods start without them.

use crate::{
    connect::kube::Reader,
    model::{Kind, ObjectRef},
};
use futures::{StreamExt as _, stream};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Questions asked at once.
const AT_ONCE: usize = 8;

/// The objects that a pod template names and cannot do without.
pub fn references(template: &Value, namespace: &str) -> BTreeSet<ObjectRef> {
    let spec = &template["spec"];
    let mut found = BTreeSet::new();
    let mut need = |kind: Kind, source: &Value, field: &str| {
        if let (Some(name), false) = (source[field].as_str(), source["optional"] == true) {
            found.insert(ObjectRef::new(kind, namespace, name));
        }
    };
    for volume in items(&spec["volumes"]) {
        let projected = items(&volume["projected"]["sources"]);
        for source in std::iter::once(volume).chain(projected) {
            need(Kind::ConfigMap, &source["configMap"], "name");
            // A volume calls it secretName, a projected source name.
            need(Kind::Secret, &source["secret"], "secretName");
            need(Kind::Secret, &source["secret"], "name");
        }
        need(Kind::PersistentVolumeClaim, &volume["persistentVolumeClaim"], "claimName");
    }
    for container in items(&spec["initContainers"]).chain(items(&spec["containers"])) {
        for variable in items(&container["env"]) {
            need(Kind::ConfigMap, &variable["valueFrom"]["configMapKeyRef"], "name");
            need(Kind::Secret, &variable["valueFrom"]["secretKeyRef"], "name");
        }
        for source in items(&container["envFrom"]) {
            need(Kind::ConfigMap, &source["configMapRef"], "name");
            need(Kind::Secret, &source["secretRef"], "name");
        }
    }
    found
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Which of these objects do not exist. What may not be read counts as there: it cannot be told.
pub(super) async fn missing(reader: &Reader, wanted: BTreeSet<ObjectRef>) -> BTreeSet<ObjectRef> {
    let answers: HashMap<ObjectRef, bool> = stream::iter(wanted)
        .map(|object| async move {
            let gone = matches!(reader.exists(&object).await, Ok(false));
            (object, gone)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    answers.into_iter().filter(|(_, gone)| *gone).map(|(object, _)| object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_way_to_name_something_is_found_and_optional_ones_are_not() {
        let template = json!({"spec": {
            "volumes": [
                {"configMap": {"name": "files"}}, {"configMap": {"name": "maybe", "optional": true}},
                {"secret": {"secretName": "certificate"}}, {"persistentVolumeClaim": {"claimName": "data"}},
                {"projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "ca"}}, {"serviceAccountToken": {}}]}},
                {"emptyDir": {}}
            ],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "database"}}]}],
            "containers": [{
                "env": [{"name": "A", "value": "b"}, {"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
                    {"valueFrom": {"secretKeyRef": {"name": "hidden", "key": "k", "optional": true}}}],
                "envFrom": [{"configMapRef": {"name": "environment"}}]
            }]
        }});
        let found: Vec<String> = references(&template, "shop").iter().map(ObjectRef::type_name).collect();
        assert_eq!(
            found,
            [
                "cm/ca",
                "cm/environment",
                "cm/files",
                "cm/settings",
                "secret/certificate",
                "secret/database",
                "secret/token",
                "pvc/data"
            ]
        );
        assert!(references(&Value::Null, "shop").is_empty());
    }
}
