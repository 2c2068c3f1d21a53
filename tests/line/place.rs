//! An API server with a namespace of the test's own, reached past everything that lies before the cockpit.

use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::runtime::Runtime;

static PLACES: AtomicU32 = AtomicU32::new(0);

/// The namespace, which goes with it.
pub struct Place {
    pub kubeconfig: PathBuf,
    pub namespace: String,
    client: Client,
    runtime: Runtime,
}

impl Place {
    /// A new namespace there.
    pub fn at(kubeconfig: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
            let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.unwrap();
            Client::try_from(config).unwrap()
        });
        let namespace = format!("line-{}-{}", std::process::id(), PLACES.fetch_add(1, Ordering::Relaxed));
        let place = Self { kubeconfig: kubeconfig.to_owned(), namespace, client, runtime };
        place.make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place.namespace}}));
        place
    }

    /// Creates an object, in this namespace where it belongs into one.
    pub fn make(&self, object: Value) -> Value {
        let group =
            GroupVersionKind::try_from(&serde_json::from_value::<kube::core::TypeMeta>(object.clone()).unwrap());
        let resource = ApiResource::from_gvk(&group.unwrap());
        let everywhere = ["Namespace", "ClusterRole", "ClusterRoleBinding"].contains(&&*resource.kind);
        let api: Api<DynamicObject> = match everywhere {
            true => Api::all_with(self.client.clone(), &resource),
            false => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        };
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        // An API server that has just started refuses for a moment what it will take.
        let made = self.runtime.block_on(async {
            let mut last = None;
            for _ in 0..100 {
                match api.create(&PostParams::default(), &object).await {
                    Ok(made) => return Ok(made),
                    Err(error) => last = Some(error),
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(last.unwrap())
        });
        serde_json::to_value(made.unwrap()).unwrap()
    }

    /// A Deployment that asks for no pods, and is well.
    pub fn deployment(&self, name: &str) {
        self.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {
                "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": "web:v1"}]}}},
        }));
    }

    fn api(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// Merges this into an object.
    pub fn change(&self, api_version: &str, kind: &str, name: &str, patch: &Value) {
        let patched = self.api(api_version, kind);
        self.runtime.block_on(patched.patch(name, &PatchParams::default(), &Patch::Merge(patch))).unwrap();
    }

    /// Waits until an object is as asked.
    pub fn until(&self, api_version: &str, kind: &str, name: &str, fits: impl Fn(&Value) -> bool) {
        let fits = |object: Option<&DynamicObject>| object.is_some_and(|object| fits(&object.data));
        let seen = async {
            let seen = kube::runtime::wait::await_condition(self.api(api_version, kind), name, fits);
            tokio::time::timeout(Duration::from_secs(90), seen).await
        };
        let seen = self.runtime.block_on(seen);
        seen.unwrap_or_else(|_| panic!("{kind} {name} was not as asked")).unwrap();
    }

    /// Removes an object of this namespace.
    pub fn remove(&self, api_version: &str, kind: &str, name: &str) {
        let api = self.api(api_version, kind);
        self.runtime.block_on(api.delete(name, &DeleteParams::default())).unwrap();
    }

    /// Removes an object of no namespace.
    pub fn remove_everywhere(&self, api_version: &str, kind: &str, name: &str) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        self.runtime.block_on(api.delete(name, &DeleteParams::default())).unwrap();
    }

    /// A token for a service account of this namespace, which counts as long as that Secret is there.
    pub fn token(&self, account: &str, bound_to: &Value) -> String {
        let wanted = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": bound_to["metadata"]["name"], "uid": bound_to["metadata"]["uid"]}}});
        let path = format!("/api/v1/namespaces/{}/serviceaccounts/{account}/token", self.namespace);
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.body(wanted.to_string().into_bytes()).unwrap();
        let answer: Value = self.runtime.block_on(self.client.request(request)).unwrap();
        answer["status"]["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let _ = self.runtime.block_on(api.delete(&self.namespace, &DeleteParams::background())); // a test may have ended it
    }
}
