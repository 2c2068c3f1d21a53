//! Tokens that end while they are used, and the file in which somebody puts new ones.

use crate::{on_real, terminal::Terminal};
use serde_json::{Value, json};

#[test]
fn a_token_that_ends_is_said_and_the_next_one_in_its_file_is_taken() {
    on_real(|place| {
        place.deployment("kept");
        let named = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        place.make(named("ServiceAccount", "robot"));
        let bound = |role: &str| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": role},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": place.namespace}]})
        };
        place.make(bound("view"));
        let secrets = ["first", "second"].map(|name| place.make(named("Secret", name)));
        let folder = tempfile::tempdir().unwrap();
        let (file, tokens) = (folder.path().join("config"), folder.path().join("token"));
        let mut config: Value = serde_yaml::from_slice(&std::fs::read(&place.kubeconfig).unwrap()).unwrap();
        config["users"][0]["user"] = json!({"tokenFile": tokens});
        config["contexts"][0]["context"]["namespace"] = place.namespace.as_str().into();
        std::fs::write(&file, config.to_string()).unwrap();
        std::fs::write(&tokens, place.token("robot", &secrets[0])).unwrap();

        let file = file.display().to_string();
        let mut terminal = Terminal::start(120, 30, &["--kubeconfig", &file, "--namespace", &place.namespace]);
        let header = |s: &str| s.lines().next().unwrap_or_default().to_owned();
        terminal.until("the row", |s| s.contains("kept") && header(s).contains("live"));
        // It no longer counts from now on, and there is no other.
        place.remove("v1", "Secret", "first");
        terminal.until("that a login is needed", |s| {
            assert!(s.contains("kept"), "it flickered:\n{s}");
            header(s).contains("login needed") && header(s).contains("stale")
        });
        std::fs::write(&tokens, place.token("robot", &secrets[1])).unwrap();
        place.deployment("later");
        terminal.until("what came meanwhile", |s| {
            assert!(s.contains("kept"), "it flickered:\n{s}");
            s.contains("later") && header(s).contains("live") && !header(s).contains("login needed")
        });
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
    });
}
