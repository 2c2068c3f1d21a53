//! On which nodes the pods of some namespaces run: their pods, and the labels of those nodes.
//!
//! Bounded: one page of pods a namespace, and each node by itself where they are few; else nodes page by page, up to a limit.

use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Reader},
    formats,
    model::{Kind, Labels, ObjectRef, Owner, PlacedPod, Placement},
    wire::{self, Node},
};
use futures::{StreamExt as _, stream};
use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

/// Namespaces that are looked at; a group of more is shown in part.
const NAMESPACES: usize = 40;
/// Nodes that are asked for one by one.
const SINGLE: usize = 24;
/// Pages of nodes that are asked for.
const PAGES: usize = 10;
/// Requests under way at once.
const ABREAST: usize = 6;
/// Reconcilers that are asked what they applied.
const OWNERS: usize = 4;

/// Pods that have not ended: those that have do not run anywhere.
const ALIVE: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// Where the pods of these namespaces run, and what these owners of theirs applied last.
pub async fn placement(cluster: &Cluster, namespaces: &[Arc<str>], owners: &[Owner]) -> Placement {
    let reader = cluster.reader();
    let look = |namespace: Arc<str>| async move {
        let page = reader.page::<wire::PlacedPod>(Kind::Pod, Some(&namespace), None, Some(ALIVE), None).await;
        (namespace, page)
    };
    let pages = stream::iter(namespaces.iter().take(NAMESPACES).cloned()).map(look).buffered(ABREAST);
    let applied = stream::iter(owners.iter().take(OWNERS).cloned()).map(|owner| async move {
        let done = super::reconciliations(cluster, &owner).await;
        (owner.to_string(), done.map(|done| done.into_iter().find(|done| done.succeeded)))
    });
    let (pages, applied) = tokio::join!(pages.collect::<Vec<_>>(), applied.buffered(ABREAST).collect::<Vec<_>>());
    let mut placement = Placement { applied, cut: namespaces.len() > NAMESPACES, ..Placement::default() };
    let mut pods = Vec::new();
    for (namespace, page) in pages {
        match page {
            Ok(page) => {
                placement.cut |= page.next.is_some();
                pods.extend(page.items);
            }
            Err(error) => placement.refused.push((namespace, error.to_string())),
        }
    }
    let wanted: BTreeSet<Arc<str>> = pods.iter().filter_map(node_of).collect();
    (placement.nodes, placement.nodes_unknown) = labels(reader, &wanted).await;
    placement.pods = pods.iter().map(|pod| placed(pod, &placement.nodes)).collect();
    placement.pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    placement
}

fn node_of(pod: &wire::PlacedPod) -> Option<Arc<str>> {
    Some(&pod.spec.node_name).filter(|name| !name.is_empty()).map(|name| (&**name).into())
}

fn placed(pod: &wire::PlacedPod, nodes: &BTreeMap<Arc<str>, Labels>) -> PlacedPod {
    let node = node_of(pod);
    let labels = node.as_ref().and_then(|node| nodes.get(node));
    let condition = |kind: &str| pod.status.conditions.iter().find(|c| *c.kind == *kind);
    let waits = condition("PodScheduled").filter(|c| node.is_none() && &*c.status == "False");
    PlacedPod {
        namespace: (&*pod.metadata.namespace).into(),
        name: (&*pod.metadata.name).into(),
        ready: condition("Ready").is_some_and(|c| &*c.status == "True"),
        demands: formats::nodes::demands(&pod.spec).into(),
        fits: labels.map(|labels| formats::nodes::fits(&pod.spec, |key| labels.get(key))),
        waits: waits.map(|c| super::super::sentence(&c.message).into()),
        node,
    }
}

/// The labels of these nodes, and why some are not known. A node that is gone has none.
async fn labels(reader: &Reader, wanted: &BTreeSet<Arc<str>>) -> (BTreeMap<Arc<str>, Labels>, Option<String>) {
    if wanted.len() > SINGLE {
        return listed(reader, wanted).await;
    }
    let ask = |name: Arc<str>| async move {
        let node = reader.get_as::<Node>(&ObjectRef::new(Kind::Node, "", name.clone())).await;
        (name, node)
    };
    let answers = stream::iter(wanted.iter().cloned()).map(ask).buffer_unordered(ABREAST).collect::<Vec<_>>().await;
    let (mut known, mut trouble) = (BTreeMap::new(), None::<ApiError>);
    for (name, answer) in answers {
        match answer {
            Ok(node) => drop(known.insert(name, of(&node))),
            Err(error) if error.kind == ApiErrorKind::NotFound => {}
            Err(error) => trouble = Some(error),
        }
    }
    (known, trouble.map(|error| error.to_string()))
}

async fn listed(reader: &Reader, wanted: &BTreeSet<Arc<str>>) -> (BTreeMap<Arc<str>, Labels>, Option<String>) {
    let (mut known, mut next) = (BTreeMap::new(), None);
    for _ in 0..PAGES {
        let page = match reader.page::<Node>(Kind::Node, None, None, None, next).await {
            Ok(page) => page,
            Err(error) => return (known, Some(error.to_string())),
        };
        let here = page.items.iter().filter_map(|node| Some((wanted.get(&*node.metadata.name)?.clone(), of(node))));
        known.extend(here);
        next = page.next;
        if next.is_none() || known.len() == wanted.len() {
            return (known, None);
        }
    }
    (known, Some("there are too many nodes to look at all".to_owned()))
}

fn of(node: &Node) -> Labels {
    node.metadata.labels.iter().map(|(key, value)| ((&**key).into(), (&**value).into())).collect()
}
