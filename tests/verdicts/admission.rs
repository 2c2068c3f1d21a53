//! Pods that may not be: quotas, Pod Security, service accounts, policies.

use crate::{
    observed::{merge, set_spec, stateful_set, verdict, with_spec},
    world::{Behaviour, World, deployment, resource},
};
use futures::FutureExt;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
};
use pilothouse::model::{BlockerKind, Health, Kind, Remedy};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("admission::a_quota_that_is_used_up", |w| used_up(w).boxed_local()),
    ("admission::a_quota_with_too_little_left", |w| little_left(w).boxed_local()),
    ("admission::a_quota_and_a_stateful_set", |w| used_up_by_a_set(w).boxed_local()),
    ("admission::a_quota_that_wants_to_be_told", |w| untold(w).boxed_local()),
    ("admission::pod_security", |w| pod_security(w).boxed_local()),
    ("admission::a_service_account_that_does_not_exist", |w| no_account(w).boxed_local()),
    ("admission::a_webhook_that_does_not_answer", |w| closed_webhook(w).boxed_local()),
    ("admission::a_webhook_without_its_service", |w| lost_webhook(w).boxed_local()),
];

/// What only a real API server has: expressions, and limit ranges.
pub const REAL: &[(&str, Behaviour)] = &[
    ("admission::an_admission_policy", |w| policy(w).boxed_local()),
    ("admission::a_limit_range", |w| limit_range(w).boxed_local()),
    ("admission::a_runtime_class_that_does_not_exist", |w| no_runtime(w).boxed_local()),
];

async fn quota(w: &World, hard: Value) {
    let object =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}});
    w.create(object).await;
    let counted = |o: &Value| o["status"]["hard"].is_object();
    w.until("v1", "ResourceQuota", "few", "counted", counted).await;
}

async fn used_up(w: World) {
    quota(&w, json!({"pods": "1"})).await;
    w.create(deployment("web", 3, "1.0")).await;
    let words = "quota few is used up: pods 1 of 1 used, a pod asks for 1";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.blocker.as_ref().unwrap().kind(), BlockerKind::Quota);
    assert_eq!(found.blocker.unwrap().remedies(), [Remedy::Events]);
}

async fn little_left(w: World) {
    quota(&w, json!({"pods": "10", "requests.cpu": "4"})).await;
    let mut object = deployment("web", 3, "1.0");
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1500m"}});
    w.create(object).await;
    let words = "quota few leaves too little room: requests.cpu 3";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert!(found.reason.contains("of 4 used, a pod asks for 1500m"), "{}", found.reason);
}

async fn used_up_by_a_set(w: World) {
    quota(&w, json!({"pods": "1"})).await;
    w.create(stateful_set("db", 2, "1.0", json!({}))).await;
    verdict(&w, Kind::StatefulSet, "db", "quota few is used up: pods 1 of 1 used, a pod asks for 1").await;
}

async fn untold(w: World) {
    quota(&w, json!({"requests.cpu": "4"})).await;
    w.create(deployment("web", 1, "1.0")).await;
    let words = "quota few refuses pods that do not say what they need: requests.cpu for: web";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.health, Health::Broken);
}

async fn pod_security(w: World) {
    let namespaces: Api<DynamicObject> = Api::all_with(w.client.clone(), &resource("v1", "Namespace"));
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    namespaces.patch(&w.namespace, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    w.create(deployment("web", 1, "1.0")).await;
    let words = "pods are refused by Pod Security restricted:latest: allowPrivilegeEscalation != false (container \"web\" must set \
                 securityContext.allowPrivilegeEscalation=false), unrestricted capabilities";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Admission);
}

async fn no_account(w: World) {
    w.create(with_spec("web", 1, "1.0", json!({"serviceAccountName": "robot"}))).await;
    verdict(&w, Kind::Deployment, "web", "ServiceAccount robot does not exist, and the pods need it").await;
}

async fn policy(w: World) {
    let all = |kind: &str| -> Api<DynamicObject> {
        let mut resource = resource("admissionregistration.k8s.io/v1", kind);
        if kind == "ValidatingAdmissionPolicy" {
            resource.plural = "validatingadmissionpolicies".into();
        }
        Api::all_with(w.client.clone(), &resource)
    };
    let name = format!("frozen-{}", w.namespace);
    let object = |kind: &str, spec: Value| -> DynamicObject {
        let mut object =
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
        merge(&mut object, json!({ "spec": spec }));
        serde_json::from_value(object).unwrap()
    };
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]);
    let denial = json!([{"expression": "false", "message": "nothing starts here before Monday"}]);
    let policy = json!({"failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules}, "validations": denial});
    let here = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": w.namespace}}});
    let binding = json!({"policyName": name, "validationActions": ["Deny"], "matchResources": here});
    let (policies, bindings) = (all("ValidatingAdmissionPolicy"), all("ValidatingAdmissionPolicyBinding"));
    policies.create(&PostParams::default(), &object("ValidatingAdmissionPolicy", policy)).await.unwrap();
    bindings.create(&PostParams::default(), &object("ValidatingAdmissionPolicyBinding", binding)).await.unwrap();
    // Policies take a moment; a pod that is refused says that it has passed.
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "probe-"},
        "spec": {"containers": [{"name": "web", "image": "web:1.0"}]}});
    let pod: DynamicObject = serde_json::from_value(pod).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    while w.api("v1", "Pod").create(&dry, &pod).await.is_ok() {
        tokio::task::yield_now().await;
    }
    w.create(deployment("web", 1, "1.0")).await;
    let words =
        format!("pods are refused by admission policy {name} (binding {name}): nothing starts here before Monday");
    let found = verdict(&w, Kind::Deployment, "web", &words).await;
    bindings.delete(&name, &DeleteParams::default()).await.unwrap();
    policies.delete(&name, &DeleteParams::default()).await.unwrap();
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Broken, BlockerKind::Admission));
}

/// Has pods of this namespace judged by a webhook that is reached so.
async fn judged_by(w: &World, client: Value) {
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]);
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": w.namespace}});
    let hook = json!({"name": "images.policy.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "failurePolicy": "Fail", "timeoutSeconds": 2, "clientConfig": client, "namespaceSelector": here, "rules": rules});
    let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": format!("images-{}", w.namespace)}, "webhooks": [hook]});
    let all = webhooks(w);
    all.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    // It takes a moment; a pod that is refused says that it has passed.
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "probe-"},
        "spec": {"containers": [{"name": "web", "image": "web:1.0"}]}});
    let pod: DynamicObject = serde_json::from_value(pod).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    while w.api("v1", "Pod").create(&dry, &pod).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

fn webhooks(w: &World) -> Api<DynamicObject> {
    Api::all_with(w.client.clone(), &resource("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"))
}

async fn says_of_webhook(w: World, why: &str) {
    w.create(deployment("web", 2, "1.0")).await;
    let words = "pods cannot be created: admission webhook images.policy.example.com does not answer: ";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    webhooks(&w).delete(&format!("images-{}", w.namespace), &DeleteParams::default()).await.unwrap();
    assert!(found.reason.contains(why), "{}", found.reason);
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Broken, BlockerKind::Admission));
}

async fn closed_webhook(w: World) {
    judged_by(&w, json!({"url": "https://127.0.0.1:1/validate"})).await;
    says_of_webhook(w, "connection refused").await;
}

async fn lost_webhook(w: World) {
    judged_by(&w, json!({"service": {"namespace": "mesh", "name": "injector", "path": "/inject"}})).await;
    says_of_webhook(w, "service \"injector\" not found").await;
}

async fn no_runtime(w: World) {
    w.create(with_spec("web", 1, "1.0", json!({"runtimeClassName": "gvisor"}))).await;
    verdict(&w, Kind::Deployment, "web", "RuntimeClass gvisor does not exist, and the pods need it").await;
}

async fn limit_range(w: World) {
    let limits = json!([{"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}}]);
    w.create(
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": limits}}),
    )
    .await;
    let mut object = deployment("web", 0, "1.0");
    let asks = json!({"limits": {"cpu": "2", "memory": "2Gi"}});
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = asks;
    w.create(object).await;
    set_spec(&w, "Deployment", "web", json!({"replicas": 1})).await;
    let found = verdict(&w, Kind::Deployment, "web", "pods are refused by a LimitRange: maximum ").await;
    // In whichever order the API server comes upon them.
    for limit in ["cpu usage per Container is 1, but limit is 2", "memory usage per Container is 1Gi, but limit is 2Gi"]
    {
        assert!(found.reason.contains(&format!("maximum {limit}")), "{}", found.reason);
    }
}
