//! What is watched only once its screen was opened: CronJobs, and Helm's releases in the Secrets that keep them.

use crate::world::{Behaviour, IMAGE, World};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use futures::FutureExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use pilothouse::{
    model::{Batch, CronJobState, Kind, ObjectRef, ReleaseStatus, Rows, Sync},
    observe::{self, Scope, Watches},
};
use serde_json::{Value, json};
use std::{io::Write as _, time::Duration};
use tokio::sync::mpsc;

pub const ALL: &[(&str, Behaviour)] = &[
    ("listed::helm_releases_follow_their_secrets_and_no_other_is_read", |w| releases(w).boxed_local()),
    ("listed::cron_jobs_say_when_they_run_next", |w| cron_jobs(w).boxed_local()),
    ("listed::nothing_is_watched_before_somebody_wants_it", |w| nothing_unasked(w).boxed_local()),
];

/// A release as Helm 3 writes it.
fn release(name: &str, revision: u32, status: &str, chart_version: &str) -> Value {
    let told = json!({
        "name": name, "namespace": "any", "version": revision,
        "info": {"status": status, "description": "Upgrade complete", "last_deployed": "2026-01-05T08:00:00.25+01:00"},
        "chart": {"metadata": {"name": "shop", "version": chart_version, "appVersion": "3.1"}, "values": {"password": "hunter2"}},
        "config": {"password": "hunter2"}, "manifest": "kind: Secret\ndata: hunter2\n"
    });
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(told.to_string().as_bytes()).unwrap();
    let packed = STANDARD.encode(packed.finish().unwrap());
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "name": format!("sh.helm.release.v1.{name}.v{revision}"),
            "labels": {"owner": "helm", "name": name, "status": status, "version": revision.to_string()},
        },
        "data": {"release": STANDARD.encode(packed)},
    })
}

/// Watches of this world's namespace with the rows that they fed.
struct Watching {
    watches: Watches,
    batches: mpsc::Receiver<Batch>,
    rows: Rows,
    world: World,
}

impl Watching {
    fn begin(world: World) -> Self {
        let (sender, batches) = mpsc::channel(64);
        let scope = Scope::Namespaces(vec![world.namespace.clone()]);
        let watches = observe::watch(&crate::argo::cluster(&world), scope, 1, sender);
        Self { watches, batches, rows: Rows::default(), world }
    }

    async fn until(&mut self, what: &str, test: impl Fn(&Rows) -> bool) {
        let waiting = async {
            while !test(&self.rows) {
                let batch = self.batches.recv().await.expect("the watches go on");
                self.rows.apply(batch, self.world.clock.now());
            }
        };
        if tokio::time::timeout(Duration::from_secs(90), waiting).await.is_err() {
            panic!("no {what} after 90 s: {:#?}", self.rows);
        }
    }

    fn releases(&self) -> Vec<(String, u32, ReleaseStatus, String)> {
        let told = |r: &pilothouse::model::Release| (r.name.to_string(), r.revision, r.status, r.chart.to_string());
        self.rows.newest_releases().map(told).collect()
    }
}

async fn releases(w: World) {
    let opaque = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password", "labels": {"owner": "helm"}},
        "data": {"release": STANDARD.encode("hunter2")}});
    w.create(opaque).await;
    w.create(release("shop", 1, "superseded", "1.0.0")).await;
    w.create(release("shop", 2, "deployed", "1.1.0")).await;
    let mut watching = Watching::begin(w);
    watching.watches.want(Kind::Secret);
    watching.until("release", |rows| !rows.releases.is_empty() && live(rows, Kind::Secret)).await;
    assert_eq!(watching.rows.releases.len(), 1, "neither the past nor another Secret: {:#?}", watching.rows.releases);
    assert_eq!(watching.releases(), [("shop".to_owned(), 2, ReleaseStatus::Deployed, "shop 1.1.0".to_owned())]);
    let row = watching.rows.releases.iter().next().unwrap();
    assert_eq!(row.app_version.as_deref(), Some("3.1"));
    assert_eq!(row.updated, "2026-01-05T07:00:00.25Z".parse().ok());
    assert!(!format!("{:?}", watching.rows.releases).contains("hunter2"));

    // An upgrade that fails leaves what was deployed.
    watching.world.create(release("shop", 3, "failed", "1.2.0")).await;
    watching.until("failed upgrade", |rows| rows.releases.len() == 2).await;
    assert_eq!(watching.releases(), [("shop".to_owned(), 3, ReleaseStatus::Failed, "shop 1.2.0".to_owned())]);
    let newest = watching.rows.newest_releases().next().unwrap();
    assert_eq!(watching.rows.still_deployed(newest), Some(2));

    // The next one works: what was deployed is superseded, which takes it out of what is watched.
    let secrets = watching.world.api("v1", "Secret");
    watching.world.create(release("shop", 4, "deployed", "1.3.0")).await;
    let past = Patch::Merge(json!({"metadata": {"labels": {"status": "superseded"}}}));
    secrets.patch("sh.helm.release.v1.shop.v2", &PatchParams::default(), &past).await.unwrap();
    let known = |rows: &Rows| {
        let has = |revision: u32| rows.releases.iter().any(|row| row.revision == revision);
        !has(2) && has(4)
    };
    watching.until("superseded revision that goes", known).await;
    assert_eq!(watching.releases(), [("shop".to_owned(), 4, ReleaseStatus::Deployed, "shop 1.3.0".to_owned())]);
    for revision in [3, 4] {
        let name = format!("sh.helm.release.v1.shop.v{revision}");
        secrets.delete(&name, &DeleteParams::default()).await.unwrap();
    }
    watching.until("uninstalled release", |rows| rows.releases.is_empty()).await;
}

fn live(rows: &Rows, kind: Kind) -> bool {
    matches!(rows.sync_of(kind), Sync::Live { .. })
}

fn cron_job(name: &str, suspend: bool) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "web", "image": format!("{IMAGE}:1.0")}]});
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
        "spec": {"schedule": "30 3 * * *", "timeZone": "Europe/Berlin", "suspend": suspend,
            "jobTemplate": {"spec": {"template": {"spec": pod}}}},
    })
}

async fn cron_jobs(w: World) {
    w.create(cron_job("report", false)).await;
    w.create(cron_job("clean-up", true)).await;
    let mut watching = Watching::begin(w);
    watching.watches.want(Kind::CronJob);
    watching.until("CronJobs", |rows| rows.cron_jobs.len() == 2).await;
    let row = |name: &str| {
        let object = ObjectRef::new(Kind::CronJob, watching.world.namespace.as_str(), name);
        watching.rows.cron_jobs.get(&object).unwrap()
    };
    let (report, clean_up) = (row("report"), row("clean-up"));
    assert_eq!((report.state(), clean_up.state()), (CronJobState::Waiting, CronJobState::Suspended));
    assert_eq!((&*report.schedule, report.time_zone.as_deref()), ("30 3 * * *", Some("Europe/Berlin")));
    assert!(report.image.ends_with(":1.0"));
    let next = report.next.expect("a readable schedule").in_tz("Europe/Berlin").unwrap();
    assert_eq!((next.hour(), next.minute()), (3, 30));
    assert!(report.next > report.created);
    assert_eq!(clean_up.next, None);
}

async fn nothing_unasked(w: World) {
    w.create(cron_job("report", false)).await;
    w.create(release("shop", 1, "deployed", "1.0.0")).await;
    let mut watching = Watching::begin(w);
    watching.until("list of Jobs", |rows| live(rows, Kind::Job) && live(rows, Kind::Deployment)).await;
    assert_eq!(watching.rows.sync_of(Kind::CronJob), Sync::Loading);
    assert!(!watching.rows.syncs().any(|(kind, ..)| matches!(kind, Kind::CronJob | Kind::Secret)));
    watching.watches.want(Kind::CronJob);
    watching.until("CronJob", |rows| rows.cron_jobs.len() == 1).await;
    assert!(watching.rows.releases.is_empty(), "wanting one kind is not wanting the other");
}
