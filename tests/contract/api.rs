//! The API server's own rules: versions, conflicts, patches, validation, pages, dry run.

use crate::world::{Behaviour, IMAGE, World, deployment, image};
use futures::FutureExt;
use kube::{
    Error,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("api::create_fills_in_what_clients_rely_on", |w| create_fills_in_what_clients_rely_on(w).boxed_local()),
    ("api::a_second_create_is_refused", |w| a_second_create_is_refused(w).boxed_local()),
    ("api::a_stale_resource_version_is_a_conflict", |w| a_stale_resource_version_is_a_conflict(w).boxed_local()),
    ("api::a_json_patch_test_that_fails_is_invalid", |w| a_json_patch_test_that_fails_is_invalid(w).boxed_local()),
    ("api::generation_follows_the_spec_only", |w| generation_follows_the_spec_only(w).boxed_local()),
    ("api::a_patch_that_changes_nothing_keeps_its_version", |w| a_patch_that_changes_nothing(w).boxed_local()),
    ("api::strategic_and_merge_patches_differ_on_lists", |w| strategic_and_merge_patches(w).boxed_local()),
    ("api::a_selector_cannot_change", |w| a_selector_cannot_change(w).boxed_local()),
    ("api::a_job_template_cannot_change", |w| a_job_template_cannot_change(w).boxed_local()),
    ("api::dry_run_changes_nothing", |w| dry_run_changes_nothing(w).boxed_local()),
    ("api::lists_come_in_pages", |w| lists_come_in_pages(w).boxed_local()),
    ("api::selectors_select", |w| selectors_select(w).boxed_local()),
    ("api::a_uid_precondition_protects_a_delete", |w| a_uid_precondition(w).boxed_local()),
    ("api::access_reviews_answer", |w| access_reviews_answer(w).boxed_local()),
    ("api::route_weights_default_to_one", |w| route_weights_default_to_one(w).boxed_local()),
];

fn code(result: Result<kube::api::DynamicObject, Error>) -> (u16, String) {
    match result {
        Err(Error::Api(status)) => (status.code, status.reason.clone()),
        Err(other) => panic!("not an answer of the API server: {other}"),
        Ok(object) => panic!("accepted: {object:?}"),
    }
}

async fn create_fills_in_what_clients_rely_on(w: World) {
    let mut object = deployment("web", 1, "1.0");
    object["spec"].as_object_mut().unwrap().remove("replicas");
    let made = w.create(object).await;
    assert_eq!(made["metadata"]["generation"], 1);
    assert!(made["metadata"]["uid"].as_str().is_some_and(|u| u.len() == 36));
    assert!(made["metadata"]["resourceVersion"].as_str().is_some_and(|v| v.parse::<u64>().is_ok()));
    assert!(made["metadata"]["creationTimestamp"].is_string());
    assert_eq!(made["spec"]["replicas"], 1);
    assert_eq!(made["spec"]["progressDeadlineSeconds"], 600);
    assert_eq!(made["spec"]["revisionHistoryLimit"], 10);
    assert_eq!(
        made["spec"]["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}})
    );
    let pod = &made["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Always");
    assert_eq!(pod["terminationGracePeriodSeconds"], 30);
    assert_eq!(pod["containers"][0]["imagePullPolicy"], "IfNotPresent");
}

async fn a_second_create_is_refused(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let again = serde_json::from_value(deployment("web", 0, "1.0")).unwrap();
    assert_eq!(code(w.deployments().create(&PostParams::default(), &again).await), (409, "AlreadyExists".into()));
}

async fn a_stale_resource_version_is_a_conflict(w: World) {
    let made = w.create(deployment("web", 0, "1.0")).await;
    let api = w.deployments();
    api.patch("web", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}})))
        .await
        .unwrap();
    let stale = serde_json::from_value(made.clone()).unwrap();
    assert_eq!(code(api.replace("web", &PostParams::default(), &stale).await), (409, "Conflict".into()));
    let patch = json!({"metadata": {"resourceVersion": made["metadata"]["resourceVersion"], "labels": {"a": "c"}}});
    assert_eq!(code(api.patch("web", &PatchParams::default(), &Patch::Merge(patch)).await), (409, "Conflict".into()));
}

async fn a_json_patch_test_that_fails_is_invalid(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let patch: json_patch::Patch = serde_json::from_value(json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]))
    .unwrap();
    let api = w.deployments();
    assert_eq!(
        code(api.patch("web", &PatchParams::default(), &Patch::Json::<Value>(patch)).await),
        (422, "Invalid".into())
    );
    assert_eq!(api.get("web").await.unwrap().data["spec"]["replicas"], 0);
}

async fn generation_follows_the_spec_only(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let api = w.deployments();
    let merge = async |patch: Value| api.patch("web", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let labelled = merge(json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(labelled.metadata.generation, Some(1));
    let scaled = merge(json!({"spec": {"paused": true}})).await;
    assert_eq!(scaled.metadata.generation, Some(2));
    let status = merge(json!({"status": {"replicas": 7}})).await;
    assert_eq!(status.metadata.generation, Some(2));
    assert_ne!(status.data["status"]["replicas"], 7, "status changes through its subresource only");
}

async fn a_patch_that_changes_nothing(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    w.rolled_out("web").await;
    let api = w.deployments();
    let before = api.get("web").await.unwrap();
    let after =
        api.patch("web", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 0}}))).await.unwrap();
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version);
    assert_eq!(before.metadata.generation, after.metadata.generation);
}

async fn strategic_and_merge_patches(w: World) {
    let mut object = deployment("web", 0, "1.0");
    object["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "proxy", "image": format!("{IMAGE}:9.0")}));
    w.create(object).await;
    let api = w.deployments();
    let strategic = api.patch("web", &PatchParams::default(), &Patch::Strategic(image("2.0"))).await.unwrap();
    let containers = &strategic.data["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers.as_array().map(Vec::len), Some(2), "merged by name");
    assert_eq!(containers[0]["image"], format!("{IMAGE}:2.0"));
    assert_eq!(containers[1]["image"], format!("{IMAGE}:9.0"));
    let merged = api.patch("web", &PatchParams::default(), &Patch::Merge(image("3.0"))).await.unwrap();
    assert_eq!(
        merged.data["spec"]["template"]["spec"]["containers"].as_array().map(Vec::len),
        Some(1),
        "replaced whole"
    );
    let nameless = json!({"spec": {"template": {"spec": {"containers": [{"image": "x:1"}]}}}});
    assert_eq!(code(api.patch("web", &PatchParams::default(), &Patch::Merge(nameless)).await).0, 422);
}

async fn a_selector_cannot_change(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let patch = json!({"spec": {
        "selector": {"matchLabels": {"app": "other"}}, "template": {"metadata": {"labels": {"app": "other"}}}}});
    let (code, reason) = code(w.deployments().patch("web", &PatchParams::default(), &Patch::Merge(patch)).await);
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
}

fn job(name: &str, tag: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "migrate", "image": format!("{IMAGE}:{tag}")}]}}},
    })
}

async fn a_job_template_cannot_change(w: World) {
    let mut suspended = job("migrate", "1.0");
    suspended["spec"]["suspend"] = true.into();
    w.create(suspended).await;
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x:2"}]);
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    let api = w.api("batch/v1", "Job");
    let answer = api.patch("migrate", &PatchParams::default(), &Patch::Json::<Value>(patch)).await;
    match answer {
        Err(Error::Api(status)) => {
            assert_eq!(status.code, 422);
            assert!(status.message.contains("field is immutable"), "{}", status.message);
        }
        other => panic!("{other:?}"),
    }
}

async fn dry_run_changes_nothing(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let api = w.deployments();
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let answer = api.patch("web", &dry, &Patch::Merge(json!({"spec": {"replicas": 4}}))).await.unwrap();
    assert_eq!(answer.data["spec"]["replicas"], 4, "the answer shows what would be");
    assert_eq!(api.get("web").await.unwrap().data["spec"]["replicas"], 0);
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    api.create(&dry, &serde_json::from_value(deployment("ghost", 1, "1.0")).unwrap()).await.unwrap();
    assert!(api.get_opt("ghost").await.unwrap().is_none());
}

async fn lists_come_in_pages(w: World) {
    for i in 0..5 {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("page-{i}")}});
        w.create(object).await;
    }
    let api = w.api("v1", "ConfigMap");
    let (mut names, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut params = ListParams::default().limit(2);
        params.continue_token = token;
        let page = api.list(&params).await.unwrap();
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().filter_map(|o| o.metadata.name).filter(|n| n.starts_with("page-")));
        token = page.metadata.continue_.filter(|t| !t.is_empty());
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["page-0", "page-1", "page-2", "page-3", "page-4"]);
}

async fn selectors_select(w: World) {
    for (name, tier) in [("one", "front"), ("two", "back"), ("three", "back")] {
        w.create(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"tier": tier}}}),
        )
        .await;
    }
    let api = w.api("v1", "ConfigMap");
    let names = async |params: ListParams| {
        let list = api.list(&params).await.unwrap();
        list.items.into_iter().filter_map(|o| o.metadata.name).collect::<Vec<_>>()
    };
    assert_eq!(names(ListParams::default().labels("tier=back")).await, ["three", "two"]);
    assert_eq!(names(ListParams::default().labels("tier in (front,middle)")).await, ["one"]);
    assert_eq!(names(ListParams::default().labels("tier,tier!=back")).await, ["one"]);
    assert_eq!(names(ListParams::default().fields("metadata.name=two")).await, ["two"]);
}

async fn a_uid_precondition(w: World) {
    w.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}})).await;
    let api = w.api("v1", "ConfigMap");
    let other = kube::api::Preconditions { uid: Some("another".into()), resource_version: None };
    let params = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    match api.delete("kept", &params).await {
        Err(Error::Api(status)) => assert_eq!(status.code, 409),
        other => panic!("{other:?}"),
    }
    assert!(api.get_opt("kept").await.unwrap().is_some());
}

async fn access_reviews_answer(w: World) {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"namespace": w.namespace, "verb": "patch", "group": "apps", "resource": "deployments"}},
    });
    let request = http::Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&review).unwrap())
        .unwrap();
    let answer: Value = w.client.request(request).await.unwrap();
    assert_eq!(answer["status"]["allowed"], true);
}

async fn route_weights_default_to_one(w: World) {
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
        "spec": {"rules": [{"backendRefs": [{"name": "web", "port": 80}, {"name": "web-v2", "port": 80, "weight": 0}]}]},
    });
    let made = w.create(route).await;
    let refs = &made["spec"]["rules"][0]["backendRefs"];
    assert_eq!((&refs[0]["weight"], &refs[1]["weight"]), (&json!(1), &json!(0)));
    assert_eq!(refs[0]["kind"], "Service");
    let patch = json!([{"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 1_000_001}]);
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    let api = w.api("gateway.networking.k8s.io/v1", "HTTPRoute");
    assert_eq!(code(api.patch("web", &PatchParams::default(), &Patch::Json::<Value>(patch)).await).0, 422);
}
