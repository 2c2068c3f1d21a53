//! A Git repository and the Flux objects that apply it to a namespace, in whichever world: the real source-controller reads it over
//! HTTP from the control plane's Git host, the embedded one from its folder.

use crate::world::{IMAGE, World};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

pub const SOURCE: &str = "source.toolkit.fluxcd.io/v1";
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
pub const IMAGES: &str = "image.toolkit.fluxcd.io/v1";
pub const HELM: &str = "helm.toolkit.fluxcd.io/v2";
/// The file that sets the tags.
pub const FILE: &str = "apps/shop/kustomization.yaml";

static TOKENS: AtomicU32 = AtomicU32::new(0);

/// A repository with a Deployment `web` of two containers, applied by Kustomization `shop` from GitRepository `fleet`.
pub struct Fleet {
    folder: TempDir,
    bare: PathBuf,
    pub url: String,
}

/// Runs Git as somebody on the team.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ben", "-c", "user.email=ben@example.org"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn overlay(tag: &str) -> String {
    format!(
        "resources: [web.yaml]\nimages:\n- name: {IMAGE}\n  newTag: \"{tag}\" # ours\n- name: {IMAGE}-proxy\n  newTag: \"7\"\n"
    )
}

fn manifest() -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  progressDeadlineSeconds: 600\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      \
         - {{name: proxy, image: {IMAGE}-proxy}}\n      - {{name: web, image: {IMAGE}}}\n"
    )
}

impl Fleet {
    /// The repository alone, with tag 1.0.
    pub fn repository(w: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let real = !w.is_embedded()
            && std::env::var("PILOTHOUSE_TEST_KUBECONFIG").is_ok_and(|path| Path::new(&path) == w.kubeconfig);
        let (bare, url) = if real {
            let name = format!("{}.git", w.namespace);
            let text = |name: &str| std::env::var(name).expect("set beside the control plane");
            let url = format!("{}/{name}", text("PILOTHOUSE_TEST_GIT_URL"));
            (Path::new(&text("PILOTHOUSE_TEST_GIT_FOLDER")).join(name), url)
        } else {
            let bare = folder.path().join("remote.git");
            (bare.clone(), format!("file://{}", bare.display()))
        };
        git(folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
        git(folder.path(), &["clone", "--quiet", bare.to_str().unwrap(), "clone"]);
        git(&folder.path().join("clone"), &["checkout", "--quiet", "-B", "main"]);
        let fleet = Self { folder, bare, url };
        fleet.write("apps/shop/web.yaml", &manifest());
        fleet.commit(FILE, &overlay("1.0"), "Web 1.0");
        fleet
    }

    /// The repository, and the objects that apply it; returns once it is applied and out.
    pub async fn new(w: &World) -> Self {
        let fleet = Self::repository(w);
        w.create(json!({"apiVersion": SOURCE, "kind": "GitRepository", "metadata": {"name": "fleet"},
            "spec": {"interval": "2s", "url": fleet.url, "ref": {"branch": "main"}}}))
            .await;
        w.create(json!({"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": {"name": "shop"},
            "spec": {"interval": "2s", "path": "./apps/shop", "prune": true, "targetNamespace": w.namespace,
                "sourceRef": {"kind": "GitRepository", "name": "fleet"}}}))
            .await;
        fleet.applied(w).await;
        w.rolled_out("web").await;
        fleet
    }

    /// The bare repository.
    pub fn bare(&self) -> &Path {
        &self.bare
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join("clone").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Commits a file and pushes it.
    pub fn commit(&self, path: &str, text: &str, message: &str) {
        let clone = self.folder.path().join("clone");
        if self.bare.join("refs/heads/main").exists() {
            git(&clone, &["fetch", "--quiet", "origin"]);
            git(&clone, &["reset", "--quiet", "--hard", "origin/main"]);
        }
        self.write(path, text);
        git(&clone, &["add", "--all"]);
        git(&clone, &["commit", "--quiet", "-m", message]);
        git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Somebody commits another tag.
    pub fn tag(&self, tag: &str, message: &str) {
        self.commit(FILE, &overlay(tag), message);
    }

    /// A file of the branch.
    pub fn show(&self, path: &str) -> String {
        git(&self.bare, &["show", &format!("main:{path}")])
    }

    /// The last commit's message.
    pub fn message(&self) -> String {
        git(&self.bare, &["log", "-1", "--format=%B", "main"])
    }

    /// The commit at the tip.
    pub fn tip(&self) -> String {
        git(&self.bare, &["rev-parse", "main"]).trim().to_owned()
    }

    /// Whether its server refuses every push, as it does for a protected branch.
    pub fn refuse_pushes(&self, refuse: bool) {
        let hook = self.bare.join("hooks/pre-receive");
        if refuse {
            std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
            std::fs::write(&hook, "#!/bin/sh\necho 'main is protected'\nexit 1\n").unwrap();
            std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        } else {
            std::fs::remove_file(&hook).unwrap();
        }
    }

    /// The repository vanishes, or is there again.
    pub fn hide(&self, hidden: bool) {
        let away = self.bare.with_extension("away");
        let (from, to) = if hidden { (&self.bare, &away) } else { (&away, &self.bare) };
        std::fs::rename(from, to).unwrap();
    }

    /// A chart in the repository, and the HelmRelease `sold` that installs it with this tag, or its spec with another one.
    pub async fn release(&self, w: &World, tag: &str) {
        let values = json!({"image": {"repository": IMAGE, "tag": tag}});
        let api = w.api(HELM, "HelmRelease");
        if api.get_opt("sold").await.unwrap().is_some() {
            let patch = Patch::Merge(json!({"spec": {"values": values}}));
            api.patch("sold", &PatchParams::default(), &patch).await.unwrap();
            return;
        }
        self.chart();
        w.create(json!({"apiVersion": HELM, "kind": "HelmRelease", "metadata": {"name": "sold"}, "spec": {
            "interval": "2s", "values": values,
            "chart": {"spec": {"chart": "./charts/sold", "interval": "2s", "sourceRef": {"kind": "GitRepository", "name": "fleet"}}}}}))
            .await;
    }

    /// The same HelmRelease, applied from Git by Kustomization `shop`; `extra` is a line of its spec.
    pub async fn release_in_git(&self, w: &World, tag: &str, extra: &str) {
        let release = format!(
            "apiVersion: {HELM}\nkind: HelmRelease\nmetadata: {{name: sold}}\nspec:\n  interval: 2s\n{extra}  chart:\n    spec:\n      \
             chart: ./charts/sold\n      interval: 2s\n      sourceRef: {{kind: GitRepository, name: fleet}}\n  values:\n    \
             image: {{repository: {IMAGE}, tag: \"{tag}\"}}\n"
        );
        self.commit("apps/shop/release.yaml", &release, &format!("Sold {tag}"));
        let overlay = self.show(FILE);
        if !overlay.contains("release.yaml") {
            let overlay = overlay.replace("resources: [web.yaml]", "resources: [web.yaml, release.yaml]");
            self.commit(FILE, &overlay, "Sold is there");
        }
        self.applied(w).await;
    }

    /// The chart alone.
    pub fn chart(&self) {
        let template =
            manifest().replace("{name: web}\nspec", "{name: sold}\nspec").replace("{app: web}", "{app: sold}");
        let image = "\"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"";
        let template =
            template.replace(&format!("{{name: web, image: {IMAGE}}}"), &format!("name: web\n        image: {image}"));
        self.write("charts/sold/Chart.yaml", "apiVersion: v2\nname: sold\nversion: 0.1.0\n");
        self.write("charts/sold/values.yaml", "image: {}\n");
        self.commit("charts/sold/templates/web.yaml", &template, "A chart");
    }

    /// An automation that writes what policy `web` selects, wherever the line says so.
    pub async fn automate(&self, w: &World) {
        let marker = format!("# {{\"$imagepolicy\": \"{}:web:tag\"}}", w.namespace);
        self.commit(FILE, &self.show(FILE).replace("# ours", &marker), "Automated");
        self.applied(w).await;
        w.create(json!({"apiVersion": IMAGES, "kind": "ImagePolicy", "metadata": {"name": "web"}, "spec": {
            "imageRepositoryRef": {"name": "web"}, "policy": {"alphabetical": {}}}}))
            .await;
        w.create(
            json!({"apiVersion": IMAGES, "kind": "ImageUpdateAutomation", "metadata": {"name": "fleet"}, "spec": {
            "interval": "2s", "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            "git": {"commit": {"author": {"name": "bot", "email": "bot@example.org"}}, "push": {"branch": "main"}},
            "update": {"path": "./apps", "strategy": "Setters"}}}),
        )
        .await;
    }

    /// The policy selects a tag, as the reflector would write it.
    pub async fn select(&self, w: &World, tag: &str) {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Succeeded", "message": "selected",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let status = json!({"status": {"latestRef": {"name": IMAGE, "tag": tag}, "conditions": [ready]}});
        w.api(IMAGES, "ImagePolicy").patch_status("web", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }

    /// Asks the automation to look now.
    pub async fn ask_automation(&self, w: &World) {
        let token = format!("t{}", TOKENS.fetch_add(1, Ordering::Relaxed));
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        w.api(IMAGES, "ImageUpdateAutomation")
            .patch("fleet", &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .unwrap();
        w.until(IMAGES, "ImageUpdateAutomation", "fleet", "asked", |o| o["status"]["lastHandledReconcileAt"] == token)
            .await;
    }

    /// Asks Flux to reconcile, and waits until the Kustomization has done so.
    pub async fn reconcile(&self, w: &World) -> Value {
        let token = format!("t{}", TOKENS.fetch_add(1, Ordering::Relaxed));
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        for (api, kind, name) in [(SOURCE, "GitRepository", "fleet"), (KUSTOMIZE, "Kustomization", "shop")] {
            w.api(api, kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
            w.until(api, kind, name, "reconciled", |o| o["status"]["lastHandledReconcileAt"] == token).await;
        }
        w.until(KUSTOMIZE, "Kustomization", "shop", "there", |_| true).await
    }

    /// Waits until the tip is applied.
    pub async fn applied(&self, w: &World) -> Value {
        let revision = format!("main@sha1:{}", self.tip());
        w.until(KUSTOMIZE, "Kustomization", "shop", &revision, |o| o["status"]["lastAppliedRevision"] == revision).await
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.bare); // its folder may be the control plane's
    }
}

/// The image of container `web`.
pub fn image(deployment: &Value) -> String {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    containers.iter().find(|c| c["name"] == "web").unwrap()["image"].as_str().unwrap().to_owned()
}
