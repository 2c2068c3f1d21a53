//! What a cluster as a whole has and uses, and whether what it cannot do without is up to its size.
//!
//! Invariant: a judgement says by which rule it was made.

use super::{Amount, Health, Kind, Rows, Unseen, Workload};
use std::collections::BTreeMap;

/// Where what a cluster cannot do without lives.
const SYSTEM: &str = "kube-system";
/// The label of the DNS servers' Deployment, CoreDNS' too.
const DNS: (&str, &str) = ("k8s-app", "kube-dns");

/// How many DNS replicas a cluster wants: the linear rule of the cluster-proportional-autoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsRule {
    /// Cores for which there is one replica; 0 where cores do not count.
    pub cores_per_replica: f64,
    /// Nodes for which there is one replica; 0 where nodes do not count.
    pub nodes_per_replica: f64,
    /// Replicas at least.
    pub min: u32,
    /// Replicas at most.
    pub max: Option<u32>,
    /// Two replicas at least where there are two nodes.
    pub prevent_single_point: bool,
    /// The ConfigMap that says so; None where it is the rule that the autoscaler's add-on comes with.
    pub source: Option<Box<str>>,
}

impl Default for DnsRule {
    /// As the add-on of Kubernetes itself comes.
    fn default() -> Self {
        Self {
            cores_per_replica: 256.0,
            nodes_per_replica: 16.0,
            min: 1,
            max: None,
            prevent_single_point: true,
            source: None,
        }
    }
}

impl DnsRule {
    /// The replicas wanted for this many nodes and cores.
    pub fn wanted(&self, nodes: usize, cores: f64) -> u32 {
        let of = |amount: f64, each: f64| if each > 0.0 { (amount / each).ceil() } else { 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "no cluster has that many nodes")]
        let replicas = of(cores, self.cores_per_replica).max(of(nodes as f64, self.nodes_per_replica));
        let least = if self.prevent_single_point && nodes > 1 { self.min.max(2) } else { self.min.max(1) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of replicas, not below zero"
        )]
        let wanted = (replicas as u32).max(least);
        self.max.map_or(wanted, |max| wanted.min(max.max(1)))
    }

    /// The rule in words.
    fn words(&self) -> String {
        let mut parts = Vec::new();
        if self.nodes_per_replica > 0.0 {
            parts.push(format!("{} nodes", self.nodes_per_replica));
        }
        if self.cores_per_replica > 0.0 {
            parts.push(format!("{} cores", self.cores_per_replica));
        }
        let by = match &self.source {
            Some(source) => format!("says ConfigMap {SYSTEM}/{source}"),
            None => "the usual rule of the cluster-proportional-autoscaler".to_owned(),
        };
        format!("one for {}: {by}", parts.join(" or "))
    }
}

/// What was sampled of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// What nodes use, by name; None where the metrics API is not served; or why it cannot be seen.
    pub nodes: Result<Option<BTreeMap<Box<str>, Amount>>, Unseen>,
    /// By which rule DNS is judged.
    pub dns: DnsRule,
}

impl Capacity {
    /// What a node uses.
    pub fn of(&self, node: &str) -> Option<Amount> {
        self.nodes.as_ref().ok()?.as_ref()?.get(node).copied()
    }
}

impl Rows {
    /// How the cluster and what it cannot do without stand, a sentence each, what needs attention first. Empty while nodes have not
    /// been listed.
    pub fn roll_up(&self) -> Vec<(Health, String)> {
        if self.nodes.is_empty() {
            return Vec::new();
        }
        let mut told = vec![self.size(), self.dns()];
        told.extend(self.controllers());
        told.sort_by_key(|(health, _)| *health);
        told
    }

    /// Nodes, cores and memory, and how much of that is used.
    fn size(&self) -> (Health, String) {
        let (mut all, mut used, mut sampled) = (Amount::NOTHING, Amount::NOTHING, 0);
        for node in self.nodes.iter() {
            all += node.allocatable;
            if let Some(usage) = self.capacity.as_ref().and_then(|capacity| capacity.of(&node.object.name)) {
                used += usage;
                sampled += 1;
            }
        }
        let count = self.nodes.len();
        let ready = self.nodes.iter().filter(|node| node.health() != Health::Broken).count();
        let show = |used: Option<u64>, all: Option<u64>, show: fn(u64) -> String| match (used, all) {
            (Some(used), Some(all)) => {
                format!("{} of {} ({} %)", show(used), show(all), super::usage::percent(used, all))
            }
            (_, Some(all)) => show(all),
            (_, None) => "?".into(),
        };
        let used = if sampled == count { used } else { Amount::default() };
        let cpu = show(used.cpu, all.cpu, super::usage::cores);
        let memory = show(used.memory, all.memory, super::usage::bytes);
        let note = match self.capacity.as_ref().map(|capacity| &capacity.nodes) {
            None => "; usage is being read".to_owned(),
            Some(Ok(None)) => "; the metrics API (metrics.k8s.io) is not served here: usage is not known".to_owned(),
            Some(Err(unseen)) => format!("; usage is not known: {}", unseen.why),
            Some(Ok(Some(_))) if sampled < count => {
                format!("; {sampled} of {count} nodes have a sample of their usage")
            }
            Some(Ok(Some(_))) => String::new(),
        };
        let health = if ready < count { Health::Broken } else { Health::Healthy };
        (health, format!("{ready} of {count} nodes ready, cpu {cpu}, memory {memory}{note}"))
    }

    fn system(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.iter().filter(|row| *row.object.namespace == *SYSTEM)
    }

    fn dns(&self) -> (Health, String) {
        let is_dns = |row: &&Workload| row.object.kind == Kind::Deployment && row.labels.get(DNS.0) == Some(DNS.1);
        let Some(dns) = self.system().find(is_dns) else {
            let text = match self.system().next() {
                Some(_) => format!("DNS: no Deployment in {SYSTEM} has the label {}={}", DNS.0, DNS.1),
                None => {
                    format!("{SYSTEM}: no workloads of it are seen here, so nothing can be said of DNS and controllers")
                }
            };
            return (Health::Unknown, text);
        };
        let rule = self.capacity.as_ref().map(|capacity| capacity.dns.clone()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "no cluster has that many cores")]
        let cores = self.nodes.iter().filter_map(|node| node.allocatable.cpu).sum::<u64>() as f64 / 1000.0;
        let wanted = rule.wanted(self.nodes.len(), cores);
        let health = match dns.ready {
            0 => Health::Broken,
            ready if ready < wanted.min(dns.desired) => Health::Degraded,
            _ if dns.desired < wanted => Health::Degraded,
            _ => Health::Healthy,
        };
        let size = if self.nodes.len() == 1 { "1 node".to_owned() } else { format!("{} nodes", self.nodes.len()) };
        let text = format!(
            "DNS: {} has {} of {} replicas ready, and {size} with {cores} cores want {wanted} ({})",
            dns.object.name,
            dns.ready,
            dns.desired,
            rule.words()
        );
        (health, text)
    }

    /// The controllers of the system that are not well; a word where all are.
    fn controllers(&self) -> Vec<(Health, String)> {
        let count = self.system().count();
        let ill: Vec<(Health, String)> = self
            .system()
            .filter(|row| !matches!(self.health_of(row), Health::Healthy | Health::Unknown))
            .map(|row| {
                let why = self.reason_of(row).map(|why| format!(": {why}")).unwrap_or_default();
                let (kind, name) = (row.object.kind, &row.object.name);
                (self.health_of(row), format!("{kind} {SYSTEM}/{name} has {} of {} ready{why}", row.ready, row.desired))
            })
            .collect();
        match (count, ill.is_empty()) {
            (0, _) => Vec::new(),
            (count, true) => vec![(Health::Healthy, format!("{SYSTEM}: all {count} controllers are healthy"))],
            (_, false) => ill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(1, 4.0, 1)]
    #[case(3, 48.0, 2)]
    #[case(33, 132.0, 3)]
    #[case(20, 1280.0, 5)]
    fn dns_replicas_follow_the_linear_rule(#[case] nodes: usize, #[case] cores: f64, #[case] wanted: u32) {
        assert_eq!(DnsRule::default().wanted(nodes, cores), wanted);
    }

    #[test]
    fn a_rule_of_its_own_has_bounds() {
        let rule =
            DnsRule { cores_per_replica: 0.0, nodes_per_replica: 1.0, min: 3, max: Some(5), ..DnsRule::default() };
        assert_eq!((rule.wanted(1, 900.0), rule.wanted(4, 0.0), rule.wanted(90, 0.0)), (3, 4, 5));
    }
}
