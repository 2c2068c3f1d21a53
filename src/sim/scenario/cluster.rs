//! What the demo's cluster has beside Git: nodes, namespaces, the reconciler's objects, and what nobody's reconciler owns.
//!
//! Invariant: objects only; what they become is the controllers' work.

use super::{Error, catalogue::REGISTRY};
use crate::sim::{
    controllers::object::{name, text},
    resource::{resource_of_kind, resources},
    store::Store,
};
use serde_json::{Value, json};
use std::path::Path;

/// Creates one object as an operator would.
pub fn create(store: &Store, object: &Value) -> Result<(), Error> {
    let refused = |why: String| Error::Refused { object: format!("{} {}", text(object, "/kind"), name(object)), why };
    let resource = resource_of_kind(text(object, "/apiVersion"), text(object, "/kind"));
    let resource = resource.ok_or_else(|| refused("no such kind".into()))?;
    store.create(resource, object.clone()).map(|_| ()).map_err(|status| refused(status.message))
}

/// Nodes, namespaces, gateway class and the reconciler's objects.
pub fn furnish(store: &Store, repository: &Path) -> Result<(), Error> {
    for node in nodes() {
        create(store, &node)?;
    }
    let spaces = [
        ("shop", "production"),
        ("shop-staging", "staging"),
        ("shop-dev", "dev"),
        ("payments", "production"),
        ("edge", "production"),
        ("platform", "production"),
        ("flux-system", "production"),
    ];
    for (space, environment) in spaces {
        let labels = json!({ "environment": environment });
        create(
            store,
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels}}),
        )?;
    }
    for object in system() {
        create(store, &object)?;
    }
    let class = json!({"apiVersion": resources::GATEWAY_CLASSES.api_version(), "kind": "GatewayClass",
        "metadata": {"name": "demo"}, "spec": {"controllerName": "pilothouse.dev/sim-gateway"}});
    create(store, &class)?;
    let url = format!("file://{}", repository.display());
    let source = json!({"apiVersion": resources::GIT_REPOSITORIES.api_version(), "kind": "GitRepository",
        "metadata": {"name": "fleet", "namespace": "flux-system"},
        "spec": {"url": url, "ref": {"branch": "main"}, "interval": "30s"}});
    create(store, &source)?;
    let consumers = [
        ("shop-dev", "./environments/dev", None),
        ("shop-staging", "./environments/staging", None),
        ("shop", "./environments/production/shop", None),
        ("payments", "./environments/production/payments", None),
        ("platform", "./platform", Some("platform")),
    ];
    for (name, path, target) in consumers {
        let mut spec = json!({"path": path, "interval": "30s", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}});
        if let Some(target) = target {
            spec["targetNamespace"] = target.into();
        }
        let object = json!({"apiVersion": resources::KUSTOMIZATIONS.api_version(), "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"}, "spec": spec});
        create(store, &object)?;
    }
    Ok(())
}

/// What no cluster can do without.
fn system() -> [Value; 2] {
    let container = |name: &str, image: &str, cpu: &str, memory: &str| {
        json!({"name": name, "image": format!("registry.k8s.io/{image}"),
            "resources": {"requests": {"cpu": cpu, "memory": "70Mi"}, "limits": {"memory": memory}}})
    };
    let object = |kind: &str, name: &str, label: &str, replicas: Value, container: Value| {
        let labels = json!({ "k8s-app": label });
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}})
    };
    let mut proxy = object(
        "DaemonSet",
        "kube-proxy",
        "kube-proxy",
        Value::Null,
        container("kube-proxy", "kube-proxy:v1.36.1", "50m", "128Mi"),
    );
    if let Some(spec) = proxy["spec"].as_object_mut() {
        spec.remove("replicas");
    }
    [
        object(
            "Deployment",
            "coredns",
            "kube-dns",
            json!(2),
            container("coredns", "coredns/coredns:v1.12.1", "100m", "170Mi"),
        ),
        proxy,
    ]
}

/// Three nodes in three zones; two of them are meant for one client each.
pub fn nodes() -> Vec<Value> {
    let nodes = [("a", None), ("b", Some("acme")), ("c", Some("globex"))];
    nodes.iter().enumerate().map(|(number, (zone, client))| node(number, zone, *client)).collect()
}

fn node(number: usize, zone: &str, client: Option<&str>) -> Value {
    let mut node = bare_node(number, zone);
    if let Some(client) = client {
        node["metadata"]["labels"]["client"] = client.into();
    }
    node
}

fn bare_node(number: usize, zone: &str) -> Value {
    let name = format!("node-{zone}");
    let capacity = json!({"cpu": "16", "memory": "65536Mi", "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": "eu-1", "topology.kubernetes.io/zone": format!("eu-1{zone}"),
        }},
        "spec": {"podCIDR": format!("10.244.{number}.0/24")},
        "status": {
            "capacity": capacity, "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": format!("172.18.0.{}", number + 2)}, {"type": "Hostname", "address": name}],
            "conditions": conditions(),
            "nodeInfo": {"kubeletVersion": "v1.36.1", "osImage": "Debian GNU/Linux 13", "architecture": "amd64", "operatingSystem": "linux",
                "containerRuntimeVersion": "containerd://2.2.1", "kernelVersion": "6.12.0"},
        },
    })
}

/// What a kubelet that is well reports.
fn conditions() -> Value {
    let fine = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "False", "reason": reason, "message": message});
    json!([
        fine("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        fine("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        fine("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
    ])
}

fn deployment(space: &str, name: &str, image: &str, replicas: Option<i64>, cpu: &str) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": format!("{REGISTRY}/{image}"),
                    "ports": [{"name": "http", "containerPort": 8080}], "resources": {"requests": {"cpu": cpu, "memory": "256Mi"}}}]},
            },
        },
    });
    if let Some(replicas) = replicas {
        object["spec"]["replicas"] = replicas.into();
    }
    object
}

fn service(space: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}})
}

/// The edge, which somebody once applied by hand.
pub fn edge(tag: &str) -> Vec<Value> {
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "gateway", "namespace": "edge"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gateway"}, "minReplicas": 4, "maxReplicas": 12,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}});
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "gateway", "namespace": "edge"},
        "spec": {"maxUnavailable": "25%", "selector": {"matchLabels": {"app": "gateway"}}}});
    let gateway = json!({"apiVersion": resources::GATEWAYS.api_version(), "kind": "Gateway", "metadata": {"name": "public", "namespace": "edge"},
        "spec": {"gatewayClassName": "demo", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP",
            "allowedRoutes": {"namespaces": {"from": "All"}}}]}});
    vec![
        deployment("edge", "gateway", &format!("edge/gateway:{tag}"), Some(5), "500m"),
        service("edge", "gateway"),
        scaler,
        budget,
        gateway,
        deployment("edge", "status-page", "edge/status-page:0.9.2", Some(2), "50m"),
    ]
}

/// The next checkout beside the current one, and the route that can be shifted to it.
pub fn second_checkout() -> Vec<Value> {
    let route = json!({"apiVersion": resources::HTTP_ROUTES.api_version(), "kind": "HTTPRoute", "metadata": {"name": "checkout", "namespace": "shop"},
        "spec": {"hostnames": ["checkout.example.com"], "parentRefs": [{"name": "public", "namespace": "edge"}],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "checkout", "port": 80, "weight": 100}, {"name": "checkout-v2", "port": 80, "weight": 0}]}]}});
    vec![
        deployment("shop", "checkout-v2", "shop/checkout:3.0.0", Some(3), "250m"),
        service("shop", "checkout-v2"),
        route,
    ]
}

fn namespace(name: &str, labels: &Value, annotations: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": labels, "annotations": annotations}})
}

/// What clients have for themselves: namespaces, and a portal that ought to run on their own nodes.
pub fn clients() -> Vec<Value> {
    let spaces = [
        ("acme-live", "acme", "live", "Ana Lopes", "1.6.0"),
        ("acme-test", "acme", "test", "Ana Lopes", "1.7.0"),
        ("globex-live", "globex", "live", "Mei Tanaka", "1.6.0"),
    ];
    let mut objects = Vec::new();
    for (space, client, environment, owner, tag) in spaces {
        objects.push(namespace(
            space,
            &json!({"client": client, "environment": environment}),
            &json!({"example.com/owner": owner}),
        ));
        let mut portal = deployment(space, "portal", &format!("portal:{tag}"), Some(2), "50m");
        // Nobody has told the portal of the other client where to run.
        if client == "acme" {
            portal["spec"]["template"]["spec"]["nodeSelector"] = json!({ "client": client });
        }
        objects.push(portal);
    }
    objects
}

/// What a pull request has for itself: a namespace, and the checkout as it is there.
pub fn preview(number: &str, owner: &str, commit: &str, tag: &str) -> Vec<Value> {
    let space = format!("shop-pr-{number}");
    vec![
        namespace(
            &space,
            &json!({"pull-request": number, "environment": "preview"}),
            &json!({"example.com/owner": owner, "example.com/commit": commit}),
        ),
        deployment(&space, "checkout", &format!("shop/checkout:{tag}"), Some(1), "100m"),
    ]
}

/// The migration that went before checkout 2.4.0.
pub fn migration() -> Value {
    let image = format!("{REGISTRY}/shop/checkout:2.4.0");
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "checkout-migrate-2-4-0", "namespace": "shop"},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never",
            "containers": [{"name": "migrate", "image": image, "command": ["/app/migrate", "up"]}]}}}})
}
