//! One embedded world: the store, the server before it, who may enter, and what can be broken.
//!
//! Invariant: every world starts with the namespaces and objects that a new cluster has.

use super::{
    access::Access,
    api::{self, Server},
    faults::Faults,
    resource::resources,
    store::Store,
};
use crate::time::Clock;
use bytes::Bytes;
use serde_json::json;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A world. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct World {
    /// Every object.
    pub store: Store,
    /// The API server; requests without credentials are `system:anonymous`.
    pub server: Server,
    /// Tokens and rules.
    pub access: Access,
    /// What is broken on purpose.
    pub faults: Faults,
}

impl World {
    /// A world like a new cluster: its namespaces, and what belongs in them. No nodes, no workloads.
    pub fn empty(clock: Clock, seed: u64) -> Self {
        Self::born(clock.clone(), seed, clock)
    }

    /// As [`World::empty`], but what a new cluster has is stamped by the clock `birth`: a cluster with a past.
    pub fn born(clock: Clock, seed: u64, birth: Clock) -> Self {
        let present = Store::new(clock.clone(), seed);
        let store = present.with_clock(birth);
        for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            // An empty store takes all of these: the names are valid and free.
            let _ = store.create(&resources::NAMESPACES, json!({ "metadata": { "name": namespace } }));
            let account = json!({ "metadata": { "name": "default", "namespace": namespace } });
            let _ = store.create(&resources::SERVICE_ACCOUNTS, account);
        }
        let api = json!({
            "metadata": { "name": "kubernetes", "namespace": "default", "labels": { "component": "apiserver", "provider": "kubernetes" } },
            "spec": { "clusterIP": "10.96.0.1", "ports": [{ "name": "https", "port": 443, "targetPort": 6443 }] },
        });
        let _ = store.create(&resources::SERVICES, api);
        for r in resources::ALL.iter().filter(|r| r.custom) {
            let _ = store.create(&resources::CUSTOM_RESOURCE_DEFINITIONS, definition(r));
        }
        let (access, faults) = (Access::new(clock), Faults::default());
        let store = present;
        let server = Server::new(store.clone(), access.clone(), faults.clone());
        Self { store, server, access, faults }
    }

    /// The API server as a service for `kube::Client::new`; requests without credentials are the administrator's.
    pub fn service(&self) -> InProcess {
        InProcess(self.server.trusting())
    }

    /// As [`World::service`], but requests without credentials are that user's.
    pub fn service_as(&self, user: &str) -> InProcess {
        InProcess(self.server.acting_as(user))
    }

    /// What a user may do from now on, and nothing else.
    pub fn set_rules(&self, user: &str, rules: Vec<super::access::Rule>) {
        self.access.set_rules(user, rules);
    }
}

/// The CustomResourceDefinition of a resource that a real cluster serves by one.
fn definition(r: &super::resource::Resource) -> serde_json::Value {
    let names = json!({ "kind": r.kind, "listKind": format!("{}List", r.kind), "plural": r.plural, "singular": r.singular, "shortNames": r.short });
    json!({
        "metadata": { "name": r.qualified() },
        "spec": {
            "group": r.group, "names": names, "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [{ "name": r.version, "served": true, "storage": true, "subresources": { "status": {} } }],
        },
        "status": {
            "acceptedNames": names, "storedVersions": [r.version],
            "conditions": [
                { "type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found" },
                { "type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted" },
            ],
        },
    })
}

/// The API server without any connection in between.
#[derive(Clone)]
pub struct InProcess(Server);

impl<B> tower::Service<http::Request<B>> for InProcess
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
{
    type Response = http::Response<api::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let server = self.0.clone();
        Box::pin(async move { Ok(server.handle(request).await) })
    }
}
