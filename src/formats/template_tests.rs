//! Tests of the template patches: applied with an independent JSON Patch implementation and compared with the expected object.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "checkout", "namespace": "shop", "uid": "u1", "resourceVersion": "41", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{now}",
            "deployment.kubernetes.io/revision": "2",
            "kubernetes.io/change-cause": "two",
            "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
            "example.org/only~now": "kept"}},
        "spec": {"replicas": 4, "strategy": {"type": "RollingUpdate"}, "template": template("app:2")},
    })
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "checkout"}, "creationTimestamp": null},
        "spec": {"containers": [{"name": "app", "image": image}]}})
}

fn replica_set() -> Value {
    let mut template = template("app:1");
    template["metadata"]["labels"]["pod-template-hash"] = json!("abc");
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "checkout-abc", "namespace": "shop", "uid": "r1",
            "ownerReferences": [{"controller": true, "kind": "Deployment", "name": "checkout", "uid": "u1"}],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{old}",
                "deployment.kubernetes.io/revision": "1",
                "deployment.kubernetes.io/desired-replicas": "9",
                "kubernetes.io/change-cause": "one",
                "kustomize.toolkit.fluxcd.io/reconcile": "enabled",
                "a/b~c": "escaped"}},
        "spec": {"template": template}})
}

fn controller_revision() -> Value {
    let mut template = template("app:1");
    template["$patch"] = json!("replace");
    json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1,
        "metadata": {"name": "db-1", "namespace": "shop", "uid": "c1",
            "ownerReferences": [{"controller": true, "kind": "StatefulSet", "name": "db", "uid": "u1"}]},
        "data": {"spec": {"template": template}}})
}

fn apply(object: &Value, patch: &Value) -> Result<Value, json_patch::PatchError> {
    let mut object = object.clone();
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut object, &patch)?;
    Ok(object)
}

fn json_patch_of(patch: RestorePatch) -> Value {
    match patch {
        RestorePatch::Json(patch) => patch,
        RestorePatch::Strategic(patch) => panic!("a Deployment wants a JSON Patch, not {patch}"),
    }
}

#[test]
fn undo_restores_the_template_and_loses_no_annotation() {
    let object = deployment();
    let patch = json_patch_of(restore(Kind::Deployment, &object, &replica_set(), false).unwrap());
    let mut expected = object.clone();
    expected["spec"]["template"] = template("app:1");
    expected["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!("one");
    expected["metadata"]["annotations"]["a/b~c"] = json!("escaped");
    assert_eq!(apply(&object, &patch).unwrap(), expected);
}

#[rstest]
#[case("/metadata/resourceVersion")]
#[case("/metadata/uid")]
fn patches_apply_to_the_object_that_was_read_or_to_none(#[case] field: &str) {
    let object = deployment();
    let undo = json_patch_of(restore(Kind::Deployment, &object, &replica_set(), false).unwrap());
    let again = restart(&object, Timestamp::UNIX_EPOCH).unwrap();
    let mut other = object.clone();
    *other.pointer_mut(field).unwrap() = json!("other");
    for patch in [undo, again] {
        assert!(apply(&object, &patch).is_ok());
        assert!(apply(&other, &patch).is_err(), "{patch} applied although {field} differs");
    }
}

#[test]
fn annotations_are_created_where_the_object_has_none() {
    let mut object = deployment();
    object["metadata"].as_object_mut().unwrap().remove("annotations");
    let patch = json_patch_of(restore(Kind::Deployment, &object, &replica_set(), false).unwrap());
    let after = apply(&object, &patch).unwrap();
    assert_eq!(after["metadata"]["annotations"], json!({"kubernetes.io/change-cause": "one", "a/b~c": "escaped"}));
}

#[test]
fn a_paused_deployment_is_refused_or_unpaused_in_the_same_write() {
    let mut object = deployment();
    object["spec"]["paused"] = json!(true);
    let refused = restore(Kind::Deployment, &object, &replica_set(), false).unwrap_err();
    assert!(matches!(refused, FormatError::Paused { .. }));
    assert!(matches!(restart(&object, Timestamp::UNIX_EPOCH), Err(FormatError::Paused { .. })));
    let patch = json_patch_of(restore(Kind::Deployment, &object, &replica_set(), true).unwrap());
    let after = apply(&object, &patch).unwrap();
    assert_eq!(after["spec"]["paused"], false);
    assert_eq!(after["spec"]["template"], template("app:1"));
}

#[test]
fn unpausing_what_is_not_paused_writes_nothing_about_it() {
    let patch = json_patch_of(restore(Kind::Deployment, &deployment(), &replica_set(), true).unwrap());
    assert!(!patch.to_string().contains("/spec/paused"));
}

#[rstest]
#[case(Kind::StatefulSet)]
#[case(Kind::DaemonSet)]
fn stateful_and_daemon_sets_take_a_replacing_strategic_merge(#[case] kind: Kind) {
    let RestorePatch::Strategic(patch) = restore(kind, &deployment(), &controller_revision(), false).unwrap() else {
        panic!("wrong form");
    };
    let mut template = template("app:1");
    template["$patch"] = json!("replace");
    assert_eq!(patch, json!({"metadata": {"uid": "u1", "resourceVersion": "41"}, "spec": {"template": template}}));
}

#[test]
fn revisions_of_another_object_are_refused() {
    let mut stranger = replica_set();
    stranger["metadata"]["ownerReferences"][0]["uid"] = json!("u2");
    assert!(matches!(restore(Kind::Deployment, &deployment(), &stranger, false), Err(FormatError::Unsupported { .. })));
    let mut not_controller = replica_set();
    not_controller["metadata"]["ownerReferences"][0]["controller"] = json!(false);
    assert!(restore(Kind::Deployment, &deployment(), &not_controller, false).is_err());
    assert!(restore(Kind::Deployment, &deployment(), &controller_revision(), false).is_err());
    assert!(restore(Kind::StatefulSet, &deployment(), &replica_set(), false).is_err());
    assert!(restore(Kind::Job, &deployment(), &replica_set(), false).is_err());
}

#[test]
fn objects_without_identity_or_template_are_refused() {
    let mut object = deployment();
    object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let error = restore(Kind::Deployment, &object, &replica_set(), false).unwrap_err();
    assert!(error.to_string().contains("metadata.resourceVersion"), "{error}");
    let mut source = replica_set();
    source["spec"] = json!({});
    assert!(restore(Kind::Deployment, &deployment(), &source, false).is_err());
    assert!(restart(&json!({"kind": "Deployment"}), Timestamp::UNIX_EPOCH).is_err());
}

#[rstest]
#[case(json!({"labels": {"app": "a"}}))]
#[case(json!({"annotations": {"other": "kept"}}))]
#[case(json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "2020-01-01T00:00:00Z"}}))]
#[case(json!({"annotations": null}))]
#[case(Value::Null)]
fn restart_sets_only_its_annotation(#[case] metadata: Value) {
    let mut object = deployment();
    object["spec"]["template"]["metadata"] = metadata.clone();
    let at: Timestamp = "2026-03-04T05:06:07.89Z".parse().unwrap();
    let after = apply(&object, &restart(&object, at).unwrap()).unwrap();
    assert_eq!(restarted_at(&after), Some("2026-03-04T05:06:07Z"));
    assert_eq!(after["spec"]["template"]["metadata"]["labels"], metadata["labels"]);
    assert_eq!(after["spec"]["template"]["metadata"]["annotations"]["other"], metadata["annotations"]["other"]);
    assert_ne!(hash(of(&object)), hash(of(&after)));
}

#[test]
fn hashes_see_through_what_the_keepers_added() {
    let now = hash(of(&deployment()));
    assert_eq!(hash(&kept_by(&replica_set()).unwrap()), hash(&template("app:1")));
    assert_eq!(hash(of(&replica_set())), hash(&template("app:1")));
    assert_eq!(hash(&controller_revision()["data"]["spec"]["template"]), hash(&template("app:1")));
    assert_ne!(now, hash(&template("app:1")));
    let reordered = json!({"spec": {"containers": [{"image": "app:2", "name": "app"}]}, "metadata": {"labels": {"app": "checkout"}}});
    assert_eq!(now, hash(&reordered));
    assert_eq!(now.len(), 64);
}

#[test]
fn diffs_are_readable_and_hide_values() {
    let mut before = template("app:1");
    before["spec"]["containers"][0]["env"] =
        json!([{"name": "DB_URI", "value": "hunter2"}, {"name": "X", "value": "old"}]);
    let mut after = template("app:2");
    after["spec"]["containers"][0]["env"] =
        json!([{"name": "DB_URL", "value": "hunter2"}, {"name": "X", "value": "new"}]);
    let diff = diff(&before, &after);
    insta::assert_snapshot!(diff, @r"
    @@ -5,8 +5,8 @@
       containers:
       - name: app
         env:
    -    - name: DB_URI
    +    - name: DB_URL
           value: «…»
         - name: X
    -      value: «…»
    -    image: app:1
    +      value: «… another value»
    +    image: app:2
    ");
    assert_eq!(super::diff(&before, &before), "");
}

proptest! {
    #[test]
    fn no_environment_value_is_ever_shown(values in proptest::collection::vec("[ -~]{1,30}", 2), init in any::<bool>()) {
        // A mark makes every value distinguishable from the template's own words.
        let side = |value: &String| {
            let mut template = template("app:1");
            let list = if init { "initContainers" } else { "containers" };
            template["spec"][list] = json!([{"name": "c", "env": [{"name": "E", "value": format!("zq{value}qz")}]}]);
            template
        };
        let (before, after) = (side(&values[0]), side(&values[1]));
        let diff = diff(&before, &after);
        prop_assert!(!diff.contains("zq") && !diff.contains("qz"), "{}", diff);
        prop_assert_eq!(diff.is_empty(), values[0] == values[1]);
    }
}

#[test]
fn what_was_written_is_found_in_what_is_kept() {
    let kept = json!({"metadata": {"labels": {"app": "web", "pod-template-hash": "5f"}}, "spec": {"restartPolicy": "Always",
        "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}});
    let written = json!({"metadata": {"creationTimestamp": null, "labels": {"app": "web"}, "annotations": {}},
        "spec": {"hostNetwork": false, "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": "80"}]}]}});
    assert!(contains(&kept, &written));
    for (pointer, value) in [
        ("/spec/containers/0/image", json!("web:2")),
        ("/spec/containers/0/args", json!(["x"])),
        ("/spec/containers", json!([])),
        ("/metadata/labels/app", json!("api")),
    ] {
        let mut other = written.clone();
        match other.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => other["spec"]["containers"][0]["args"] = value,
        }
        assert!(!contains(&kept, &other), "{pointer}");
    }
}
