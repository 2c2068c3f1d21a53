//! Following the logs of a subject's pods: which pods there are by a watch, each container's log by a stream of its own, what
//! they say in batches.
//!
//! Invariant: at most [`MOST`] logs are read at once. Nothing piles up: whoever reads slowly makes the streams wait. Everything
//! ends when the future that [`follow_logs`] returns is dropped.

mod batch;
mod container;
mod members;
mod stage;
mod subject;

use super::backoff::Backoff;
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Selectors, WatchFrom, Watched},
    model::{Kind, LogNews, LogRequest},
    wire::Pod,
};
use futures::StreamExt as _;
use members::{Crew, Members};
use std::{pin::pin, time::Duration};
use subject::Subject;
use tokio::{sync::mpsc, time::timeout};

/// Logs read at once.
const MOST: usize = 20;
/// After how many seconds the server ends the watch of pods, and how long silence may last.
const WATCH: u32 = 40;
const SILENCE: Duration = Duration::from_secs(45);
/// Chunks on their way from the streams.
const CHUNKS: usize = 64;

/// Reads what `request` asks for and goes on with what is written, until dropped. What is seen goes into `out`, in batches.
pub async fn follow_logs(cluster: Cluster, request: LogRequest, seed: u64, out: mpsc::Sender<Vec<LogNews>>) {
    let (chunks, arriving) = mpsc::channel(CHUNKS);
    let crew = Crew {
        cluster: cluster.clone(),
        namespace: request.subject.object().namespace.clone(),
        request: request.clone(),
        seed,
        chunks: chunks.clone(),
    };
    let following = Following {
        cluster,
        request,
        chunks,
        backoff: Backoff::new(seed),
        members: Members::new(crew),
        version: None,
        pages: false,
    };
    tokio::select! {
        () = following.run() => {}
        () = batch::collect(arriving, out) => {}
    }
}

/// The watch of a subject's pods.
struct Following {
    cluster: Cluster,
    request: LogRequest,
    chunks: mpsc::Sender<Vec<LogNews>>,
    backoff: Backoff,
    members: Members,
    /// The version to go on from; None while all pods must be asked for.
    version: Option<String>,
    /// Whether the server must be asked page by page.
    pages: bool,
}

impl Following {
    async fn run(mut self) {
        let mut subject: Option<Subject> = None;
        loop {
            let watched = match &mut subject {
                None => {
                    Subject::find(self.cluster.reader(), &self.request.subject).await.map(|found| subject = Some(found))
                }
                Some(subject) => self.watch(subject).await,
            };
            let Err(error) = watched else { continue };
            match error.kind {
                ApiErrorKind::Gone if self.version.is_some() => {
                    self.version = None;
                    continue;
                }
                ApiErrorKind::Invalid if subject.is_some() && !self.pages => {
                    self.pages = true;
                    continue;
                }
                _ => {}
            }
            if self.chunks.send(vec![LogNews::Unlisted(error.to_string())]).await.is_err() {
                return;
            }
            // Streams over the same connection are silent now and nobody would tell.
            self.members.reconnect();
            let pause = self.backoff.pause(error.retry_after);
            tokio::time::sleep(pause).await;
        }
    }

    /// Follows the subject's pods until the server ends the watch, which is no error.
    async fn watch(&mut self, subject: &mut Subject) -> Result<(), ApiError> {
        let reader = self.cluster.reader().clone();
        let namespace = subject.namespace.clone();
        let selection = subject.selection.clone();
        let selected = (selection.0.as_deref(), selection.1.as_deref());
        if self.version.is_none() {
            self.members.begin();
            if self.pages {
                let mut next = None;
                loop {
                    let page = reader.page::<Pod>(Kind::Pod, Some(&*namespace), selected.0, selected.1, next).await?;
                    for pod in page.items {
                        self.members.put(subject, &pod);
                    }
                    next = page.next;
                    if next.is_none() {
                        self.complete(subject, page.resource_version).await;
                        break;
                    }
                }
            }
        }
        let from = self.version.clone().map_or(WatchFrom::Everything, WatchFrom::Version);
        let (labels, fields) = selected;
        let which = Selectors { labels, fields };
        let stream = reader.watch::<Pod>(Kind::Pod, Some(&*namespace), which, from, WATCH).await?;
        let mut stream = pin!(stream);
        loop {
            let event = tokio::select! {
                () = self.members.one_ended() => {
                    self.settle(subject).await;
                    continue;
                }
                event = timeout(SILENCE, stream.next()) => match event {
                    Ok(Some(event)) => event?,
                    Ok(None) => return Ok(()),
                    Err(_) => {
                        let silence = format!("the API server has not said a word for {} s", SILENCE.as_secs());
                        return Err(ApiError::new(ApiErrorKind::Unreachable, "watch pods", silence));
                    }
                },
            };
            self.backoff.reset();
            match event {
                Watched::Put(pod) => {
                    let stranger = self.members.put(subject, &pod);
                    self.version = self.version.take().map(|_| pod.metadata.resource_version.to_string());
                    if stranger && self.version.is_some() {
                        subject.look_again(&reader).await?;
                        self.members.put_again(subject, &pod);
                    }
                }
                Watched::Deleted(pod) => {
                    self.members.remove(&pod);
                    self.version = self.version.take().map(|_| pod.metadata.resource_version.to_string());
                }
                Watched::Bookmark { version, initial: true } => self.complete(subject, version).await,
                Watched::Bookmark { version, initial: false } => self.version = self.version.take().map(|_| version),
            }
            if self.version.is_some() {
                self.settle(subject).await;
            }
        }
    }

    /// All pods were listed.
    async fn complete(&mut self, subject: &Subject, version: String) {
        self.version = Some(version);
        self.members.sweep();
        self.settle(subject).await;
    }

    /// Reads what is to be read now and tells what has changed.
    async fn settle(&mut self, subject: &Subject) {
        let news = self.members.settle(subject);
        if !news.is_empty() {
            // Nobody listens any more only when this future is about to be dropped.
            let _ = self.chunks.send(news).await;
        }
    }
}
