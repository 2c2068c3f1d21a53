//! The sentences: what is wrong in the first words, then where and why.

use super::cause::{
    AdmissionControl, Cause, ClaimState, Ending, Probe, PullFailure, QuotaLine, Referent, ScalingTrouble, Unfit,
};
use crate::model::image::ImageReference;
use std::fmt::{self, Display, Formatter};

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { kind, generation, observed } => {
                write!(
                    f,
                    "the controller of {} is late: it has seen generation {observed}, the object is at {generation}",
                    kind.plural()
                )
            }
            Self::NodeDown { node, told } => told_by(f, &format!("node {node} is not ready"), told.as_deref()),
            Self::Unconfirmed { node } => write!(
                f,
                "counted as not ready since node {node} was not: it is ready again, but its kubelet has not said so of the pods"
            ),
            Self::Unstarted { node } => {
                write!(f, "not started: the kubelet of node {node} has not said a word about it")
            }
            Self::Missing { what, name, key: None } => write!(f, "{what} {name} does not exist, and the pods need it"),
            Self::Missing { what, name, key: Some(key) } => {
                write!(f, "{what} {name} has no key {key}, and the pods need it")
            }
            Self::ImagePull { container, image, why } => pull(f, container, image, why),
            Self::NotCreated { container, told } => {
                told_by(f, &format!("container {container} cannot be started"), told.as_deref())
            }
            Self::OutOfMemory { container, limit, restarts } => {
                let limit = limit.as_ref().map_or_else(|| "than there is".into(), |l| format!("than its limit of {l}"));
                write!(f, "out of memory: container {container} is killed for using more {limit} (OOMKilled)")?;
                times(f, *restarts)
            }
            Self::CrashLoop { container, init, ending, restarts } => {
                let init = if *init { "init " } else { "" };
                write!(f, "crash loop: {init}container {container} ")?;
                match ending {
                    Some(ending) => ending.fmt(f)?,
                    None => f.write_str("ends again and again")?,
                }
                times(f, *restarts)
            }
            Self::Liveness { container, probe, told, restarts } => {
                told_by(f, &format!("{probe} probe fails, container {container} is killed for it"), told.as_deref())?;
                times(f, *restarts)
            }
            Self::Volume { told } => told_by(f, "containers are not created", told.as_deref()),
            Self::Claim { name, state } => claim(f, name, state),
            Self::Unschedulable { nodes, unfit, told } => unschedulable(f, *nodes, unfit, told.as_deref()),
            Self::Gated { gates } => write!(f, "not scheduled: held by the scheduling gate {}", gates.join(", ")),
            Self::Quota { quota, lines, unsaid } => self::quota(f, quota, lines, unsaid.as_deref()),
            Self::Limits { told } => write!(f, "pods are refused by a LimitRange: {told}"),
            Self::Admission { by, told } => admission(f, by, told),
            Self::Closing { namespace } => write!(f, "namespace {namespace} is being deleted, and takes no new pods"),
            Self::Deleting { finalizers } => deleting(f, finalizers),
            Self::Refused { told } => write!(f, "pods cannot be created: {told}"),
            Self::NotReady { container, probe: Some(probe), told } => {
                told_by(f, &format!("{probe} probe of container {container} fails"), told.as_deref())
            }
            Self::NotReady { container, probe: None, told } => {
                told_by(f, &format!("container {container} runs but is not ready"), told.as_deref())
            }
            Self::ReadinessGate { gate, told } => {
                told_by(f, &format!("readiness gate {gate} is not true yet"), told.as_deref())
            }
            Self::Initialising { container, number, of } => {
                write!(f, "init container {container} ({number} of {of}) has not come to its end")
            }
            Self::Ordinal { pod, namespace, trouble } => write!(
                f,
                "pod {pod} of an earlier template is stuck ({}), and a StatefulSet waits for it: delete it (kubectl delete pod \
                 {pod} -n {namespace}), and it comes back with the template of now",
                trouble.words()
            ),
            Self::Terminating { pod, finalizers, node } => terminating(f, pod, finalizers, node.as_deref()),
            Self::Rejected { reason, node, told } => {
                let node = node.as_ref().map_or_else(|| "the node".into(), |node| format!("node {node}"));
                let what = match &**reason {
                    "Evicted" => format!("pods are evicted from {node}"),
                    "Preempting" | "Preempted" => format!("pods are ended on {node} for others of a higher priority"),
                    "Terminated" | "NodeShutdown" | "Shutdown" => format!("{node} shuts down and ends its pods"),
                    reason => format!("pods are turned away by {node} ({reason})"),
                };
                told_by(f, &what, told.as_deref())
            }
            Self::Paused { by, updated: (updated, wanted) } => {
                let by = by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
                write!(f, "paused{by}; {updated} of {wanted} pods have the current template")
            }
            Self::OnDelete { old, of } => write!(
                f,
                "pods are replaced when somebody deletes them (update strategy OnDelete): {old} of {of} run an earlier template"
            ),
            Self::Partition { partition, updated: (updated, due) } if updated >= due => {
                write!(f, "complete up to the partition at {partition}: pods below it keep the earlier template")
            }
            Self::Partition { partition, updated: (updated, due) } => {
                write!(f, "{updated} of {due} pods beyond the partition at {partition} are updated")
            }
            Self::MinReady { seconds, settling, .. } => {
                let pods = if *settling == 1 { "1 pod is".into() } else { format!("{settling} pods are") };
                write!(f, "settling: {pods} ready, but must stay so for {seconds} s to count (minReadySeconds)")
            }
            Self::Budget { name, node, healthy: (healthy, desired), of } => write!(
                f,
                "a drain of node {node} is blocked by PodDisruptionBudget {name}: 0 of {of} pods may be disrupted ({healthy} \
                 healthy, {desired} needed)"
            ),
            Self::Unseen => f.write_str("the new pods do not become ready; why is not seen, as you may not list pods"),
            Self::Deadline { seconds: Some(seconds) } => {
                write!(f, "the progress deadline of {seconds} s has passed: the new pods did not come up in time")
            }
            Self::Deadline { seconds: None } => {
                f.write_str("the progress deadline has passed: the new pods did not come up in time")
            }
            Self::Scaling { autoscaler, why } => scaling(f, autoscaler, why),
        }
    }
}

/// A statement with the cluster's words after a colon, where there are any.
fn told_by(f: &mut Formatter<'_>, what: &str, told: Option<&str>) -> fmt::Result {
    match told.filter(|told| !told.is_empty()) {
        Some(told) => write!(f, "{what}: {told}"),
        None => f.write_str(what),
    }
}

fn times(f: &mut Formatter<'_>, restarts: u32) -> fmt::Result {
    match restarts {
        0 => Ok(()),
        1 => f.write_str(", 1 restart"),
        many => write!(f, ", {many} restarts"),
    }
}

fn pull(f: &mut Formatter<'_>, container: &str, image: &str, why: &PullFailure) -> fmt::Result {
    write!(f, "image {image} of container {container} cannot be pulled")?;
    let tag = ImageReference::parse(image).ok().and_then(|image| image.tag);
    match why {
        PullFailure::NotFound => match tag {
            Some(tag) => write!(f, ": the registry has no tag {tag}, or no such repository"),
            None => f.write_str(": the registry does not have it"),
        },
        PullFailure::NoTag => match tag {
            Some(tag) => write!(f, ": the registry has no tag {tag}"),
            None => f.write_str(": the registry has the repository, but not this image"),
        },
        PullFailure::NoRepository => f.write_str(": the registry has no such repository, check the name"),
        PullFailure::NoRepositoryOrAccess => {
            f.write_str(": the registry has no such repository, or it is private: check the name and imagePullSecrets")
        }
        PullFailure::Unauthorized { unread: None } => {
            f.write_str(": the registry refuses access, check imagePullSecrets")
        }
        PullFailure::Unauthorized { unread: Some(secrets) } => {
            write!(f, ": the registry refuses access, and imagePullSecrets {secrets} cannot be read")
        }
        PullFailure::Tls => f.write_str(": the registry's certificate or TLS is not accepted"),
        PullFailure::Unreachable => f.write_str(": the registry cannot be reached"),
        PullFailure::Failing => f.write_str(": the registry fails (a server error of its own)"),
        PullFailure::RateLimited => f.write_str(": the registry's rate limit is reached"),
        PullFailure::InvalidName => f.write_str(": it is not an image name"),
        PullFailure::Never => f.write_str(": it is not on the node, and its pull policy is Never"),
        PullFailure::Signature => f.write_str(": its signature is not accepted"),
        PullFailure::DiskFull => f.write_str(": the node has no room left"),
        PullFailure::Platform => f.write_str(": it is not made for the node's processor"),
        PullFailure::Other(Some(told)) => write!(f, ": {told}"),
        PullFailure::Other(None) => Ok(()),
    }
}

fn claim(f: &mut Formatter<'_>, name: &str, state: &ClaimState) -> fmt::Result {
    write!(f, "claim {name} is not bound")?;
    match state {
        ClaimState::Pending { class, told } => {
            if let Some(class) = class {
                write!(f, " (storage class {class})")?;
            }
            told.as_ref().map_or(Ok(()), |told| write!(f, ": {told}"))
        }
        ClaimState::Lost => f.write_str(": its volume is gone"),
        ClaimState::Unknown => Ok(()),
    }
}

fn unschedulable(f: &mut Formatter<'_>, nodes: u32, unfit: &[(u32, Unfit)], told: Option<&str>) -> fmt::Result {
    f.write_str("unschedulable: ")?;
    if unfit.is_empty() {
        return f.write_str(told.unwrap_or("no node takes the pod"));
    }
    for (at, (count, why)) in unfit.iter().enumerate() {
        let (be, have, lack, take) =
            if *count == 1 { ("is", "has", "lacks", "takes") } else { ("are", "have", "lack", "take") };
        let none = at == 0 && *count == nodes && nodes > 1 && matches!(why, Unfit::Selector(_));
        match (at, *count) {
            _ if none => {}
            (0, count) if count == nodes && nodes == 1 => f.write_str("the only node ")?,
            (0, count) if count == nodes => write!(f, "all {nodes} nodes ")?,
            (0, count) => write!(f, "{count} of {nodes} nodes ")?,
            (_, count) => write!(f, ", {count} ")?,
        }
        match why {
            Unfit::Insufficient { resource, asks: Some(asks) } => {
                write!(f, "{lack} {resource} (the pod asks for {asks})")?
            }
            Unfit::Insufficient { resource, asks: None } => write!(f, "{lack} {resource}")?,
            Unfit::Taint(taint) => write!(f, "{have} the taint {taint}, which the pod does not tolerate")?,
            Unfit::Selector(Some(selector)) if none => write!(f, "no node matches its {selector}")?,
            Unfit::Selector(None) if none => f.write_str("no node matches its node selector or affinity")?,
            Unfit::Selector(Some(selector)) => write!(f, "{} not match its {selector}", does(*count))?,
            Unfit::Selector(None) => write!(f, "{} not match its node selector or affinity", does(*count))?,
            Unfit::Affinity => write!(f, "{have} no pod that it wants beside it (pod affinity)")?,
            Unfit::AntiAffinity => write!(f, "{have} a pod that it may not be beside (pod anti-affinity)")?,
            Unfit::Spread => write!(f, "{be} ruled out by its topology spread constraints")?,
            Unfit::Cordoned => write!(f, "{be} cordoned")?,
            Unfit::Ports => write!(f, "{have} its host port taken")?,
            Unfit::NoVolume => write!(f, "{have} no volume that its claims could be bound to")?,
            Unfit::VolumeZone => write!(f, "{be} out of its volume's reach")?,
            Unfit::VolumeLimit => write!(f, "{take} no more volumes")?,
            Unfit::TooManyPods => write!(f, "{take} no more pods")?,
            Unfit::Other(told) => write!(f, "{}: {told}", if *count == 1 { "says" } else { "say" })?,
        }
    }
    Ok(())
}

fn does(count: u32) -> &'static str {
    if count == 1 { "does" } else { "do" }
}

fn quota(f: &mut Formatter<'_>, quota: &str, lines: &[QuotaLine], unsaid: Option<&str>) -> fmt::Result {
    match unsaid {
        Some(unsaid) => write!(f, "quota {quota} refuses pods that do not say what they need: {unsaid}")?,
        None if lines.iter().any(|line| line.used == line.hard) => write!(f, "quota {quota} is used up")?,
        None => write!(f, "quota {quota} leaves too little room")?,
    }
    for (at, QuotaLine { resource, requested, used, hard }) in lines.iter().enumerate() {
        let sign = if at == 0 { ":" } else { "," };
        write!(f, "{sign} {resource} {used} of {hard} used, a pod asks for {requested}")?;
    }
    Ok(())
}

fn admission(f: &mut Formatter<'_>, by: &AdmissionControl, told: &str) -> fmt::Result {
    match by {
        AdmissionControl::Webhook(name) => write!(f, "pods are refused by admission webhook {name}: {told}"),
        AdmissionControl::DeadWebhook(name) => {
            write!(f, "pods cannot be created: admission webhook {name} does not answer: {told}")
        }
        AdmissionControl::Policy { policy, binding } => {
            write!(f, "pods are refused by admission policy {policy} (binding {binding}): {told}")
        }
        AdmissionControl::PodSecurity(level) => write!(f, "pods are refused by Pod Security {level}: {told}"),
    }
}

fn terminating(f: &mut Formatter<'_>, pod: &str, finalizers: &[Box<str>], node: Option<&str>) -> fmt::Result {
    write!(f, "pod {pod} was deleted and does not go")?;
    match (finalizers, node) {
        ([], Some(node)) => write!(f, ": node {node} is not ready and cannot confirm it"),
        ([], None) => Ok(()),
        ([one], _) => write!(f, ": finalizer {one} is not removed"),
        (all, _) => write!(f, ": finalizers {} are not removed", all.join(", ")),
    }
}

fn deleting(f: &mut Formatter<'_>, finalizers: &[Box<str>]) -> fmt::Result {
    match finalizers {
        [] => f.write_str("being deleted"),
        [one] => write!(f, "being deleted: finalizer {one} is not removed"),
        all => write!(f, "being deleted: finalizers {} are not removed", all.join(", ")),
    }
}

fn scaling(f: &mut Formatter<'_>, autoscaler: &str, why: &ScalingTrouble) -> fmt::Result {
    match why {
        ScalingTrouble::Unable(told) => write!(f, "autoscaler {autoscaler} cannot scale: {told}"),
        ScalingTrouble::NoMetricsApi(api) => {
            let who = if &**api == "metrics.k8s.io" { "metrics-server" } else { "the adapter for it" };
            write!(f, "autoscaler {autoscaler} cannot scale: the cluster serves no metrics ({api}): is {who} running?")
        }
        ScalingTrouble::NoRequest { resource, container } => write!(
            f,
            "autoscaler {autoscaler} cannot scale: container {container} has no {resource} request to measure against"
        ),
        ScalingTrouble::Rivals(names) => {
            write!(f, "autoscaler {autoscaler} cannot scale: several autoscalers have the same pods: {names}")
        }
        ScalingTrouble::AtMaximum { max, metric } => {
            write!(f, "autoscaler {autoscaler} is at its maximum of {max} and wants more")?;
            match metric {
                Some((name, now, target)) => write!(f, ": {name} is at {now}, its target is {target}"),
                None => Ok(()),
            }
        }
    }
}

impl Display for Ending {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.unseen {
            return f.write_str("was lost with its node or runtime (ContainerStatusUnknown)");
        }
        if self.foreign {
            return write!(f, "is not made for the node's processor (exec format error, exit code {})", self.code);
        }
        match (self.unrunnable, self.code, self.signal) {
            (true, code, _) => match &self.command {
                Some(command) => write!(f, "has a command that cannot be run (exit code {code}): {command}")?,
                None => write!(f, "has a command that cannot be run (exit code {code})")?,
            },
            (false, 0, None) => f.write_str("ends without an error (exit code 0)")?,
            (false, code, Some(signal)) => match signal_name(signal) {
                Some(name) => write!(f, "is ended by {name} (exit code {code})")?,
                None => write!(f, "is ended by signal {signal} (exit code {code})")?,
            },
            (false, 126, None) => f.write_str("exits with code 126 (its command may not be run)")?,
            (false, 127, None) => f.write_str("exits with code 127 (command not found)")?,
            (false, code, None) => write!(f, "exits with code {code}")?,
        }
        match self.lasted {
            Some(0) => f.write_str(" at once"),
            Some(seconds) if (0..120).contains(&seconds) => write!(f, " after {seconds} s"),
            Some(seconds) if seconds >= 120 => write!(f, " after {} min", seconds / 60),
            _ => Ok(()),
        }?;
        if (self.code, self.signal, self.unrunnable) == (0, None, false) {
            f.write_str(", though it should run on")?;
        }
        Ok(())
    }
}

/// The name of a signal, by Linux' numbers: that is where containers run.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}

impl Display for Probe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
            Self::Startup => "startup",
        })
    }
}

impl Display for Referent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::Claim => "PersistentVolumeClaim",
            Self::ServiceAccount => "ServiceAccount",
            Self::PriorityClass => "PriorityClass",
            Self::RuntimeClass => "RuntimeClass",
        })
    }
}
