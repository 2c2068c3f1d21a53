//! Writing, for `operate` only.
//!
//! Invariant: every call is one request. Only a 429 is repeated, which says that nothing was done. A lost answer and a
//! failing server are `Unknown`: the caller must look. The field manager is always `pilothouse`.

use super::{
    ApiError, ApiErrorKind, names,
    reader::{decode, invalid},
    session::{Lane, Session},
};
use crate::model::ObjectRef;
use ::kube::core::params::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

const FIELD_MANAGER: &str = "pilothouse";
/// How often a write that met a busy server is repeated, and the pause where the server does not say, and at most.
const REPEATS: u32 = 5;
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Writes one cluster.
#[derive(Clone, Debug)]
pub struct Writer {
    session: Arc<Session>,
}

impl Writer {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    /// Applies a JSON Patch: an array of operations, of which a failed `test` is `Invalid`.
    pub async fn patch_json(&self, object: &ObjectRef, operations: &Value, dry_run: bool) -> Result<Value, ApiError> {
        self.patch(object, &Patch::Merge(operations), Some("application/json-patch+json"), dry_run).await
    }

    /// Applies a merge patch. It replaces whole lists.
    pub async fn patch_merge(&self, object: &ObjectRef, patch: &Value, dry_run: bool) -> Result<Value, ApiError> {
        self.patch(object, &Patch::Merge(patch), None, dry_run).await
    }

    /// Applies a strategic merge patch; only built-in kinds have it.
    pub async fn patch_strategic(&self, object: &ObjectRef, patch: &Value, dry_run: bool) -> Result<Value, ApiError> {
        self.patch(object, &Patch::Strategic(patch), None, dry_run).await
    }

    /// Applies a merge patch to the status subresource.
    pub async fn patch_status(&self, object: &ObjectRef, patch: &Value, dry_run: bool) -> Result<Value, ApiError> {
        let action = format!("patch the status of {object}");
        let (collection, name) = names::object(object, &action)?;
        let parameters = PatchParams { dry_run, field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let request = collection
            .patch_subresource("status", name, &parameters, &Patch::Merge(patch))
            .map_err(|e| invalid(&action, &e))?;
        self.write(request, &action).await
    }

    /// Creates `value` as `object`.
    pub async fn create(&self, object: &ObjectRef, value: &Value, dry_run: bool) -> Result<Value, ApiError> {
        let action = format!("create {object}");
        let (collection, _) = names::object(object, &action)?;
        let parameters = PostParams { dry_run, field_manager: Some(FIELD_MANAGER.into()) };
        let data = value.to_string().into_bytes();
        let request = collection.create(&parameters, data).map_err(|e| invalid(&action, &e))?;
        self.write(request, &action).await
    }

    /// Deletes an object, its dependents in the background; only if it still has this UID.
    pub async fn delete(&self, object: &ObjectRef, uid: &str) -> Result<(), ApiError> {
        let action = format!("delete {object}");
        let (collection, name) = names::object(object, &action)?;
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            ..DeleteParams::default()
        };
        let request = collection.delete(name, &parameters).map_err(|e| invalid(&action, &e))?;
        self.write(request, &action).await.map(|_| ())
    }

    async fn patch(
        &self,
        object: &ObjectRef,
        patch: &Patch<&Value>,
        content_type: Option<&'static str>,
        dry_run: bool,
    ) -> Result<Value, ApiError> {
        let action = format!("patch {object}");
        let (collection, name) = names::object(object, &action)?;
        let parameters = PatchParams { dry_run, field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let mut request = collection.patch(name, &parameters, patch).map_err(|e| invalid(&action, &e))?;
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        self.write(request, &action).await
    }

    async fn write(&self, request: Request<Vec<u8>>, action: &str) -> Result<Value, ApiError> {
        let request = request.map(Bytes::from);
        let mut repeats = 0;
        loop {
            let error = match self.session.send(Lane::Write, request.clone(), action).await {
                Ok(response) => {
                    let body = self.session.body(Lane::Write, response, action).await?;
                    // The server said yes, so an unreadable answer leaves open only what it looks like now.
                    return decode(&body, action).map_err(|error| ApiError { kind: ApiErrorKind::Unknown, ..error });
                }
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
