//! What stops one container: its image, its creation, or that it ends when it should run on.

use super::{Evidence, missing, pull};
use crate::{
    model::{Cause, Ending},
    observe::sentence,
    wire::{ContainerStatus, Pod, PodContainer, Terminated},
};
use jiff::Timestamp;

/// The reason of an end that nobody saw: the node restarted, or the runtime forgot the container.
const UNSEEN: &str = "ContainerStatusUnknown";

/// What a kernel says of a program that is made for another processor.
pub const FOREIGN: &str = "exec format error";

/// What stops this container, with what else would tell more and since when; None where nothing is known to.
pub fn finding(pod: &Pod, container: &ContainerStatus, init: bool) -> Option<(Cause, Evidence, Option<Timestamp>)> {
    let waiting = container.state.waiting.as_ref();
    let reason = waiting.map_or("", |w| &*w.reason);
    let words = waiting.map_or("", |w| &*w.message);
    let told = Some(sentence(words)).filter(|text| !text.is_empty());
    let name = container.name.clone();
    let since = pod.metadata.creation_timestamp;
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ErrImageInspect"
        | "SignatureValidationFailed" => {
            let image = image_of(pod, container);
            let why = pull::failure(reason, words, &image);
            // A back-off alone does not say why; the event of the pull does.
            let evidence = match (&why, told) {
                (crate::model::PullFailure::Other(None), _) | (_, None) => Evidence::Events,
                (_, Some(told)) => Evidence::Told(told),
            };
            Some((Cause::ImagePull { container: name, image, why }, evidence, since))
        }
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "StartError"
        | "PostStartHookError"
        | "PreStartHookError"
        | "PreCreateHookError" => {
            let missing = missing::cause(words);
            let evidence = if told.is_some() { Evidence::None } else { Evidence::Events };
            let cause = missing.unwrap_or(Cause::NotCreated { container: name, told: told.map(Into::into) });
            Some((cause, evidence, since))
        }
        _ => ending(pod, container, init, reason),
    }
}

/// A container that ends when it should run on.
fn ending(
    pod: &Pod,
    container: &ContainerStatus,
    init: bool,
    reason: &str,
) -> Option<(Cause, Evidence, Option<Timestamp>)> {
    let now = container.state.terminated.as_ref();
    let failed_now = now.filter(|ended| ended.exit_code != 0 || &*ended.reason == "OOMKilled");
    let last = failed_now.or(container.last_state.terminated.as_ref());
    let restarts = container.restart_count;
    let again_and_again = restarts > 1
        && last.is_some_and(|ended| &*ended.reason != UNSEEN)
        && !container.ready
        && now.is_none_or(|ended| ended.exit_code != 0);
    if reason != "CrashLoopBackOff" && failed_now.is_none() && !again_and_again {
        return None;
    }
    let spec = spec_of(pod, container);
    // Each restart is another end; what matters is since when it does not serve.
    let unready = pod.status.conditions.iter().find(|c| &*c.kind == "Ready" && &*c.status == "False");
    let since = unready.and_then(|c| c.last_transition_time).or(last.and_then(|ended| ended.finished_at));
    let name = container.name.clone();
    // A sidecar is written among the init containers, and runs beside the others.
    let init = init && spec.is_none_or(|spec| &*spec.restart_policy != "Always");
    let unrunnable = last.is_some_and(|l| matches!(&*l.reason, "ContainerCannotRun" | "StartError"));
    let evidence = match last.map(|ended| sentence(&ended.message)).filter(|text| !text.is_empty()) {
        Some(message) => Evidence::Told(message),
        None if unrunnable => Evidence::Events,
        None => {
            let probed = spec.is_some_and(|spec| spec.liveness_probe.is_some() || spec.startup_probe.is_some());
            let killed = last.is_some_and(|ended| ended.reason.as_ref() != "OOMKilled");
            // The log of now is that of the last run as long as no new one has begun.
            let previous = container.state.running.is_some();
            Evidence::Log { container: name.clone(), previous, probed: probed && killed }
        }
    };
    if last.is_some_and(|ended| &*ended.reason == "OOMKilled") {
        let limit = spec.and_then(|spec| spec.resources.limits.get("memory")?.text());
        return Some((Cause::OutOfMemory { container: name, limit, restarts }, evidence, since));
    }
    let ending = last.map(|ended| self::how(ended, unrunnable));
    Some((Cause::CrashLoop { container: name, init, ending, restarts }, evidence, since))
}

fn how(ended: &Terminated, unrunnable: bool) -> Ending {
    let code = ended.exit_code;
    let signal = match ended.signal {
        0 => (129..160).contains(&code).then(|| code - 128),
        signal => Some(signal),
    };
    let lasted = match (ended.started_at, ended.finished_at) {
        (Some(started), Some(finished)) => Some(finished.duration_since(started).as_secs()),
        _ => None,
    };
    let unseen = &*ended.reason == UNSEEN;
    // What precedes it are the layers of the runtime.
    let command = ended.message.rsplit_once(": exec: ").map(|(_, why)| sentence(why).into()).filter(|_| unrunnable);
    let foreign = ended.message.contains(FOREIGN);
    Ending { code, signal, unrunnable, command, foreign, unseen, lasted: lasted.filter(|_| !unrunnable && !unseen) }
}

/// The container as its pod asks for it.
pub fn spec_of<'p>(pod: &'p Pod, container: &ContainerStatus) -> Option<&'p PodContainer> {
    pod.spec.containers.iter().chain(&pod.spec.init_containers).find(|spec| spec.name == container.name)
}

/// The image as the pod asks for it: a status may show another name of it.
fn image_of(pod: &Pod, container: &ContainerStatus) -> Box<str> {
    spec_of(pod, container).map_or_else(|| container.image.clone(), |spec| spec.image.clone())
}
