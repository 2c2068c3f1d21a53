//! Credentials and HTTP clients, renewed when they expire or the API server answers 401.
//!
//! Invariant: a request is sent once; the one exception is a 401, which says that nothing was done.

use super::{
    ApiError, ApiErrorKind, ConnectError, ConnectOptions, ContextInfo, exec,
    kubeconfig::{self, Loaded},
};
use crate::time::Clock;
use ::kube::{Client, client::Body, core::Status};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// A connection that stays silent this long is given up, except a stream's.
const SILENCE: Duration = Duration::from_secs(45);
/// Credentials are renewed this long before they expire.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// Which of the clients a request goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Read,
    Write,
    Stream,
}

struct Clients {
    read: Client,
    write: Client,
    stream: Client,
    expires: Option<Timestamp>,
}

enum Source {
    /// The options are read again, so that a renewed token file or certificate counts.
    Options(ConnectOptions),
    Fixed,
}

pub(super) struct Session {
    source: Source,
    info: ContextInfo,
    clock: Clock,
    clients: RwLock<Arc<Clients>>,
    renewing: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("context", &self.info.name).finish_non_exhaustive()
    }
}

impl Session {
    pub async fn connect(options: &ConnectOptions, clock: Clock) -> Result<Self, ConnectError> {
        let (clients, info) = prepare(options).await?;
        // A renewal must come back to this context even if somebody selects another one meanwhile.
        let context = (info.name != "in-cluster").then(|| info.name.clone()).or_else(|| options.context.clone());
        let options = ConnectOptions { context, ..options.clone() };
        Ok(Self {
            source: Source::Options(options),
            info,
            clock,
            clients: RwLock::new(Arc::new(clients)),
            renewing: tokio::sync::Mutex::new(()),
        })
    }

    pub fn fixed(client: Client, info: ContextInfo, clock: Clock) -> Self {
        let clients = Clients { read: client.clone(), write: client.clone(), stream: client, expires: None };
        Self {
            source: Source::Fixed,
            info,
            clock,
            clients: RwLock::new(Arc::new(clients)),
            renewing: tokio::sync::Mutex::new(()),
        }
    }

    pub fn info(&self) -> &ContextInfo {
        &self.info
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn clients(&self) -> Arc<Clients> {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes new clients unless somebody else already replaced `used`.
    async fn renew(&self, used: &Arc<Clients>) -> Result<Arc<Clients>, ConnectError> {
        let Source::Options(options) = &self.source else { return Ok(used.clone()) };
        let _turn = self.renewing.lock().await;
        let now = self.clients();
        if !Arc::ptr_eq(&now, used) {
            return Ok(now);
        }
        let renewed = Arc::new(prepare(options).await?.0);
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
        Ok(renewed)
    }

    /// Sends one request and returns a successful answer, its body not yet read.
    pub async fn send(&self, lane: Lane, request: Request<Bytes>, action: &str) -> Result<Response<Body>, ApiError> {
        let unauthorized = |error: ConnectError| {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            ApiError::new(ApiErrorKind::Unauthorized, action, format!("{error}{hint}"))
        };
        let mut clients = self.clients();
        let expired = |clients: &Clients| clients.expires.is_some_and(|at| self.clock.now() + EARLY >= at);
        if expired(&clients) {
            clients = self.renew(&clients).await.map_err(unauthorized)?;
        }
        let mut response = self.once(lane, &clients, &request, action).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let renewed = self.renew(&clients).await.map_err(unauthorized)?;
            if !Arc::ptr_eq(&renewed, &clients) {
                response = self.once(lane, &renewed, &request, action).await?;
            }
        }
        if response.status().is_success() { Ok(response) } else { Err(self.refused(lane, response, action).await) }
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
        let cause = crate::connect::innermost(error);
        let kind = match lane {
            Lane::Write if !connecting => ApiErrorKind::Unknown,
            _ => ApiErrorKind::Unreachable,
        };
        let what = if connecting { "cannot be reached" } else { "broke the connection" };
        ApiError::new(kind, action, format!("{} {what}: {}", self.info.server, super::error::without_dumps(&cause)))
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

async fn prepare(options: &ConnectOptions) -> Result<(Clients, ContextInfo), ConnectError> {
    let Loaded { mut config, info } = kubeconfig::load(options).await?;
    let expires = exec::resolve(&mut config.auth_info, &info.user).await?;
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
        Ok::<_, ::kube::Error>((read, write, stream))
    });
    let settings = |why: String| ConnectError::Settings { context: context.clone(), why };
    match built.await {
        Ok(Ok((read, write, stream))) => Ok((Clients { read, write, stream, expires }, info)),
        Ok(Err(error)) => Err(settings(error.to_string())),
        Err(error) => Err(settings(error.to_string())),
    }
}
