//! What every object has.

use super::{lenient_time, nullable, wanted_annotations};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `metadata`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `namespace`; empty for kinds without one.
    #[serde(deserialize_with = "nullable")]
    pub namespace: Box<str>,
    /// `uid`.
    #[serde(deserialize_with = "nullable")]
    pub uid: Box<str>,
    /// `resourceVersion`.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: Box<str>,
    /// `generation`; 0 where the kind has none.
    #[serde(deserialize_with = "nullable")]
    pub generation: i64,
    /// `creationTimestamp`.
    #[serde(deserialize_with = "lenient_time")]
    pub creation_timestamp: Option<Timestamp>,
    /// `deletionTimestamp`: set while the object is being deleted.
    #[serde(deserialize_with = "lenient_time")]
    pub deletion_timestamp: Option<Timestamp>,
    /// `labels`.
    #[serde(deserialize_with = "nullable")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// Those of `annotations` that are read.
    #[serde(deserialize_with = "wanted_annotations")]
    pub annotations: BTreeMap<Box<str>, Box<str>>,
    /// `finalizers`.
    #[serde(deserialize_with = "nullable")]
    pub finalizers: Vec<Box<str>>,
    /// `ownerReferences`.
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
}

impl Metadata {
    /// The UID of the controller that owns the object.
    pub fn controller(&self) -> Option<&str> {
        self.owner_references.iter().find(|owner| owner.controller).map(|owner| &*owner.uid)
    }
}

/// One of `ownerReferences`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct OwnerReference {
    /// `kind`.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `uid`.
    #[serde(deserialize_with = "nullable")]
    pub uid: Box<str>,
    /// `controller`.
    #[serde(deserialize_with = "nullable")]
    pub controller: bool,
}

/// One of `status.conditions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// `type`.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "nullable")]
    pub status: Box<str>,
    /// `reason`, one word.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`, a sentence.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `lastTransitionTime`.
    #[serde(deserialize_with = "lenient_time")]
    pub last_transition_time: Option<Timestamp>,
    /// `lastUpdateTime`, which only Deployments have.
    #[serde(deserialize_with = "lenient_time")]
    pub last_update_time: Option<Timestamp>,
    /// `observedGeneration`, which only some APIs have.
    #[serde(deserialize_with = "nullable")]
    pub observed_generation: i64,
}

/// A label selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    /// `matchLabels`.
    #[serde(deserialize_with = "nullable")]
    pub match_labels: BTreeMap<Box<str>, Box<str>>,
    /// `matchExpressions`.
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<SelectorRule>,
}

/// One of a selector's `matchExpressions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SelectorRule {
    /// `key`.
    #[serde(deserialize_with = "nullable")]
    pub key: Box<str>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "nullable")]
    pub operator: Box<str>,
    /// `values`.
    #[serde(deserialize_with = "nullable")]
    pub values: Vec<Box<str>>,
}

impl Selector {
    /// Whether it takes an object with these labels. An empty selector takes everything, as in a PodDisruptionBudget.
    pub fn takes(&self, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|SelectorRule { key, operator, values }| match &**operator {
                "In" => labels.get(key).is_some_and(|value| values.contains(value)),
                "NotIn" => labels.get(key).is_none_or(|value| !values.contains(value)),
                "Exists" => labels.contains_key(key),
                "DoesNotExist" => !labels.contains_key(key),
                _ => false,
            })
    }

    /// The selector as a query writes it; None where it selects nothing or cannot be written.
    pub fn query(&self) -> Option<String> {
        let mut parts: Vec<String> = self.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        for SelectorRule { key, operator, values } in &self.match_expressions {
            let values = values.join(",");
            parts.push(match &**operator {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "Exists" => key.to_string(),
                "DoesNotExist" => format!("!{key}"),
                _ => return None,
            });
        }
        (!parts.is_empty()).then(|| parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_and_oddities_are_empty() {
        let metadata: Metadata = serde_json::from_str(
            r#"{"name":"a","namespace":null,"labels":null,"annotations":null,"ownerReferences":null,"creationTimestamp":null,
                "deletionTimestamp":"soon","finalizers":["x"],"managedFields":[{"manager":"kubectl"}]}"#,
        )
        .unwrap();
        assert_eq!(&*metadata.name, "a");
        assert!(metadata.labels.is_empty() && metadata.creation_timestamp.is_none());
    }

    #[test]
    fn only_annotations_that_are_read_are_kept() {
        let metadata: Metadata = serde_json::from_str(
            r#"{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","deployment.kubernetes.io/revision":"4","x":null}}"#,
        )
        .unwrap();
        assert_eq!(metadata.annotations.len(), 1);
        assert_eq!(&*metadata.annotations["deployment.kubernetes.io/revision"], "4");
    }

    #[test]
    fn selectors_are_written_as_queries() {
        let selector: Selector = serde_json::from_value(json!({
            "matchLabels": {"app": "a"},
            "matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "api"]}, {"key": "old", "operator": "DoesNotExist", "values": null}]
        }))
        .unwrap();
        assert_eq!(selector.query().unwrap(), "app=a,tier in (web,api),!old");
        assert_eq!(Selector::default().query(), None);
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        assert!(selector.takes(&labels(&[("app", "a"), ("tier", "web")])));
        assert!(!selector.takes(&labels(&[("app", "a"), ("tier", "db")])));
        assert!(!selector.takes(&labels(&[("app", "a"), ("tier", "web"), ("old", "yes")])));
    }
}
