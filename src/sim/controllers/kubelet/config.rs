//! What a container needs from ConfigMaps and Secrets before it can be made.
//!
//! Invariant: only looks; the container decides what a missing one means.

use crate::sim::{
    controllers::{
        cluster::Cluster,
        object::{flag, items, namespace, text},
    },
    resource::{Resource, resources},
};
use serde_json::Value;

/// The first ConfigMap or Secret (or key in one) that the container's environment names and that is not there.
pub fn missing(cluster: &Cluster, pod: &Value, container: &Value) -> Option<String> {
    let space = namespace(pod);
    let kinds: [(&'static Resource, &str, &str); 2] =
        [(&resources::CONFIG_MAPS, "configMap", "configmap"), (&resources::SECRETS, "secret", "secret")];
    for (resource, field, word) in kinds {
        for source in items(container, "/envFrom") {
            let reference = &source[format!("{field}Ref")];
            let wanted = text(reference, "/name");
            if !wanted.is_empty()
                && !flag(reference, "/optional")
                && cluster.store.get(resource, space, wanted).is_none()
            {
                return Some(format!("{word} \"{wanted}\" not found"));
            }
        }
        for variable in items(container, "/env") {
            let reference = &variable["valueFrom"][format!("{field}KeyRef")];
            let (wanted, key) = (text(reference, "/name"), text(reference, "/key"));
            if wanted.is_empty() || flag(reference, "/optional") {
                continue;
            }
            let Some(found) = cluster.store.get(resource, space, wanted) else {
                return Some(format!("{word} \"{wanted}\" not found"));
            };
            let has = |part: &str| found[part].get(key).is_some();
            if !(has("data") || has("binaryData") || has("stringData")) {
                let kind = if word == "secret" { "Secret" } else { "ConfigMap" };
                return Some(format!("couldn't find key {key} in {kind} {space}/{wanted}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sim::{controllers::load::Loads, world::World},
        time::Clock,
    };
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn a_missing_config_map_is_named() {
        let world = World::empty(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 1);
        let cluster = Cluster::new(world.store.clone(), 1, Loads::default());
        let pod = json!({"metadata": {"name": "p", "namespace": "default"}});
        let container = json!({"envFrom": [{"configMapRef": {"name": "settings"}}]});
        assert_eq!(missing(&cluster, &pod, &container).as_deref(), Some("configmap \"settings\" not found"));
        let map = json!({"metadata": {"name": "settings", "namespace": "default"}, "data": {"A": "1"}});
        world.store.create(&resources::CONFIG_MAPS, map).unwrap();
        assert_eq!(missing(&cluster, &pod, &container), None);
        let keyed = json!({"env": [{"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "B"}}}]});
        let why = missing(&cluster, &pod, &keyed).unwrap();
        assert_eq!(why, "couldn't find key B in ConfigMap default/settings");
    }
}
