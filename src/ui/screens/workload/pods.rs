//! The Pods tab: grouped by revision, the newest first, those that are not ready first in each.

use super::{first_line, pod, say, sight, usage};
use crate::{
    config::Meaning,
    model::{Aspect, PodDetail, PodGroup, Pods, Sight, Usages, Workload},
    time::age,
    ui::{pen::Pen, scene::Scene, tables::version},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// One line of the tab.
#[derive(Clone, Copy, Debug)]
enum Line {
    Group(usize),
    Pod(usize, usize),
    Omitted,
    Unmeasured,
}

fn lines(pods: &Pods, unmeasured: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, group) in pods.groups.iter().enumerate() {
        lines.push(Line::Group(at));
        lines.extend((0..group.pods.len()).map(|pod| Line::Pod(at, pod)));
    }
    if pods.omitted > 0 {
        lines.push(Line::Omitted);
    }
    if unmeasured {
        lines.push(Line::Unmeasured);
    }
    lines
}

/// Where the selected pod's line is.
fn selected_line(scene: &Scene<'_>, pods: &Pods, lines: &[Line]) -> usize {
    let selected = scene.state.dossier.pods.selected();
    let is_selected = |line: &Line| match line {
        Line::Pod(group, pod) => selected.is_some_and(|name| *name == pods.groups[*group].pods[*pod].name),
        Line::Group(_) | Line::Omitted | Line::Unmeasured => false,
    };
    lines.iter().position(is_selected).unwrap_or(0)
}

/// Draws the tab, or the selected pod at length; where it does not take the keys, the pods only.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, row: &Workload, keys: bool) {
    let pods = match sight(scene, Aspect::Pods) {
        Ok(Sight::Pods(pods)) => pods,
        Ok(_) => return,
        Err(said) => return say(scene, buffer, area, &said),
    };
    if pods.groups.is_empty() {
        let (meaning, text) = match row.desired {
            0 => (Meaning::Muted, "scaled to zero: no pods"),
            _ => (Meaning::Warning, "there are no pods: the Events tab tells why none is created"),
        };
        return say(scene, buffer, area, &(meaning, text.to_owned()));
    }
    if keys && scene.state.dossier.pod_open {
        return pod::page(scene, area.width).draw(scene, buffer, area, scene.state.scroll);
    }
    let usages = usage::known(scene);
    let lines = lines(pods, usages.is_err());
    let selected = if keys { selected_line(scene, pods, &lines) } else { usize::MAX };
    let first = if keys { first_line(lines.len(), selected, area.height) } else { 0 };
    let widest = |of: fn(&PodDetail, &Workload) -> usize| pods.iter().map(|pod| of(pod, row)).max().unwrap_or(0);
    let widths =
        (widest(|pod, row| short(pod, row).len()).clamp(5, 40), widest(|pod, _| pod.status.len()).clamp(7, 26));
    for (at, line) in lines.iter().enumerate().skip(first).take(area.height.into()) {
        let on_screen = Rect { y: area.y + (at - first) as u16, height: 1, ..area };
        let mut pen = scene.pen(buffer, on_screen, 0);
        match line {
            Line::Group(group) => heading(&mut pen, &pods.groups[*group]),
            Line::Omitted => {
                pen.write(&format!("… and {} more pods, not looked at", pods.omitted), Meaning::Muted);
            }
            Line::Unmeasured => {
                if let Err((meaning, why)) = &usages {
                    pen.write("what they use: ", Meaning::Muted).write(why, *meaning);
                }
            }
            Line::Pod(group, pod) => {
                let detail = &pods.groups[*group].pods[*pod];
                cells(
                    &mut pen,
                    scene,
                    (detail, short(detail, row)),
                    usages.as_ref().ok().copied(),
                    widths,
                    at == selected,
                );
                if at == selected {
                    buffer.set_style(on_screen, scene.style(Meaning::Selected));
                }
            }
        }
    }
}

/// Which pod is at this line of the content.
pub fn at_line(scene: &Scene<'_>, line: usize, height: u16) -> Option<usize> {
    let pods = scene.state.dossier.pods_seen().filter(|_| !scene.state.dossier.pod_open)?;
    let lines = lines(pods, usage::known(scene).is_err());
    let first = first_line(lines.len(), selected_line(scene, pods, &lines), height);
    match lines.get(first + line)? {
        Line::Pod(group, pod) => Some(pods.groups[..*group].iter().map(|group| group.pods.len()).sum::<usize>() + pod),
        Line::Group(_) | Line::Omitted | Line::Unmeasured => None,
    }
}

/// Within its workload a pod is known by its end.
fn short<'p>(pod: &'p PodDetail, row: &Workload) -> &'p str {
    pod.name.strip_prefix(&*row.object.name).map_or(&*pod.name, |rest| rest.trim_start_matches('-'))
}

/// What a pod's state means.
pub fn meaning(ready: bool, status: &str) -> Meaning {
    match (ready, status) {
        (_, "Terminating") => Meaning::Muted,
        (true, _) => Meaning::Healthy,
        (false, "Completed" | "Succeeded") => Meaning::Muted,
        (false, "Pending" | "ContainerCreating" | "Running" | "PodInitializing") => Meaning::Progressing,
        (false, init) if init.starts_with("Init:") && init.contains('/') => Meaning::Progressing,
        (false, _) => Meaning::Broken,
    }
}

fn heading(pen: &mut Pen<'_>, group: &PodGroup) {
    let number = match (group.revision, &group.hash) {
        (Some(revision), _) => format!("revision {revision}"),
        (None, Some(hash)) => format!("template {hash}"),
        (None, None) => "no revision".to_owned(),
    };
    let ready = group.pods.iter().filter(|pod| pod.ready).count();
    pen.write(&number, Meaning::Title).skip(1);
    match group.current {
        Some(true) => pen.write("current", Meaning::Key).skip(1),
        Some(false) => pen.write("old", Meaning::Muted).skip(1),
        None => pen,
    };
    pen.skip(1).write(&version(&group.image), Meaning::Text);
    pen.skip(2).write(&format!("{ready}/{} ready", group.pods.len()), Meaning::Muted);
}

fn cells(
    pen: &mut Pen<'_>,
    scene: &Scene<'_>,
    (pod, name): (&PodDetail, &str),
    usages: Option<&Usages>,
    (name_width, status_width): (usize, usize),
    selected: bool,
) {
    let status = meaning(pod.ready, &pod.status);
    let sign = match status {
        Meaning::Healthy => "✓",
        Meaning::Progressing => "◐",
        Meaning::Muted => "–",
        _ => "✗",
    };
    pen.write(if selected { "▸ " } else { "  " }, Meaning::Key).write(sign, status).skip(1);
    pen.write(&format!("{name:<name_width$.name_width$} "), Meaning::Text);
    let (ready, all) = pod.containers_ready;
    pen.write(&format!("{ready}/{all} "), Meaning::Text).write(&format!("{:<status_width$} ", pod.status), status);
    let restarts = if pod.restarts > 0 { Meaning::Warning } else { Meaning::Muted };
    pen.write(&format!("{:>3}↻ ", pod.restarts), restarts);
    let created = pod.created.map_or_else(|| "?".into(), |created| age(created, scene.now));
    pen.write(&format!("{created:>4}  "), Meaning::Muted);
    // Where there is little room, how a container ended last is worth more.
    if let Some(usages) =
        usages.filter(|_| pen.room() >= usage::WIDTH + 12 && (pen.room() >= 60 || pod.last_end().is_none()))
    {
        usage::cells(pen, usages, pod);
        pen.skip(1);
    }
    let node = pod.node.as_deref().unwrap_or("no node");
    let wide = pen.room() >= 60;
    if wide {
        pen.write(&format!("{node:<24} "), Meaning::Muted);
    }
    if let Some((container, end)) = pod.last_end() {
        let when = end.at.map(|at| format!(", {} ago", age(at, scene.now))).unwrap_or_default();
        let which = if pod.containers.len() > 1 { format!("{} ", container.name) } else { String::new() };
        pen.write(&format!("last {which}{}{when}  ", pod::ending(end)), Meaning::Warning);
    }
    if !wide {
        pen.write(node, Meaning::Muted);
    }
}
