//! A pod template value by value, sorted by what an operator asks about first, for telling two templates apart.
//!
//! Every leaf of the template is in exactly one place, so that no difference goes untold; values that may be secret leave a
//! fingerprint only.

use super::{container, redact};
use crate::model::{Shown, Topic, Traits};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Marks that a controller leaves in a template; they differ without anybody having changed anything.
const LABEL: &str = "pod-template-hash";

/// What a pod template says.
pub fn of(template: &Value) -> Traits {
    let shown = redact::template(template, None);
    let mut traits = Collector(BTreeMap::new());
    for (key, value) in fields(template) {
        if key != "spec" {
            traits.leaves(Topic::Other, &key, value, &shown[&*key]);
        }
    }
    for (key, value) in fields(&template["spec"]) {
        let hidden = &shown["spec"][&*key];
        match &*key {
            "containers" | "initContainers" => {
                let label = if key == "containers" { "" } else { "init " };
                for (at, one) in items(value).enumerate() {
                    traits.container(&format!("{label}{}", name(one, at)), one, &hidden[at]);
                }
            }
            "volumes" => {
                for (at, one) in items(value).enumerate() {
                    traits.volume(&name(one, at), one, &hidden[at]);
                }
            }
            _ => traits.leaves(Topic::Other, &key, value, hidden),
        }
    }
    Traits(traits.0)
}

struct Collector(BTreeMap<(Topic, String), Shown>);

impl Collector {
    fn put(&mut self, topic: Topic, name: String, text: String, value: &Value) {
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        self.0.insert((topic, name), Shown { text, fingerprint: hasher.finish() });
    }

    /// Every scalar below `value`, by its path.
    fn leaves(&mut self, topic: Topic, path: &str, value: &Value, shown: &Value) {
        match value {
            Value::Object(map) => {
                for (key, field) in map.iter().filter(|(key, _)| *key != LABEL) {
                    let hidden = if shown.is_object() { &shown[key] } else { shown };
                    self.leaves(topic, &format!("{path}.{key}"), field, hidden);
                }
            }
            // A command is one thing to read.
            Value::Array(all) if all.iter().all(Value::is_string) => {
                let words: Vec<&str> = items(shown).filter_map(Value::as_str).collect();
                self.put(topic, path.to_owned(), words.join(" "), value);
            }
            Value::Array(all) => {
                for (at, one) in all.iter().enumerate() {
                    let hidden = if shown.is_array() { &shown[at] } else { shown };
                    self.leaves(topic, &format!("{path}.{}", name(one, at)), one, hidden);
                }
            }
            Value::Null => {}
            scalar => self.put(topic, path.to_owned(), text(shown), scalar),
        }
    }

    fn container(&mut self, label: &str, one: &Value, shown: &Value) {
        for (key, value) in fields(one) {
            let hidden = &shown[&*key];
            match &*key {
                "name" => {}
                "image" => self.put(Topic::Image, label.to_owned(), text(hidden), value),
                "env" => {
                    for (at, variable) in items(value).enumerate() {
                        let said = match reference(&variable["valueFrom"]) {
                            Some(from) => format!("from {from}"),
                            None if variable["valueFrom"].is_object() => text(&hidden[at]["valueFrom"]),
                            None => text(&hidden[at]["value"]),
                        };
                        self.put(Topic::Environment, format!("{label} {}", name(variable, at)), said, variable);
                    }
                }
                "envFrom" => {
                    for source in items(value) {
                        let said = reference(source).unwrap_or_else(|| text(source));
                        self.put(Topic::Configuration, format!("{label} envFrom {said}"), said, source);
                    }
                }
                "resources" => self.leaves(Topic::Resources, label, value, hidden),
                "livenessProbe" | "readinessProbe" | "startupProbe" => {
                    let which = key.trim_end_matches("Probe");
                    self.put(Topic::Probes, format!("{label} {which}"), container::probe(value), value);
                }
                _ => self.leaves(Topic::Other, &format!("{label} {key}"), value, hidden),
            }
        }
    }

    fn volume(&mut self, label: &str, one: &Value, shown: &Value) {
        match reference(one) {
            Some(said) => self.put(Topic::Configuration, format!("volume {label}"), said, one),
            None => self.leaves(Topic::Other, &format!("volume {label}"), one, shown),
        }
    }
}

/// The object that a volume or a variable takes its content from.
fn reference(source: &Value) -> Option<String> {
    let named = |field: &str, name: &str, kind: &str| {
        let from = &source[field];
        let key = from["key"].as_str().map(|key| format!(" key {key}")).unwrap_or_default();
        Some(format!("{kind} {}{key}", from[name].as_str()?))
    };
    named("configMapKeyRef", "name", "ConfigMap")
        .or_else(|| named("secretKeyRef", "name", "Secret"))
        .or_else(|| named("configMapRef", "name", "ConfigMap"))
        .or_else(|| named("secretRef", "name", "Secret"))
        .or_else(|| named("configMap", "name", "ConfigMap"))
        .or_else(|| named("secret", "secretName", "Secret"))
        .or_else(|| named("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"))
}

fn fields(value: &Value) -> impl Iterator<Item = (String, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, field)| (key.clone(), field))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What an item of a list is called: by its name, or by its place.
fn name(item: &Value, at: usize) -> String {
    item["name"].as_str().map_or_else(|| at.to_string(), str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::differences;
    use serde_json::json;

    fn template() -> Value {
        json!({"metadata": {"labels": {"app": "web", "pod-template-hash": "5f"}}, "spec": {
            "serviceAccountName": "web",
            "containers": [{"name": "web", "image": "shop/web:1", "args": ["--password", "hunter2", "serve"],
                "env": [{"name": "URL", "value": "hunter2"}, {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "k"}}}],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "resources": {"limits": {"memory": "64Mi"}},
                "readinessProbe": {"tcpSocket": {"port": 80}}}],
            "volumes": [{"name": "files", "configMap": {"name": "files-1"}}, {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]}})
    }

    #[test]
    fn every_topic_finds_its_values_and_none_is_shown_that_may_be_secret() {
        let traits = of(&template());
        let said: Vec<String> =
            traits.0.iter().map(|((topic, name), v)| format!("{} {name} = {}", topic.as_str(), v.text)).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        image web = shop/web:1
        env web KEY = from Secret db key k
        env web URL = «…»
        config volume files = ConfigMap files-1
        config web envFrom ConfigMap settings = ConfigMap settings
        resources web.limits.memory = 64Mi
        probes web readiness = connect to :80 every 10 s, fails after 3, time-out 1 s
        other metadata.labels.app = web
        other serviceAccountName = web
        other volume tmp.emptyDir.sizeLimit = 1Gi
        other volume tmp.name = tmp
        other web args = --password «…» serve
        ");
        assert!(!format!("{traits:?}").contains("hunter2"));
    }

    #[test]
    fn a_change_of_a_hidden_value_is_seen() {
        let mut after = template();
        after["spec"]["containers"][0]["env"][0]["value"] = json!("hunter3");
        after["spec"]["containers"][0]["image"] = json!("shop/web:2");
        after["metadata"]["labels"]["pod-template-hash"] = json!("6a");
        let (before, after) = (of(&template()), of(&after));
        let told = differences(&before, &after);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            (told[0].topic, told[0].before, told[0].after),
            (Topic::Image, Some("shop/web:1"), Some("shop/web:2"))
        );
        assert!(told[1].is_hidden() && told[1].name == "web URL");
    }
}
