//! A whole list in one answer, decoded object by object while it arrives: neither its text nor its objects are ever held at once.
//!
//! An API server writes a list from its cache in half the time in which it streams the same objects as events, and may compress
//! it. Invariant: a list is all there only if its end was seen; one that is cut off ends with an error, whatever had arrived.

use super::{
    ApiError, ApiErrorKind, Reader, names,
    reader::{ListBody, decode, invalid, listing},
    session::Lane,
    stream::{Selectors, broken},
};
use crate::model::Kind;
use ::kube::core::params::{ListParams, VersionMatch};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http_body_util::BodyExt as _;
use serde::de::{DeserializeOwned, IgnoredAny};

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed<T> {
    /// The next objects.
    Some(Vec<T>),
    /// That was all.
    All {
        /// The resource version that the list stands for.
        version: String,
    },
}

impl Reader {
    /// Everything that `which` takes of a kind, in one namespace or in all, from the server's cache. It is not older than the
    /// version `since`; without one it is what the server has at hand.
    ///
    /// # Errors
    /// As any read; an error on the way is the stream's last item.
    pub async fn everything<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        which: Selectors<'_>,
        since: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Listed<T>, ApiError>> + use<T>, ApiError> {
        let action = listing(kind, namespace);
        let parameters = ListParams {
            label_selector: which.labels.map(str::to_owned),
            field_selector: which.fields.map(str::to_owned),
            resource_version: Some(since.unwrap_or("0").to_owned()),
            version_match: Some(VersionMatch::NotOlderThan),
            ..ListParams::default()
        };
        let collection = names::collection(kind, namespace, &action)?;
        let request = collection.list(&parameters).map_err(|e| invalid(&action, &e))?.map(Bytes::from);
        let response = self.session.send(Lane::Stream, request, &action).await?;
        let body = response.into_body().into_data_stream();
        let begin = (Box::pin(body), Some(Splitter::default()), action);
        Ok(stream::try_unfold(begin, |(mut body, splitter, action)| async move {
            let Some(mut splitter) = splitter else { return Ok(None) };
            match body.next().await {
                Some(Ok(piece)) => {
                    let objects = splitter.feed(&piece, &action)?;
                    Ok(Some((Listed::Some(objects), (body, Some(splitter), action))))
                }
                Some(Err(error)) => Err(broken(&action, &std::io::Error::other(error))),
                None => Ok(Some((Listed::All { version: splitter.end(&action)? }, (body, None, action)))),
            }
        }))
    }
}

/// The member whose elements are given out.
const ITEMS: &[u8] = br#""items":"#;

/// Cuts a list into its objects.
#[derive(Debug, Default)]
struct Splitter {
    /// What was not an object of the list: all of it but the contents of `items`, a list's JSON of its own.
    frame: Vec<u8>,
    /// The object that has begun.
    object: Vec<u8>,
    /// How many braces and brackets are open.
    depth: usize,
    /// Whether `items` is open.
    within: bool,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    /// Takes in a piece and gives the objects that it completes.
    fn feed<T: DeserializeOwned>(&mut self, mut piece: &[u8], action: &str) -> Result<Vec<T>, ApiError> {
        let mut complete = Vec::new();
        while !piece.is_empty() {
            let (taken, ended) = if self.within { self.walk(piece) } else { (self.walk_frame(piece), false) };
            piece = &piece[taken..];
            if ended {
                let begins = self.object.iter().position(|byte| *byte == b'{').unwrap_or_default();
                complete.push(decode(&self.object[begins..], action)?);
                self.object.clear();
            }
        }
        Ok(complete)
    }

    /// Walks through the frame until `items` opens; gives how much was taken.
    fn walk_frame(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            let opens = *byte == b'[' && !self.in_string && self.depth == 1 && self.frame.ends_with(ITEMS);
            self.frame.push(*byte);
            self.step(*byte);
            if opens {
                self.within = true;
                return at + 1;
            }
        }
        bytes.len()
    }

    /// Walks until the object ends, or `items` does. Gives how much was taken and whether an object ended.
    fn walk(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            self.step(*byte);
            let closes = matches!(byte, b'}' | b']') && !self.in_string;
            if closes && self.depth == 1 {
                self.within = false;
                self.frame.push(*byte);
                return (at + 1, false);
            }
            if closes && self.depth == 2 {
                self.object.extend_from_slice(&bytes[..=at]);
                return (at + 1, true);
            }
        }
        self.object.extend_from_slice(bytes);
        (bytes.len(), false)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = self.in_string,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// The version that the list stands for.
    fn end(self, action: &str) -> Result<String, ApiError> {
        if self.depth > 0 {
            return Err(ApiError::new(ApiErrorKind::Unreachable, action, "the answer ended within the list"));
        }
        let list: ListBody<IgnoredAny> = decode(&self.frame, action)?;
        Ok(list.metadata.resource_version.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// All objects and the version, however the answer is cut.
    fn read(text: &str, piece: usize) -> Result<(Vec<Value>, String), ApiError> {
        let mut splitter = Splitter::default();
        let mut objects = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            objects.extend(splitter.feed::<Value>(bytes, "list pods")?);
        }
        Ok((objects, splitter.end("list pods")?))
    }

    #[test]
    fn objects_come_out_whole_wherever_the_answer_is_cut() {
        let item = json!({"items": [{"a": "}]\"{"}, "\\"], "metadata": {"resourceVersion": "1"}});
        for list in [
            json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [item, {}, item]}).to_string(),
            format!(r#"{{"items":[{item}, {{}},{item} ],"kind":"PodList","metadata":{{"resourceVersion":"7"}}}}"#),
        ] {
            for piece in 1..=list.len() {
                let (objects, version) = read(&list, piece).unwrap();
                assert_eq!(
                    (objects, &*version),
                    (vec![item.clone(), json!({}), item.clone()], "7"),
                    "{list} by {piece}"
                );
            }
        }
    }

    #[test]
    fn an_empty_list_is_one() {
        for items in ["[]", "[ ]", "null"] {
            let list = format!(r#"{{"metadata":{{"resourceVersion":"7"}},"items":{items}}}"#);
            assert_eq!(read(&list, 5).unwrap(), (Vec::new(), "7".to_owned()));
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let list = r#"{"metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":2}]}"#;
        for end in 0..list.len() {
            let kind = read(&list[..end], 8).unwrap_err().kind;
            assert!(matches!(kind, ApiErrorKind::Unreachable | ApiErrorKind::Other), "{}", &list[..end]);
        }
        assert_eq!(read(r#"{"items":[{"a":}]}"#, 64).unwrap_err().kind, ApiErrorKind::Other);
    }
}
