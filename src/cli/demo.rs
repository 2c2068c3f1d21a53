//! `pilothouse demo`: the cockpit on embedded worlds, with every file in a temporary folder.
//!
//! The screen does not wait for a world: its first request does, and a context that nobody opens is never built.

use super::{
    args::{self, Global},
    failure::Failure,
};
use crate::{
    app::{self, Desk},
    config::Paths,
    connect::kube::{Cluster, ContextInfo},
    observe::Scope,
    sim::scenario::Demo,
    time::Clock,
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use kube::client::Body;
use std::{
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tower::ServiceExt as _;

/// The contexts of the demo, the first of them acted on.
const CONTEXTS: [&str; 2] = ["demo", "demo-west"];

/// A world that is built when it is first asked for something.
#[derive(Clone)]
struct Lazy {
    world: Shared<BoxFuture<'static, Result<Arc<Demo>, Arc<str>>>>,
    begun: Arc<AtomicBool>,
}

impl Lazy {
    fn new(folder: &Path, clock: Clock, seed: u64) -> Self {
        let build = Demo::start_within(folder.to_owned(), clock, seed);
        let world = build.map(|built| built.map(Arc::new).map_err(|error| error.to_string().into())).boxed();
        Self { world: world.shared(), begun: Arc::default() }
    }

    async fn get(&self) -> Result<Arc<Demo>, Arc<str>> {
        self.begun.store(true, Ordering::Relaxed);
        self.world.clone().await
    }

    /// A cluster whose requests wait for the world.
    fn cluster(&self, name: &str, namespace: &str, clock: &Clock) -> Cluster {
        let lazy = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let lazy = lazy.clone();
            async move {
                let demo = lazy.get().await.map_err(|why| std::io::Error::other(why.to_string()))?;
                let answer = demo.world.service().oneshot(request).await;
                answer.map_err(|never| -> std::io::Error { match never {} })
            }
        });
        let info = ContextInfo {
            name: name.into(),
            server: format!("https://{name}.invalid"),
            namespace: namespace.into(),
            user: "admin".into(),
            loopback: true,
        };
        Cluster::in_process(kube::Client::new(service, namespace), info, clock.clone())
    }

    /// Waits for a world that is being built, so that nothing is written any more.
    async fn rest(&self) {
        if self.begun.load(Ordering::Relaxed) {
            let _ = self.world.clone().await; // whether it could be built matters to nobody any more
        }
    }
}

/// Opens the cockpit.
///
/// # Errors
/// When there is no temporary folder or no terminal.
pub async fn run(global: &Global, arguments: &args::Demo) -> Result<ExitCode, Failure> {
    let clock = Clock::System;
    let folder = tempfile::Builder::new()
        .prefix("pilothouse-demo-")
        .tempdir()
        .map_err(|e| Failure::internal("make a temporary folder for the demo", e))?;
    let desk = Desk::set_up(&Paths::under(folder.path()), clock.clone(), global.read_only).without_views();
    let desk = match Paths::find() {
        Some(paths) => desk.looking_like(&paths.config),
        None => desk,
    };
    let desk = Arc::new(desk.on_terminal(global.ascii, global.no_mouse));
    let namespaces = global.namespaces();
    let namespace = namespaces.first().cloned().unwrap_or_else(|| "default".into());
    let worlds: Vec<Lazy> =
        (0..).zip(CONTEXTS).map(|(at, _)| Lazy::new(folder.path(), clock.clone(), arguments.seed + at)).collect();
    let clusters = CONTEXTS.iter().zip(&worlds).map(|(name, world)| world.cluster(name, &namespace, &clock)).collect();
    let scope = if namespaces.is_empty() { Scope::All } else { Scope::Namespaces(namespaces) };
    let outcome = app::embedded(desk, clusters, scope).await;
    for world in &worlds {
        world.rest().await;
    }
    Ok(outcome?)
}
