//! Reading one container's log: what there is, then what is written, through restarts, lost connections and the container's end.
//!
//! Invariant: whatever happens to the stream, each line is passed on once and in the order in which it was written.

use super::{
    members::Crew,
    stage::{End, Now, Stage, is_routine},
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, LogOptions, RawLine},
    model::{LogCursor, LogLine, LogNews, LogSince, LogSource, LogState, LogVoice, clean},
    observe::backoff::Backoff,
};
use futures::StreamExt as _;
use jiff::Timestamp;
use std::{pin::pin, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// How long a stream may go on after its container is said to have ended or its pod to be gone: a connection that hangs would
/// go on for ever.
const GRACE: Duration = Duration::from_secs(10);
/// How long after the end of a stream the container's end is waited for.
const TOLD: Duration = Duration::from_secs(5);
/// How long after a refusal it is asked again.
const REFUSED: Duration = Duration::from_secs(30);
/// Lines of a container that are ever asked for from its log's end.
const ALL: i64 = 100_000;

/// Nobody listens any more.
struct Unheard;

/// Which part of a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What was written before anybody listened.
    Past,
    /// What was written since it was last read.
    Rest,
    /// That, and what is written from now on.
    Stream,
}

/// The reading of one container's log.
pub(super) struct Reading {
    crew: Crew,
    source: LogSource,
    now: watch::Receiver<Now>,
    cursor: LogCursor,
    backoff: Backoff,
    /// Whether what there is was read before, or need not be told from what follows.
    opened: bool,
    /// The run that is read, and whether all of it was.
    run: Option<(u32, bool)>,
    /// Nothing from before is wanted.
    from: Option<Timestamp>,
}

impl Reading {
    pub fn new(crew: &Crew, source: LogSource, now: watch::Receiver<Now>, was_there: bool) -> Self {
        let backoff = Backoff::new(crew.seed ^ u64::from(source.id));
        // All of a pod that has just appeared is wanted, and all of it is new.
        let reach = crew.request.since.reach().filter(|_| was_there);
        let from = reach.and_then(|reach| crew.cluster.clock().now().checked_sub(reach).ok());
        let (crew, cursor) = (crew.clone(), LogCursor::default());
        Self { crew, source, now, cursor, backoff, opened: !was_there, run: None, from }
    }

    /// Reads until the container has ended for good.
    pub async fn run(mut self) {
        // Nobody listening is as good an end as any.
        let _ = if self.crew.request.previous { self.previous().await } else { self.follow().await };
    }

    async fn follow(&mut self) -> Result<(), Unheard> {
        loop {
            let now = self.now.borrow_and_update().clone();
            if let Some((run, _)) = self.run.filter(|(run, _)| *run < now.run) {
                self.next_run(run, &now).await?;
            }
            let read = self.run.is_some_and(|(_, read)| read);
            match &now.stage {
                Stage::Ended(_) if read && (now.over || now.gone) => return Ok(()),
                _ if now.gone => return self.ended("the pod is gone".into(), None).await,
                Stage::Unstarted(why) => self.wait(why.clone()).await?,
                // One that was read to its end and runs is a run more, whatever the count says.
                Stage::Running => self.stream(now.run).await?,
                Stage::Ended(end) if !read => self.finish(now.run, end).await?,
                Stage::Ended(_) if now.rests.is_some() => self.wait(now.rests.unwrap_or_default()).await?,
                // It may be started again.
                Stage::Ended(_) => self.changed().await?,
            }
        }
    }

    /// What becomes of the container.
    async fn changed(&mut self) -> Result<(), Unheard> {
        let changed = self.now.changed().await;
        self.heard(changed)
    }

    /// Whether there is still somebody to tell what becomes of the container: its last word is that the pod is gone.
    fn heard(&self, changed: Result<(), watch::error::RecvError>) -> Result<(), Unheard> {
        if changed.is_err() && !self.now.borrow().gone { Err(Unheard) } else { Ok(()) }
    }

    async fn wait(&mut self, why: String) -> Result<(), Unheard> {
        let state = LogState::Waiting(why.clone());
        if self.source.state != state {
            self.tell(state).await?;
            if !is_routine(&why) {
                self.note(LogVoice::Trouble, format!("waiting: {why}"), None).await?;
            }
        }
        self.changed().await
    }

    /// The container was started again: what is left of the run before is read, then the new one begins.
    async fn next_run(&mut self, run: u32, now: &Now) -> Result<(), Unheard> {
        if self.run == Some((run, false)) && run + 1 == now.run {
            let options = LogOptions { previous: true, ..self.options() };
            // It may be gone already; then nothing can be done about it.
            if self.read(&options, Part::Rest).await?.is_ok()
                && let Some(end) = &now.previous
            {
                self.note(LogVoice::Trouble, format!("ended: {}", end.how), None).await?;
            }
        }
        self.run = None;
        let again = format!("started again ({} restart{})", now.run, if now.run == 1 { "" } else { "s" });
        self.note(LogVoice::Note, again, None).await
    }

    /// Follows what the running container writes, until the stream ends or its place is to be looked for anew.
    async fn stream(&mut self, run: u32) -> Result<(), Unheard> {
        self.run = Some((run, false));
        let mut result = Ok(());
        if !self.opened {
            let options = self.first();
            result = self.read(&options, Part::Past).await?;
            self.opened = result.is_ok();
        }
        if result.is_ok() {
            let options = self.options();
            result = self.read(&options, Part::Stream).await?;
        }
        if let Err(error) = result {
            return self.failed(error).await;
        }
        // The stream ends when the container does, and a moment later the pod says so.
        if self.goes_on(run)
            && let Ok(changed) = timeout(TOLD, self.now.changed()).await
        {
            return self.heard(changed);
        }
        Ok(())
    }

    /// Whether nothing is known yet of this run's end.
    fn goes_on(&self, run: u32) -> bool {
        let now = self.now.borrow();
        now.run == run && now.stage == Stage::Running && !now.gone
    }

    /// Reads the rest of a run that has ended.
    async fn finish(&mut self, run: u32, end: &End) -> Result<(), Unheard> {
        let first = !self.opened;
        let (options, part) = if first { (self.first(), Part::Past) } else { (self.options(), Part::Rest) };
        self.run = Some((run, false));
        if let Err(error) = self.read(&options, part).await? {
            return self.failed(error).await;
        }
        self.opened = true;
        self.run = Some((run, true));
        self.ended(end.how.clone(), end.at.filter(|_| first)).await
    }

    /// Reads the run before the current one.
    async fn previous(&mut self) -> Result<(), Unheard> {
        loop {
            let now = self.now.borrow_and_update().clone();
            let Some(end) = now.previous.filter(|_| !now.gone) else {
                return self.tell(LogState::Ended("it has no run before".into())).await;
            };
            let options = LogOptions { previous: true, ..self.first() };
            match self.read(&options, Part::Past).await? {
                Ok(()) => return self.ended(end.how, end.at).await,
                Err(error) if error.kind == ApiErrorKind::Invalid => {
                    return self.tell(LogState::Ended("its run before is no longer kept".into())).await;
                }
                Err(error) => self.failed(error).await?,
            }
        }
    }

    /// What is asked for at first.
    fn first(&self) -> LogOptions {
        let request = &self.crew.request;
        let tail = if request.since == LogSince::Tail { i64::from(request.tail) } else { ALL };
        LogOptions { tail: Some(tail), ..self.options() }
    }

    /// What is asked for after that.
    fn options(&self) -> LogOptions {
        LogOptions {
            container: Some(self.source.container.to_string()),
            since: self.cursor.since().or(self.from),
            tail: None,
            previous: false,
            timestamps: true,
        }
    }

    /// Reads a part of the log and passes it on. A stream is given up when the connection is found broken, and soon after the
    /// container's end.
    async fn read(&mut self, options: &LogOptions, part: Part) -> Result<Result<(), ApiError>, Unheard> {
        let reader = self.crew.cluster.reader().clone();
        let opened = reader.log_chunks(&self.crew.namespace, &self.source.pod, options, part == Part::Stream).await;
        let mut chunks = match opened {
            Ok(chunks) => pin!(chunks),
            Err(error) => return Ok(Err(error)),
        };
        self.cursor.reopen();
        if part == Part::Stream {
            self.tell(LogState::Following).await?;
        }
        let (outages, run) = (self.now.borrow().outages, self.run.map(|(run, _)| run));
        let mut until: Option<Instant> = None;
        loop {
            let chunk = tokio::select! {
                chunk = chunks.next() => chunk,
                // Nothing more becomes of a container that is given its last seconds.
                changed = self.now.changed(), if part == Part::Stream && until.is_none() => {
                    self.heard(changed)?;
                    if self.now.borrow().outages != outages {
                        let why = "the connection to the API server was lost";
                        return Ok(Err(ApiError::new(ApiErrorKind::Unreachable, "follow the log", why)));
                    }
                    if run.is_none_or(|run| !self.goes_on(run)) {
                        until.get_or_insert_with(|| Instant::now() + GRACE);
                    }
                    continue;
                }
                () = async { sleep_until(until.unwrap_or_else(Instant::now)).await }, if until.is_some() => None,
            };
            match chunk {
                Some(Ok(lines)) => self.pass(lines, part == Part::Past).await?,
                Some(Err(error)) => return Ok(Err(error)),
                None => return Ok(Ok(())),
            }
        }
    }

    /// Passes on what of these lines is new.
    async fn pass(&mut self, raw: Vec<RawLine>, past: bool) -> Result<(), Unheard> {
        let mut lines = Vec::with_capacity(raw.len());
        for RawLine { bytes, cut } in raw {
            let (voice, at, text) = match stamped(&bytes) {
                Some((at, _)) if !self.cursor.take(at) => continue,
                Some((at, text)) => (LogVoice::Output, at, text),
                // The kubelet's own words, where it cannot read the log.
                None if bytes.is_empty() => continue,
                None => (LogVoice::Trouble, self.crew.cluster.clock().now(), &bytes[..]),
            };
            lines.push(LogLine { source: self.source.id, voice, past, at, text: clean(text), cut });
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.backoff.reset();
        self.send(LogNews::Lines(lines)).await
    }

    /// Tells why the log cannot be read now and waits until it may be asked for again.
    async fn failed(&mut self, error: ApiError) -> Result<(), Unheard> {
        let before = self.source.state.clone();
        let (state, pause) = match error.kind {
            // "container "app" in pod "web-1" is waiting to start: ContainerCreating"
            ApiErrorKind::Invalid => {
                let why = error.message.rsplit_once("is waiting to start: ").map_or(&*error.message, |(_, why)| why);
                (LogState::Waiting(why.to_owned()), self.backoff.pause(None))
            }
            ApiErrorKind::Forbidden => (LogState::Forbidden(error.message.clone()), REFUSED),
            _ => (LogState::Broken(error.message.clone()), self.backoff.pause(error.retry_after)),
        };
        self.tell(state.clone()).await?;
        if state != before && !matches!(state, LogState::Waiting(_)) {
            self.note(LogVoice::Trouble, state.to_string(), None).await?;
        }
        match timeout(pause, self.now.changed()).await {
            Ok(changed) => self.heard(changed),
            Err(_) => Ok(()),
        }
    }

    /// Tells that the run is over.
    async fn ended(&mut self, how: String, at: Option<Timestamp>) -> Result<(), Unheard> {
        let voice = if how == "completed" { LogVoice::Note } else { LogVoice::Trouble };
        self.tell(LogState::Ended(how.clone())).await?;
        self.note(voice, format!("ended: {how}"), at).await
    }

    /// Says something among the lines: where it belongs by its time, or now.
    async fn note(&mut self, voice: LogVoice, text: String, at: Option<Timestamp>) -> Result<(), Unheard> {
        let past = at.is_some();
        let at = at.unwrap_or_else(|| self.crew.cluster.clock().now());
        let text = clean(text.as_bytes());
        self.send(LogNews::Lines(vec![LogLine { source: self.source.id, voice, past, at, text, cut: 0 }])).await
    }

    async fn tell(&mut self, state: LogState) -> Result<(), Unheard> {
        if self.source.state == state {
            return Ok(());
        }
        self.source.state = state;
        self.send(LogNews::Source(self.source.clone())).await
    }

    async fn send(&self, news: LogNews) -> Result<(), Unheard> {
        self.crew.chunks.send(vec![news]).await.map_err(|_| Unheard)
    }
}

/// A line's time and the line.
fn stamped(line: &[u8]) -> Option<(Timestamp, &[u8])> {
    let end = line.iter().take(40).position(|byte| *byte == b' ').unwrap_or(line.len());
    let at = std::str::from_utf8(line.get(..end)?).ok()?.parse().ok()?;
    Some((at, line.get(end + 1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::stamped;

    #[test]
    fn a_line_begins_with_its_time() {
        let (at, text) = stamped(b"2026-11-21T04:15:28.123456789Z hello  there").unwrap();
        assert_eq!((at.to_string().as_str(), text), ("2026-11-21T04:15:28.123456789Z", &b"hello  there"[..]));
        assert_eq!(stamped(b"2026-11-21T05:15:28+01:00 x").unwrap().0.to_string(), "2026-11-21T04:15:28Z");
        assert_eq!(stamped(b"2026-11-21T04:15:28Z").unwrap().1, b"");
        assert_eq!(stamped(b"unable to retrieve container logs"), None);
    }
}
