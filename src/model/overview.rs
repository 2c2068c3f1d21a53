//! A workload's own object at length: what its pods are made of, how it is rolled out, and what limits their disruption.

use super::Condition;

/// A container of the pod template, with what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDetail {
    /// Its name.
    pub name: String,
    /// Its image, exactly as the template writes it.
    pub image: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Its ports, such as `8080/TCP http`.
    pub ports: Vec<String>,
    /// What it requests and may use at most, by resource: `cpu`, request, limit.
    pub resources: Vec<(String, Option<String>, Option<String>)>,
    /// Its probes: which, and what it does in words.
    pub probes: Vec<(&'static str, String)>,
}

/// A PodDisruptionBudget that covers the workload's pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Its rule: `minAvailable 2`, `maxUnavailable 25%`.
    pub rule: String,
    /// Pods that may be disrupted now.
    pub allowed: u32,
    /// Pods that are healthy now.
    pub healthy: u32,
    /// Pods that must stay healthy.
    pub required: u32,
}

/// A workload's own object at length.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Overview {
    /// How it is rolled out, in words.
    pub strategy: String,
    /// Whether its controller has not looked at the latest change yet.
    pub unobserved: bool,
    /// Its containers, init containers first.
    pub containers: Vec<ContainerDetail>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// The budgets that cover its pods; Err where they may not be read, and why.
    pub budgets: Option<Result<Vec<Budget>, String>>,
    /// The Service account of its pods.
    pub service_account: Option<String>,
}
