//! Reading: gets, lists, questions about rights. Nothing here can change the cluster.
//!
//! Reads that the server is too busy for are repeated a few times, as long as it asks to wait and no longer.

use super::{
    ApiError, ApiErrorKind,
    cluster::PATIENCE,
    described::described,
    names,
    session::{Lane, Session},
};
use crate::model::{Access, Kind, ObjectRef};
use ::kube::core::params::{GetParams, ListParams, PostParams};
use bytes::Bytes;
use http::Request;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Objects a page of a list has at most; Secrets may be a megabyte each.
const PAGE: u32 = 500;
const PAGE_OF_SECRETS: u32 = 20;
/// How often a read that met a busy server is repeated.
const REPEATS: u32 = 3;
/// How long one such pause is where the server does not say, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Reads one cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) session: Arc<Session>,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its objects.
    pub items: Vec<T>,
    /// The resource version that the list as a whole stands for.
    pub resource_version: String,
    /// Names the next page; None on the last one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ListBody<T> {
    #[serde(default)]
    pub(super) metadata: ListMetadata,
    items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListMetadata {
    pub(super) resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// The resources of one version of a group.
#[derive(Deserialize)]
struct Served {
    #[serde(default)]
    resources: Vec<ServedResource>,
}

#[derive(Deserialize)]
struct ServedResource {
    name: Box<str>,
}

impl Reader {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    /// One object, whole.
    pub async fn get(&self, object: &ObjectRef) -> Result<Value, ApiError> {
        self.get_as(object).await
    }

    /// One object, decoded at once into what the caller needs.
    pub async fn get_as<T: DeserializeOwned>(&self, object: &ObjectRef) -> Result<T, ApiError> {
        let action = format!("read {object}");
        let (collection, name) = names::object(object, &action)?;
        let request = collection.get(name, &GetParams::default()).map_err(|e| invalid(&action, &e))?;
        decode(&self.read(request, &action).await?, &action)
    }

    /// One object, or None where it does not exist.
    pub async fn find(&self, object: &ObjectRef) -> Result<Option<Value>, ApiError> {
        match self.get(object).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind == ApiErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An object's metadata: what is in a Secret is nobody's business here.
    pub async fn metadata(&self, object: &ObjectRef) -> Result<Value, ApiError> {
        let action = format!("look for {object}");
        let (collection, name) = names::object(object, &action)?;
        let request = collection.get_metadata(name, &GetParams::default()).map_err(|e| invalid(&action, &e))?;
        decode(&self.read(request, &action).await?, &action)
    }

    /// Whether an object exists. Only its metadata are asked for.
    pub async fn exists(&self, object: &ObjectRef) -> Result<bool, ApiError> {
        match self.metadata(object).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ApiErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All objects of a kind that the label selector takes, with `apiVersion` and `kind` filled in (lists leave them out).
    pub async fn list(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<Value>, ApiError> {
        let mut objects: Vec<Value> = self.list_as(kind, namespace, labels, None).await?;
        for object in &mut objects {
            object["apiVersion"] = kind.api_version().into();
            object["kind"] = kind.as_str().into();
        }
        Ok(objects)
    }

    /// As [`Self::list`], decoded at once into what the caller needs; `fields` is a field selector.
    pub async fn list_as<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        labels: Option<&str>,
        fields: Option<&str>,
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let page = self.page(kind, namespace, labels, fields, next).await?;
            all.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// One page of a list; `from` is the `next` of the page before.
    pub async fn page<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        labels: Option<&str>,
        fields: Option<&str>,
        from: Option<String>,
    ) -> Result<Page<T>, ApiError> {
        let action = listing(kind, namespace);
        let parameters = ListParams {
            label_selector: labels.map(str::to_owned),
            field_selector: fields.map(str::to_owned),
            limit: Some(if kind == Kind::Secret { PAGE_OF_SECRETS } else { PAGE }),
            continue_token: from,
            ..ListParams::default()
        };
        let collection = names::collection(kind, namespace, &action)?;
        let request = collection.list(&parameters).map_err(|e| invalid(&action, &e))?;
        let body: ListBody<T> = decode(&self.read(request, &action).await?, &action)?;
        Ok(Page {
            items: body.items.unwrap_or_default(),
            resource_version: body.metadata.resource_version.unwrap_or_default(),
            next: body.metadata.next.filter(|next| !next.is_empty()),
        })
    }

    /// Asks the API server for a sign of life, which costs it next to nothing.
    ///
    /// # Errors
    /// When it is not reached, or says that it is not ready.
    pub async fn knock(&self) -> Result<(), ApiError> {
        let action = "ask whether the API server is there";
        let request = Request::get("/readyz").body(Vec::new()).map_err(|e| invalid(action, &e))?;
        self.read(request, action).await.map(drop)
    }

    /// Whether the API server serves this kind. Where rights are missing, only this tells a kind that is not there from one that
    /// may not be seen: whoever is logged in may ask.
    pub async fn serves(&self, kind: Kind) -> Result<bool, ApiError> {
        let action = format!("ask whether {} are served", kind.plural());
        let path = names::version(kind);
        let request = Request::get(path).body(Vec::new()).map_err(|e| invalid(&action, &e))?;
        match self.read(request, &action).await {
            Ok(body) => {
                let served: Served = decode(&body, &action)?;
                Ok(served.resources.iter().any(|resource| *resource.name == *kind.plural()))
            }
            Err(error) if error.kind == ApiErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether objects of this kind have a field, as the API server describes them; whoever is logged in may ask.
    pub async fn has_field(&self, kind: Kind, field: &[&str]) -> Result<bool, ApiError> {
        let action = format!("ask what {} are made of", kind.plural());
        let path = format!("/openapi/v3{}", names::version(kind));
        let request = Request::get(path).body(Vec::new()).map_err(|e| invalid(&action, &e))?;
        let body = self.read(request, &action).await?;
        described(&body, kind, field).map_err(|error| invalid(&action, &error))
    }

    /// Whether RBAC allows this; None where the question itself is refused or not answered.
    pub async fn may(&self, access: &Access) -> Option<bool> {
        let action = format!("ask whether you may {access}");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": access.verb, "group": access.kind.group(), "version": access.kind.version(),
                "resource": access.kind.plural(), "subresource": access.subresource, "namespace": access.namespace,
            }}
        });
        let collection = ::kube::core::Request::new("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        let request = collection.create(&PostParams::default(), review.to_string().into_bytes()).ok()?;
        let answer: Value = tokio::time::timeout(PATIENCE, self.ask(request, &action)).await.ok()?.ok()?;
        answer.pointer("/status/allowed")?.as_bool()
    }

    /// Asks the API server something about ourselves, and decodes its answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: Request<Vec<u8>>,
        action: &str,
    ) -> Result<T, ApiError> {
        decode(&self.read(request, action).await?, action)
    }

    /// Sends a read and collects the answer, waiting where the server is busy.
    async fn read(&self, request: Request<Vec<u8>>, action: &str) -> Result<Bytes, ApiError> {
        let request = request.map(Bytes::from);
        let mut repeats = 0;
        loop {
            let error = match self.session.send(Lane::Read, request.clone(), action).await {
                Ok(response) => return self.session.body(Lane::Read, response, action).await,
                Err(error) => error,
            };
            if error.kind != ApiErrorKind::TooManyRequests || repeats == REPEATS {
                return Err(error);
            }
            repeats += 1;
            tokio::time::sleep(error.retry_after.unwrap_or(PAUSE.0).min(PAUSE.1)).await;
        }
    }
}

/// What listing this kind is called in errors.
pub(super) fn listing(kind: Kind, namespace: Option<&str>) -> String {
    // Their resource is named as what they measure, and whoever answers for them may be away by itself.
    let plural = match kind {
        Kind::PodMetrics | Kind::NodeMetrics => format!("{}.{}", kind.plural(), kind.group()),
        _ => kind.plural().to_owned(),
    };
    match namespace.filter(|_| kind.namespaced()) {
        Some(namespace) => format!("list {plural} in {namespace}"),
        None if kind.namespaced() => format!("list {plural} in all namespaces"),
        None => format!("list {plural}"),
    }
}

pub(super) fn decode<T: DeserializeOwned>(body: &[u8], action: &str) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::new(ApiErrorKind::Other, action, format!("the server's answer is not what the API promises: {error}"))
    })
}

pub(super) fn invalid(action: &str, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(ApiErrorKind::Invalid, action, error.to_string())
}
