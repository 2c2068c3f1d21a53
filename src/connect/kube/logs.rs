//! Container logs, followed or read once.

use super::{ApiError, ApiErrorKind, Reader, names, reader::invalid, session::Lane, stream::lines};
use crate::model::{Kind, ObjectRef};
use ::kube::core::subresource::LogParams;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;

/// Bytes of a line that are kept.
const LONGEST: usize = 32 << 10;

/// Which part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; the pod's only one where None.
    pub container: Option<String>,
    /// Only what was written since.
    pub since: Option<Timestamp>,
    /// Only this many lines from the end.
    pub tail: Option<i64>,
    /// Of the container's run before this one.
    pub previous: bool,
    /// Each line begins with the time it was written, in RFC 3339.
    pub timestamps: bool,
}

impl Reader {
    /// The lines of a container's log as they are written, until the container ends.
    pub async fn follow_log(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<impl Stream<Item = Result<String, ApiError>> + use<>, ApiError> {
        self.log_lines(namespace, pod, options, true).await
    }

    /// What a container has written so far, as lines.
    pub async fn log(&self, namespace: &str, pod: &str, options: &LogOptions) -> Result<Vec<String>, ApiError> {
        self.log_lines(namespace, pod, options, false).await?.try_collect().await
    }

    /// The lines of a container's log as they arrive, all that arrive together in one item, none longer than is kept. With
    /// `follow` until the container ends; then a line that nothing ends is left out, for the stream may have been cut there.
    pub async fn log_chunks(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
        follow: bool,
    ) -> Result<impl Stream<Item = Result<Vec<RawLine>, ApiError>> + Send + use<>, ApiError> {
        let (response, action) = self.open_log(namespace, pod, options, follow).await?;
        let body = response.into_body().into_data_stream().map(Some).chain(stream::iter([None]));
        Ok(body.scan(Splitter::default(), move |splitter, chunk| {
            let lines = match chunk {
                Some(Ok(bytes)) => Ok(splitter.split(&bytes)),
                Some(Err(error)) => {
                    let why = format!("the connection broke: {}", crate::connect::innermost(&error));
                    // What was begun is sent again when the log is taken up.
                    splitter.begun = RawLine::default();
                    Err(ApiError::new(ApiErrorKind::Unreachable, action.clone(), why))
                }
                None if follow => Ok(Vec::new()),
                None => Ok(splitter.last().into_iter().collect()),
            };
            futures::future::ready(Some(lines))
        }))
    }

    async fn log_lines(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
        follow: bool,
    ) -> Result<impl Stream<Item = Result<String, ApiError>> + use<>, ApiError> {
        let (response, action) = self.open_log(namespace, pod, options, follow).await?;
        Ok(lines(response, action).map_ok(|line| String::from_utf8_lossy(&line).into_owned()))
    }

    async fn open_log(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
        follow: bool,
    ) -> Result<(http::Response<::kube::client::Body>, String), ApiError> {
        let object = ObjectRef::new(Kind::Pod, namespace, pod);
        let action = format!("read the log of {object}");
        let (collection, name) = names::object(&object, &action)?;
        let parameters = LogParams {
            container: options.container.clone(),
            follow,
            previous: options.previous,
            since_time: options.since,
            tail_lines: options.tail,
            timestamps: options.timestamps,
            ..LogParams::default()
        };
        let mut request = collection.logs(name, &parameters).map_err(|e| invalid(&action, &e))?.map(Bytes::from);
        // Compressed, a line would wait for the ones after it.
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let lane = if follow { Lane::Stream } else { Lane::Read };
        Ok((self.session.send(lane, request, &action).await?, action))
    }
}

/// A line as it came, without its line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawLine {
    /// Its bytes, 32 KiB at most.
    pub bytes: Vec<u8>,
    /// How many more it had.
    pub cut: u32,
}

impl RawLine {
    fn extend(&mut self, more: &[u8]) {
        let kept = more.len().min(LONGEST - self.bytes.len());
        self.bytes.extend_from_slice(&more[..kept]);
        self.cut = self.cut.saturating_add(u32::try_from(more.len() - kept).unwrap_or(u32::MAX));
    }
}

/// Cuts what arrives into lines. Holds one line at most, and no more of it than is kept.
#[derive(Debug, Default)]
struct Splitter {
    begun: RawLine,
}

impl Splitter {
    fn split(&mut self, mut bytes: &[u8]) -> Vec<RawLine> {
        let mut lines = Vec::new();
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            self.begun.extend(&bytes[..at]);
            bytes = &bytes[at + 1..];
            lines.push(self.end());
        }
        self.begun.extend(bytes);
        lines
    }

    /// The line that has just ended. A carriage return before the line break belongs to the line break.
    fn end(&mut self) -> RawLine {
        let mut line = std::mem::take(&mut self.begun);
        line.bytes.pop_if(|last| *last == b'\r');
        line
    }

    /// The line that the log ends with, where nothing ends it.
    fn last(&mut self) -> Option<RawLine> {
        (!self.begun.bytes.is_empty()).then(|| self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_without_end_is_cut_and_says_by_how_much() {
        let mut splitter = Splitter::default();
        for _ in 0..10 {
            assert_eq!(splitter.split(&[b'x'; LONGEST / 4]), []);
        }
        let lines = splitter.split(b"y\r\nnext\n");
        assert_eq!((lines[0].bytes.len(), lines[0].cut as usize), (LONGEST, LONGEST * 3 / 2 + 2));
        assert_eq!(lines[1], RawLine { bytes: b"next".to_vec(), cut: 0 });
        assert_eq!(splitter.last(), None);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_they_arrive(text in "[a-c\n\r]{0,80}", cuts in prop::collection::vec(0_usize..80, 0..8)) {
            let whole: Vec<RawLine> = {
                let mut splitter = Splitter::default();
                splitter.split(text.as_bytes()).into_iter().chain(splitter.last()).collect()
            };
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|at| *at < text.len()).collect();
            cuts.sort_unstable();
            let mut splitter = Splitter::default();
            let mut pieces = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                pieces.extend(splitter.split(&text.as_bytes()[from..to]));
                from = to;
            }
            pieces.extend(splitter.last());
            prop_assert_eq!(pieces, whole);
        }
    }
}
