//! A stage for operations: the embedded world on a paused clock, with a shop in it, and everything that happens written down.

use jiff::Timestamp;
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{
        Action, Control, Durability, Intent, Kind, ObjectRef, OperationId, OperationState, Outcome, Plan, Progress,
        Risk, Step,
    },
    operate::{self, Boundary, Consent, Crew, Journals, Mode, Running, StartError, Strike, Terms},
    sim::{self, resource::Resource, resource::resources},
    time::Clock,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub const FREE: Mode = Mode { read_only: false, protected: false };

pub fn epoch() -> Timestamp {
    "2026-01-05T08:00:00Z".parse().unwrap()
}

/// A world with a running shop.
pub struct Stage {
    pub world: sim::World,
    pub cluster: Cluster,
    pub journals: Journals,
    pub folder: tempfile::TempDir,
    seen: Arc<Mutex<Vec<Vec<u64>>>>,
    _controllers: Box<dyn std::any::Any>,
    _watching: tokio_util::task::AbortOnDropHandle<()>,
}

/// Every weight of a route, in order.
fn weights_in(route: &Value) -> Vec<u64> {
    let backends = route["spec"]["rules"][0]["backendRefs"].as_array().unwrap();
    backends.iter().map(|backend| backend["weight"].as_u64().unwrap_or(1)).collect()
}

impl Stage {
    /// Two services behind one route at 100 and 0, all pods ready.
    pub async fn new() -> Self {
        let clock = Clock::starting_at(epoch());
        let world = sim::World::empty(clock.clone(), 1);
        let create = |resource: &'static Resource, object: Value| {
            world.store.create(resource, object).unwrap();
        };
        for node in ["a", "b"] {
            let ready = json!([{"type": "Ready", "status": "True"}]);
            let room = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
            let status = json!({"conditions": ready, "capacity": room, "allocatable": room});
            create(&resources::NODES, json!({"metadata": {"name": node}, "status": status}));
        }
        create(&resources::NAMESPACES, json!({"metadata": {"name": "shop"}}));
        for name in ["checkout", "checkout-v2"] {
            let template = json!({
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "registry.example/shop/checkout:2.4.0"}]},
            });
            create(
                &resources::DEPLOYMENTS,
                json!({"metadata": {"name": name, "namespace": "shop"},
                    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}}),
            );
            create(
                &resources::SERVICES,
                json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}),
            );
        }
        create(
            &resources::GATEWAYS,
            json!({"metadata": {"name": "edge", "namespace": "shop"},
                "spec": {"gatewayClassName": "sim", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]}}),
        );
        let backends =
            json!([{"name": "checkout", "port": 80, "weight": 100}, {"name": "checkout-v2", "port": 80, "weight": 0}]);
        create(
            &resources::HTTP_ROUTES,
            json!({"metadata": {"name": "checkout", "namespace": "shop"},
                "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": backends}]}}),
        );
        let controllers = sim::controllers::spawn(&world.store, 1);
        let info = ContextInfo {
            name: "bench".into(),
            server: "https://sim".into(),
            namespace: "shop".into(),
            user: "ana".into(),
            loopback: true,
        };
        let client = kube::Client::new(world.service(), "default");
        let cluster = Cluster::in_process(client, info, clock);
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::at(folder.path().join("operations"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut changes = world.store.subscribe();
        let writing = seen.clone();
        let watching = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                if change.resource == &resources::HTTP_ROUTES {
                    let now = weights_in(&change.object);
                    let mut seen = writing.lock().unwrap();
                    if seen.last() != Some(&now) {
                        seen.push(now);
                    }
                }
            }
        }));
        let stage =
            Self { world, cluster, journals, folder, seen, _controllers: Box::new(controllers), _watching: watching };
        stage.until(|stage| stage.ready("checkout") == 2 && stage.ready("checkout-v2") == 2).await;
        stage
    }

    /// Lets time pass until something holds.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..7200 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("two hours passed in vain");
    }

    /// From now on everything is done as this user, who may do no more than this.
    pub fn act_as(&mut self, user: &str, rules: Vec<sim::access::Rule>) {
        self.world.set_rules(user, rules);
        let client = kube::Client::new(self.world.service_as(user), "default");
        let (info, clock) = (self.cluster.info().clone(), self.cluster.clock().clone());
        self.cluster = Cluster::in_process(client, info, clock);
    }

    pub fn get(&self, resource: &'static Resource, name: &str) -> Option<Arc<Value>> {
        self.world.store.get(resource, "shop", name)
    }

    /// Edits an object's spec and metadata as a colleague would.
    pub fn edit(&self, resource: &'static Resource, name: &str, edit: impl FnOnce(&mut Value)) {
        let part = sim::store::Part::Whole;
        let edited = self.world.store.update(resource, "shop", name, part, None, |object| {
            edit(object);
            Ok(())
        });
        edited.unwrap();
    }

    /// Endpoints ready behind a Service.
    pub fn ready(&self, deployment: &str) -> u64 {
        let deployment = self.get(&resources::DEPLOYMENTS, deployment).unwrap();
        deployment["status"]["readyReplicas"].as_u64().unwrap_or(0)
    }

    pub fn uid(&self, resource: &'static Resource, name: &str) -> String {
        self.get(resource, name).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    pub fn weights(&self) -> Vec<u64> {
        weights_in(&self.get(&resources::HTTP_ROUTES, "checkout").unwrap())
    }

    /// Every set of weights that the route ever had since the stage stood, in order.
    pub fn history(&self) -> Vec<Vec<u64>> {
        self.seen.lock().unwrap().clone()
    }

    pub fn crew(&self) -> Crew {
        self.crew_of("ana@bridge")
    }

    pub fn crew_of(&self, actor: &str) -> Crew {
        Crew {
            cluster: self.cluster.clone(),
            journals: self.journals.clone(),
            git_cache: self.folder.path().join("git"),
            actor: actor.into(),
        }
    }

    pub async fn start(&self, plan: &Plan) -> Running {
        operate::start(plan.clone(), FREE, &Consent::Yes, &self.crew()).await.unwrap()
    }

    /// Starts it on terms.
    pub async fn start_on(&self, terms: &Terms, plan: &Plan) -> Running {
        operate::start_on(terms, plan.clone(), FREE, &Consent::Yes, &self.crew()).await.unwrap()
    }

    pub async fn resume(&self, id: &OperationId, order: Option<Control>) -> Result<Running, StartError> {
        operate::resume(id, FREE, order, &Consent::Yes, &self.crew()).await
    }

    pub fn state(&self, id: &OperationId) -> OperationState {
        let listing = self.journals.list();
        assert!(listing.unreadable.is_empty(), "{:?}", listing.unreadable);
        listing.operations.iter().find(|view| view.id == *id).expect("the operation is listed").state
    }

    /// A plan with these steps on this target.
    pub async fn plan(&self, id: &str, intent: Intent, steps: Vec<(&str, Action)>) -> Plan {
        let steps = steps.into_iter().map(|(step, action)| Step { step: step.into(), detail: step.into(), action });
        Plan {
            operation: OperationId(id.into()),
            verb: intent.verb(),
            target: intent.target().clone(),
            context: "bench".into(),
            cluster: self.cluster.identity().await,
            actor: "ana@bridge".into(),
            created: self.cluster.clock().now(),
            summary: "a test".into(),
            reasons: Vec::new(),
            durability: Durability::Sticks,
            risk: Risk::Low,
            preconditions: Vec::new(),
            needs: intent.needs(),
            steps: steps.collect(),
            diff: String::new(),
            incident: None,
            why: Some("because".into()),
            policy: None,
            built: None,
            intent,
        }
    }
}

/// Terms with a strike at the `n`th boundary of these kinds.
pub fn striking(n: usize, strike: Strike, at: &'static [Boundary]) -> Terms {
    let met = AtomicUsize::new(0);
    let fault = move |boundary: Boundary| {
        let counts = at.contains(&boundary) && met.fetch_add(1, Ordering::Relaxed) == n;
        if counts { strike } else { Strike::None }
    };
    Terms { fault: Some(Arc::new(fault)), take_over: false }
}

/// Every boundary.
pub const ALL: &[Boundary] =
    &[Boundary::BeforeRecord, Boundary::AfterRecord, Boundary::BeforeWrite, Boundary::AfterWrite];

/// A workload of the shop.
pub fn deployment(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::Deployment, "shop", name)
}

/// Everything an operation says, until it ends. None when it ended without a word.
pub async fn ended(running: &mut Running) -> Option<(Outcome, String)> {
    let mut last = None;
    while let Some(progress) = running.progress.recv().await {
        if let Progress::Result { outcome, message } = progress {
            last = Some((outcome, message));
        }
    }
    last
}

/// Listens until something is said.
pub async fn heard(running: &mut Running, is: impl Fn(&Progress) -> bool) -> Progress {
    while let Some(progress) = running.progress.recv().await {
        if is(&progress) {
            return progress;
        }
        if let Progress::Result { .. } = &progress {
            panic!("it ended before: {progress:?}");
        }
    }
    panic!("it ended without a word");
}

/// Listens until it is paused.
pub async fn paused(running: &mut Running) {
    heard(running, |progress| matches!(progress, Progress::State(OperationState::Paused))).await;
}
