//! Watches as the API server sends them: one JSON line an event, decoded straight into what the caller keeps.
//!
//! No backoff, no relist, no judgement of silence: that is `observe`'s work. The end of the stream is its end only.

use super::{
    ApiError, ApiErrorKind, Reader, names,
    reader::{decode, invalid, listing},
    session::Lane,
};
use crate::model::Kind;
use ::kube::{
    client::Body,
    core::{Status, params::WatchParams},
};
use bytes::Bytes;
use futures::{AsyncBufReadExt as _, Stream, TryStreamExt as _, stream};
use http::{HeaderValue, Response, header};
use http_body_util::BodyExt as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Which objects of a kind a watch is about: all of them, or those that the selectors take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selectors<'s> {
    /// A label selector.
    pub labels: Option<&'s str>,
    /// A field selector.
    pub fields: Option<&'s str>,
}

/// Where a watch starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// After this resource version.
    Version(String),
    /// With every object there is, then a bookmark marked `initial`.
    Everything,
}

/// One event of a watch.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched<T> {
    /// An object was added or changed.
    Put(T),
    /// An object is gone, or left the selector.
    Deleted(T),
    /// Nothing changed up to this resource version.
    Bookmark {
        /// The resource version to go on from.
        version: String,
        /// Whether it ends the initial objects of [`WatchFrom::Everything`].
        initial: bool,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Marked {
    metadata: Marks,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Marks {
    resource_version: String,
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

impl Reader {
    /// Watches what `which` takes of a kind, in one namespace or in all. The server ends it after about `seconds`. An error within the stream,
    /// such as an expired version, is the stream's last item.
    pub async fn watch<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        which: Selectors<'_>,
        from: WatchFrom,
        seconds: u32,
    ) -> Result<impl Stream<Item = Result<Watched<T>, ApiError>> + use<T>, ApiError> {
        let action = listing(kind, namespace).replacen("list", "watch", 1);
        let parameters = WatchParams {
            timeout: Some(seconds),
            bookmarks: true,
            label_selector: which.labels.map(str::to_owned),
            field_selector: which.fields.map(str::to_owned),
            send_initial_events: from == WatchFrom::Everything,
        };
        let version = match &from {
            WatchFrom::Version(version) => version.as_str(),
            WatchFrom::Everything => "",
        };
        let collection = names::collection(kind, namespace, &action)?;
        let mut request = collection.watch(&parameters, version).map_err(|e| invalid(&action, &e))?.map(Bytes::from);
        // Some servers compress each event by itself, which the client's decompression takes for the end.
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = self.session.send(Lane::Stream, request, &action).await?;
        Ok(lines(response, action.clone()).and_then(move |line| futures::future::ready(event(&line, &action))))
    }
}

/// The lines of a streamed body.
pub(super) fn lines(response: Response<Body>, action: String) -> impl Stream<Item = Result<Vec<u8>, ApiError>> + use<> {
    let body = response.into_body().into_data_stream().map_err(std::io::Error::other).into_async_read();
    stream::try_unfold((Box::pin(body), action), |(mut body, action)| async move {
        let mut line = Vec::new();
        match body.read_until(b'\n', &mut line).await {
            Ok(0) => Ok(None),
            Ok(_) => {
                while line.pop_if(|last| matches!(last, b'\n' | b'\r')).is_some() {}
                Ok(Some((line, (body, action))))
            }
            Err(error) => Err(broken(&action, &error)),
        }
    })
}

/// The connection failed while an answer arrived.
pub(super) fn broken(action: &str, error: &std::io::Error) -> ApiError {
    let why = error.get_ref().map_or_else(|| error.to_string(), |cause| crate::connect::innermost(cause));
    ApiError::new(ApiErrorKind::Unreachable, action, format!("the connection broke: {why}"))
}

/// An added or changed object, where the event is written as API servers write it: its type first. Most events are, and this
/// way their objects are gone through once, not twice. None where it is anything else, or not whole.
fn put<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let rest = line.strip_prefix(br#"{"type":""#)?;
    let rest = rest.strip_prefix(b"ADDED").or_else(|| rest.strip_prefix(b"MODIFIED"))?;
    serde_json::from_slice(rest.strip_prefix(br#"","object":"#)?.strip_suffix(b"}")?).ok()
}

fn event<T: DeserializeOwned>(line: &[u8], action: &str) -> Result<Watched<T>, ApiError> {
    if let Some(object) = put(line) {
        return Ok(Watched::Put(object));
    }
    let Ok(Line { kind, object }) = serde_json::from_slice::<Line<'_>>(line) else {
        // A line cut off by the end of the connection, or a bare Status.
        return Err(match serde_json::from_slice::<Status>(line) {
            Ok(status) => ApiError::from_status(action, status.code, &status),
            Err(_) => ApiError::new(ApiErrorKind::Unreachable, action, "the stream ended within an event"),
        });
    };
    match kind {
        "ADDED" | "MODIFIED" => Ok(Watched::Put(decode(object.get().as_bytes(), action)?)),
        "DELETED" => Ok(Watched::Deleted(decode(object.get().as_bytes(), action)?)),
        "BOOKMARK" => {
            let marked: Marked = decode(object.get().as_bytes(), action)?;
            let initial = marked.metadata.annotations.is_some_and(|a| a.contains_key("k8s.io/initial-events-end"));
            Ok(Watched::Bookmark { version: marked.metadata.resource_version, initial })
        }
        _ => {
            let status: Status = decode(object.get().as_bytes(), action)?;
            Err(ApiError::from_status(action, status.code, &status))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn events_are_told_apart() {
        let of = |line: &str| event::<Value>(line.as_bytes(), "watch pods");
        assert!(matches!(of(r#"{"type":"ADDED","object":{"a":1}}"#), Ok(Watched::Put(_))));
        assert!(matches!(of(r#"{"object":{"a":1},"type":"MODIFIED"}"#), Ok(Watched::Put(_))), "members have no order");
        assert!(matches!(of(r#"{"type":"DELETED","object":{"a":1}}"#), Ok(Watched::Deleted(_))));
        let bookmark = r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        assert_eq!(of(bookmark).unwrap(), Watched::Bookmark { version: "7".into(), initial: true });
    }

    #[test]
    fn an_expired_version_comes_within_the_stream() {
        let line = r#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410}}"#;
        assert_eq!(event::<Value>(line.as_bytes(), "watch").unwrap_err().kind, ApiErrorKind::Gone);
        for cut in [&br#"{"type":"ADD"#[..], br#"{"type":"ADDED","object":{"a":{}}"#] {
            assert_eq!(event::<Value>(cut, "watch").unwrap_err().kind, ApiErrorKind::Unreachable);
        }
    }
}
