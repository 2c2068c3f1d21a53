//! What the nodes of a cluster use, sampled when somebody looks, and the rule by which its DNS is judged.
//!
//! Invariant: one request for all nodes each time that it is asked for, and never two at once.

use super::amounts::amount;
use crate::{
    connect::kube::{ApiErrorKind, Cluster},
    model::{Capacity, Change, DnsRule, Kind, ObjectRef, Unseen},
    wire::NodeMetrics,
};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    sync::mpsc::{Sender, UnboundedReceiver},
    time::Instant,
};

/// How long the rule for DNS is taken as read.
const RULE: Duration = Duration::from_secs(300);
/// The ConfigMaps in which the autoscaler of DNS usually keeps its rule.
const RULES: [&str; 3] = ["coredns-autoscaler", "kube-dns-autoscaler", "dns-autoscaler"];

/// Answers each question, or several that came together, with one sample.
pub(super) async fn run(cluster: Cluster, mut asked: UnboundedReceiver<()>, changes: Sender<Vec<Change>>) {
    let mut rule: Option<(Instant, DnsRule)> = None;
    while asked.recv().await.is_some() {
        while asked.try_recv().is_ok() {}
        let dns = match rule.take().filter(|(read, _)| read.elapsed() < RULE) {
            Some(known) => known,
            None => (Instant::now(), read_rule(&cluster).await),
        };
        let capacity = Capacity { nodes: nodes(&cluster).await, dns: dns.1.clone() };
        rule = Some(dns);
        if changes.send(vec![Change::Capacity(capacity)]).await.is_err() {
            return;
        }
    }
}

async fn nodes(
    cluster: &Cluster,
) -> Result<Option<std::collections::BTreeMap<Box<str>, crate::model::Amount>>, Unseen> {
    match cluster.reader().list_as::<NodeMetrics>(Kind::NodeMetrics, None, None, None).await {
        Ok(all) => Ok(Some(all.into_iter().map(|node| (node.metadata.name, amount(&node.usage))).collect())),
        Err(error) if error.kind == ApiErrorKind::NotFound => Ok(None),
        Err(error) => Err(Unseen {
            forbidden: error.kind == ApiErrorKind::Forbidden,
            why: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }),
    }
}

/// The rule in the first ConfigMap there is; the usual one where there is none, or none that may be read.
async fn read_rule(cluster: &Cluster) -> DnsRule {
    for name in RULES {
        let object = ObjectRef::new(Kind::ConfigMap, "kube-system", name);
        if let Ok(map) = cluster.reader().get(&object).await
            && let Some(rule) = linear(name, map["data"]["linear"].as_str())
        {
            return rule;
        }
    }
    DnsRule::default()
}

/// The parameters of the linear mode.
fn linear(name: &str, parameters: Option<&str>) -> Option<DnsRule> {
    let told: Value = serde_json::from_str(parameters?).ok()?;
    // The autoscaler takes numbers and nothing else; 0 is as good as none.
    let number = |key: &str| told[key].as_f64().unwrap_or(0.0).max(0.0);
    let count = |key: &str| told[key].as_u64().and_then(|count| u32::try_from(count).ok());
    Some(DnsRule {
        cores_per_replica: number("coresPerReplica"),
        nodes_per_replica: number("nodesPerReplica"),
        min: count("min").unwrap_or(1),
        max: count("max"),
        prevent_single_point: told["preventSinglePointFailure"].as_bool().unwrap_or(false),
        source: Some(name.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linear_parameters_are_read_as_the_autoscaler_reads_them() {
        let rule =
            linear("dns-autoscaler", Some(r#"{"coresPerReplica":64,"nodesPerReplica":4,"min":2,"max":10}"#)).unwrap();
        assert_eq!((rule.wanted(9, 32.0), rule.wanted(100, 0.0), rule.prevent_single_point), (3, 10, false));
        assert_eq!(linear("x", None), None);
        assert_eq!(linear("x", Some("{")), None);
    }
}
