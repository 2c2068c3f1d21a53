//! Where the pods of some namespaces run, by a label of the nodes, and whether that is where they belong.
//!
//! A pod belongs where its template asks for; and where namespaces and nodes have the same label, a client's own nodes, on nodes
//! with its namespace's value of it. What is not known is no fault: a node whose labels may not be read is neither right nor wrong.

use super::{Labels, Reconciliation};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A pod as far as it matters where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedPod {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The node it runs on; None while it waits for one.
    pub node: Option<Arc<str>>,
    /// Whether it is ready.
    pub ready: bool,
    /// What it asks of a node, as selectors write it; empty where any will do.
    pub demands: Box<str>,
    /// Whether its node is what it asks for; None where that is not known.
    pub fits: Option<bool>,
    /// Why no node was found for it, in the scheduler's words.
    pub waits: Option<Box<str>>,
}

/// What a reconciler of these namespaces applied last; Err where that cannot be told, and why.
pub type Applied = (String, Result<Option<Reconciliation>, String>);

/// Where the pods of some namespaces run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// The pods, by namespace and name.
    pub pods: Vec<PlacedPod>,
    /// Whether there are more pods than were looked at.
    pub cut: bool,
    /// The labels of the nodes that they run on.
    pub nodes: BTreeMap<Arc<str>, Labels>,
    /// Why the labels of some nodes are not known.
    pub nodes_unknown: Option<String>,
    /// Namespaces whose pods could not be looked at, and why.
    pub refused: Vec<(Arc<str>, String)>,
    /// What reconcilers of these namespaces applied last.
    pub applied: Vec<Applied>,
}

/// Why a pod is not where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray<'p> {
    /// Its namespace has this value of the label, and the node another one, or none.
    Label(&'p str),
    /// Its node is not, or no longer, what its template asks for.
    Demands(&'p str),
}

/// The nodes with one value of a label, and the pods on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain<'p> {
    /// The value; None for nodes without the label.
    pub value: Option<&'p str>,
    /// The nodes by name, each with how many of the pods it runs and how many of those are ready.
    pub nodes: BTreeMap<&'p str, (usize, usize)>,
    /// The pods that do not belong here, and why.
    pub astray: Vec<(&'p PlacedPod, Astray<'p>)>,
}

impl Domain<'_> {
    /// How many of the pods run here, and how many of those are ready.
    pub fn pods(&self) -> (usize, usize) {
        self.nodes.values().fold((0, 0), |(pods, ready), (p, r)| (pods + p, ready + r))
    }
}

impl Placement {
    /// The pods by the value that their nodes have of a label, those in order last that have none. `belongs` gives the value that
    /// a namespace has of the same label. Nodes whose labels are not known are left out: [`Self::unknown`] has them.
    pub fn by<'p>(&'p self, label: &str, belongs: impl Fn(&str) -> Option<&'p str>) -> Vec<Domain<'p>> {
        let mut domains: BTreeMap<(bool, Option<&str>), Domain<'p>> = BTreeMap::new();
        for pod in &self.pods {
            let Some((node, labels)) = pod.node.as_ref().and_then(|node| self.nodes.get_key_value(node)) else {
                continue;
            };
            let value = labels.get(label);
            let new = || Domain { value, nodes: BTreeMap::new(), astray: Vec::new() };
            let domain = domains.entry((value.is_none(), value)).or_insert_with(new);
            let (pods, ready) = domain.nodes.entry(node).or_default();
            (*pods, *ready) = (*pods + 1, *ready + usize::from(pod.ready));
            let wanted = belongs(&pod.namespace).filter(|wanted| value != Some(*wanted)).map(Astray::Label);
            let unfit = (pod.fits == Some(false)).then_some(Astray::Demands(&pod.demands));
            domain.astray.extend(unfit.or(wanted).map(|why| (pod, why)));
        }
        domains.into_values().collect()
    }

    /// The pods on nodes whose labels are not known, by node.
    pub fn unknown(&self) -> BTreeMap<&str, usize> {
        let mut unknown = BTreeMap::new();
        for node in
            self.pods.iter().filter_map(|pod| pod.node.as_deref()).filter(|node| !self.nodes.contains_key(*node))
        {
            *unknown.entry(node).or_default() += 1;
        }
        unknown
    }

    /// The pods that no node was found for.
    pub fn waiting(&self) -> impl Iterator<Item = &PlacedPod> {
        self.pods.iter().filter(|pod| pod.node.is_none())
    }

    /// What pods ask of their nodes: by namespace, each demand with how many make it.
    pub fn demands(&self) -> BTreeMap<(&str, &str), usize> {
        let mut demands = BTreeMap::new();
        for pod in &self.pods {
            *demands.entry((&*pod.namespace, &*pod.demands)).or_default() += 1;
        }
        demands
    }

    /// The labels that the nodes have.
    pub fn labels(&self) -> BTreeSet<&str> {
        self.nodes.values().flat_map(Labels::iter).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str, node: Option<&str>, fits: Option<bool>) -> PlacedPod {
        PlacedPod {
            namespace: namespace.into(),
            name: format!("{namespace}-{}", node.unwrap_or("none")).into(),
            node: node.map(Into::into),
            ready: node.is_some(),
            demands: "client=acme".into(),
            fits,
            waits: None,
        }
    }

    fn labels(client: Option<&str>) -> Labels {
        client.into_iter().map(|client| ("client".into(), client.into())).collect()
    }

    #[test]
    fn a_pod_belongs_where_its_namespace_and_its_template_say_and_what_is_not_known_is_no_fault() {
        let placement = Placement {
            pods: vec![
                pod("acme", Some("a"), Some(true)),
                pod("acme", Some("b"), Some(false)),
                pod("acme", Some("c"), Some(true)),
                pod("acme", Some("gone"), None),
                pod("other", Some("b"), None),
                pod("acme", None, None),
            ],
            nodes: [("a", Some("acme")), ("b", Some("globex")), ("c", None)]
                .into_iter()
                .map(|(name, client)| (name.into(), labels(client)))
                .collect(),
            ..Placement::default()
        };
        let domains = placement.by("client", |namespace| (namespace == "acme").then_some("acme"));
        let seen =
            domains.iter().map(|d| (d.value, d.pods(), d.astray.iter().map(|(_, why)| *why).collect::<Vec<_>>()));
        let seen: Vec<_> = seen.collect();
        assert_eq!(
            seen,
            [
                (Some("acme"), (1, 1), vec![]),
                (Some("globex"), (2, 2), vec![Astray::Demands("client=acme")]),
                (None, (1, 1), vec![Astray::Label("acme")]),
            ]
        );
        assert_eq!(placement.unknown(), [("gone", 1)].into());
        assert_eq!((placement.waiting().count(), placement.labels().len()), (1, 1));
        assert_eq!(placement.demands()[&("acme", "client=acme")], 5);
    }
}
