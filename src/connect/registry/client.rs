//! Requests to one repository of a registry, with whatever credentials it asks for.

use super::{
    PATIENCE, RegistryError,
    challenge::Challenge,
    credentials::{Credentials, credentials},
};
use crate::connect::{innermost, is_loopback};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Client, Method, Response, StatusCode, Url, header};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::sleep;

/// Docker's own registry, under the name that answers requests.
const HUB: &str = "registry-1.docker.io";
/// Tags asked for at once; registries may give fewer.
const PAGE: usize = 1000;
/// More tags than this are not listed.
pub(super) const MOST_TAGS: usize = 50_000;
/// More than this is no answer to anything that is asked here.
const MOST_BYTES: usize = 8 << 20;
/// How long it is waited for, where a registry was asked too often, before that is told instead.
const LONGEST_WAIT: u64 = 3;

/// One repository of a registry.
#[derive(Debug)]
pub struct Registry {
    http: Client,
    name: String,
    base: Url,
    path: String,
    /// The header that was accepted last.
    authorization: Mutex<Option<String>>,
}

/// An answer: what it is, and where the next page is.
pub(super) struct Answer {
    pub body: Vec<u8>,
    pub digest: Option<String>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Tags {
    // Some registries say null where there are none.
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// The repository as an image reference writes it: `registry.example.com:5000/team/app`, `nginx`.
    ///
    /// # Errors
    /// When no client can be built.
    pub fn of(repository: &str) -> Result<Self, RegistryError> {
        let (name, path) = match repository.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => ("docker.io", repository.to_owned()),
            None => ("docker.io", format!("library/{repository}")),
        };
        let is_hub = matches!(name, "docker.io" | "index.docker.io");
        let path = if is_hub && !path.contains('/') { format!("library/{path}") } else { path };
        let host = if is_hub { HUB } else { name };
        let wrong = |why: String| RegistryError::Unreachable { registry: name.to_owned(), why };
        let scheme = if is_local(host) { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/")).map_err(|error| wrong(error.to_string()))?;
        // The HTTP client takes whatever provider the process has; without one it could not be built.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .user_agent(concat!("pilothouse/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| wrong(innermost(&error)))?;
        Ok(Self { http, name: name.to_owned(), base, path, authorization: Mutex::default() })
    }

    /// The registry's name, as operators know it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every tag of the repository, in no order, and whether there are more than are listed.
    ///
    /// # Errors
    /// As the registry answers.
    pub async fn tags(&self) -> Result<(Vec<String>, bool), RegistryError> {
        let mut found = BTreeSet::new();
        let mut next = self.url(&format!("tags/list?n={PAGE}"))?;
        loop {
            let answer = self.get(next.clone(), "application/json").await?.ok_or_else(|| self.no_repository())?;
            let page: Tags = serde_json::from_slice(&answer.body)
                .map_err(|error| self.unreachable(format!("its list of tags is not understood: {error}")))?;
            let before = found.len();
            found.extend(page.tags.unwrap_or_default());
            let Some(link) = answer.next else { return Ok((found.into_iter().collect(), false)) };
            // A page without a new tag would go on for ever.
            if found.len() >= MOST_TAGS || found.len() == before {
                let more = found.len() >= MOST_TAGS;
                return Ok((found.into_iter().take(MOST_TAGS).collect(), more));
            }
            let link = next.join(&link).map_err(|error| self.unreachable(error.to_string()))?;
            // Credentials are sent along: to the same registry only.
            if (link.scheme(), link.host_str(), link.port()) != (next.scheme(), next.host_str(), next.port()) {
                return Err(self.unreachable(format!("the next page of its tags is elsewhere: {link}")));
            }
            next = link;
        }
    }

    pub(super) fn url(&self, rest: &str) -> Result<Url, RegistryError> {
        self.base.join(&format!("{}/{rest}", self.path)).map_err(|error| self.unreachable(error.to_string()))
    }

    /// An answer; None for what is not there.
    pub(super) async fn get(&self, url: Url, accept: &str) -> Result<Option<Answer>, RegistryError> {
        self.ask(Method::GET, url, accept).await
    }

    pub(super) async fn ask(&self, method: Method, url: Url, accept: &str) -> Result<Option<Answer>, RegistryError> {
        let (mut authorized, mut waited) = (false, false);
        loop {
            let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut request = self.http.request(method.clone(), url.clone()).header(header::ACCEPT, accept);
            if let Some(known) = known {
                request = request.header(header::AUTHORIZATION, known);
            }
            let response = request.send().await.map_err(|error| self.unreachable(innermost(&error)))?;
            match response.status() {
                StatusCode::UNAUTHORIZED if !authorized => {
                    authorized = true;
                    self.authorize(&response).await?;
                }
                StatusCode::UNAUTHORIZED => return Err(self.unauthorized(&credentials(&self.name).await)),
                StatusCode::FORBIDDEN => return Err(self.forbidden(&self.read(response).await.unwrap_or_default())),
                StatusCode::NOT_FOUND => return Ok(None),
                StatusCode::TOO_MANY_REQUESTS => {
                    let after = retry_after(&response);
                    if waited || after.unwrap_or(1) > LONGEST_WAIT {
                        return Err(RegistryError::TooManyRequests { registry: self.name.clone(), after });
                    }
                    waited = true;
                    sleep(Duration::from_secs(after.unwrap_or(1))).await;
                }
                status if status.is_success() => {
                    let text = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
                    let (digest, next) = (text("docker-content-digest"), text("link").as_deref().and_then(next_link));
                    return Ok(Some(Answer { body: self.read(response).await?, digest, next }));
                }
                status => return Err(self.unreachable(format!("it answers {status}"))),
            }
        }
    }

    /// A body, as long as it is no longer than an answer may be.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(innermost(&error)))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(self.unreachable(format!("its answer is longer than {MOST_BYTES} bytes")));
            }
        }
        Ok(body)
    }

    /// Gets what a 401 asks for.
    async fn authorize(&self, refused: &Response) -> Result<(), RegistryError> {
        let known = credentials(&self.name).await;
        let headers = refused.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let challenges: Vec<Challenge> = headers.filter_map(|header| Challenge::parse(header.to_str().ok()?)).collect();
        let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        let authorization = match (bearer.or(challenges.first()), &known) {
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                let default = || format!("repository:{}:pull", self.path);
                let scope = scope.clone().unwrap_or_else(default);
                format!("Bearer {}", self.token(realm, service.as_deref(), &scope, &known).await?)
            }
            (Some(Challenge::Basic), Credentials::Basic(user, password)) => basic(user, password),
            _ => return Err(self.unauthorized(&known)),
        };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization);
        Ok(())
    }

    /// A token of the server that the registry names.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        known: &Credentials,
    ) -> Result<String, RegistryError> {
        let mut url = Url::parse(realm).map_err(|error| self.unreachable(format!("its realm {realm}: {error}")))?;
        if url.scheme() != "https" && !url.host_str().is_some_and(is_local) {
            return Err(self.unreachable(format!("its tokens are given at {realm}, without TLS")));
        }
        let request = match known {
            Credentials::Identity(token) => {
                let mut form = Url::parse("http://form/").map_err(|error| self.unreachable(error.to_string()))?;
                let fields = [("grant_type", "refresh_token"), ("client_id", "pilothouse"), ("refresh_token", token)];
                form.query_pairs_mut().extend_pairs(fields).append_pair("scope", scope);
                service.map(|service| form.query_pairs_mut().append_pair("service", service).finish().to_owned());
                let kind = "application/x-www-form-urlencoded";
                let body = form.query().unwrap_or_default().to_owned();
                self.http.post(url).header(header::CONTENT_TYPE, kind).body(body)
            }
            Credentials::Basic(..) | Credentials::Anonymous(_) => {
                url.query_pairs_mut().append_pair("scope", scope);
                service.map(|service| url.query_pairs_mut().append_pair("service", service).finish().to_owned());
                let request = self.http.get(url);
                match known {
                    Credentials::Basic(user, password) => request.header(header::AUTHORIZATION, basic(user, password)),
                    _ => request,
                }
            }
        };
        let response = request.send().await.map_err(|error| self.unreachable(innermost(&error)))?;
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => Err(self.unauthorized(known)),
            StatusCode::TOO_MANY_REQUESTS => {
                let after = retry_after(&response);
                Err(RegistryError::TooManyRequests { registry: self.name.clone(), after })
            }
            status if status.is_success() => {
                let body = self.read(response).await?;
                let token: Option<Token> = serde_json::from_slice(&body).ok();
                let token =
                    token.and_then(|token| token.token.or(token.access_token)).filter(|token| !token.is_empty());
                token.ok_or_else(|| self.unreachable(format!("{realm} gives no token")))
            }
            status => Err(self.unreachable(format!("{realm} answers {status}"))),
        }
    }

    pub(super) fn unreachable(&self, why: String) -> RegistryError {
        RegistryError::Unreachable { registry: self.name.clone(), why: why.chars().take(200).collect() }
    }

    fn no_repository(&self) -> RegistryError {
        RegistryError::NoRepository { registry: self.name.clone(), repository: self.path.clone() }
    }

    fn unauthorized(&self, known: &Credentials) -> RegistryError {
        let (stored, note) = match known {
            Credentials::Anonymous(note) => (None, note.clone()),
            Credentials::Basic(user, _) => (Some(user.clone()), None),
            Credentials::Identity(_) => (Some("an identity token".into()), None),
        };
        RegistryError::Unauthorized { registry: self.name.clone(), stored, note }
    }

    fn forbidden(&self, body: &[u8]) -> RegistryError {
        let told: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let said = told.as_ref().and_then(|told| told["errors"][0]["message"].as_str());
        let note = said.map(|said| said.chars().take(120).collect());
        RegistryError::Forbidden { registry: self.name.clone(), repository: self.path.clone(), note }
    }
}

fn is_local(host: &str) -> bool {
    let port = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    is_loopback(host.rsplit_once(':').filter(|(_, end)| port(end)).map_or(host, |(host, _)| host))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Seconds; where it is a date, nothing.
fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The target of `rel="next"` in a Link header: `</v2/a/tags/list?last=x&n=100>; rel="next"`.
fn next_link(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| target.to_owned())
    })
}
