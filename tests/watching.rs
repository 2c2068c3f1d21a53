//! What the watches claim about bad days, tried on the embedded world with time that runs only when everybody waits:
//! lost connections, expired versions, busy servers, rights that come and go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and drives kubectl and git"
)]

use kube::client::Body;
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Batch, Change, Kind, ObjectRef, Rows, Sync},
    observe::{Scope, Watches, snapshot, watch},
    sim::{
        World,
        access::Rule,
        api::path::Verb,
        faults::Failure,
        resource::resources::{DEPLOYMENTS, JOBS, NAMESPACES},
        status::Status,
    },
    time::Clock,
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

/// A world with a cluster handle, the rows, and every request that was made.
struct Stage {
    world: World,
    cluster: Cluster,
    rows: Rows,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    /// A stage whose requests are those of `user`; the administrator's where None.
    fn of(user: Option<&str>) -> Self {
        let clock = Clock::starting_at("2026-08-01T10:00:00Z".parse().unwrap());
        let world = World::empty(clock.clone(), 1);
        world.store.create(&NAMESPACES, json!({"metadata": {"name": "shop"}})).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let service = user.map_or_else(|| world.service(), |user| world.service_as(user));
        let service = service.map_request(move |request: http::Request<Body>| {
            log.lock().unwrap().push(request.uri().to_string());
            request
        });
        let info = ContextInfo {
            name: "test".into(),
            server: "https://embedded.invalid".into(),
            namespace: "shop".into(),
            user: user.unwrap_or("admin").into(),
            loopback: true,
        };
        let cluster = Cluster::in_process(kube::Client::new(service, "shop"), info, clock);
        Self { world, cluster, rows: Rows::default(), requests }
    }

    fn watch(&self) -> (Watches, mpsc::Receiver<Batch>) {
        let (sender, receiver) = mpsc::channel(8);
        (watch(&self.cluster, Scope::All, 7, sender), receiver)
    }

    fn deployment(&self, name: &str) -> ObjectRef {
        self.world.store.create(&DEPLOYMENTS, deployment(name)).unwrap();
        ObjectRef::new(Kind::Deployment, "shop", name)
    }

    fn delete(&self, object: &ObjectRef) {
        self.world.store.delete(&DEPLOYMENTS, &object.namespace, &object.name, Default::default()).unwrap();
    }

    /// Takes in batches until the rows are as wanted; `each` looks at every change on the way.
    async fn until(
        &mut self,
        batches: &mut mpsc::Receiver<Batch>,
        what: &str,
        wanted: impl Fn(&Rows) -> bool,
        mut each: impl FnMut(&Rows, &Change),
    ) {
        let waiting = async {
            while !wanted(&self.rows) {
                let batch = batches.recv().await.expect("the watches run");
                for change in &batch {
                    each(&self.rows, change);
                }
                let now = self.cluster.clock().now();
                self.rows.apply(batch, now);
                each(&self.rows, &Change::Begin(Kind::Pod));
            }
        };
        // Virtual time: hours pass at once when nobody has anything to do.
        let patience = Duration::from_secs(7200);
        assert!(tokio::time::timeout(patience, waiting).await.is_ok(), "never seen: {what}\n{:#?}", self.rows);
    }

    fn requested(&self, part: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|uri| uri.contains(part)).count()
    }
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": "web:v1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]}
    })
}

fn is_live(rows: &Rows, kind: Kind) -> bool {
    matches!(rows.sync_of(kind), Sync::Live { .. })
}

fn nothing(_: &Rows, _: &Change) {}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_and_a_relist_never_shows_an_empty_moment() {
    let mut stage = Stage::of(None);
    let (kept, lost) = (stage.deployment("kept"), stage.deployment("lost"));
    let (_watches, mut batches) = stage.watch();
    stage
        .until(&mut batches, "both", |rows| rows.workloads.len() == 2 && is_live(rows, Kind::Deployment), nothing)
        .await;

    // A half-open connection: the deletion is never heard of, and its version has expired when we ask again.
    stage.world.faults.silence_watches(true);
    stage.delete(&lost);
    let begun = stage.cluster.clock().now();
    let is_stale = |rows: &Rows| matches!(rows.sync_of(Kind::Deployment), Sync::Stale { .. });
    stage.until(&mut batches, "the silence", is_stale, nothing).await;
    let noticed = stage.cluster.clock().now().duration_since(begun).as_secs();
    assert!((40..=46).contains(&noticed), "noticed after {noticed} s of virtual time");
    assert_eq!(stage.rows.workloads.len(), 2, "stale rows stay on the screen");

    stage.world.store.compact();
    stage.world.faults.silence_watches(false);
    let settled = |rows: &Rows| rows.workloads.get(&lost).is_none() && is_live(rows, Kind::Deployment);
    stage
        .until(&mut batches, "the relist", settled, |rows, _| {
            assert!(rows.workloads.get(&kept).is_some(), "it flickered")
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_get_through_whole_is_asked_for_page_by_page() {
    let mut stage = Stage::of(None);
    for number in 0..600 {
        stage.deployment(&format!("a-{number}"));
    }
    stage.world.faults.fail_next(1, Some(Verb::List), Some(&DEPLOYMENTS), Failure::Cut);
    let (_watches, mut batches) = stage.watch();
    let is_cut = |rows: &Rows| matches!(rows.sync_of(Kind::Deployment), Sync::Stale { .. });
    stage.until(&mut batches, "the end half-way", is_cut, nothing).await;
    let half = stage.rows.workloads.len();
    assert!((250..600).contains(&half), "{half} rows");
    let kept = |rows: &Rows, _: &Change| assert!(rows.workloads.len() >= half, "it flickered");
    stage.until(&mut batches, "the list", |rows| is_live(rows, Kind::Deployment), kept).await;
    assert_eq!(stage.rows.workloads.len(), 600);
    assert_eq!(stage.requested("/apis/apps/v1/deployments?&limit=500"), 2, "two pages");
    let later = stage.deployment("later");
    stage.until(&mut batches, "a change", |rows| rows.workloads.get(&later).is_some(), nothing).await;
}

#[tokio::test(start_paused = true)]
async fn an_expired_version_within_a_watch_leads_to_a_relist() {
    let mut stage = Stage::of(None);
    stage.deployment("a");
    let (_watches, mut batches) = stage.watch();
    stage.until(&mut batches, "the list", |rows| is_live(rows, Kind::Deployment), nothing).await;
    let expired = Status::new(410, "Expired", "too old resource version: 1 (9)");
    stage.world.faults.fail_next(1, Some(Verb::Watch), Some(&DEPLOYMENTS), Failure::Refuse(expired, None));
    stage.world.faults.drop_watches();
    let mut relisted = false;
    let second = stage.deployment("b");
    stage
        .until(
            &mut batches,
            "the new one",
            |rows| rows.workloads.get(&second).is_some(),
            |_, change| {
                relisted |= matches!(change, Change::End(Kind::Deployment, None));
                assert!(
                    !matches!(change, Change::Sync(Kind::Deployment, _, Sync::Stale { .. })),
                    "a relist is no outage"
                );
            },
        )
        .await;
    assert!(relisted);
}

#[tokio::test(start_paused = true)]
async fn a_busy_resource_is_waited_for_while_the_others_are_there() {
    let mut stage = Stage::of(None);
    stage.deployment("a");
    stage.world.faults.fail_next(6, None, Some(&JOBS), Failure::initializing());
    let (_watches, mut batches) = stage.watch();
    stage.until(&mut batches, "deployments", |rows| is_live(rows, Kind::Deployment), nothing).await;
    assert!(!is_live(&stage.rows, Kind::Job), "jobs are not there yet, and nobody claims it");
    stage.until(&mut batches, "jobs", |rows| is_live(rows, Kind::Job), nothing).await;
    let asked = stage.requested("/apis/batch/v1/jobs?");
    assert!((7..=9).contains(&asked), "a busy server was asked {asked} times");
}

#[tokio::test(start_paused = true)]
async fn one_namespace_is_watched_where_no_more_is_allowed_and_all_once_it_is() {
    let mut stage = Stage::of(Some("dev"));
    stage.deployment("a");
    let read = &["get", "list", "watch"];
    stage.world.set_rules("dev", vec![Rule::cluster(read, &["*"], &["*"]).within("shop")]);
    let (_watches, mut batches) = stage.watch();
    stage.until(&mut batches, "the namespace", |rows| rows.workloads.len() == 1, nothing).await;
    let state = |stage: &Stage, namespace: Option<&str>| {
        let mut all = stage.rows.syncs();
        all.find(|(kind, of, _)| (*kind, *of) == (Kind::Deployment, namespace)).map(|(_, _, sync)| sync.clone())
    };
    assert!(matches!(state(&stage, None), Some(Sync::Forbidden { .. })), "{:?}", state(&stage, None));
    assert!(matches!(state(&stage, Some("shop")), Some(Sync::Live { .. })), "{:?}", state(&stage, Some("shop")));
    assert!(stage.rows.namespaces.iter().any(|row| &*row.name == "shop"), "the pane is not empty");
    let shot = snapshot(&stage.cluster, &Scope::All).await.unwrap();
    assert_eq!(shot.workloads.len(), 1);

    stage.world.set_rules("dev", vec![Rule::cluster(&["*"], &["*"], &["*"])]);
    let all = |rows: &Rows| {
        let mut syncs = rows.syncs();
        syncs.any(|(kind, of, sync)| kind == Kind::Deployment && of.is_none() && matches!(sync, Sync::Live { .. }))
    };
    stage.until(&mut batches, "the wider view", all, nothing).await;
    assert_eq!(stage.rows.workloads.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_right_taken_away_is_said_and_its_rows_go() {
    let mut stage = Stage::of(Some("dev"));
    stage.deployment("a");
    stage.world.set_rules("dev", vec![Rule::cluster(&["*"], &["*"], &["*"])]);
    let (_watches, mut batches) = stage.watch();
    stage.until(&mut batches, "the list", |rows| rows.workloads.len() == 1, nothing).await;
    stage.world.set_rules("dev", vec![Rule::cluster(&["*"], &["*"], &["namespaces"])]);
    stage.world.faults.drop_watches();
    let gone =
        |rows: &Rows| rows.workloads.is_empty() && matches!(rows.sync_of(Kind::Deployment), Sync::Forbidden { .. });
    stage.until(&mut batches, "the refusal", gone, nothing).await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_cluster_costs_no_look_at_pods() {
    let mut stage = Stage::of(None);
    for name in ["a", "b", "c"] {
        stage.deployment(name);
    }
    let (watches, mut batches) = stage.watch();
    stage.until(&mut batches, "the list", |rows| rows.workloads.len() == 3, nothing).await;
    let hour = stage.cluster.clock().now().as_second() + 3600;
    let clock = stage.cluster.clock().clone();
    stage.until(&mut batches, "an hour", |_| clock.now().as_second() >= hour, nothing).await;
    assert_eq!(stage.requested("/pods"), 0);
    assert_eq!(stage.requested("/replicasets"), 0);
    // Nine watches, each opened anew every 40 s, a knock at the door every 10 s, and a question for cordoned nodes every 30 s.
    let knocks = stage.requested("/readyz");
    let cordoned = stage.requested("spec.unschedulable");
    assert!((100..=121).contains(&cordoned), "{cordoned} questions in an hour");
    let all = stage.requests.lock().unwrap().len() - knocks - cordoned;
    assert!((300..=360).contains(&knocks), "{knocks} knocks in an hour");
    assert!(all < 9 * 100, "an idle hour cost {all} requests");

    watches.inspect(ObjectRef::new(Kind::Deployment, "shop", "a"));
    let seen = |rows: &Rows| !rows.inspections.is_empty();
    stage.until(&mut batches, "the look that was asked for", seen, nothing).await;
    assert_eq!(stage.requested("/pods"), 1);
}

/// The state of a kind's watch in a namespace, or in all.
fn sync_in(rows: &Rows, kind: Kind, namespace: Option<&str>) -> Option<Sync> {
    rows.syncs().find(|(of, within, _)| (*of, *within) == (kind, namespace)).map(|(_, _, sync)| sync.clone())
}

fn in_namespace(namespace: &str, name: &str) -> Value {
    let mut object = deployment(name);
    object["metadata"]["namespace"] = namespace.into();
    object
}

#[tokio::test(start_paused = true)]
async fn of_two_hundred_namespaces_those_are_watched_in_which_it_is_allowed() {
    let mut stage = Stage::of(Some("dev"));
    let read = &["get", "list", "watch"];
    let mut rules = vec![Rule::cluster(read, &[""], &["namespaces"])];
    for number in 0..200 {
        let name = format!("team-{number:03}");
        stage.world.store.create(&NAMESPACES, json!({"metadata": {"name": name}})).unwrap();
        stage.world.store.create(&DEPLOYMENTS, in_namespace(&name, "web")).unwrap();
        if number % 50 == 49 {
            // Further down the list than there are connections for.
            rules.push(Rule::cluster(read, &["apps"], &["deployments"]).within(&name));
        }
    }
    rules.push(Rule::cluster(read, &["batch"], &["jobs"]).within("team-199"));
    stage.world.set_rules("dev", rules.clone());
    let (_watches, mut batches) = stage.watch();
    let four = |rows: &Rows| rows.workloads.len() == 4 && is_live(rows, Kind::Deployment) && is_live(rows, Kind::Job);
    stage.until(&mut batches, "the four", four, nothing).await;
    let Some(Sync::Forbidden { why }) = sync_in(&stage.rows, Kind::Deployment, None) else { panic!("all are watched") };
    let all = stage.rows.namespaces.len();
    assert!(all > 200 && why.contains(&format!("4 of {all} namespaces")), "{why}");
    assert!(matches!(sync_in(&stage.rows, Kind::Job, Some("team-199")), Some(Sync::Live { .. })));
    assert!(matches!(stage.rows.sync_of(Kind::StatefulSet), Sync::Forbidden { .. }), "a kind that is nowhere allowed");
    let asked = stage.requested("selfsubjectrulesreviews");
    assert_eq!(asked, all, "one question a namespace serves for every kind");
    assert_eq!(stage.requested("/namespaces/team-000/"), 0, "what is not allowed is not tried");

    // Rights that are given and taken while it runs are noticed.
    rules.pop();
    rules.push(Rule::cluster(read, &["apps"], &["deployments"]).within("team-000"));
    stage.world.set_rules("dev", rules);
    stage.world.faults.drop_watches();
    let five = |rows: &Rows| rows.workloads.len() == 5 && matches!(rows.sync_of(Kind::Job), Sync::Forbidden { .. });
    stage.until(&mut batches, "the fifth, and no Jobs any more", five, nothing).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_connects_again_at_once() {
    let mut stage = Stage::of(None);
    let kept = stage.deployment("kept");
    let (_watches, mut batches) = stage.watch();
    stage.until(&mut batches, "the list", |rows| is_live(rows, Kind::Deployment), nothing).await;

    // The lid is closed for three hours: connections die without a word, and no timer runs.
    let clock = stage.cluster.clock().clone();
    stage.world.faults.silence_watches(true);
    clock.jump(jiff::SignedDuration::from_hours(3));
    let later = stage.deployment("later");
    let woke = tokio::time::Instant::now();
    let asleep = clock.now();
    let is_stale = |rows: &Rows| match rows.sync_of(Kind::Deployment) {
        Sync::Stale { since, why } => why.contains("slept") && asleep.duration_since(since).as_secs() >= 3 * 3600 - 60,
        _ => false,
    };
    stage.until(&mut batches, "how old the rows are", is_stale, nothing).await;
    assert!(woke.elapsed() < Duration::from_secs(10), "noticed after {:?} of virtual time", woke.elapsed());
    stage.world.faults.silence_watches(false);
    stage
        .until(
            &mut batches,
            "what came meanwhile",
            |rows| rows.workloads.get(&later).is_some() && is_live(rows, Kind::Deployment),
            |rows, _| assert!(rows.workloads.get(&kept).is_some(), "it flickered"),
        )
        .await;
}
