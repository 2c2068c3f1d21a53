//! The contexts of this process: each with its own connection, watches, backoff and rows, so that a slow or dead cluster never
//! delays another.
//!
//! Invariant: one context is acted on; others are connected to only when they are asked for, and are watched beside it. Which one
//! is acted on changes by the operator's word only, never because the kubeconfig does.

use super::{
    desk::Desk,
    session::{Session, mode},
};
use crate::{
    connect::kube::{Cluster, ConnectError, ConnectOptions, ContextInfo, KnownContexts},
    model::{Batch, ContextView, Fleet as View, Kind, Login, ObjectRef, Rows, Summary, Sync},
    observe::{self, Scope, Watches},
};
use futures::{
    StreamExt as _,
    stream::{BoxStream, SelectAll},
};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Batches of one context that may wait: enough to ride out a slow terminal, not enough to hide one.
const BACKLOG: usize = 256;

/// One context that was opened.
pub struct Link {
    id: u64,
    /// The session with its cluster.
    pub session: Arc<Session>,
    /// Its rows.
    pub rows: Rows,
    watching: Option<Watching>,
}

/// Running watches, and the way into the rows for what is looked at besides.
struct Watching {
    watches: Watches,
    batches: mpsc::Sender<Batch>,
}

/// One context of the kubeconfig.
struct Place {
    info: ContextInfo,
    removed: bool,
    link: Option<Link>,
    /// What the screen was told of it last, and the version of the rows that came from.
    told: Option<(u64, ContextView)>,
}

/// All contexts.
pub struct Fleet {
    desk: Arc<Desk>,
    scope: Scope,
    /// What the kubeconfig said when it was read; None for clusters inside this process.
    known: Option<(ConnectOptions, KnownContexts)>,
    places: Vec<Place>,
    /// The one that is acted on.
    active: usize,
    arriving: SelectAll<BoxStream<'static, (u64, Batch)>>,
    links: u64,
    /// Kinds whose screen was opened.
    wanted: BTreeSet<Kind>,
}

impl Fleet {
    /// The contexts of the kubeconfig; those in `asked` are watched from the start, and the first of them is acted on.
    ///
    /// # Errors
    /// When the kubeconfig names no such cluster.
    pub fn of_kubeconfig(
        desk: Arc<Desk>,
        options: ConnectOptions,
        known: KnownContexts,
        scope: Scope,
        asked: &[String],
    ) -> Result<Self, ConnectError> {
        let places = known.contexts.all.iter().map(|info| Place::new(info.clone())).collect();
        let mut fleet = Self::new(desk, scope, places, Some((options, known)));
        for name in asked.iter().map(|name| Some(name.as_str())).chain(asked.is_empty().then_some(None)) {
            let session = fleet.connect(name)?;
            fleet.adopt(session);
        }
        Ok(fleet)
    }

    /// Clusters inside this process; the first is acted on, the others are not opened yet.
    pub fn of_clusters(desk: Arc<Desk>, scope: Scope, clusters: Vec<Cluster>) -> Self {
        let mut fleet = Self::new(desk, scope, Vec::new(), None);
        for cluster in clusters {
            let session = Arc::new(Session::on(cluster, &fleet.desk));
            let info = session.cluster.info().clone();
            fleet.links += 1;
            let link = Link { id: fleet.links, session, rows: Rows::default(), watching: None };
            fleet.places.push(Place { link: Some(link), ..Place::new(info) });
        }
        fleet.watch_at(0);
        fleet
    }

    fn new(desk: Arc<Desk>, scope: Scope, places: Vec<Place>, known: Option<(ConnectOptions, KnownContexts)>) -> Self {
        Self { desk, scope, known, places, active: 0, arriving: SelectAll::new(), links: 0, wanted: BTreeSet::new() }
    }

    /// What all sessions share.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// What is read to notice that the kubeconfig changed.
    pub fn known(&self) -> Option<&KnownContexts> {
        self.known.as_ref().map(|(_, known)| known)
    }

    /// A session with a context of the kubeconfig; with the selected one where none is named. The network is not reached for yet.
    fn connect(&self, context: Option<&str>) -> Result<Arc<Session>, ConnectError> {
        let options = self.known.as_ref().map(|(options, _)| options.clone()).unwrap_or_default();
        let context = context.map(str::to_owned).or_else(|| options.context.clone());
        let options = self.desk.with_candidates(&ConnectOptions { context, ..options })?;
        let cluster = Cluster::prepare(&options, self.desk.clock.clone())?;
        Ok(Arc::new(Session::on(cluster, &self.desk)))
    }

    /// Takes a session in and watches its cluster. The first one is acted on.
    fn adopt(&mut self, session: Arc<Session>) {
        let info = session.cluster.info().clone();
        self.links += 1;
        let link = Link { id: self.links, session, rows: Rows::default(), watching: None };
        let first = self.places.iter().all(|place| place.link.is_none());
        let at = match self.at(&info.name) {
            Some(at) => {
                self.places[at].link = Some(link);
                at
            }
            // A pod's own service account is in no kubeconfig.
            None => {
                self.places.push(Place { link: Some(link), ..Place::new(info) });
                self.places.len() - 1
            }
        };
        if first {
            self.active = at;
        }
        self.watch_at(at);
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.places.iter().position(|place| place.info.name == name)
    }

    fn watch_at(&mut self, at: usize) {
        let Some(link) = self.places[at].link.as_mut().filter(|link| link.watching.is_none()) else { return };
        let (batches, arriving) = mpsc::channel(BACKLOG);
        let watches = observe::watch(&link.session.cluster, self.scope.clone(), rand::random(), batches.clone());
        link.watching = Some(Watching { watches, batches });
        let id = link.id;
        self.arriving.push(ReceiverStream::new(arriving).map(move |batch| (id, batch)).boxed());
        self.watch_wanted();
    }

    /// The next batch, and whose it is. None only while nothing is watched.
    pub async fn next(&mut self) -> Option<(u64, Batch)> {
        self.arriving.next().await
    }

    /// Takes a batch in; whether it is of the context that is acted on.
    pub fn take(&mut self, (id, batch): (u64, Batch)) -> bool {
        let now = self.desk.clock.now();
        // What was on its way when its link was replaced or given up is of no cluster that is shown.
        let mut links = self.places.iter_mut().enumerate().filter_map(|(at, place)| Some((at, place.link.as_mut()?)));
        let Some((at, link)) = links.find(|(_, link)| link.id == id) else { return false };
        link.rows.apply(batch, now);
        at == self.active
    }

    /// The link that is acted on. There always is one: a fleet is made with it, and it is never given up.
    fn active(&self) -> Option<&Link> {
        self.places.get(self.active)?.link.as_ref()
    }

    /// Watches a kind that is watched only once somebody wants to see it: in the context that is acted on, and in those that will be.
    pub fn want(&mut self, kind: Kind) {
        self.wanted.insert(kind);
        self.watch_wanted();
    }

    /// Samples what the nodes use, once, in the context that is acted on.
    pub fn sample(&self) {
        if let Some(watching) = self.active().and_then(|link| link.watching.as_ref()) {
            watching.watches.sample();
        }
    }

    fn watch_wanted(&self) {
        if let Some(watching) = self.active().and_then(|link| link.watching.as_ref()) {
            self.wanted.iter().for_each(|kind| watching.watches.want(*kind));
        }
    }

    /// The rows of the context that is acted on.
    pub fn rows(&self) -> Option<&Rows> {
        self.active().map(|link| &link.rows)
    }

    /// Whether anything that is acted on is still on its way for the first time.
    pub fn is_loading(&self) -> bool {
        self.rows().is_some_and(|rows| rows.syncs().any(|(_, _, sync)| *sync == Sync::Loading))
    }

    /// The session that is acted on, and the way into its rows.
    pub fn hands(&self) -> Option<(Arc<Session>, mpsc::Sender<Batch>)> {
        let link = self.active()?;
        Some((Arc::clone(&link.session), link.watching.as_ref()?.batches.clone()))
    }

    /// The session with a context, made where there is none yet. It is not watched for that.
    ///
    /// # Errors
    /// When the kubeconfig names no such context.
    pub fn session(&mut self, context: &str) -> Result<Arc<Session>, ConnectError> {
        let place = self.at(context);
        if let Some(link) = place.and_then(|at| self.places[at].link.as_ref()) {
            return Ok(Arc::clone(&link.session));
        }
        let session = self.connect(Some(context))?;
        if let Some(at) = place {
            self.links += 1;
            let link = Link { id: self.links, session: Arc::clone(&session), rows: Rows::default(), watching: None };
            self.places[at].link = Some(link);
        }
        Ok(session)
    }

    /// Watches a context beside the others.
    ///
    /// # Errors
    /// When the kubeconfig names no such context.
    pub fn watch(&mut self, context: &str) -> Result<(), ConnectError> {
        self.session(context)?;
        if let Some(at) = self.at(context) {
            self.watch_at(at);
        }
        Ok(())
    }

    /// Watches a context no more and forgets its rows. The one that is acted on stays.
    pub fn leave(&mut self, context: &str) {
        let Some(at) = self.at(context).filter(|at| *at != self.active) else { return };
        if let Some(link) = &mut self.places[at].link {
            (link.watching, link.rows) = (None, Rows::default());
        }
    }

    /// Acts on a context from now on.
    ///
    /// # Errors
    /// When the kubeconfig names no such context: then nothing changes.
    pub fn enter(&mut self, context: &str) -> Result<(), ConnectError> {
        self.watch(context)?;
        if let Some(at) = self.at(context) {
            self.active = at;
            self.watch_wanted();
        }
        Ok(())
    }

    /// Says which workloads of the active context are on the screen.
    pub fn visible(&self, workloads: Vec<ObjectRef>) {
        if let Some(watching) = self.places[self.active].link.as_ref().and_then(|link| link.watching.as_ref()) {
            watching.watches.visible(workloads);
        }
    }

    /// Everything that is known of all contexts.
    pub fn view(&mut self) -> View {
        self.news();
        View { contexts: self.places.iter().filter_map(|place| Some(place.told.as_ref()?.1.clone())).collect() }
    }

    /// What is known of the contexts of which something else is known than before.
    pub fn news(&mut self) -> Vec<ContextView> {
        let desk = &self.desk;
        self.places.iter_mut().filter_map(|place| place.news(desk)).collect()
    }

    /// Takes over what the kubeconfig says now. A context that leads to another cluster is connected to anew; one whose
    /// credentials changed uses the new ones; one that is gone stays as it is while it is used. Says what it did.
    pub fn reload(&mut self, later: KnownContexts) {
        let Some((_, known)) = &mut self.known else { return };
        let changes = known.changes(&later);
        *known = later;
        let all = known.contexts.all.clone();
        let active = self.places.get(self.active).map(|place| place.info.name.clone());
        for place in &mut self.places {
            place.removed = !all.iter().any(|info| info.name == place.info.name);
        }
        self.places.retain(|place| !place.removed || place.link.is_some());
        for info in all {
            match self.at(&info.name) {
                None => self.places.push(Place::new(info)),
                Some(at) => {
                    let moved = self.places[at].info.server != info.server;
                    let changed = changes.changed.contains(&info.name);
                    self.places[at].info = info;
                    self.renew(at, moved, changed);
                }
            }
        }
        self.active = active.and_then(|name| self.at(&name)).unwrap_or(0);
    }

    fn renew(&mut self, at: usize, moved: bool, changed: bool) {
        let Some(link) = &self.places[at].link else { return };
        if !moved && changed {
            link.session.cluster.forget_login();
        }
        if !moved {
            return;
        }
        // Operations that run keep the session they were started with.
        let watched = link.watching.is_some();
        let name = self.places[at].info.name.clone();
        self.places[at].link = None;
        if self.session(&name).is_ok() && watched {
            self.watch_at(at);
        }
    }
}

impl Place {
    fn new(info: ContextInfo) -> Self {
        Self { info, removed: false, link: None, told: None }
    }

    /// What is known of it, where that is not what was told last.
    fn news(&mut self, desk: &Desk) -> Option<ContextView> {
        let watched = self.link.as_ref().filter(|link| link.watching.is_some());
        let version = watched.map_or(0, |link| link.rows.version());
        let login = self.link.as_ref().map_or(Login::Pending, |link| link.session.cluster.login());
        let (name, protected, read_only) = match &self.told {
            Some((_, told)) => (Arc::clone(&told.name), told.protected, told.read_only),
            None => {
                let mode = mode(desk, &self.info);
                (self.info.name.as_str().into(), mode.protected, mode.read_only)
            }
        };
        let same = |(seen, told): &(u64, ContextView)| {
            let opened = (told.summary == Summary::default()) == watched.is_none();
            *seen == version
                && told.login == login
                && told.removed == self.removed
                && told.server == self.info.server
                && opened
        };
        if self.told.as_ref().is_some_and(same) {
            return None;
        }
        let summary = watched.map(|link| Summary::of(&name, &link.rows, &login)).unwrap_or_default();
        let view = ContextView {
            name,
            server: self.info.server.clone(),
            user: self.info.user.clone(),
            loopback: self.info.loopback,
            protected,
            read_only,
            removed: self.removed,
            login,
            summary,
        };
        let news = self.told.as_ref().is_none_or(|(_, told)| *told != view);
        self.told = Some((version, view.clone()));
        news.then_some(view)
    }
}
