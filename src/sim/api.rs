//! The embedded world's API server: one request in, one response out, over no matter which connection.
//!
//! Invariant: the order is the real one: who is it, may they, does a fault strike, then the verb. Nothing here keeps state of
//! its own; what is answered comes from the store.

pub mod path;

mod apply;
mod body;
mod chatter;
mod conform;
mod discovery;
mod log;
mod metrics;
mod openapi;
mod patch;
mod pod_actions;
mod protobuf;
mod read;
mod reply;
mod reviews;
mod scale;
mod spelling;
mod strategic;
mod watch;
mod write;

use super::{
    access::{ADMIN, ANONYMOUS, Access, Action, User},
    faults::{Failure, Faults},
    managed::Author,
    resource::resources,
    status::{Cause, Status},
    store::Store,
};
use bytes::Bytes;
use http::{Method, header};
use http_body_util::BodyExt;
use path::{Query, Target, Verb};
use reply::Form;
pub use reply::{Body, Response};

/// The API server of one world. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    store: Store,
    access: Access,
    faults: Faults,
    /// Who a request without credentials comes from.
    unnamed: User,
}

/// One request that passed the door.
struct Call {
    store: Store,
    access: Access,
    faults: Faults,
    user: User,
    verb: Verb,
    target: Target,
    query: Query,
    form: Form,
    content_type: String,
    body: Bytes,
}

impl Server {
    /// A server to which a request without credentials is `system:anonymous`.
    pub fn new(store: Store, access: Access, faults: Faults) -> Self {
        Self { store, access, faults, unnamed: User::anonymous() }
    }

    /// The same server, but a request without credentials is the administrator's: for use in process.
    pub fn trusting(&self) -> Self {
        Self { unnamed: User::trusted(ADMIN), ..self.clone() }
    }

    /// The same server, but a request without credentials is this user's.
    pub fn acting_as(&self, user: &str) -> Self {
        Self { unnamed: User::trusted(user), ..self.clone() }
    }

    /// Answers a request. Never fails: what goes wrong is an answer too.
    pub async fn handle<B>(&self, request: http::Request<B>) -> Response
    where
        B: http_body::Body<Data = Bytes>,
    {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return reply::status(&Status::bad_request("the request body ended early"), None);
        };
        let latency = self.faults.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match self.answer(&head, body).await {
            Ok(response) => response,
            Err((status, retry_after)) => reply::status(&status, retry_after),
        }
    }

    fn authenticate(&self, headers: &http::HeaderMap) -> Result<User, Status> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(self.unnamed.clone()) };
        let token = value.to_str().ok().and_then(|v| v.strip_prefix("Bearer "));
        token
            .and_then(|t| self.access.user_of(t.trim()))
            .ok_or_else(|| Status::new(401, "Unauthorized", "Unauthorized"))
    }

    /// Whom the request is to be taken for: `Impersonate-User` and `Impersonate-Group`, for those who may.
    fn acts(&self, user: User, headers: &http::HeaderMap) -> Result<User, Status> {
        let all = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
        };
        let groups = all("impersonate-group");
        let Some(wanted) = all("impersonate-user").into_iter().next() else {
            let nobody = "requested [{Group  }] without impersonating a user";
            return if groups.is_empty() { Ok(user) } else { Err(Status::new(500, "InternalError", nobody)) };
        };
        let asked = [("users", &wanted)].into_iter().chain(groups.iter().map(|g| ("groups", g)));
        for (resource, name) in asked {
            let action = Action { verb: "impersonate", group: "", resource, namespace: "", name };
            if !self.access.allows(&user, &action) {
                let why = format!(
                    "{resource} {name:?} is forbidden: User {:?} cannot impersonate resource {resource:?} in API group \"\" at the cluster scope",
                    user.name
                );
                let details = serde_json::json!({ "name": name, "kind": resource });
                return Err(Status::new(403, "Forbidden", why).detailed(details));
            }
        }
        Ok(User::impersonated(&wanted, groups))
    }

    async fn answer(&self, head: &http::request::Parts, body: Bytes) -> Result<Response, (Status, Option<u32>)> {
        let user = self.authenticate(&head.headers).and_then(|user| self.acts(user, &head.headers)).map_err(plain)?;
        let text = |name| head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let (path, accept) = (head.uri.path(), text(header::ACCEPT));
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let Some(target) = path::target(path) else {
            if user.name == ANONYMOUS && !discovery::is_public(path) {
                let method = head.method.as_str().to_lowercase();
                let why = format!("forbidden: User \"{ANONYMOUS}\" cannot {method} path \"{path}\"");
                return Err(plain(Status::new(403, "Forbidden", why)));
            }
            let document = if head.method == Method::GET { discovery::document(path, &accept) } else { None };
            let known = path.starts_with("/api/") || path.starts_with("/apis/");
            if document.is_none() && !known {
                return Ok(reply::bytes(404, "text/plain; charset=utf-8", "404 page not found\n"));
            }
            let missing = Status::new(404, "NotFound", "the server could not find the requested resource");
            return document.ok_or_else(|| plain(missing.detailed(serde_json::json!({}))));
        };
        let verb = verb(&head.method, &target, &query).ok_or_else(|| plain(Status::method_not_allowed()))?;
        let form = Form::of(&accept, &query);
        if let Some(odd) = query.all("dryRun").find(|v| !matches!(*v, "" | "All")) {
            let options = match verb {
                Verb::Create => "CreateOptions",
                Verb::Update => "UpdateOptions",
                Verb::Patch => "PatchOptions",
                _ => "DeleteOptions",
            };
            let cause = Cause::unsupported("dryRun", &serde_json::json!([odd]), &["All"]);
            return Err(plain(Status::invalid_options(options, &cause)));
        }
        let agent = text(header::USER_AGENT);
        let manager = query.get("fieldManager").or(agent.split('/').next().filter(|name| !name.is_empty()));
        let author =
            Author { manager: manager.unwrap_or("unknown").to_owned(), subresource: target.subresource.clone() };
        let store = self.store.signed(author);
        let call = Call {
            store: if query.all("dryRun").any(|v| v == "All") { store.dry_run() } else { store },
            access: self.access.clone(),
            faults: self.faults.clone(),
            content_type: text(header::CONTENT_TYPE),
            user,
            verb,
            target,
            query,
            form,
            body,
        };
        let open_to_all = call.target.resource.virtual_only && call.user.name != ANONYMOUS;
        if !open_to_all && let Some(why) = self.access.refusal(&call.user, verb, &call.target) {
            return Err(plain(Status::forbidden(call.target.resource, call.target.name(), &why)));
        }
        match self.faults.strike(verb, &call.target) {
            Some(Failure::Refuse(status, retry_after)) => Err((status, retry_after)),
            Some(Failure::Disguise(status)) => {
                call.run().await.map_err(plain)?;
                Err(plain(status))
            }
            Some(Failure::Cut) => Ok(reply::half(call.run().await.map_err(plain)?).await),
            None => {
                let response = call.run().await.map_err(plain)?;
                let old = (call.target.resource == &resources::ENDPOINTS)
                    .then(|| "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned());
                Ok(reply::with_warnings(response, old.as_slice()))
            }
        }
    }
}

fn plain(status: Status) -> (Status, Option<u32>) {
    (status, None)
}

/// The verb of a method on a target; `None` when there is no such thing.
fn verb(method: &Method, target: &Target, query: &Query) -> Option<Verb> {
    let collection = target.name.is_none();
    match *method {
        Method::GET if collection && query.flag("watch") => Some(Verb::Watch),
        Method::GET if collection => Some(Verb::List),
        Method::GET => Some(Verb::Get),
        Method::POST if collection || target.subresource.is_some() => Some(Verb::Create),
        Method::PUT if !collection => Some(Verb::Update),
        Method::PATCH if !collection => Some(Verb::Patch),
        Method::DELETE if collection => Some(Verb::DeleteCollection),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    }
}

impl Call {
    async fn run(&self) -> Result<Response, Status> {
        let r = self.target.resource;
        if r.virtual_only {
            return if self.verb == Verb::Create { reviews::answer(self) } else { Err(Status::method_not_allowed()) };
        }
        if r.measured {
            return metrics::answer(self);
        }
        if let Some(spelling) = spelling::Spelling::of(r).filter(|_| self.verb != Verb::Watch) {
            return spelling.answer(self);
        }
        match (self.target.subresource.as_deref(), self.verb) {
            (None | Some("status"), Verb::Get) => read::get(self),
            (None, Verb::List) => read::list(self),
            (None, Verb::Watch) => watch::watch(self),
            (None, Verb::Create) => write::create(self),
            (None | Some("status" | "finalize"), Verb::Update) => write::replace(self),
            (None | Some("status"), Verb::Patch) => patch::patch(self),
            (None, Verb::Delete) => write::delete(self),
            (None, Verb::DeleteCollection) => write::delete_collection(self),
            (Some("scale"), verb) => scale::scale(self, verb),
            (Some("log"), Verb::Get) => log::log(self).await,
            (Some("eviction"), Verb::Create) => pod_actions::evict(self),
            (Some("binding"), Verb::Create) => pod_actions::bind(self),
            _ => Err(Status::method_not_allowed()),
        }
    }
}
