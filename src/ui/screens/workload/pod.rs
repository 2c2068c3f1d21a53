//! One pod at length: its containers, how they ended, and its conditions in words.

use super::{usage, words};
use crate::{
    config::Meaning,
    model::{PodContainer, PodDetail, Termination},
    time::age,
    ui::{page::Page, scene::Scene},
};
use jiff::Timestamp;

/// The selected pod.
pub fn page(scene: &Scene<'_>, width: u16) -> Page {
    let mut page = Page::new(width);
    let dossier = &scene.state.dossier;
    let selected = dossier.pods.selected();
    let pod = dossier.pods_seen().and_then(|pods| pods.iter().find(|pod| Some(&pod.name) == selected));
    let Some(pod) = pod else {
        page.text(Meaning::Muted, "the pod is gone");
        return page;
    };
    about(&mut page, pod, scene.now);
    for container in &pod.containers {
        self::container(&mut page, container, scene.now);
        usage::container(&mut page, scene, pod, container);
    }
    if pod.containers.is_empty() {
        page.text(Meaning::Muted, "no container has been created yet");
    }
    page.blank();
    for condition in &pod.conditions {
        let (meaning, said) = words::condition(&condition.kind, &condition.status, &condition.reason);
        let since = condition.since.map(|since| format!(" for {}", age(since, scene.now))).unwrap_or_default();
        let text = match (said, condition.message.is_empty()) {
            (Some(said), true) => said.to_owned(),
            (Some(said), false) => format!("{said}: {}", condition.message),
            (None, true) => condition.reason.to_string(),
            (None, false) => condition.message.to_string(),
        };
        let head = format!("{} {}{since}: ", condition.kind, condition.status);
        page.hanging(vec![(meaning, "• ".into()), (Meaning::Muted, head)], Meaning::Text, &text);
    }
    page
}

fn about(page: &mut Page, pod: &PodDetail, now: Timestamp) {
    let created = pod.created.map(|created| format!(", {} old", age(created, now))).unwrap_or_default();
    page.line(vec![
        (Meaning::Title, format!("pod {}  ", pod.name)),
        (super::pods::meaning(pod.ready, &pod.status), pod.status.to_string()),
        (Meaning::Muted, created),
    ]);
    let node = pod.node.as_deref().unwrap_or("no node yet");
    let ip = pod.ip.as_deref().map(|ip| format!(", {ip}")).unwrap_or_default();
    let quality = if pod.quality.is_empty() { String::new() } else { format!(", {}", pod.quality) };
    page.labelled("on", Meaning::Text, &format!("{node}{ip}{quality}"));
}

fn container(page: &mut Page, container: &PodContainer, now: Timestamp) {
    page.blank();
    let init = if container.init { " (init)" } else { "" };
    let since = container.since.map(|since| format!(" {}", age(since, now))).unwrap_or_default();
    let meaning = match (container.ready, &*container.state) {
        (true, _) => Meaning::Healthy,
        (_, "running") => Meaning::Progressing,
        (_, ended) if ended.starts_with("ended: Completed") => Meaning::Muted,
        (_, waiting) if waiting == "waiting" || waiting.ends_with("ContainerCreating") => Meaning::Progressing,
        (_, waiting) if waiting.ends_with("PodInitializing") => Meaning::Progressing,
        _ => Meaning::Broken,
    };
    let unready = if &*container.state == "running" && !container.ready { ", not ready" } else { "" };
    page.line(vec![
        (Meaning::Title, format!("{}{init}  ", container.name)),
        (meaning, format!("{}{since}{unready}", container.state)),
        (
            Meaning::Muted,
            if container.restarts > 0 { format!("  {} restarts", container.restarts) } else { String::new() },
        ),
    ]);
    page.labelled("  image", Meaning::Muted, &container.image);
    if !container.message.is_empty() {
        page.labelled("  says", Meaning::Text, &container.message);
    }
    if let Some(end) = &container.last {
        let when = end.at.map(|at| format!(", {} ago", age(at, now))).unwrap_or_default();
        let ran = end.ran.map(|ran| format!(" after {} s", ran.as_secs())).unwrap_or_default();
        page.labelled("  before", Meaning::Warning, &format!("{}{ran}{when}", ending(end)));
        if !end.message.is_empty() {
            page.labelled("", Meaning::Text, &end.message);
        }
    }
}

/// How a container ended: `OOMKilled, exit code 137`.
pub fn ending(end: &Termination) -> String {
    let signal = if end.signal != 0 { format!(", signal {}", end.signal) } else { String::new() };
    match &*end.reason {
        "" | "Error" => format!("exit code {}{signal}", end.exit_code),
        reason => format!("{reason}, exit code {}{signal}", end.exit_code),
    }
}
