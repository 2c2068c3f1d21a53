//! Where pods run and what namespaces are marked with, in both worlds: labels of namespaces and nodes, `nodeName`, what templates ask
//! of nodes.

use crate::{
    looks::cluster,
    world::{Behaviour, World, deployment, resource},
};
use futures::FutureExt;
use kube::{
    Api,
    api::{DynamicObject, ListParams, Patch, PatchParams},
};
use pilothouse::{
    model::{Astray, Kind, ObjectRef},
    observe::{self, Scope, look},
};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("placement::marks_of_a_namespace_reach_its_row", |w| marks(w).boxed_local()),
    ("placement::pods_run_where_their_templates_ask_and_say_so", |w| places(w).boxed_local()),
];

async fn mark(w: &World, metadata: Value) {
    let namespaces: Api<DynamicObject> = Api::all_with(w.client.clone(), &resource("v1", "Namespace"));
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    namespaces.patch(&w.namespace, &PatchParams::default(), &patch).await.unwrap();
}

async fn marks(w: World) {
    let annotations =
        json!({"example.com/owner": "Ana Lopes", "example.com/git-sha": "9f3c1e2d8b7a", "example.com/note": "x"});
    mark(&w, json!({"labels": {"client": "acme", "pull-request": "482"}, "annotations": annotations})).await;
    let rows = observe::snapshot(&cluster(&w), &Scope::of(Some(&w.namespace))).await.unwrap();
    let row = rows.namespaces.get(&ObjectRef::new(Kind::Namespace, "", w.namespace.as_str())).unwrap();
    assert_eq!((row.labels.get("client"), row.labels.get("pull-request")), (Some("acme"), Some("482")));
    assert_eq!(row.labels.get("kubernetes.io/metadata.name"), Some(&*w.namespace));
    assert_eq!((row.contact.as_deref(), row.commit.as_deref()), (Some("Ana Lopes"), Some("9f3c1e2d8b7a")));
    assert!(row.created.is_some() && &*row.phase == "Active" && row.owner.is_none());
}

async fn places(w: World) {
    let nodes: Api<DynamicObject> = Api::all_with(w.client.clone(), &resource("v1", "Node"));
    let nodes = nodes.list(&ListParams::default()).await.unwrap().items;
    let host = |node: &DynamicObject| node.metadata.labels.as_ref().unwrap()["kubernetes.io/hostname"].clone();
    let (first, last) = (host(&nodes[0]), host(nodes.last().unwrap()));
    let term = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [last]}]});
    let affinity =
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}});
    for (name, asks) in [
        ("anywhere", json!({})),
        ("first", json!({"nodeSelector": {"kubernetes.io/hostname": first}})),
        ("last", json!({"affinity": affinity})),
        ("nowhere", json!({"nodeSelector": {"client": "nobody"}})),
    ] {
        let mut object = deployment(name, 1, "1.0");
        for (key, value) in asks.as_object().unwrap() {
            object["spec"]["template"]["spec"][key] = value.clone();
        }
        w.create(object).await;
    }
    for name in ["anywhere", "first", "last"] {
        w.rolled_out(name).await;
    }
    let (cluster, namespaces) = (cluster(&w), [w.namespace.as_str().into()]);
    let placement = loop {
        let placement = look::placement(&cluster, &namespaces, &[]).await;
        // The scheduler says why somewhat later than the pod is there.
        if placement.waiting().any(|pod| pod.waits.is_some()) {
            break placement;
        }
        w.until("apps/v1", "Deployment", "nowhere", "still there", |_| true).await;
    };
    assert_eq!((placement.pods.len(), placement.cut, &placement.nodes_unknown), (4, false, &None), "{placement:?}");
    let of = |name: &str| placement.pods.iter().find(|pod| pod.name.starts_with(name)).unwrap();
    let node = |name: &str| placement.nodes[of(name).node.as_ref().unwrap()].get("kubernetes.io/hostname").unwrap();
    assert_eq!((node("first"), node("last")), (&*first, &*last));
    assert_eq!(&*of("first").demands, format!("kubernetes.io/hostname={first}"));
    assert_eq!(&*of("last").demands, format!("kubernetes.io/hostname in ({last})"));
    assert!(
        ["anywhere", "first", "last"].iter().all(|name| of(name).ready && of(name).fits == Some(true)),
        "{placement:?}"
    );
    assert_eq!((&*of("anywhere").demands, of("nowhere").fits), ("", None));
    let why = of("nowhere").waits.as_deref().unwrap();
    assert!(why.contains("nodes are available") && why.contains("node affinity/selector"), "{why}");

    let domains = placement.by("kubernetes.io/hostname", |_| Some("another"));
    assert!(domains.iter().all(|domain| domain.astray.iter().all(|(_, why)| *why == Astray::Label("another"))));
    assert_eq!(domains.iter().map(|domain| domain.astray.len()).sum::<usize>(), 3);

    let gone = look::placement(&cluster, &["no-such-namespace".into()], &[]).await;
    assert!(gone.pods.is_empty() && gone.refused.is_empty());
}
