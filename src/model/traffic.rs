//! The Services that lead to a workload's pods.

/// A Service that selects the workload's pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDetail {
    /// Its name.
    pub name: Box<str>,
    /// `ClusterIP`, `LoadBalancer` …; `headless` where it has no address.
    pub kind: Box<str>,
    /// Its ports: `80 → 8080 http`.
    pub ports: Vec<String>,
    /// Endpoints that take traffic now, and how many there are; None where that may not be read.
    pub endpoints: Option<(u32, u32)>,
}

/// What leads to a workload.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The Services that select its pods, by name.
    pub services: Vec<ServiceDetail>,
}
