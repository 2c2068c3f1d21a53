//! Argo Rollouts: the verdict from the object alone, and how far the new template has come.
//!
//! The controller computes a phase itself, which counts only once it has seen the object as it is: its generation, that of the
//! workload whose template it rolls out, and that somebody ended a pause.

use super::gather::seconds;
use crate::{
    model::{Delivery, Kind, ObjectRef, Rollout, RolloutState},
    wire::{Canary, Metadata, Workload},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The annotation in which the controller notes the generation of the workload that keeps the template.
const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";

/// Where an Argo Rollout stands, in the order in which its own command line asks.
pub(super) fn verdict(workload: &Workload) -> Rollout {
    let status = &workload.status;
    let progressing = |reason: &str| Rollout::because(RolloutState::Progressing, reason);
    if status.observed_generation == 0 && status.phase.is_empty() {
        return progressing("no Argo Rollouts controller has taken it up yet");
    }
    if status.observed_generation < workload.metadata.generation {
        return progressing("the controller has not taken up the last change yet");
    }
    if status.controller_pause && status.pause_conditions.is_empty() {
        return progressing("the controller has not yet taken up that the pause was ended");
    }
    if template_is_ahead(workload) {
        return progressing(
            "the controller has not taken up the last change of the workload that keeps its template yet",
        );
    }
    match &*status.phase {
        "Healthy" => Rollout::plain(RolloutState::Complete),
        "Paused" => Rollout::because(RolloutState::Paused, paused(workload)),
        "Degraded" => Rollout::because(RolloutState::Failed, degraded(workload)),
        "Progressing" => match (delivery(workload).progress(), &*status.message) {
            (Some(at), "") => progressing(&at),
            (None, "") => progressing("the new template is on its way"),
            (Some(at), message) => progressing(&format!("{at}: {message}")),
            (None, message) => progressing(message),
        },
        "" => Rollout::because(RolloutState::Unknown, "its controller is older than 1.0 and tells no phase"),
        phase => Rollout::because(RolloutState::Unknown, format!("its controller tells an unknown phase, {phase}")),
    }
}

fn template_is_ahead(workload: &Workload) -> bool {
    let noted = workload.metadata.annotations.get(WORKLOAD_GENERATION).and_then(|noted| noted.parse::<i64>().ok());
    workload.spec.workload_ref.is_some() && noted.is_some_and(|g| g != workload.status.workload_observed_generation)
}

fn paused(workload: &Workload) -> String {
    let at = delivery(workload).progress().map(|at| format!(" at {at}")).unwrap_or_default();
    match workload.status.pause_conditions.first().map(|pause| &*pause.reason) {
        _ if workload.spec.paused => format!("paused by hand (spec.paused){at}"),
        Some("CanaryPauseStep") if pause_ends(workload).is_some() => format!("paused{at}, goes on by itself"),
        Some("CanaryPauseStep") => format!("paused{at} until somebody promotes it"),
        Some("BlueGreenPause") => {
            "the new pods are up as a preview; the traffic stays until somebody promotes them".into()
        }
        Some("InconclusiveAnalysisRun") => format!("paused{at}: an analysis did not reach a conclusion"),
        Some(reason) => format!("paused{at}: {reason}"),
        None => format!("paused{at}"),
    }
}

fn degraded(workload: &Workload) -> String {
    let status = &workload.status;
    // The message leads with the reason's name, which the sentence says in words.
    let (reason, message) = status.message.split_once(": ").unwrap_or(("", &status.message));
    let message = super::sentence(message);
    if status.abort {
        let why = if message.is_empty() { String::new() } else { format!(": {message}") };
        return format!("aborted, the earlier template serves and the new one is still asked for{why}");
    }
    match reason {
        "ProgressDeadlineExceeded" => "the progress deadline has passed: the new pods did not come up in time".into(),
        "InvalidSpec" => format!("the controller refuses its spec: {message}"),
        _ if message.is_empty() => "its controller calls it degraded and does not say why".into(),
        _ => message,
    }
}

/// How far the new template has come.
pub(super) fn delivery(workload: &Workload) -> Delivery {
    let (spec, status) = (&workload.spec, &workload.status);
    let under_way = !status.current_pod_hash.is_empty() && status.current_pod_hash != status.stable_hash;
    // The very first template goes out at once: there is nothing to go from.
    let under_way = under_way && !status.stable_hash.is_empty();
    let canary = spec.strategy.canary.as_ref().filter(|_| under_way);
    Delivery {
        blue_green: spec.strategy.blue_green.is_some(),
        under_way,
        step: canary.and_then(|canary| step(canary, status.current_step_index?)),
        weight: canary.map(|canary| weight(workload, canary)),
        aborted: status.abort && under_way,
        resumes: pause_ends(workload),
        template_of: template_of(workload),
    }
}

fn step(canary: &Canary, index: usize) -> Option<(u32, u32)> {
    let of = u32::try_from(canary.steps.len()).ok().filter(|of| *of > 0)?;
    Some((u32::try_from(index).ok()?.saturating_add(1).min(of), of))
}

/// The percentage that is asked for: the router's where there is one, else that of the last weight step passed or reached.
fn weight(workload: &Workload, canary: &Canary) -> u32 {
    let status = &workload.status;
    match (&status.canary.weights, status.current_step_index) {
        _ if status.abort => 0,
        (Some(weights), _) => weights.canary.weight,
        (None, Some(index)) if index < canary.steps.len() => {
            canary.steps[..=index].iter().rev().find_map(|step| step.set_weight).unwrap_or(0)
        }
        (None, _) => 100,
    }
}

/// When the pause it is in ends by itself.
fn pause_ends(workload: &Workload) -> Option<Timestamp> {
    let (spec, status) = (&workload.spec, &workload.status);
    let pause = status.pause_conditions.iter().find(|pause| &*pause.reason == "CanaryPauseStep")?;
    let step = spec.strategy.canary.as_ref()?.steps.get(status.current_step_index?)?;
    let duration = &step.pause.as_ref()?.duration;
    let length = duration.parse().ok().or_else(|| seconds(duration))?;
    pause.start_time?.checked_add(SignedDuration::from_secs(i64::try_from(length).ok()?)).ok()
}

/// How the `spec` of a Rollout says that a new template is brought out, in words.
pub(super) fn strategy(spec: &Value) -> String {
    let (canary, blue_green) = (&spec["strategy"]["canary"], &spec["strategy"]["blueGreen"]);
    if blue_green.is_object() {
        return match blue_green["autoPromotionEnabled"] == false {
            true => "blue-green: all traffic switches when somebody promotes the new pods".into(),
            false => "blue-green: all traffic switches once the new pods are up".into(),
        };
    }
    let steps = canary["steps"].as_array().map_or(&[][..], Vec::as_slice);
    if steps.is_empty() {
        return "canary without steps: rolling".into();
    }
    let words = |step: &Value| match (step["setWeight"].as_u64(), step["pause"].as_object()) {
        (Some(weight), _) => format!("{weight} %"),
        (None, Some(pause)) => match pause.get("duration") {
            None | Some(Value::Null) => "pause until promoted".into(),
            Some(Value::String(length)) => format!("pause {length}"),
            Some(seconds) => format!("pause {seconds} s"),
        },
        // An analysis, an experiment, a plug-in: named by what the step is called.
        (None, None) => step.as_object().and_then(|step| step.keys().next()).map_or_else(String::new, Clone::clone),
    };
    let told: Vec<String> = steps.iter().map(words).collect();
    format!("canary: {}", told.join(", "))
}

fn template_of(workload: &Workload) -> Option<ObjectRef> {
    let named = workload.spec.workload_ref.as_ref()?;
    let Metadata { namespace, .. } = &workload.metadata;
    Some(ObjectRef::new(Kind::from_name(&named.kind)?, &**namespace, &*named.name))
}

#[cfg(test)]
#[path = "argo_tests.rs"]
mod tests;
