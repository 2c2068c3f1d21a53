//! Sending requests with credentials that are fetched when the first request needs them, and renewed when they expire or the
//! API server answers 401.
//!
//! Invariant: a request is sent once; the one exception is a 401, which says that nothing was done. Credentials of another
//! cluster are never taken in: where the kubeconfig gives the context another server, requests fail and say so.

use super::{
    ApiError, ApiErrorKind, ConnectError, ConnectOptions, ContextInfo,
    clients::{self, Clients},
    exec::Terminal,
    kubeconfig, words,
};
use crate::{model::Login, time::Clock};
use ::kube::{Client, client::Body, core::Status};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// A connection that stays silent this long is given up, except a stream's.
pub(super) const SILENCE: Duration = Duration::from_secs(45);
/// How long a failed attempt to get credentials counts: a plugin is not run for every request that waits.
const AGAIN: Duration = Duration::from_secs(30);

/// Which of the clients a request goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Read,
    Write,
    Stream,
}

enum Source {
    /// The options are read again, so that a renewed token file or certificate counts.
    Options(ConnectOptions),
    Fixed,
}

/// Whether requests can be sent.
#[derive(Clone)]
enum Door {
    /// Nobody has asked yet.
    Untried,
    Open(Arc<Clients>),
    /// There are no credentials.
    Shut {
        error: ConnectError,
        at: Instant,
    },
}

pub(super) struct Session {
    source: Source,
    info: ContextInfo,
    clock: Clock,
    door: RwLock<Door>,
    /// Counts the requests for which no connection could be made.
    unreached: watch::Sender<u64>,
    /// Held by whoever fetches credentials, so that all who need them wait for one attempt.
    turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("context", &self.info.name).finish_non_exhaustive()
    }
}

impl Session {
    /// Reads the kubeconfig. Credentials are fetched when the first request needs them.
    pub fn prepare(options: &ConnectOptions, clock: Clock) -> Result<Self, ConnectError> {
        let info = kubeconfig::locate(options)?;
        // A renewal must come back to this context even if somebody selects another one meanwhile.
        let context = (info.name != "in-cluster").then(|| info.name.clone()).or_else(|| options.context.clone());
        let options = ConnectOptions { context, ..options.clone() };
        Ok(Self::new(Source::Options(options), Door::Untried, info, clock))
    }

    pub fn fixed(client: Client, info: ContextInfo, clock: Clock) -> Self {
        let clients = Clients::fixed(client, clock.now());
        Self::new(Source::Fixed, Door::Open(Arc::new(clients)), info, clock)
    }

    fn new(source: Source, door: Door, info: ContextInfo, clock: Clock) -> Self {
        let turn = tokio::sync::Mutex::new(());
        Self { source, info, clock, door: RwLock::new(door), unreached: watch::Sender::new(0), turn }
    }

    pub fn info(&self) -> &ContextInfo {
        &self.info
    }

    /// What the connection was made by; None inside this process.
    pub fn options(&self) -> Option<&ConnectOptions> {
        match &self.source {
            Source::Options(options) => Some(options),
            Source::Fixed => None,
        }
    }

    pub fn unreached(&self) -> watch::Receiver<u64> {
        self.unreached.subscribe()
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn door(&self) -> Door {
        self.door.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, door: Door) {
        *self.door.write().unwrap_or_else(PoisonError::into_inner) = door;
    }

    /// The namespaces that were named for this cluster, this context's own first.
    pub fn named_namespaces(&self) -> Vec<String> {
        let mut names = vec![self.info.namespace.clone()];
        if let Source::Options(options) = &self.source {
            names.extend(options.candidates.iter().cloned());
            names.extend(kubeconfig::namespaces_at(options, &self.info.server));
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// How the credentials stand.
    pub fn login(&self) -> Login {
        match self.door() {
            Door::Untried => Login::Pending,
            Door::Open(clients) => match clients.refused() {
                Some(why) => {
                    let hint = Some("log in again, as your cluster's documentation says".to_owned());
                    Login::Needed { why, hint, asks: clients.asks }
                }
                None => Login::Granted { certificate: clients.certificate },
            },
            Door::Shut { error, .. } => {
                let asks = matches!(error, ConnectError::Plugin { asks: true, .. });
                Login::Needed { why: error.to_string(), hint: error.hint(), asks }
            }
        }
    }

    /// Gets credentials now, whatever was tried before; `terminal` is whether the plugin may ask on it.
    pub async fn log_in(&self, terminal: Terminal) -> Result<(), ConnectError> {
        let Source::Options(options) = &self.source else { return Ok(()) };
        let _turn = self.turn.lock().await;
        self.fetch(options, terminal).await.map(drop)
    }

    /// What was granted no longer counts: the next request fetches credentials anew.
    pub fn forget_login(&self) {
        if matches!(self.source, Source::Options(_)) {
            self.set(Door::Untried);
        }
    }

    /// Reads the kubeconfig and makes clients. Whoever calls this has the turn.
    async fn fetch(&self, options: &ConnectOptions, terminal: Terminal) -> Result<Arc<Clients>, ConnectError> {
        match clients::make(options, &self.info, terminal, self.clock.now()).await {
            Ok(clients) => {
                let clients = Arc::new(clients);
                self.set(Door::Open(clients.clone()));
                Ok(clients)
            }
            Err(error) => {
                self.set(Door::Shut { error: error.clone(), at: Instant::now() });
                Err(error)
            }
        }
    }

    /// Clients that may be used: those there are, or new ones where there are none or theirs expire.
    async fn clients(&self) -> Result<Arc<Clients>, ConnectError> {
        let came = Instant::now();
        match self.door() {
            Door::Open(clients) if !clients.is_due(self.clock.now()) => return Ok(clients),
            Door::Shut { error, at } if at.elapsed() < AGAIN => return Err(error),
            Door::Open(_) | Door::Shut { .. } | Door::Untried => {}
        }
        let Source::Options(options) = &self.source else { return Err(self.unasked()) };
        let _turn = self.turn.lock().await;
        let before = match self.door() {
            Door::Open(clients) if !clients.is_due(self.clock.now()) => return Ok(clients),
            // Somebody else tried while we waited.
            Door::Shut { error, at } if at >= came => return Err(error),
            Door::Open(clients) => Some(clients),
            Door::Shut { .. } | Door::Untried => None,
        };
        let fetched = self.fetch(options, Terminal::Kept).await;
        match (fetched, before) {
            // What is to expire soon is still good: it serves until it is not, and the plugin is asked again meanwhile.
            (Err(_), Some(clients)) if clients.put_off(self.clock.now()) => {
                self.set(Door::Open(clients.clone()));
                Ok(clients)
            }
            (fetched, _) => fetched,
        }
    }

    /// New clients in place of `used`, which were answered 401; None where there is no hope in asking again so soon.
    async fn after_refusal(&self, used: &Arc<Clients>) -> Result<Option<Arc<Clients>>, ConnectError> {
        let Source::Options(options) = &self.source else { return Ok(None) };
        let came = Instant::now();
        let _turn = self.turn.lock().await;
        match self.door() {
            Door::Open(now) if !Arc::ptr_eq(&now, used) => return Ok(Some(now)),
            Door::Shut { error, at } if at >= came => return Err(error),
            Door::Open(_) | Door::Shut { .. } | Door::Untried => {}
        }
        if !used.is_worth_renewing() {
            return Ok(None);
        }
        let renewed = self.fetch(options, Terminal::Kept).await?;
        renewed.are_a_replacement();
        Ok(Some(renewed))
    }

    /// A fixed client has nothing that expires, so nobody gets here.
    fn unasked(&self) -> ConnectError {
        ConnectError::Settings { context: self.info.name.clone(), why: "there are no credentials to renew".into() }
    }

    /// Sends one request and returns a successful answer, its body not yet read.
    pub async fn send(&self, lane: Lane, request: Request<Bytes>, action: &str) -> Result<Response<Body>, ApiError> {
        let unauthorized = |error: ConnectError| {
            // A plugin's own words say what to do; anything else is said with what helps.
            let told = matches!(error, ConnectError::Plugin { .. });
            let hint = error.hint().filter(|_| !told).map(|hint| format!(" ({hint})")).unwrap_or_default();
            ApiError::new(ApiErrorKind::Unauthorized, action, format!("{error}{hint}"))
        };
        let mut clients = self.clients().await.map_err(unauthorized)?;
        let mut response = self.once(lane, &clients, &request, action).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(renewed) = self.after_refusal(&clients).await.map_err(unauthorized)?
        {
            clients = renewed;
            response = self.once(lane, &clients, &request, action).await?;
        }
        if response.status() != StatusCode::UNAUTHORIZED {
            clients.accepted();
        }
        if response.status().is_success() {
            return Ok(response);
        }
        let error = self.refused(lane, response, action).await;
        if error.kind == ApiErrorKind::Unauthorized {
            clients.refuse(&format!("{} does not accept the credentials: {}", self.info.server, error.message));
        }
        Err(error)
    }

    async fn once(
        &self,
        lane: Lane,
        clients: &Clients,
        request: &Request<Bytes>,
        action: &str,
    ) -> Result<Response<Body>, ApiError> {
        let client = match lane {
            Lane::Read => &clients.read,
            Lane::Write => &clients.write,
            Lane::Stream => &clients.stream,
        };
        let request = request.clone().map(Body::from);
        match tokio::time::timeout(SILENCE, client.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.lost(lane, &error, action)),
            Err(_) => {
                let kind = if lane == Lane::Write { ApiErrorKind::Unknown } else { ApiErrorKind::Unreachable };
                let message = format!("{} did not answer within {} s", self.info.server, SILENCE.as_secs());
                Err(ApiError::new(kind, action, message))
            }
        }
    }

    /// Reads the rest of an answer.
    pub async fn body(&self, lane: Lane, response: Response<Body>, action: &str) -> Result<Bytes, ApiError> {
        match response.into_body().collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) => Err(self.lost(lane, &error, action)),
        }
    }

    /// The connection failed: before anything was sent, or maybe after.
    fn lost(&self, lane: Lane, error: &(dyn std::error::Error + 'static), action: &str) -> ApiError {
        let mut connecting = false;
        let mut next = Some(error);
        while let Some(error) = next {
            connecting |= error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|e| e.is_connect());
            next = error.source();
        }
        let kind = match lane {
            Lane::Write if !connecting => ApiErrorKind::Unknown,
            _ => ApiErrorKind::Unreachable,
        };
        if connecting {
            self.unreached.send_modify(|times| *times += 1);
        }
        let what = if connecting { "cannot be reached" } else { "broke the connection" };
        ApiError::new(kind, action, format!("{} {what}: {}", self.info.server, words::of(error)))
    }

    async fn refused(&self, lane: Lane, response: Response<Body>, action: &str) -> ApiError {
        let code = response.status().as_u16();
        let waits = retry_after(response.headers());
        let body = self.body(lane, response, action).await.unwrap_or_default();
        // Proxies and load balancers answer in text or HTML.
        let status = serde_json::from_slice::<Status>(&body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&body);
            Status::failure(if text.trim_start().starts_with('<') { "" } else { text.trim() }, "")
        });
        let mut error = ApiError::from_status(action, code, &status);
        error.retry_after = error.retry_after.or(waits);
        if lane == Lane::Write && matches!(code, 500 | 502 | 503 | 504) && error.kind == ApiErrorKind::Other {
            error.kind = ApiErrorKind::Unknown;
        }
        error
    }
}

/// `Retry-After` in seconds; the date form is not used by API servers.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
