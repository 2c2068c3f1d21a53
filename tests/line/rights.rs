//! A user who may see a few namespaces of many: which they are is found by asking, and nothing else is watched.

use crate::{alone, named, place::Place, terminal::Terminal};
use serde_json::{Value, json};

#[test]
fn of_many_namespaces_those_are_shown_that_may_be_seen() {
    let _alone = alone();
    let Some(kubeconfig) = named("PILOTHOUSE_TEST_KUBECONFIG") else { return };
    let (ours, theirs) = (Place::at(&kubeconfig), Place::at(&kubeconfig));
    ours.deployment("seen");
    theirs.deployment("hidden");
    let meta = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    ours.make(meta("ServiceAccount", "robot"));
    let secret = ours.make(meta("Secret", "bound"));
    let everywhere = format!("names-{}", ours.namespace);
    let robot = json!([{"kind": "ServiceAccount", "name": "robot", "namespace": ours.namespace}]);
    let bind = |kind: &str, name: &str, role: &str| {
        ours.make(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": robot}))
    };
    ours.make(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": everywhere},
        "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}]}),
    );
    bind("ClusterRoleBinding", &everywhere, &everywhere);
    bind("RoleBinding", "view", "view");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let mut config: Value = serde_yaml::from_slice(&std::fs::read(&kubeconfig).unwrap()).unwrap();
    config["users"][0]["user"] = json!({"token": ours.token("robot", &secret)});
    std::fs::write(&file, config.to_string()).unwrap();
    let mut terminal = Terminal::start(140, 30, &["--kubeconfig", &file.display().to_string()]);
    let only = format!("{} only", ours.namespace);
    terminal.until("what may be seen, and that it is not everything", |s| {
        let header = s.lines().next().unwrap_or_default();
        assert!(!s.contains("/hidden"), "that is not ours:\n{s}");
        s.contains(&format!("{}/seen", ours.namespace)) && header.contains(&only) && header.contains("live")
    });
    for kind in ["ClusterRoleBinding", "ClusterRole"] {
        ours.remove_everywhere("rbac.authorization.k8s.io/v1", kind, &everywhere);
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
