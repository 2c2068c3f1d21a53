//! A stand-in for Argo CD's controllers, which cannot run beside a bare control plane. It does what they are known to do about the
//! Applications of one namespace: compares with Git, syncs by itself and heals where they say so, applies child Applications
//! without touching what their manifests do not say, and writes the Applications of an ApplicationSet whole but for what that
//! ignores. What it shows is that Pilothouse stands against such a reconciler, and nothing about Argo CD's own code.

use crate::{
    fleet::{FILE, Fleet, image},
    world::{IMAGE, World},
};
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tokio_util::task::AbortOnDropHandle;

pub const ARGO: &str = "argoproj.io/v1alpha1";
const REFRESH: &str = "argocd.argoproj.io/refresh";
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// How often it looks around.
const TURN: Duration = Duration::from_millis(250);

/// Runs until it is dropped.
pub struct Controllers {
    _turning: AbortOnDropHandle<()>,
}

struct Turn {
    applications: Api<DynamicObject>,
    sets: Api<DynamicObject>,
    deployments: Api<DynamicObject>,
    namespace: String,
    repository: PathBuf,
}

/// An Application `name` of the fleet's repository.
pub fn application(fleet: &Fleet, name: &str, path: &str, policy: Value) -> Value {
    json!({"apiVersion": ARGO, "kind": "Application", "metadata": {"name": name}, "spec": {
        "project": "default", "destination": {"server": "https://kubernetes.default.svc"},
        "source": {"repoURL": fleet.url, "targetRevision": "main", "path": path}, "syncPolicy": policy}})
}

impl Controllers {
    /// Starts them for the world's namespace.
    pub fn start(w: &World, fleet: &Fleet) -> Self {
        let turn = Turn {
            applications: w.api(ARGO, "Application"),
            sets: w.api(ARGO, "ApplicationSet"),
            deployments: w.deployments(),
            namespace: w.namespace.clone(),
            repository: fleet.bare().to_owned(),
        };
        let turning = tokio::spawn(async move {
            loop {
                // A lost race is made good at the next turn, as by a controller's queue.
                let _ = turn.around().await;
                tokio::time::sleep(TURN).await;
            }
        });
        Self { _turning: AbortOnDropHandle::new(turning) }
    }
}

impl Turn {
    async fn around(&self) -> Result<(), kube::Error> {
        for set in self.sets.list(&Default::default()).await? {
            self.generate(&serde_json::to_value(set).unwrap()).await?;
        }
        for application in self.applications.list(&Default::default()).await? {
            self.look_after(&serde_json::to_value(application).unwrap()).await?;
        }
        Ok(())
    }

    async fn git(&self, arguments: &[&str]) -> Option<String> {
        let output = tokio::process::Command::new("git").current_dir(&self.repository).args(arguments).output().await;
        let output = output.ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    }

    async fn look_after(&self, app: &Value) -> Result<(), kube::Error> {
        let name = app["metadata"]["name"].as_str().unwrap();
        let Some(tip) = self.git(&["rev-parse", "main"]).await.map(|tip| tip.trim().to_owned()) else { return Ok(()) };
        let path = app["spec"]["source"]["path"].as_str().unwrap();
        let children = path.starts_with("argo/");
        let (live, listed, synced, health) = match children {
            true => self.children(path).await?,
            false => self.workload().await?,
        };
        let automated = &app["spec"]["syncPolicy"]["automated"];
        let on = automated.is_object() && automated["enabled"] != false;
        let state = &app["status"]["operationState"];
        let attempted = state["syncResult"]["revision"] == *tip;
        let mut status = json!({
            "sync": {"status": if synced { "Synced" } else { "OutOfSync" }, "revision": tip,
                "comparedTo": {"source": app["spec"]["source"], "destination": app["spec"]["destination"]}},
            "health": {"status": health}, "resources": listed,
        });
        if on && !synced && (!attempted || automated["selfHeal"] == true) {
            if children {
                self.apply_children(name, path).await?
            } else {
                self.apply_workload(name, live).await?
            }
            let now = "2026-01-01T00:00:00Z";
            status["operationState"] = json!({"phase": "Succeeded", "startedAt": now, "finishedAt": now,
                "operation": {"sync": {"revision": tip}},
                "syncResult": {"revision": tip, "source": app["spec"]["source"]}});
        }
        let refresh = json!({REFRESH: Value::Null});
        let patch = json!({"metadata": {"annotations": refresh}, "status": status});
        let asked = app["metadata"]["annotations"].get(REFRESH).is_some();
        let same = |field: &str| app["status"][field] == status[field];
        if asked || status["operationState"].is_object() || !["sync", "health", "resources"].iter().all(|f| same(f)) {
            let ours = PatchParams::apply("argocd-controller");
            self.applications.patch(name, &PatchParams { force: false, ..ours }, &Patch::Merge(patch)).await?;
        }
        Ok(())
    }

    /// The image that Git says, where it can be read.
    async fn wanted(&self) -> Option<String> {
        let overlay = self.git(&["show", &format!("main:{FILE}")]).await?;
        let tag = overlay.lines().find_map(|line| line.trim().strip_prefix("newTag: "))?;
        Some(format!("{IMAGE}:{}", tag.split(" #").next()?.trim().trim_matches('"')))
    }

    async fn workload(&self) -> Result<(Option<Value>, Value, bool, &'static str), kube::Error> {
        let live = self.deployments.get_opt("web").await?.map(|live| serde_json::to_value(live).unwrap());
        let wanted = self.wanted().await;
        let synced = live.as_ref().is_some_and(|live| Some(image(live)) == wanted);
        let health = match &live {
            None => "Missing",
            Some(live) if crate::world::complete(live) => "Healthy",
            Some(_) => "Progressing",
        };
        let listed = |kind: &str, group: &str| json!({"group": group, "kind": kind, "namespace": self.namespace, "name": "web", "version": "v1"});
        Ok((live, json!([listed("Deployment", "apps"), listed("ConfigMap", "")]), synced, health))
    }

    async fn apply_workload(&self, app: &str, live: Option<Value>) -> Result<(), kube::Error> {
        let Some(wanted) = self.wanted().await else { return Ok(()) };
        let params = PatchParams { field_manager: Some("argocd-controller".into()), ..PatchParams::default() };
        if live.is_some() {
            let container = json!({"name": "web", "image": wanted});
            let patch = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
            return self.deployments.patch("web", &params, &Patch::Strategic(patch)).await.map(drop);
        }
        let mut web = crate::world::deployment("web", 2, "1.0");
        let id = format!("{}_{app}:apps/Deployment:{}/web", self.namespace, self.namespace);
        web["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": id});
        web["spec"]["template"]["spec"]["containers"][0]["image"] = wanted.into();
        self.deployments.create(&PostParams::default(), &serde_json::from_value(web).unwrap()).await.map(drop)
    }

    /// The Applications in a folder, as Git has them.
    async fn manifests(&self, path: &str) -> Vec<Value> {
        let listed = self.git(&["ls-tree", "--name-only", "main", &format!("{path}/")]).await.unwrap_or_default();
        let mut manifests = Vec::new();
        for file in listed.lines() {
            let text = self.git(&["show", &format!("main:{file}")]).await.unwrap_or_default();
            manifests.extend(serde_json::from_str::<Value>(&text));
        }
        manifests
    }

    async fn children(&self, path: &str) -> Result<(Option<Value>, Value, bool, &'static str), kube::Error> {
        let (mut synced, mut listed) = (true, Vec::new());
        for wanted in self.manifests(path).await {
            let name = wanted["metadata"]["name"].as_str().unwrap();
            let live = self.applications.get_opt(name).await?.map(|live| serde_json::to_value(live).unwrap());
            synced &= live.is_some_and(|live| says(&live["spec"], &wanted["spec"]));
            listed.push(json!({"group": "argoproj.io", "kind": "Application", "namespace": self.namespace, "name": name, "version": "v1alpha1"}));
        }
        Ok((None, listed.into(), synced, "Healthy"))
    }

    async fn apply_children(&self, app: &str, path: &str) -> Result<(), kube::Error> {
        for mut wanted in self.manifests(path).await {
            let name = wanted["metadata"]["name"].as_str().unwrap().to_owned();
            let id = format!("{}_{app}:argoproj.io/Application:{}/{name}", self.namespace, self.namespace);
            let text = wanted.to_string();
            wanted["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": id, APPLIED: text});
            if self.applications.get_opt(&name).await?.is_some() {
                self.applications.patch(&name, &PatchParams::default(), &Patch::Merge(wanted)).await?;
            } else {
                self.applications.create(&PostParams::default(), &serde_json::from_value(wanted).unwrap()).await?;
            }
        }
        Ok(())
    }

    /// Writes the one Application of a set: its spec and its annotations whole, but for what the set ignores.
    async fn generate(&self, set: &Value) -> Result<(), kube::Error> {
        let template = &set["spec"]["template"];
        let name = template["metadata"]["name"].as_str().unwrap();
        let Some(live) = self.applications.get_opt(name).await? else {
            let owner = json!({"apiVersion": ARGO, "kind": "ApplicationSet", "name": set["metadata"]["name"],
                "uid": set["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true});
            let made = json!({"apiVersion": ARGO, "kind": "Application", "spec": template["spec"],
                "metadata": {"name": name, "ownerReferences": [owner]}});
            let made = serde_json::from_value(made).unwrap();
            return self.applications.create(&PostParams::default(), &made).await.map(drop);
        };
        let live = serde_json::to_value(live).unwrap();
        let mut next = live.clone();
        next["spec"] = template["spec"].clone();
        let kept = live["metadata"]["annotations"].get(REFRESH).cloned();
        next["metadata"]["annotations"] = kept.map_or(json!({}), |kept| json!({REFRESH: kept}));
        let exceptions = set["spec"]["ignoreApplicationDifferences"].as_array().cloned().unwrap_or_default();
        let concern = exceptions.iter().filter(|e| e["name"].is_null() || e["name"] == *name);
        for pointer in concern.flat_map(|e| e["jsonPointers"].as_array().cloned().unwrap_or_default()) {
            let pointer = pointer.as_str().unwrap();
            let (above, key) = pointer.rsplit_once('/').unwrap();
            let key = key.replace("~1", "/");
            let Some(place) = next.pointer_mut(above).and_then(Value::as_object_mut) else { continue };
            match live.pointer(pointer) {
                Some(value) => place.insert(key, value.clone()),
                None => place.remove(&key),
            };
        }
        if next != live && (next["spec"] != live["spec"] || next["metadata"]["annotations"] != *annotations(&live)) {
            self.applications.replace(name, &PostParams::default(), &serde_json::from_value(next).unwrap()).await?;
        }
        Ok(())
    }
}

fn annotations(object: &Value) -> std::borrow::Cow<'_, Value> {
    match &object["metadata"]["annotations"] {
        Value::Null => std::borrow::Cow::Owned(json!({})),
        annotations => std::borrow::Cow::Borrowed(annotations),
    }
}

/// Whether `live` has everything that `wanted` says: what else is there is no difference.
fn says(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| live.get(key).is_some_and(|live| says(live, value)))
        }
        _ => live == wanted,
    }
}
