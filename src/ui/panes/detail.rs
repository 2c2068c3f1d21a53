//! One workload at length: why it is not well and what proves it, what it runs, what scales it, who owns it, its pods.

use crate::{
    config::Meaning,
    model::{Autoscaler, Inspection, Kind, PodSummary, Workload},
    time::age,
    ui::{
        delivery, elsewhere,
        page::{Page, Piece},
        panes::verdict::verdict,
        scene::Scene,
        state::Screen,
        tables::{reading, version},
        verbs::routes_to,
    },
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the pane. Where it is low and wide, the pods stand beside the rest.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, scroll: usize) {
    if area.is_empty() {
        return;
    }
    let Some(row) = scene.state.workload(scene.rows) else {
        let inside = scene.pane(buffer, area, "", false);
        let text = match scene.state.screen() {
            Screen::Workload(object) => format!("{object} is gone"),
            _ => "no workload is selected".to_owned(),
        };
        scene.pen(buffer, inside, 0).skip(1).write(&text, Meaning::Muted);
        return;
    };
    let title = format!("{} {}", row.object.kind.short(), row.object.path());
    let inside = scene.pane(buffer, area, &title, false);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    if inside.width >= 90 && area.height < 20 {
        let left = Rect { width: inside.width * 55 / 100, ..inside };
        let right = Rect { x: left.right() + 2, width: inside.width.saturating_sub(left.width + 2), ..inside };
        let (mut about, mut pods) = (Page::new(left.width), Page::new(right.width));
        verdict(&mut about, scene, row, 3);
        facts(&mut about, scene, row);
        pods_by_template(&mut pods, scene, row);
        about.draw(scene, buffer, left, scroll);
        pods.draw(scene, buffer, right, 0);
    } else {
        page(scene, row, inside.width, area.height < 10).draw(scene, buffer, inside, scroll);
    }
}

/// Everything about a workload, on a page of this width; `dense` leaves out the blank lines.
pub fn page(scene: &Scene<'_>, row: &Workload, width: u16, dense: bool) -> Page {
    let mut page = Page::new(width);
    verdict(&mut page, scene, row, if dense { 1 } else { 3 });
    if !dense {
        page.blank();
    }
    facts(&mut page, scene, row);
    if !dense {
        page.blank();
    }
    pods_by_template(&mut page, scene, row);
    page
}

fn facts(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    elsewhere::on(page, scene, row);
    let before = scene.rows.inspections.get(&row.object).map_or(&[][..], |i| &i.serving_before);
    for (at, container) in row.containers.iter().enumerate() {
        let label = if row.containers.len() > 1 { &*container.name } else { "image" };
        let earlier: Vec<String> = if at == 0 { before.iter().map(|image| version(image)).collect() } else { vec![] };
        let text = match earlier.is_empty() {
            true => container.image.to_string(),
            false => format!("{}  ({} still serves)", container.image, earlier.join(", ")),
        };
        page.labelled(label, Meaning::Text, &text);
    }
    let ready = format!("{} ready, {} updated, {} available of {}", row.ready, row.updated, row.available, row.desired);
    page.labelled("replicas", Meaning::Text, &ready);
    if let Some(revision) = row.revision {
        let since = row.changed.map_or_else(String::new, |t| format!(", changed {} ago", age(t, scene.now)));
        page.labelled("revision", Meaning::Text, &format!("{revision}, {}{since}", row.rollout.state));
    } else {
        page.labelled("rollout", Meaning::Text, &row.rollout.state.to_string());
    }
    if let Some(words) = row.delivery.as_ref().and_then(|delivery| delivery::words(delivery, scene.now)) {
        page.labelled("delivery", Meaning::Text, &words);
    }
    if let Some(created) = row.created {
        page.labelled("created", Meaning::Text, &format!("{} ago", age(created, scene.now)));
    }
    if let Some(scaler) = scene.rows.autoscaler_of(&row.object) {
        page.labelled("scales", Meaning::Text, &scaling(scaler));
        if let Some(trouble) = scaler.trouble() {
            page.labelled("", Meaning::Degraded, trouble);
        }
    }
    match &row.owner {
        Some(owner) if owner.kind.reconciles() => {
            page.labelled("owner", Meaning::Text, &format!("{owner}, which writes it again by itself"));
        }
        Some(owner) => page.labelled("owner", Meaning::Text, &owner.to_string()),
        None => page.labelled("owner", Meaning::Muted, "none found"),
    }
    let services = scene.state.service_names(&row.object);
    for route in routes_to(scene.rows, &row.object.namespace, &services) {
        let split: Vec<String> = route.backends.iter().map(|b| format!("{} {} %", b.name, b.percent)).collect();
        page.labelled("route", Meaning::Text, &format!("{}: {}", route.object.name, split.join(", ")));
    }
}

fn scaling(scaler: &Autoscaler) -> String {
    let metrics: Vec<String> = scaler.metrics.iter().map(reading).collect();
    let asks = if scaler.desired == scaler.current { String::new() } else { format!(", asks for {}", scaler.desired) };
    let range = format!("{} of {} to {}{asks}", scaler.current, scaler.min, scaler.max);
    if metrics.is_empty() { range } else { format!("{}; {range}", metrics.join(", ")) }
}

fn pods_by_template(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    let Some(inspection) = scene.rows.inspections.get(&row.object) else {
        match &scene.state.uninspected {
            Some((object, why, _)) if *object == row.object => {
                page.text(Meaning::Warning, &format!("the pods are not known: {why}"));
            }
            _ => page.text(Meaning::Progressing, "loading pods…"),
        }
        return;
    };
    if inspection.pods.is_empty() {
        let text = if row.desired == 0 { "scaled to zero: no pods" } else { "there are no pods" };
        page.text(if row.desired == 0 { Meaning::Muted } else { Meaning::Warning }, text);
        return;
    }
    let mut groups: Vec<(&PodSummary, Vec<&PodSummary>)> = Vec::new();
    for pod in &inspection.pods {
        match groups.iter_mut().find(|(first, _)| first.template_hash == pod.template_hash) {
            Some((_, pods)) => pods.push(pod),
            None => groups.push((pod, vec![pod])),
        }
    }
    for (at, (first, pods)) in groups.iter().enumerate() {
        let ready = pods.iter().filter(|pod| pod.ready).count();
        let which = match (row.object.kind, at) {
            (Kind::DaemonSet | Kind::StatefulSet | Kind::Deployment | Kind::Rollout, 0) if groups.len() > 1 => "new",
            (_, 0) => "",
            _ => "old",
        };
        let which = if which.is_empty() { String::new() } else { format!("{which} ") };
        let head = format!("{which}{}  {ready}/{} ready", version(&first.image), pods.len());
        page.line(vec![(Meaning::Title, head)]);
        for pod in pods {
            page.line(self::pod(pod, &row.object.name, scene.now));
        }
    }
    omitted(page, inspection);
}

fn pod(pod: &PodSummary, workload: &str, now: Timestamp) -> Vec<Piece> {
    let (sign, meaning) = match (pod.ready, &*pod.status) {
        (true, _) => ("✓", Meaning::Healthy),
        (false, "Pending" | "ContainerCreating" | "Running" | "PodInitializing" | "Terminating") => {
            ("◐", Meaning::Progressing)
        }
        (false, _) => ("✗", Meaning::Broken),
    };
    // Within its workload a pod is known by its end.
    let short = pod.name.strip_prefix(workload).map_or(&*pod.name, |rest| rest.trim_start_matches('-'));
    let mut pieces = vec![
        (meaning, format!("  {sign} ")),
        (Meaning::Text, format!("{short:<18} ")),
        (if pod.ready { Meaning::Muted } else { meaning }, pod.status.to_string()),
    ];
    if pod.restarts > 0 {
        pieces.push((Meaning::Warning, format!("  {} restarts", pod.restarts)));
    }
    if let Some(created) = pod.created {
        pieces.push((Meaning::Muted, format!("  {}", age(created, now))));
    }
    if let Some(node) = &pod.node {
        pieces.push((Meaning::Muted, format!("  {node}")));
    }
    pieces
}

fn omitted(page: &mut Page, inspection: &Inspection) {
    if inspection.omitted > 0 {
        page.text(Meaning::Muted, &format!("… and {} more pods", inspection.omitted));
    }
}
