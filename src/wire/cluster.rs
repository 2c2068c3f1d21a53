//! What is around pods and may hold them up: nodes, claims, disruption budgets.

use super::{Condition, Metadata, Quantity, Selector, nullable};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A Node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: NodeSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: NodeStatus,
}

/// `spec` of a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeSpec {
    /// `unschedulable`: whether it is cordoned.
    #[serde(deserialize_with = "nullable")]
    pub unschedulable: bool,
    /// `taints`.
    #[serde(deserialize_with = "nullable")]
    pub taints: Vec<Taint>,
}

/// One of a node's `taints`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Taint {
    /// `key`.
    #[serde(deserialize_with = "nullable")]
    pub key: Box<str>,
    /// `value`.
    #[serde(deserialize_with = "nullable")]
    pub value: Box<str>,
    /// `effect`.
    #[serde(deserialize_with = "nullable")]
    pub effect: Box<str>,
}

/// `status` of a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// `allocatable`: what pods may ask for in all.
    #[serde(deserialize_with = "nullable")]
    pub allocatable: BTreeMap<Box<str>, Quantity>,
    /// `nodeInfo`.
    #[serde(deserialize_with = "nullable")]
    pub node_info: NodeInfo,
}

/// `nodeInfo` of a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    /// `kubeletVersion`.
    #[serde(deserialize_with = "nullable")]
    pub kubelet_version: Box<str>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: ClaimSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: ClaimStatus,
}

/// `spec` of a claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimSpec {
    /// `storageClassName`.
    pub storage_class_name: Option<Box<str>>,
}

/// `status` of a claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClaimStatus {
    /// `Pending`, `Bound` or `Lost`.
    #[serde(deserialize_with = "nullable")]
    pub phase: Box<str>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: BudgetSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: BudgetStatus,
}

impl Budget {
    /// Whether it has pods, and allows none of them to be evicted.
    pub const fn is_exhausted(&self) -> bool {
        self.status.expected_pods > 0 && self.status.disruptions_allowed == 0
    }
}

/// `spec` of a budget.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BudgetSpec {
    /// `selector`.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
}

/// `status` of a budget.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BudgetStatus {
    /// `disruptionsAllowed`.
    #[serde(deserialize_with = "nullable")]
    pub disruptions_allowed: i64,
    /// `currentHealthy`.
    #[serde(deserialize_with = "nullable")]
    pub current_healthy: i64,
    /// `desiredHealthy`.
    #[serde(deserialize_with = "nullable")]
    pub desired_healthy: i64,
    /// `expectedPods`.
    #[serde(deserialize_with = "nullable")]
    pub expected_pods: i64,
}
