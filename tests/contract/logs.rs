//! Following logs, as the screen does it: all pods of a revision and of the one after it, crash loops, Jobs, images that cannot
//! be pulled.

use crate::world::{Behaviour, IMAGE, World, deployment, image};
use futures::FutureExt;
use kube::{
    Api,
    api::{LogParams, Patch, PatchParams},
};
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Kind, LogBuffer, LogChoice, LogNews, LogRequest, LogSource, LogState, LogSubject, LogVoice, ObjectRef},
    observe::follow_logs,
    time::Clock,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

pub const ALL: &[(&str, Behaviour)] = &[
    ("logs::a_new_revision_joins_and_the_old_one_says_how_it_ended", |w| a_new_revision_joins(w).boxed_local()),
    ("logs::a_crash_loop_goes_on_with_each_run_and_keeps_the_one_before", |w| a_crash_loop(w).boxed_local()),
    ("logs::a_job_is_read_to_its_end_and_every_line_once", |w| a_job(w).boxed_local()),
    ("logs::an_image_that_is_missing_is_waited_for_with_its_reason", |w| a_missing_image(w).boxed_local()),
    ("logs::one_container_alone_can_be_chosen", |w| one_container(w).boxed_local()),
];

/// Logs that are followed.
struct Followed {
    news: mpsc::Receiver<Vec<LogNews>>,
    _task: AbortOnDropHandle<()>,
    buffer: LogBuffer,
    sources: Vec<LogSource>,
    revision: Option<String>,
}

impl Followed {
    fn new(w: &World, request: LogRequest) -> Self {
        let info = ContextInfo {
            name: "test".into(),
            server: "https://test.invalid".into(),
            namespace: w.namespace.clone(),
            user: "test".into(),
            loopback: true,
        };
        let cluster = Cluster::in_process(w.client.clone(), info, Clock::System);
        let (sender, news) = mpsc::channel(1);
        let task = AbortOnDropHandle::new(tokio::spawn(follow_logs(cluster, request, 7, sender)));
        Self { news, _task: task, buffer: LogBuffer::default(), sources: Vec::new(), revision: None }
    }

    /// Follows until it is as asked.
    async fn until(&mut self, what: &str, fits: impl Fn(&Self) -> bool) -> &mut Self {
        let waiting = async {
            while !fits(self) {
                for news in self.news.recv().await.expect("it goes on") {
                    match news {
                        LogNews::Source(source) => {
                            self.sources.retain(|known| known.id != source.id);
                            self.sources.push(source);
                        }
                        LogNews::Lines(lines) => {
                            let now = lines.iter().map(|line| line.at).max().unwrap();
                            self.buffer.add(lines, now, &|_| true);
                        }
                        LogNews::Listed { revision, .. } => self.revision = revision.map(|hash| hash.to_string()),
                        LogNews::Unlisted(why) => panic!("{why}"),
                    }
                }
            }
        };
        let over = tokio::time::timeout(std::time::Duration::from_secs(120), waiting).await;
        assert!(over.is_ok(), "never {what}: {:#?}\n{:#?}", self.sources, self.texts(LogVoice::Output));
        self
    }

    fn texts(&self, voice: LogVoice) -> Vec<&str> {
        self.buffer.iter().filter(|held| held.line.voice == voice).map(|held| &*held.line.text).collect()
    }

    /// The pods that wrote something.
    fn pods(&self) -> BTreeSet<String> {
        let written = self.buffer.iter().filter(|held| held.line.voice == LogVoice::Output);
        let pod = |id| self.sources.iter().find(|source| source.id == id).map(|source| source.pod.to_string());
        written.filter_map(|held| pod(held.line.source)).collect()
    }

    /// Whether this program said this of somebody.
    fn says(&self, text: &str) -> bool {
        [LogVoice::Note, LogVoice::Trouble].iter().any(|v| self.texts(*v).iter().any(|note| note.contains(text)))
    }
}

fn workload(w: &World) -> ObjectRef {
    ObjectRef::new(Kind::Deployment, w.namespace.as_str(), "web")
}

async fn a_new_revision_joins(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let mut logs = Followed::new(&w, LogRequest::new(LogSubject::Workload(workload(&w))));
    logs.until("lines of two pods", |logs| logs.pods().len() == 2).await;
    let (before, revision) = (logs.pods(), logs.revision.clone().unwrap());
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image("2.0"))).await.unwrap();
    logs.until("lines of two more", |logs| logs.pods().len() == 4).await;
    assert_ne!(logs.revision.as_deref(), Some(&*revision));
    w.rolled_out("web").await;
    let gone = |logs: &Followed| {
        let old = logs.sources.iter().filter(|source| before.contains(&*source.pod));
        old.filter(|source| matches!(source.state, LogState::Ended(_))).count() == 2
    };
    logs.until("the end of the old ones", gone).await;
    assert!(logs.says("ended: "), "{:?}", logs.texts(LogVoice::Trouble));
    // Who looks now sees the new revision only, and of the old one what is asked for.
    let mut again = Followed::new(&w, LogRequest::new(LogSubject::Workload(workload(&w))));
    again.until("lines of the new ones", |logs| logs.pods().len() == 2).await;
    assert!(again.pods().is_disjoint(&before));
}

async fn a_crash_loop(w: World) {
    w.create(deployment("web", 1, "1.0-broken")).await;
    let mut logs = Followed::new(&w, LogRequest::new(LogSubject::Workload(workload(&w))));
    let deaths = |logs: &Followed| logs.texts(LogVoice::Output).iter().filter(|line| line.starts_with("fatal")).count();
    logs.until("two runs", |logs| deaths(logs) >= 2 && logs.says("started again")).await;
    assert!(logs.says("ended: exit 1"), "{:?}", logs.texts(LogVoice::Trouble));
    logs.until("its rest", |logs| logs.says("waiting: CrashLoopBackOff")).await;
    let request = LogRequest { previous: true, ..LogRequest::new(LogSubject::Workload(workload(&w))) };
    let mut before = Followed::new(&w, request);
    before.until("the run before", |logs| logs.says("ended: ")).await;
    assert_eq!(deaths(&before), 1, "{:?}", before.texts(LogVoice::Output));
}

fn job(name: &str) -> Value {
    let container = json!({"name": "migrate", "image": format!("{IMAGE}:1.0")});
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [container]}});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": template}})
}

async fn a_job(w: World) {
    w.create(job("migrate")).await;
    let subject = LogSubject::Job(ObjectRef::new(Kind::Job, w.namespace.as_str(), "migrate"));
    let mut logs = Followed::new(&w, LogRequest::new(subject.clone()));
    logs.until("its end", |logs| logs.says("ended: completed")).await;
    w.until("batch/v1", "Job", "migrate", "complete", |o| o["status"]["succeeded"] == 1).await;
    let pod = w.list("v1", "Pod").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(w.client.clone(), &w.namespace);
    let whole = pods.logs(&pod, &LogParams::default()).await.unwrap();
    assert_eq!(logs.texts(LogVoice::Output), whole.lines().collect::<Vec<_>>());
    // One that has ended is read the same.
    let mut late = Followed::new(&w, LogRequest::new(subject));
    late.until("its end", |logs| logs.says("ended: completed")).await;
    assert_eq!(late.texts(LogVoice::Output), whole.lines().collect::<Vec<_>>());
}

async fn a_missing_image(w: World) {
    w.create(deployment("web", 1, "1.0-missing")).await;
    let mut logs = Followed::new(&w, LogRequest::new(LogSubject::Workload(workload(&w))));
    let waits = |logs: &Followed| {
        logs.sources.iter().any(|source| match &source.state {
            LogState::Waiting(why) => why.contains("ImagePull"),
            _ => false,
        })
    };
    logs.until("waiting", waits).await;
    assert_eq!(logs.texts(LogVoice::Output), Vec::<&str>::new());
}

async fn one_container(w: World) {
    let mut object = deployment("web", 1, "1.0");
    let containers =
        json!([{"name": "web", "image": format!("{IMAGE}:1.0")}, {"name": "proxy", "image": format!("{IMAGE}:2.0")}]);
    object["spec"]["template"]["spec"]["containers"] = containers;
    w.create(object).await;
    w.rolled_out("web").await;
    let choice = LogChoice { container: Some("proxy".into()), ..LogChoice::default() };
    let request = LogRequest { choice, ..LogRequest::new(LogSubject::Workload(workload(&w))) };
    let mut logs = Followed::new(&w, request);
    let state =
        |logs: &Followed, name: &str| logs.sources.iter().find(|s| &*s.container == name).map(|s| s.state.clone());
    let follows = |logs: &Followed| state(logs, "proxy") == Some(LogState::Following);
    logs.until("its lines", |logs| !logs.pods().is_empty() && follows(logs)).await;
    assert_eq!(state(&logs, "web"), Some(LogState::Left));
}
