//! What a pod asks of the node that it runs on.

use super::{Metadata, PodStatus, SelectorRule, nullable};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A Pod, as far as it matters where it runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlacedPod {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: PlacedPodSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: PodStatus,
}

/// `spec` of a pod, as far as it matters where it runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlacedPodSpec {
    /// `nodeName`.
    #[serde(deserialize_with = "nullable")]
    pub node_name: Box<str>,
    /// `nodeSelector`.
    #[serde(deserialize_with = "nullable")]
    pub node_selector: BTreeMap<Box<str>, Box<str>>,
    /// `affinity`.
    #[serde(deserialize_with = "nullable")]
    pub affinity: Affinity,
}

/// `affinity` of a pod, as far as it names nodes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// `nodeAffinity`.
    #[serde(deserialize_with = "nullable")]
    pub node_affinity: NodeAffinity,
}

/// `nodeAffinity`: what is only preferred is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    #[serde(deserialize_with = "nullable")]
    pub required_during_scheduling_ignored_during_execution: NodeSelector,
}

/// A node selector: one of its terms must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// `nodeSelectorTerms`.
    #[serde(deserialize_with = "nullable")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// One of `nodeSelectorTerms`, as far as it is about labels: all of it must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// `matchExpressions`.
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<SelectorRule>,
    /// `matchFields`: by the node's name, which DaemonSets use.
    #[serde(deserialize_with = "nullable")]
    pub match_fields: Vec<SelectorRule>,
}
