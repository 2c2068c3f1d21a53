//! Tests of the migration Job: what is kept, what is dropped, and that the name is a function of workload and image.

use super::*;

fn workload() -> Value {
    // As text: too deep for the macro.
    serde_json::from_str(
        r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "checkout", "namespace": "shop", "uid": "u"},
      "spec": {"template": {
        "metadata": {"labels": {"app": "checkout", "pod-template-hash": "x"}, "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {
          "restartPolicy": "Always", "serviceAccountName": "checkout", "serviceAccount": "checkout",
          "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a"}], "imagePullSecrets": [{"name": "pull"}],
          "securityContext": {"runAsUser": 7}, "hostname": "h", "subdomain": "s", "shareProcessNamespace": true,
          "topologySpreadConstraints": [{"maxSkew": 1}],
          "affinity": {"nodeAffinity": {"n": 1}, "podAntiAffinity": {"p": 1}},
          "initContainers": [
            {"name": "wait", "image": "busybox", "command": ["nc"]},
            {"name": "proxy", "image": "proxy", "restartPolicy": "Always", "volumeMounts": [{"name": "work", "mountPath": "/w"}]},
            {"name": "reader", "image": "r", "volumeMounts": [{"name": "work", "mountPath": "/w", "readOnly": true}]},
            {"name": "fill", "image": "app:1", "args": ["render"], "resources": {"limits": {"cpu": "1"}, "claims": [{"name": "gpu"}]},
             "livenessProbe": {}, "volumeMounts": [{"name": "work", "mountPath": "/w"}, {"name": "keys", "mountPath": "/k"}]}],
          "containers": [
            {"name": "sidecar", "image": "envoy", "volumeMounts": [{"name": "mesh", "mountPath": "/m"}]},
            {"name": "app", "image": "app:1", "command": ["serve"], "args": ["--port", "80"], "ports": [{"containerPort": 80}],
             "env": [{"name": "A", "value": "b"}], "envFrom": [{"secretRef": {"name": "db"}}], "resources": {"requests": {"cpu": "1"}},
             "livenessProbe": {"x": 1}, "readinessProbe": {"x": 1}, "startupProbe": {"x": 1}, "lifecycle": {"preStop": {}},
             "securityContext": {"readOnlyRootFilesystem": true}, "workingDir": "/srv", "stdin": true,
             "volumeMounts": [{"name": "work", "mountPath": "/w"}, {"name": "data", "mountPath": "/d"}, {"name": "claim", "mountPath": "/c"}]}],
          "volumes": [{"name": "work", "emptyDir": {}}, {"name": "mesh", "emptyDir": {}}, {"name": "keys", "secret": {"secretName": "keys"}},
                      {"name": "claim", "persistentVolumeClaim": {"claimName": "files"}}]}}}}"#,
    )
    .unwrap()
}

fn recipe() -> JobRecipe {
    JobRecipe {
        workload: ObjectRef::new(Kind::Deployment, "shop", "checkout"),
        uid: "u".into(),
        container: "app".into(),
        image: "app:2".into(),
        command: vec!["migrate".into(), "up".into()],
        template: template::hash(template::of(&workload())),
    }
}

#[test]
fn only_what_a_command_needs_is_kept() {
    let job = manifest(&workload(), &recipe(), &OperationId("op-1".into())).unwrap();
    let annotations = json!({OPERATION: "op-1", WORKLOAD: "Deployment shop/checkout", IMAGE: "app:2"});
    let mut pod_annotations = annotations.clone();
    pod_annotations["linkerd.io/inject"] = json!("disabled");
    let expected = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name(&recipe().workload, "app:2").name, "namespace": "shop",
            "labels": {"pilothouse.io/migration": "true"}, "annotations": annotations},
        "spec": {"backoffLimit": 0, "parallelism": 1, "completions": 1, "activeDeadlineSeconds": 3600, "ttlSecondsAfterFinished": 604800,
          "template": {
            "metadata": {"labels": {"pilothouse.io/migration": "true", "sidecar.istio.io/inject": "false"}, "annotations": pod_annotations},
            "spec": {
              "restartPolicy": "Never", "serviceAccountName": "checkout",
              "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a"}], "imagePullSecrets": [{"name": "pull"}],
              "securityContext": {"runAsUser": 7}, "affinity": {"nodeAffinity": {"n": 1}},
              "initContainers": [{"name": "fill", "image": "app:2", "args": ["render"], "resources": {"limits": {"cpu": "1"}},
                "volumeMounts": [{"name": "work", "mountPath": "/w"}, {"name": "keys", "mountPath": "/k"}]}],
              "containers": [{"name": "app", "image": "app:2", "command": ["migrate", "up"], "terminationMessagePolicy": "FallbackToLogsOnError",
                "env": [{"name": "A", "value": "b"}], "envFrom": [{"secretRef": {"name": "db"}}], "resources": {"requests": {"cpu": "1"}},
                "securityContext": {"readOnlyRootFilesystem": true}, "workingDir": "/srv",
                "volumeMounts": [{"name": "work", "mountPath": "/w"}, {"name": "claim", "mountPath": "/c"}]}],
              "volumes": [{"name": "work", "emptyDir": {}}, {"name": "keys", "secret": {"secretName": "keys"}},
                          {"name": "claim", "persistentVolumeClaim": {"claimName": "files"}}]}}}});
    assert_eq!(job, expected, "{job:#}");
}

#[test]
fn the_plan_can_say_what_is_taken_and_left() {
    let cleaning = cleaning(&workload(), "app").unwrap();
    assert_eq!(cleaning.init_kept, ["fill"]);
    assert_eq!(cleaning.left_out, ["wait", "proxy", "reader", "sidecar"]);
    assert_eq!(cleaning.unmounted, ["data"]);
    assert_eq!(cleaning.claims, ["files"]);
}

#[test]
fn refused_without_a_command_or_the_container() {
    let operation = OperationId("op".into());
    assert!(manifest(&workload(), &JobRecipe { command: vec![], ..recipe() }, &operation).is_err());
    let error = manifest(&workload(), &JobRecipe { container: "web".into(), ..recipe() }, &operation).unwrap_err();
    assert_eq!(
        error,
        FormatError::Missing { object: "Deployment shop/checkout".into(), field: "container web".into() }
    );
    assert!(manifest(&json!({}), &recipe(), &operation).is_err());
}

#[test]
fn names_are_a_function_of_workload_and_image_and_fit_a_label() {
    let app = |name: &str| ObjectRef::new(Kind::Deployment, "shop", name);
    let checkout = name(&app("checkout"), "app:2");
    assert_eq!((checkout.kind, &*checkout.namespace), (Kind::Job, "shop"));
    assert_eq!(checkout, name(&app("checkout"), "app:2"));
    assert_ne!(checkout, name(&app("checkout"), "app:3"));
    let hash = checkout.name.strip_prefix("checkout-migrate-").unwrap();
    assert!(hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(hash, "4de49711cc13", "the name is a promise to earlier versions of this program");
    let long = "a-long-name-".repeat(20);
    let (one, other) = (name(&app(&format!("{long}x")), "app:2"), name(&app(&format!("{long}y")), "app:2"));
    assert_ne!(one, other);
    for job in [one, other, name(&app("with.dots"), "app:2")] {
        assert!(job.name.len() <= 63 && !job.name.contains('.') && !job.name.contains("--"), "{}", job.name);
    }
}
