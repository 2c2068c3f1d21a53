//! Responses: JSON, tables and metadata only, as the client's `Accept` asks; statuses; streams.
//!
//! Invariant: answers are always JSON (or plain text for logs), also to clients that would prefer protobuf.

use super::{Call, path::Query};
use crate::sim::{
    resource::Resource,
    status::Status,
    table::{self, Include},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};
use std::{convert::Infallible, sync::Arc};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

/// A response's body: bytes, or a stream of them.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;
/// A response.
pub type Response = http::Response<Body>;

/// How the client wants objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Object,
    /// As rows of a table.
    Table(Include),
    /// Their metadata alone.
    Partial,
}

impl Form {
    /// The first form in `Accept` that is served.
    pub fn of(accept: &str, query: &Query) -> Self {
        for choice in accept.split(',') {
            let part = |key: &str| choice.split(';').find_map(|p| p.trim().strip_prefix(key)?.strip_prefix('='));
            if !choice.trim().starts_with("application/json") {
                continue;
            }
            return match (part("as"), part("v")) {
                (Some("Table"), Some("v1")) => Self::Table(match query.get("includeObject") {
                    Some("Object") => Include::Object,
                    Some("None") => Include::None,
                    _ => Include::Metadata,
                }),
                (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some("v1")) => Self::Partial,
                (Some(_), _) => continue,
                (None, _) => Self::Object,
            };
        }
        Self::Object
    }
}

/// A whole response of that content type.
pub fn bytes(code: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = http::Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A JSON response.
pub fn json(code: u16, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(mut body) => {
            body.push(b'\n');
            bytes(code, "application/json", body)
        }
        Err(error) => status(&Status::new(500, "InternalError", error.to_string()), None),
    }
}

/// A failure, and when to try again.
pub fn status(status: &Status, retry_after: Option<u32>) -> Response {
    let mut body = status.to_json();
    if let Some(seconds) = retry_after {
        if body["details"].is_null() {
            body["details"] = json!({});
        }
        body["details"]["retryAfterSeconds"] = json!(seconds);
    }
    let mut response = json(status.code, &body);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A success without an object.
pub fn success(code: u16, details: &Value) -> Response {
    let mut body = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" });
    if !details.is_null() {
        body["details"] = details.clone();
    }
    if code != 200 {
        body["code"] = json!(code);
    }
    json(code, &body)
}

/// Adds what the client should hear about its request.
pub fn with_warnings(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// One object, in the form that was asked for.
pub fn object(call: &Call, code: u16, object: &Value) -> Response {
    match call.form {
        Form::Object => json(code, object),
        Form::Partial => json(code, &table::partial(object)),
        Form::Table(include) => {
            let metadata = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
            let now = call.store.clock().now();
            json(code, &table::table(call.target.resource, std::iter::once(object), include, true, metadata, now))
        }
    }
}

/// Many objects, in the form that was asked for. Items of a list carry no kind and no apiVersion.
pub fn list(call: &Call, objects: &[Arc<Value>], metadata: Value) -> Response {
    let r: &Resource = call.target.resource;
    match call.form {
        Form::Table(include) => {
            let now = call.store.clock().now();
            json(200, &table::table(r, objects.iter().map(|o| &**o), include, true, metadata, now))
        }
        Form::Partial => {
            let items: Vec<Value> = objects.iter().map(|o| table::partial(o)).collect();
            let (kind, version) = ("PartialObjectMetadataList", "meta.k8s.io/v1");
            json(200, &json!({ "kind": kind, "apiVersion": version, "metadata": metadata, "items": items }))
        }
        Form::Object => {
            let items: Vec<Item> = objects.iter().map(|o| Item { object: o, bare: !r.custom }).collect();
            json(200, &List { kind: format!("{}List", r.kind), api_version: r.api_version(), metadata, items })
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    kind: String,
    #[serde(rename = "apiVersion")]
    api_version: String,
    metadata: Value,
    items: Vec<Item<'a>>,
}

/// A list's item; those of built-in kinds go without kind and apiVersion.
struct Item<'a> {
    object: &'a Value,
    bare: bool,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.object.as_object().into_iter().flatten() {
            if !(self.bare && (key == "kind" || key == "apiVersion")) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// A response whose bytes come through a channel, until its sender is dropped.
pub fn stream(content_type: &'static str, chunks: mpsc::Receiver<Bytes>) -> Response {
    let frames = ReceiverStream::new(chunks).map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
    let mut response = http::Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The first half of a response.
pub async fn half(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await.map(http_body_util::Collected::to_bytes);
    Response::from_parts(parts, Full::new(whole.slice(..whole.len() / 2)).boxed_unsync())
}
