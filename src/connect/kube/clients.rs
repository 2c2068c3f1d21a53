//! HTTP clients that carry credentials, and what is known about those: when they expire, and whether the API server takes them.

use super::{
    ConnectError, ConnectOptions, ContextInfo, certificate,
    exec::{self, Terminal},
    kubeconfig::{self, Loaded},
    session::SILENCE,
};
use crate::model::Validity;
use ::kube::Client;
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Credentials are renewed this long before they expire, or a quarter of their life where that is less.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// How soon a renewal that failed is tried again while the old credentials still serve, in seconds.
const PUT_OFF: i64 = 15;
/// How soon after credentials were replaced for being refused, without ever being accepted, it is tried once more.
const HOPELESS: Duration = Duration::from_secs(30);

/// Clients of one set of credentials.
pub(super) struct Clients {
    pub read: Client,
    pub write: Client,
    pub stream: Client,
    /// The client certificate's dates, where one is used.
    pub certificate: Option<Validity>,
    /// Whether a plugin granted these that may ask on the terminal.
    pub asks: bool,
    expires: Option<Timestamp>,
    /// From when on they should be renewed, in seconds since the epoch.
    due: AtomicI64,
    made: Instant,
    /// Whether the API server ever accepted them, and what it said when it last did not.
    accepted: AtomicBool,
    refused: Mutex<Option<String>>,
    /// Whether they came in place of others that were refused.
    replacement: AtomicBool,
}

impl Clients {
    /// One client for everything, whose credentials are nobody's business.
    pub fn fixed(client: Client, now: Timestamp) -> Self {
        Self::new([client.clone(), client.clone(), client], None, None, false, now)
    }

    fn new(
        [read, write, stream]: [Client; 3],
        certificate: Option<Validity>,
        expires: Option<Timestamp>,
        asks: bool,
        now: Timestamp,
    ) -> Self {
        let due = expires.map_or(i64::MAX, |at| {
            let early = (at.duration_since(now) / 4).clamp(SignedDuration::ZERO, EARLY);
            at.as_second().saturating_sub(early.as_secs())
        });
        Self {
            read,
            write,
            stream,
            certificate,
            asks,
            expires,
            due: AtomicI64::new(due),
            made: Instant::now(),
            accepted: AtomicBool::new(false),
            refused: Mutex::new(None),
            replacement: AtomicBool::new(false),
        }
    }

    /// Whether they should be renewed before they are used.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.as_second() >= self.due.load(Ordering::Relaxed)
    }

    /// Puts the renewal off, where they are still good; whether they are.
    pub fn put_off(&self, now: Timestamp) -> bool {
        self.due.store(now.as_second() + PUT_OFF, Ordering::Relaxed);
        self.expires.is_none_or(|at| now < at)
    }

    /// The API server knew who we are.
    pub fn accepted(&self) {
        if !self.accepted.swap(true, Ordering::Relaxed) {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// The API server did not know who we are.
    pub fn refuse(&self, why: &str) {
        self.accepted.store(false, Ordering::Relaxed);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// What the API server said when it did not accept them; None where it does, or has not said.
    pub fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether others may be better once these were refused: not where they have just taken the place of refused ones themselves.
    pub fn is_worth_renewing(&self) -> bool {
        let fresh = self.made.elapsed() < HOPELESS;
        self.accepted.load(Ordering::Relaxed) || !self.replacement.load(Ordering::Relaxed) || !fresh
    }

    /// These came in place of others that were refused.
    pub fn are_a_replacement(&self) {
        self.replacement.store(true, Ordering::Relaxed);
    }
}

/// Reads the kubeconfig, runs the plugin where there is one, and makes clients for the cluster of `known`.
pub(super) async fn make(
    options: &ConnectOptions,
    known: &ContextInfo,
    terminal: Terminal,
    now: Timestamp,
) -> Result<Clients, ConnectError> {
    let Loaded { mut config, info } = kubeconfig::load(options).await?;
    if info.server != known.server {
        let (context, was, now) = (info.name, known.server.clone(), info.server);
        return Err(ConnectError::Moved { context, was, now });
    }
    let asks = exec::may_ask(&config.auth_info);
    let expires = exec::resolve(&mut config.auth_info, &info.user, terminal).await?;
    let certificate = certificate::of(&config.auth_info);
    // kube's own policy would repeat a POST, and would wait for minutes without a word.
    config.default_retry = false;
    // Compression costs the API server more than the wire does when there is hardly a wire.
    config.disable_compression |= info.loopback;
    let mut patient = config.clone();
    patient.read_timeout = None;
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    let context = info.name.clone();
    // Legacy auth providers run commands while a client is built.
    let built = tokio::task::spawn_blocking(move || {
        let read = Client::try_from(config.clone())?;
        let write = Client::try_from(config)?;
        let stream = Client::try_from(patient)?;
        Ok::<_, ::kube::Error>([read, write, stream])
    });
    let settings = |why: String| ConnectError::Settings { context: context.clone(), why };
    match built.await {
        Ok(Ok(clients)) => Ok(Clients::new(clients, certificate, expires, asks, now)),
        Ok(Err(error)) => Err(settings(error.to_string())),
        Err(error) => Err(settings(error.to_string())),
    }
}
