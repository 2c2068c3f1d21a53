//! The reconciler against a real bare repository, on a paused runtime.

use super::*;
use crate::{
    sim::{
        controllers::object::{annotation, condition, is_true, label, set},
        store::Part,
        world::World,
    },
    time::Clock,
};
use serde_json::json;
use std::path::Path;

struct Fixture {
    store: Store,
    folder: tempfile::TempDir,
    _running: AbortOnDropHandle<()>,
}

fn commit(folder: &Path, files: &[(&str, &str)]) -> String {
    let repository = git2::Repository::open(folder).unwrap();
    let mut index = git2::Index::new().unwrap();
    for (path, text) in files {
        let id = repository.blob(text.as_bytes()).unwrap();
        let time = git2::IndexTime::new(0, 0);
        index
            .add(&git2::IndexEntry {
                ctime: time,
                mtime: time,
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.as_bytes().to_vec(),
            })
            .unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
    let who = git2::Signature::new("Ana", "ana@example.com", &git2::Time::new(1_760_000_000, 0)).unwrap();
    let parent = repository.find_reference("refs/heads/main").ok().and_then(|r| r.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("refs/heads/main"), &who, &who, "change", &tree, &parents).unwrap().to_string()
}

fn web(tag: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: app, image: 'shop/web:{tag}'}}\n{more}"
    )
}

impl Fixture {
    fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init_bare(folder.path()).unwrap();
        commit(folder.path(), files);
        let world = World::empty(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 1);
        let store = world.store;
        for space in ["shop", "flux-system"] {
            store.create(&resources::NAMESPACES, json!({"metadata": {"name": space}})).unwrap();
        }
        let url = format!("file://{}", folder.path().display());
        let meta = json!({"name": "apps", "namespace": "flux-system"});
        let source = json!({"metadata": meta, "spec": {"url": url, "ref": {"branch": "main"}, "interval": "30s"}});
        store.create(&resources::GIT_REPOSITORIES, source).unwrap();
        let spec = json!({"path": "./shop", "targetNamespace": "shop", "interval": "30s", "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "apps"}});
        store.create(&resources::KUSTOMIZATIONS, json!({"metadata": meta, "spec": spec})).unwrap();
        let _running = spawn(&store);
        Self { store, folder, _running }
    }

    fn image(&self) -> String {
        let web = self.store.get(&resources::DEPLOYMENTS, "shop", "web").unwrap();
        text(&web, "/spec/template/spec/containers/0/image").to_owned()
    }

    fn kustomization(&self) -> Arc<Value> {
        self.store.get(&resources::KUSTOMIZATIONS, "flux-system", "apps").unwrap()
    }

    fn edit(&self, resource: &'static Resource, space: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let edited = self.store.update(resource, space, name, Part::Whole, None, |o| {
            edit(o);
            Ok(())
        });
        edited.unwrap();
    }

    fn set_image(&self, image: &str) {
        self.edit(&resources::DEPLOYMENTS, "shop", "web", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = image.into()
        });
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_applied_and_a_direct_write_is_reverted() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", ""))]);
    pass(3).await;
    assert_eq!(world.image(), "shop/web:1");
    let web_object = world.store.get(&resources::DEPLOYMENTS, "shop", "web").unwrap();
    assert_eq!(label(&web_object, "kustomize.toolkit.fluxcd.io/name"), Some("apps"));
    let sha = commit(world.folder.path(), &[("shop/web.yaml", &web("2", ""))]);
    pass(3).await;
    assert_eq!(world.image(), "shop/web:2");
    let status = world.kustomization()["status"].clone();
    assert_eq!(text(&status, "/lastAppliedRevision"), format!("main@sha1:{sha}"));
    assert!(is_true(&status, "Ready"));
    assert_eq!(text(&status, "/inventory/entries/0/id"), "shop_web_apps_Deployment");
    world.edit(&resources::DEPLOYMENTS, "shop", "web", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/web:3".into();
        d["spec"]["replicas"] = 7.into();
    });
    pass(31).await;
    assert_eq!(world.image(), "shop/web:2");
    let web_object = world.store.get(&resources::DEPLOYMENTS, "shop", "web").unwrap();
    assert_eq!(web_object["spec"]["replicas"], json!(7), "nobody wrote replicas in Git");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_object_and_a_suspended_kustomization_are_left_alone() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", ""))]);
    pass(3).await;
    let disabled = "kustomize.toolkit.fluxcd.io/reconcile";
    world.edit(&resources::DEPLOYMENTS, "shop", "web", |d| set(d, &["metadata", "annotations", disabled], "disabled"));
    world.set_image("shop/web:9");
    pass(60).await;
    assert_eq!(world.image(), "shop/web:9");
    world.edit(&resources::KUSTOMIZATIONS, "flux-system", "apps", |k| k["spec"]["suspend"] = true.into());
    world.edit(&resources::DEPLOYMENTS, "shop", "web", |d| set(d, &["metadata", "annotations", disabled], "enabled"));
    pass(60).await;
    assert_eq!(world.image(), "shop/web:9");
    world.edit(&resources::KUSTOMIZATIONS, "flux-system", "apps", |k| k["spec"]["suspend"] = false.into());
    pass(1).await;
    assert_eq!(world.image(), "shop/web:1");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_handled_at_once_with_its_token() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", ""))]);
    pass(3).await;
    world.set_image("shop/web:9");
    for resource in [&resources::GIT_REPOSITORIES, &resources::KUSTOMIZATIONS] {
        world.edit(resource, "flux-system", "apps", |o| set(o, &["metadata", "annotations", REQUESTED_AT], "token-1"));
    }
    pass(1).await;
    assert_eq!(world.image(), "shop/web:1");
    assert_eq!(text(&world.kustomization(), "/status/lastHandledReconcileAt"), "token-1");
    let source = world.store.get(&resources::GIT_REPOSITORIES, "flux-system", "apps").unwrap();
    assert_eq!(text(&source, "/status/lastHandledReconcileAt"), annotation(&source, REQUESTED_AT).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_build_error_keeps_what_was_applied_and_says_why() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", ""))]);
    pass(3).await;
    let applied = world.kustomization()["status"]["lastAppliedRevision"].clone();
    commit(
        world.folder.path(),
        &[("shop/web.yaml", &web("2", "")), ("shop/kustomization.yaml", "resources: [gone.yaml]\n")],
    );
    pass(3).await;
    assert_eq!(world.image(), "shop/web:1");
    let status = world.kustomization()["status"].clone();
    let ready = condition(&status, "Ready").unwrap();
    assert_eq!((text(ready, "/status"), text(ready, "/reason")), ("False", "BuildFailed"));
    assert!(text(ready, "/message").contains("gone.yaml"));
    assert_eq!(status["lastAppliedRevision"], applied);
    assert_ne!(status["lastAttemptedRevision"], applied);
}

#[tokio::test(start_paused = true)]
async fn a_refused_object_is_named() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", "  replicas: -1\n"))]);
    pass(3).await;
    let status = world.kustomization()["status"].clone();
    let ready = condition(&status, "Ready").unwrap();
    assert_eq!(text(ready, "/reason"), "ReconciliationFailed");
    assert!(text(ready, "/message").starts_with("Deployment/shop/web dry-run failed:"), "{ready}");
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_repository_is_pruned_and_fields_that_leave_are_given_up() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {A: '1', B: '2'}\n";
    let world = Fixture::start(&[("shop/web.yaml", &web("1", "")), ("shop/settings.yaml", map)]);
    pass(3).await;
    commit(world.folder.path(), &[("shop/settings.yaml", &map.replace(", B: '2'", ""))]);
    pass(3).await;
    assert!(world.store.get(&resources::DEPLOYMENTS, "shop", "web").is_none());
    let settings = world.store.get(&resources::CONFIG_MAPS, "shop", "settings").unwrap();
    assert_eq!(settings["data"], json!({"A": "1"}));
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_repository_costs_one_write_an_interval() {
    let world = Fixture::start(&[("shop/web.yaml", &web("1", ""))]);
    pass(3).await;
    let before = world.store.resource_version();
    pass(600).await;
    // As Flux does: that it was applied once more is remembered. An interval is 30 s.
    let writes = world.store.resource_version() - before;
    assert!((19..=20).contains(&writes), "{writes}");
}
