//! Container logs, followed or read once.

use super::{ApiError, Reader, names, reader::invalid, session::Lane, stream::lines};
use crate::model::{Kind, ObjectRef};
use ::kube::core::subresource::LogParams;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use jiff::Timestamp;

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

    async fn log_lines(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
        follow: bool,
    ) -> Result<impl Stream<Item = Result<String, ApiError>> + use<>, ApiError> {
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
        let request = collection.logs(name, &parameters).map_err(|e| invalid(&action, &e))?.map(Bytes::from);
        let lane = if follow { Lane::Stream } else { Lane::Read };
        let response = self.session.send(lane, request, &action).await?;
        Ok(lines(response, action).map_ok(|line| String::from_utf8_lossy(&line).into_owned()))
    }
}
