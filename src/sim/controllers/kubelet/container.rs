//! One container's life: pulled, started, ready, ended, started again.
//!
//! Invariant: every state knows when it ends, so that a pod is only woken when something happens in it. Back-offs double from
//! ten seconds to five minutes, as the kubelet's do.

use super::{COMPONENT, config, output};
use crate::sim::controllers::{
    cluster::{Cluster, after},
    object::{controller_of, fnv, name, namespace, tag, text, uid},
};
use jiff::Timestamp;
use serde_json::Value;

/// Seconds that a crashing container runs, that a Job's container works, and that a slow one needs.
const CRASH: f64 = 2.0;
const WORK: f64 = 2.0;
const SLOW: f64 = 20.0;
/// Seconds between two readiness probes.
const PROBE: f64 = 10.0;
/// A run of this many seconds clears the record of crashes.
const FORGIVEN: f64 = 600.0;

/// What a container does, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Sound,
    Broken,
    Missing,
    Slow,
    /// Uses more memory than it may.
    Greedy,
    /// Never answers its readiness probe well.
    Unready,
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Ended {
    pub code: i64,
    /// Whether it was killed for its memory.
    pub out_of_memory: bool,
    pub started: Timestamp,
    pub finished: Timestamp,
    pub id: String,
}

/// Where a container stands.
#[derive(Clone, Debug)]
pub enum State {
    /// Not looked at yet.
    New,
    /// A ConfigMap or Secret is missing.
    Unconfigured { why: String, until: Timestamp },
    /// The image is on its way.
    Pulling { since: Timestamp, until: Timestamp },
    /// The image cannot be pulled; `told` once the back-off is shown.
    PullFailed { shown: Timestamp, told: bool, until: Timestamp },
    /// The image is there.
    Creating { until: Timestamp },
    /// It runs.
    Running { started: Timestamp, ready: bool, ready_at: Option<Timestamp>, exit_at: Option<Timestamp> },
    /// It ended; `until` is when it is restarted or its back-off shows, if it is.
    Ended { run: Ended, until: Option<Timestamp> },
    /// It waits for its next start.
    BackOff { seconds: u32, until: Timestamp },
}

/// A container of a pod.
pub struct Container {
    pub name: String,
    pub image: String,
    pub restarts: i64,
    /// The run before the current one.
    pub last: Option<Ended>,
    pub state: State,
    pub is_sidecar: bool,
    habit: Habit,
    ends_itself: bool,
    restart: Restart,
    pulls: u32,
    crashes: u32,
    spec: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Container {
    /// A container as its pod describes it.
    pub fn new(pod: &Value, spec: &Value) -> Self {
        let image = text(spec, "/image").to_owned();
        let is_init = super::items(pod, "/spec/initContainers").iter().any(|c| c["name"] == spec["name"]);
        let is_sidecar = is_init && text(spec, "/restartPolicy") == "Always";
        let restart = match text(pod, "/spec/restartPolicy") {
            _ if is_sidecar => Restart::Always,
            "Never" => Restart::Never,
            "OnFailure" => Restart::OnFailure,
            _ if is_init => Restart::OnFailure,
            _ => Restart::Always,
        };
        let of_job = controller_of(pod).is_some_and(|o| o["kind"] == "Job");
        let tag = tag(&image);
        let habit = match tag {
            _ if tag.ends_with("-broken") => Habit::Broken,
            _ if tag.ends_with("-missing") => Habit::Missing,
            _ if tag.ends_with("-slow") => Habit::Slow,
            _ if tag.ends_with("-oom") => Habit::Greedy,
            _ if tag.ends_with("-unready") => Habit::Unready,
            _ => Habit::Sound,
        };
        Self {
            name: text(spec, "/name").to_owned(),
            restarts: 0,
            last: None,
            state: State::New,
            is_sidecar,
            habit,
            ends_itself: !is_sidecar && (is_init || of_job || restart != Restart::Always),
            restart,
            pulls: 0,
            crashes: 0,
            spec: spec.clone(),
            image,
        }
    }

    /// Whether it ended with zero and stays ended.
    pub fn has_succeeded(&self) -> bool {
        matches!(&self.state, State::Ended { run, until: None } if run.code == 0)
    }

    /// What it does.
    pub fn habit(&self) -> Habit {
        self.habit
    }

    /// Whether it serves.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Running { ready: true, .. })
    }

    fn is_never_ready(&self) -> bool {
        self.habit == Habit::Unready && !self.ends_itself
    }

    /// How often its image could not be pulled.
    pub fn failed_pulls(&self) -> u32 {
        self.pulls
    }

    /// The containerd id of its current run.
    pub fn id(&self, pod: &Value) -> String {
        let parts = |n: &str| fnv(&[uid(pod), &self.name, &self.restarts.to_string(), n]);
        format!("containerd://{:016x}{:016x}{:016x}{:016x}", parts("a"), parts("b"), parts("c"), parts("d"))
    }

    /// What containerd says about an image that is not there.
    pub fn pull_error(&self) -> String {
        let image = &self.image;
        format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \
             \"{image}\": {image}: not found"
        )
    }

    /// Lets time pass; answers when the next thing happens.
    pub fn advance(&mut self, cluster: &mut Cluster, pod: &Value, node: &str) -> Option<Timestamp> {
        // Each turn leads to a later state; ten are more than one moment ever needs.
        for _ in 0..10 {
            if let Some(due) = self.due()
                && due > cluster.now()
            {
                return Some(due);
            }
            if self.due().is_none() && !matches!(self.state, State::New) {
                return None;
            }
            self.turn(cluster, pod, node);
        }
        self.due()
    }

    fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::New => None,
            State::Pulling { until, .. } | State::Creating { until } | State::BackOff { until, .. } => Some(*until),
            State::Unconfigured { until, .. } => Some(*until),
            State::PullFailed { shown, told, until } => Some(if *told { *until } else { *shown }),
            State::Running { ready: false, ready_at: Some(at), exit_at, .. } => {
                Some(exit_at.map_or(*at, |e| e.min(*at)))
            }
            State::Running { exit_at, .. } => *exit_at,
            State::Ended { until, .. } => *until,
        }
    }

    fn turn(&mut self, cluster: &mut Cluster, pod: &Value, node: &str) {
        let now = cluster.now();
        match self.state.clone() {
            State::New | State::Unconfigured { .. } => self.prepare(cluster, pod, node),
            State::Pulling { since, .. } => self.pulled(cluster, pod, node, since),
            State::PullFailed { told: false, until, shown } => {
                self.tell(cluster, pod, "Normal", "BackOff", &format!("Back-off pulling image \"{}\"", self.image));
                self.tell(cluster, pod, "Warning", "Failed", "Error: ImagePullBackOff");
                self.state = State::PullFailed { told: true, until, shown };
            }
            State::PullFailed { .. } => self.prepare(cluster, pod, node),
            State::Creating { .. } => self.start(cluster, pod),
            State::Running { started, ready, ready_at, exit_at } => {
                if exit_at.is_some_and(|at| at <= now) {
                    self.end(cluster, pod, started);
                } else if self.is_never_ready() {
                    let told = "Readiness probe failed: HTTP probe failed with statuscode: 503";
                    self.tell(cluster, pod, "Warning", "Unhealthy", told);
                    self.state = State::Running { started, ready, ready_at: Some(after(now, PROBE)), exit_at };
                } else {
                    let ready = ready || ready_at.is_some_and(|at| at <= now);
                    self.state = State::Running { started, ready, ready_at, exit_at };
                }
            }
            State::Ended { run, .. } => self.after_end(cluster, pod, node, run),
            State::BackOff { .. } => self.restart(cluster, pod, node),
        }
    }

    fn tell(&self, cluster: &Cluster, pod: &Value, kind: &str, reason: &str, message: &str) {
        cluster.event(pod, kind, reason, message, COMPONENT);
    }

    /// Looks for the configuration and the image.
    fn prepare(&mut self, cluster: &mut Cluster, pod: &Value, node: &str) {
        if let Some(why) = config::missing(cluster, pod, &self.spec) {
            self.tell(cluster, pod, "Warning", "Failed", &format!("Error: {why}"));
            self.state = State::Unconfigured { why, until: cluster.later(10.0) };
            return;
        }
        let local = text(&self.spec, "/imagePullPolicy") != "Always"
            && self.habit != Habit::Missing
            && cluster.machines.images.contains(&(node.to_owned(), self.image.clone()));
        if local {
            let message = format!("Container image \"{}\" already present on machine", self.image);
            self.tell(cluster, pod, "Normal", "Pulled", &message);
            self.state = State::Creating { until: cluster.later(0.1) };
        } else {
            self.tell(cluster, pod, "Normal", "Pulling", &format!("Pulling image \"{}\"", self.image));
            let seconds = 0.2 + 0.4 * cluster.chance(&[name(pod), &self.name, "pull"]);
            self.state = State::Pulling { since: cluster.now(), until: cluster.later(seconds) };
        }
    }

    fn pulled(&mut self, cluster: &mut Cluster, pod: &Value, node: &str, since: Timestamp) {
        let now = cluster.now();
        if self.habit == Habit::Missing {
            self.pulls += 1;
            let message = format!("Failed to pull image \"{}\": {}", self.image, self.pull_error());
            self.tell(cluster, pod, "Warning", "Failed", &message);
            self.tell(cluster, pod, "Warning", "Failed", "Error: ErrImagePull");
            let wait = back_off(self.pulls);
            self.state = State::PullFailed { shown: after(now, 2.0), told: false, until: after(now, f64::from(wait)) };
            return;
        }
        cluster.machines.images.insert((node.to_owned(), self.image.clone()));
        let took = now.duration_since(since).as_millis();
        let size = 20_000_000 + fnv(&[&self.image]) % 80_000_000;
        let message = format!(
            "Successfully pulled image \"{}\" in {took}ms ({took}ms including waiting). Image size: {size} bytes.",
            self.image
        );
        self.tell(cluster, pod, "Normal", "Pulled", &message);
        self.state = State::Creating { until: after(now, 0.1) };
    }

    fn start(&mut self, cluster: &mut Cluster, pod: &Value) {
        let now = cluster.now();
        self.tell(cluster, pod, "Normal", "Created", &format!("Created container: {}", self.name));
        self.tell(cluster, pod, "Normal", "Started", &format!("Started container {}", self.name));
        let jitter = cluster.chance(&[name(pod), &self.name, "ready"]);
        let (ready, exit) = match (self.habit, self.ends_itself) {
            (Habit::Broken | Habit::Greedy, _) => (None, Some(CRASH + 0.4 * jitter)),
            (Habit::Slow, true) => (Some(0.2), Some(SLOW)),
            (Habit::Slow, false) => (Some(SLOW), None),
            (_, true) => (Some(0.2), Some(WORK - 0.8 * jitter)),
            (_, false) => (Some(0.2 + 0.8 * jitter), None),
        };
        let at = |seconds: Option<f64>| seconds.map(|s| after(now, s));
        self.state = State::Running { started: now, ready: false, ready_at: at(ready), exit_at: at(exit) };
        output::started(cluster, pod, self, self.ends_itself);
    }

    fn end(&mut self, cluster: &mut Cluster, pod: &Value, started: Timestamp) {
        let now = cluster.now();
        let out_of_memory = self.habit == Habit::Greedy;
        let code = match self.habit {
            Habit::Broken => 1,
            Habit::Greedy => 137,
            _ => 0,
        };
        output::ended(cluster, pod, self, code, self.ends_itself);
        let run = Ended { code, out_of_memory, started, finished: now, id: self.id(pod) };
        let restarts = match self.restart {
            Restart::Always => true,
            Restart::OnFailure => code != 0,
            Restart::Never => false,
        };
        if now.duration_since(started).as_secs_f64() > FORGIVEN {
            self.crashes = 0;
        }
        self.crashes += u32::from(restarts);
        self.state = State::Ended { run, until: restarts.then(|| after(now, 1.0)) };
    }

    /// The first restart comes at once, the following ones after a growing back-off.
    fn after_end(&mut self, cluster: &mut Cluster, pod: &Value, node: &str, run: Ended) {
        let finished = run.finished;
        self.last = Some(run);
        if self.crashes <= 1 {
            self.restart(cluster, pod, node);
            return;
        }
        let seconds = back_off(self.crashes - 1);
        let place = format!("{}_{}({})", name(pod), namespace(pod), uid(pod));
        let message = format!("Back-off restarting failed container {} in pod {place}", self.name);
        self.tell(cluster, pod, "Warning", "BackOff", &message);
        self.state = State::BackOff { seconds, until: after(finished, f64::from(seconds)) };
    }

    fn restart(&mut self, cluster: &mut Cluster, pod: &Value, node: &str) {
        self.restarts += 1;
        cluster.store.rotate_log(namespace(pod), name(pod), &self.name);
        self.prepare(cluster, pod, node);
    }
}

/// Seconds to wait after the `times`-th failure.
fn back_off(times: u32) -> u32 {
    (10 << times.saturating_sub(1).min(5)).min(300)
}
