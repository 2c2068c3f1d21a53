//! Who may write what: field managers, Leases, immutable fields, users without rights.

use crate::world::{Behaviour, IMAGE, World, deployment, image};
use futures::FutureExt;
use kube::{
    Error,
    api::{DynamicObject, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("ownership::an_applier_conflicts_with_who_changed_its_field", |w| an_applier_conflicts(w).boxed_local()),
    ("ownership::what_an_applier_no_longer_says_goes", |w| what_is_unsaid_goes(w).boxed_local()),
    ("ownership::two_appliers_may_share_a_value", |w| two_appliers_share(w).boxed_local()),
    ("ownership::a_replace_keeps_the_owners", |w| a_replace_keeps_the_owners(w).boxed_local()),
    ("ownership::a_lease_is_taken_by_a_test_of_its_holder", |w| a_lease_is_taken(w).boxed_local()),
    ("ownership::a_lease_lasts_longer_than_nothing", |w| a_lease_lasts(w).boxed_local()),
    ("ownership::an_immutable_config_map_stays", |w| an_immutable_config_map(w).boxed_local()),
    ("ownership::a_user_without_rights_is_told_so", |w| a_user_without_rights(w).boxed_local()),
];

fn refused(result: Result<DynamicObject, Error>) -> (u16, String, String) {
    match result {
        Err(Error::Api(status)) => (status.code, status.reason.clone(), status.message.clone()),
        Err(other) => panic!("not an answer of the API server: {other}"),
        Ok(object) => panic!("accepted: {object:?}"),
    }
}

fn config(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data})
}

async fn apply(w: &World, manager: &str, object: &Value) -> Result<DynamicObject, Error> {
    let name = object["metadata"]["name"].as_str().unwrap();
    let api = w.api(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    api.patch(name, &PatchParams::apply(manager), &Patch::Apply(object)).await
}

fn managers(object: &DynamicObject) -> Vec<String> {
    let entries = object.metadata.managed_fields.clone().unwrap_or_default();
    let mut names: Vec<String> = entries
        .into_iter()
        .map(|e| format!("{} {}", e.manager.unwrap_or_default(), e.operation.unwrap_or_default()))
        .collect();
    names.sort();
    names
}

async fn an_applier_conflicts(w: World) {
    let wanted = |tag: &str| {
        let mut object = deployment("web", 0, tag);
        object["spec"].as_object_mut().unwrap().remove("replicas");
        object
    };
    apply(&w, "one", &wanted("1.0")).await.unwrap();
    let set = PatchParams { field_manager: Some("two".into()), ..PatchParams::default() };
    w.deployments().patch("web", &set, &Patch::Strategic(image("2.0"))).await.unwrap();
    let (code, reason, message) = refused(apply(&w, "one", &wanted("1.0")).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    let path = ".spec.template.spec.containers[name=\"web\"].image";
    assert!(message.contains("conflict with \"two\"") && message.ends_with(path), "{message}");
    // The value that is there already is no conflict, and forcing takes the field.
    apply(&w, "one", &wanted("2.0")).await.unwrap();
    let force = PatchParams::apply("one").force();
    let taken = w.deployments().patch("web", &force, &Patch::Apply(wanted("3.0"))).await.unwrap();
    assert_eq!(taken.data["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:3.0"));
    assert!(!managers(&taken).contains(&"two Update".to_owned()), "{:?}", managers(&taken));
}

async fn what_is_unsaid_goes(w: World) {
    apply(&w, "one", &config(json!({"a": "1", "b": "2"}))).await.unwrap();
    let foreign = Patch::Merge(json!({"data": {"c": "3"}}));
    w.api("v1", "ConfigMap").patch("conf", &PatchParams::default(), &foreign).await.unwrap();
    let left = apply(&w, "one", &config(json!({"a": "1"}))).await.unwrap();
    assert_eq!(left.data["data"], json!({"a": "1", "c": "3"}), "only its own");
    let same = apply(&w, "one", &config(json!({"a": "1"}))).await.unwrap();
    assert_eq!(same.metadata.resource_version, left.metadata.resource_version, "nothing to do");
}

async fn two_appliers_share(w: World) {
    apply(&w, "one", &config(json!({"a": "1"}))).await.unwrap();
    let both = apply(&w, "two", &config(json!({"a": "1"}))).await.unwrap();
    assert_eq!(managers(&both), ["one Apply", "two Apply"]);
    let kept = apply(&w, "one", &config(json!({}))).await.unwrap();
    assert_eq!(kept.data["data"], json!({"a": "1"}), "the other one still wants it");
    let (code, _, message) = refused(apply(&w, "one", &config(json!({"a": "9"}))).await);
    assert!(code == 409 && message.contains("conflict with \"two\": .data.a"), "{message}");
}

async fn a_replace_keeps_the_owners(w: World) {
    let made = apply(&w, "one", &config(json!({"a": "1", "b": "2"}))).await.unwrap();
    let mut object = made.clone();
    object.metadata.managed_fields = None;
    object.data["data"]["b"] = json!("3");
    let params = PostParams { field_manager: Some("two".into()), ..PostParams::default() };
    let written = w.api("v1", "ConfigMap").replace("conf", &params, &object).await.unwrap();
    assert_eq!(managers(&written), ["one Apply", "two Update"]);
    assert_eq!(refused(apply(&w, "one", &config(json!({"a": "1", "b": "2"}))).await).0, 409);
}

fn lease() -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "pilot"},
        "spec": {"holderIdentity": "one", "leaseDurationSeconds": 30, "renewTime": "2026-01-05T08:00:00.000000Z"},
    })
}

async fn a_lease_is_taken(w: World) {
    let made = w.create(lease()).await;
    let api = w.api("coordination.k8s.io/v1", "Lease");
    let again = serde_json::from_value(lease()).unwrap();
    assert_eq!(refused(api.create(&PostParams::default(), &again).await).0, 409);
    let take = |from: &str, to: &str| {
        let patch: json_patch::Patch = serde_json::from_value(json!([
            {"op": "test", "path": "/spec/holderIdentity", "value": from},
            {"op": "replace", "path": "/spec/holderIdentity", "value": to},
            {"op": "replace", "path": "/spec/renewTime", "value": "2026-01-05T08:00:10.123456Z"},
        ]))
        .unwrap();
        Patch::Json::<Value>(patch)
    };
    let taken = api.patch("pilot", &PatchParams::default(), &take("one", "two")).await.unwrap();
    assert_eq!(taken.data["spec"]["holderIdentity"], "two");
    assert_eq!(taken.data["spec"]["renewTime"], "2026-01-05T08:00:10.123456Z", "to the microsecond");
    assert_eq!(refused(api.patch("pilot", &PatchParams::default(), &take("one", "three")).await).0, 422);
    let mut stale: DynamicObject = serde_json::from_value(made).unwrap();
    stale.data["spec"]["holderIdentity"] = json!("four");
    assert_eq!(refused(api.replace("pilot", &PostParams::default(), &stale).await).0, 409);
    stale.metadata.resource_version = None;
    assert_eq!(
        refused(api.replace("pilot", &PostParams::default(), &stale).await).0,
        422,
        "it must say of which version"
    );
    assert_eq!(api.get("pilot").await.unwrap().data["spec"]["holderIdentity"], "two");
}

async fn a_lease_lasts(w: World) {
    w.create(lease()).await;
    let api = w.api("coordination.k8s.io/v1", "Lease");
    let merge = |spec: Value| Patch::Merge(json!({ "spec": spec }));
    let nothing = api.patch("pilot", &PatchParams::default(), &merge(json!({"leaseDurationSeconds": 0}))).await;
    assert_eq!(refused(nothing).0, 422);
    let no_time = api.patch("pilot", &PatchParams::default(), &merge(json!({"renewTime": "soon"}))).await;
    assert_eq!(refused(no_time).0, 422);
    let free = merge(json!({"holderIdentity": null, "renewTime": null}));
    let freed = api.patch("pilot", &PatchParams::default(), &free).await.unwrap();
    assert!(freed.data["spec"].get("holderIdentity").is_none());
}

async fn an_immutable_config_map(w: World) {
    let mut object = config(json!({"a": "1"}));
    object["immutable"] = true.into();
    w.create(object).await;
    let api = w.api("v1", "ConfigMap");
    for patch in [json!({"data": {"a": "2"}}), json!({"immutable": false}), json!({"data": {"b": "2"}})] {
        let (code, _, message) = refused(api.patch("conf", &PatchParams::default(), &Patch::Merge(patch)).await);
        assert!(code == 422 && message.contains("immutable"), "{message}");
    }
    let labels = json!({"metadata": {"labels": {"a": "b"}}});
    api.patch("conf", &PatchParams::default(), &Patch::Merge(labels)).await.expect("metadata may change");
}

async fn a_user_without_rights(w: World) {
    let body = |attributes: Value| {
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        })
    };
    let as_nobody = |request: http::request::Builder| {
        request.header("content-type", "application/json").header("impersonate-user", "contract-nobody")
    };
    let review = body(json!({"namespace": w.namespace, "verb": "patch", "group": "apps", "resource": "deployments"}));
    let request = as_nobody(http::Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
    let answer: Value = w.client.request(request.body(serde_json::to_vec(&review).unwrap()).unwrap()).await.unwrap();
    assert_eq!(answer["status"]["allowed"], false);
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", w.namespace);
    let request = as_nobody(http::Request::get(&path)).body(Vec::new()).unwrap();
    let Err(Error::Api(status)) = w.client.request::<Value>(request).await else { panic!("listed") };
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    let who = "User \"contract-nobody\" cannot list resource \"deployments\" in API group \"apps\"";
    assert!(
        status.message.contains(who) && status.message.ends_with(&format!("\"{}\"", w.namespace)),
        "{}",
        status.message
    );
    let masters = as_nobody(http::Request::get(&path)).header("impersonate-group", "system:masters");
    let list: Value = w.client.request(masters.body(Vec::new()).unwrap()).await.unwrap();
    assert_eq!(list["items"], json!([]));
}
