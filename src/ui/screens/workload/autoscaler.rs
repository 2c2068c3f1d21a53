//! The Autoscaler tab: each metric against its target, how much room is left, the replicas of late, conditions in words, and
//! how fast it may move.

use super::{sight, words};
use crate::{
    config::Meaning,
    model::{Aspect, Autoscaler, Kind, Metric, Scaling, Sight, Sync, Workload},
    time::age,
    ui::{
        glyph,
        page::Page,
        plot::{self, Chart},
        scene::Scene,
    },
};
use jiff::SignedDuration;
use ratatui::{buffer::Buffer, layout::Rect};

/// The time that the chart shows at least, and at most.
const SPAN: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(5), SignedDuration::from_hours(6));

/// Where the text is, and where the chart: beside it where it is wide, below it where it is high, else a few lines below.
pub fn places(area: Rect) -> (Rect, Rect) {
    if area.width >= 110 {
        let left = Rect { width: area.width * 3 / 5, ..area };
        let right = Rect { x: left.right() + 2, width: area.width.saturating_sub(left.width + 2), ..area };
        return (left, Rect { height: right.height.min(16), ..right });
    }
    let chart = match area.height {
        ..10 => 0,
        10..26 => 5,
        _ => 12,
    };
    let text = Rect { height: area.height - chart, ..area };
    (text, Rect { y: text.bottom(), height: chart, ..area })
}

/// Draws the tab.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, row: &Workload) {
    let (text, chart) = places(area);
    page(scene, row, text.width).draw(scene, buffer, text, scene.state.scroll);
    let Some(scaler) = scene.rows.autoscaler_of(&row.object) else { return };
    let Some(samples) = scene.rows.replicas.get(&scaler.object).map(crate::model::Samples::as_slice) else { return };
    let head = Rect { height: chart.height.min(1), ..chart };
    let since =
        samples.first().map(|(at, _)| format!(" of the last {}, while this cockpit was open", age(*at, scene.now)));
    let title = format!("replicas{}", since.unwrap_or_default());
    scene.pen(buffer, head, 0).write(&title, Meaning::Muted);
    let begun = samples.first().map_or(scene.now, |(at, _)| *at);
    let from = begun.min(scene.now - SPAN.0).max(scene.now - SPAN.1);
    let marks = [f64::from(scaler.min), f64::from(scaler.max)];
    let drawn = Chart { samples, from, to: scene.now, marks: &marks, meaning: Meaning::Key };
    let body = Rect { y: chart.y + head.height, height: chart.height - head.height, ..chart };
    plot::chart(scene, buffer, body, &drawn);
}

/// What scales the workload.
pub fn page(scene: &Scene<'_>, row: &Workload, width: u16) -> Page {
    let mut page = Page::new(width);
    let scaling = match sight(scene, Aspect::Autoscaler) {
        Ok(Sight::Autoscaler(scaling)) => Some(scaling.as_ref()),
        _ => None,
    };
    match scene.rows.autoscaler_of(&row.object) {
        Some(scaler) => numbers(&mut page, scaler),
        None if scaling == Some(None) => {
            page.text(Meaning::Muted, "nothing scales it: no HorizontalPodAutoscaler targets it");
            return page;
        }
        None => {
            if let Sync::Forbidden { why } = scene.rows.sync_of(Kind::HorizontalPodAutoscaler) {
                page.text(Meaning::Warning, &format!("autoscalers may not be listed: {why}"));
            }
        }
    }
    match (scaling, sight(scene, Aspect::Autoscaler)) {
        (Some(Some(scaling)), _) => about(&mut page, scene, scaling),
        (_, Err((meaning, text))) => page.text(meaning, &text),
        _ => {}
    }
    page
}

fn numbers(page: &mut Page, scaler: &Autoscaler) {
    let (full, empty) = glyph::bar(scaler.current.into(), scaler.max.into(), 20);
    page.line(vec![
        (Meaning::Muted, format!("{:<9} ", "replicas")),
        (Meaning::Key, full),
        (Meaning::Muted, empty),
        (Meaning::Text, format!(" {} of {} to {}", scaler.current, scaler.min, scaler.max)),
        (
            Meaning::Muted,
            if scaler.desired == scaler.current { String::new() } else { format!(", asks for {}", scaler.desired) },
        ),
    ]);
    let room = scaler.max.saturating_sub(scaler.current);
    let (meaning, text) = match room {
        0 => (Meaning::Degraded, "none: it runs as many as it may".to_owned()),
        1 => (Meaning::Warning, "1 more replica".to_owned()),
        more => (Meaning::Text, format!("{more} more replicas")),
    };
    page.hanging(vec![(Meaning::Muted, format!("{:<9} ", "headroom"))], meaning, &text);
    page.blank();
    for metric in &scaler.metrics {
        self::metric(page, metric);
    }
    if scaler.metrics.is_empty() {
        page.text(Meaning::Muted, "it names no metrics");
    }
    page.blank();
}

fn metric(page: &mut Page, metric: &Metric) {
    let mut pieces = vec![(Meaning::Title, format!("{:<9} ", metric.name))];
    match (metric.percent(), &metric.current) {
        (Some(share), Some(current)) => {
            let meaning = if share > 110.0 { Meaning::Degraded } else { Meaning::Healthy };
            let (full, empty) = glyph::bar(share.clamp(0.0, 150.0) as u64, 150, 15);
            pieces.push((meaning, full));
            pieces.push((Meaning::Muted, empty));
            pieces.push((Meaning::Text, format!(" {current} of {}", metric.target)));
            pieces.push((Meaning::Muted, format!(", {share:.0} % of its target")));
        }
        (None, Some(current)) => pieces.push((Meaning::Text, format!("{current} of {}", metric.target))),
        (_, None) => pieces.push((Meaning::Degraded, format!("unknown of {}: see ScalingActive", metric.target))),
    }
    pieces.push((Meaning::Muted, format!("  ({})", metric.source)));
    page.line(pieces);
}

fn about(page: &mut Page, scene: &Scene<'_>, scaling: &Scaling) {
    for (condition, since) in &scaling.conditions {
        let (meaning, words) = words::scaling(&condition.kind, &condition.status, &condition.reason);
        let since = since.map(|since| format!(" for {}", age(since, scene.now))).unwrap_or_default();
        page.hanging(
            vec![(meaning, "• ".into()), (Meaning::Muted, format!("{} {}{since}: ", condition.kind, condition.status))],
            Meaning::Text,
            words,
        );
        if meaning != Meaning::Healthy && !condition.message.is_empty() {
            page.hanging(vec![(Meaning::Muted, "  ".into())], Meaning::Muted, &condition.message);
        }
    }
    page.blank();
    for behaviour in &scaling.behaviour {
        let default = if behaviour.set { "" } else { " (Kubernetes' default)" };
        page.labelled(behaviour.direction, Meaning::Text, &format!("{}{default}", behaviour.rules));
    }
    if let Some(last) = scaling.last_scaled {
        page.labelled("scaled", Meaning::Text, &format!("{} ago", age(last, scene.now)));
    }
    if scaling.unobserved {
        page.text(Meaning::Progressing, "its controller has not looked at the latest change yet");
    }
}
