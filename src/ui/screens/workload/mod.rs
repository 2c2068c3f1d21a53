//! The workload screen: the bar of tabs, the one sentence about the workload, and the open tab below them.
//!
//! One file a tab. A tab says what it has not seen: loading is not empty, old is marked with its age, forbidden is said to be.

mod autoscaler;
mod compare;
mod events;
mod git;
mod manifest;
mod overview;
mod pod;
mod pods;
mod revisions;
mod traffic;
mod usage;
mod words;

use crate::{
    config::Meaning,
    model::{Aspect, Health, ObjectRef, Sight, Workload},
    time::age,
    ui::{
        glyph, input, layout,
        page::Page,
        scene::Scene,
        workload::{Seen, Tab},
    },
};
use jiff::SignedDuration;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// What was seen longer ago than this is marked with its age.
const OLD: SignedDuration = SignedDuration::from_secs(20);

/// Draws the screen.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, object: &ObjectRef) {
    if area.is_empty() {
        return;
    }
    let title = format!("{} {}", object.kind.short(), object.path());
    scene.pane(buffer, area, &title, scene.state.layers.is_empty());
    let places = layout::workload(area);
    bar(scene, buffer, places.bar);
    let Some(row) = scene.rows.workloads.get(object) else {
        let text = format!("{object} is gone");
        scene.pen(buffer, places.content, 0).write(&text, Meaning::Muted);
        return;
    };
    freshness(scene, buffer, area);
    search(scene, buffer, area);
    verdict(scene, buffer, places.verdict, row);
    let content = places.content;
    match scene.state.dossier.tab {
        Tab::Revisions => revisions::draw(scene, buffer, content, row),
        Tab::Pods => pods::draw(scene, buffer, content, row, true),
        Tab::Manifest => manifest::draw(scene, buffer, content),
        Tab::Events => events::draw(scene, buffer, content),
        Tab::Autoscaler => autoscaler::draw(scene, buffer, content, row),
        Tab::Logs => {}
        Tab::Overview | Tab::Traffic | Tab::Git => {
            let (left, right) = beside(content);
            if scene.state.dossier.tab == Tab::Overview && !right.is_empty() {
                page(scene, row, left.width).draw(scene, buffer, left, scene.state.scroll);
                pods::draw(scene, buffer, right, row, false);
            } else {
                page(scene, row, content.width).draw(scene, buffer, content, scene.state.scroll);
            }
        }
    }
}

/// Two columns where there is room for both; the second is empty where there is not.
fn beside(area: Rect) -> (Rect, Rect) {
    if area.width < 170 {
        return (area, Rect { width: 0, ..area });
    }
    let left = Rect { width: area.width * 11 / 20, ..area };
    (left, Rect { x: left.right() + 2, width: area.width - left.width - 2, ..area })
}

/// A tab that is a page of text.
fn page(scene: &Scene<'_>, row: &Workload, width: u16) -> Page {
    match scene.state.dossier.tab {
        Tab::Traffic => traffic::page(scene, row, width),
        Tab::Git => git::page(scene, row, width),
        _ => overview::page(scene, row, width),
    }
}

/// The furthest that the open tab can be scrolled.
pub fn last_scroll(scene: &Scene<'_>, object: &ObjectRef) -> usize {
    let content = layout::workload(layout::frame(scene.state.size).body).content;
    let Some(row) = scene.rows.workloads.get(object) else { return 0 };
    let height = usize::from(content.height);
    match scene.state.dossier.tab {
        Tab::Autoscaler => {
            let (text, _) = autoscaler::places(content);
            autoscaler::page(scene, row, text.width).last_scroll(text.height)
        }
        Tab::Overview => page(scene, row, beside(content).0.width).last_scroll(content.height),
        Tab::Traffic | Tab::Git => page(scene, row, content.width).last_scroll(content.height),
        Tab::Events => events::count(scene).saturating_sub(height),
        Tab::Manifest => manifest::count(scene).saturating_sub(height),
        Tab::Revisions if scene.state.dossier.compared.is_some() => {
            compare::page(scene, scene.state.dossier.compared, content.width).last_scroll(content.height)
        }
        Tab::Pods if scene.state.dossier.pod_open => pod::page(scene, content.width).last_scroll(content.height),
        Tab::Revisions | Tab::Pods | Tab::Logs => 0,
    }
}

/// What of the workload's list is at this line of the content, for the mouse.
pub fn at_line(scene: &Scene<'_>, line: usize) -> Option<usize> {
    let height = layout::workload(layout::frame(scene.state.size).body).content.height;
    match scene.state.dossier.tab {
        Tab::Pods => pods::at_line(scene, line, height),
        Tab::Revisions => revisions::at_line(scene, line, height),
        _ => None,
    }
}

/// Where a tab's search goes next from the line on top.
pub fn next_match(scene: &Scene<'_>, forward: bool) -> Option<usize> {
    manifest::next_match(scene, forward)
}

/// The columns of each tab on the bar: from, to.
pub fn tab_spans(width: u16) -> Vec<(Tab, u16, u16)> {
    let gap = if width >= 96 { 2 } else { 1 };
    let mut x = 0;
    let span = |(at, tab): (usize, &Tab)| {
        let label = format!("{} {}", at + 1, tab.title()).width() as u16;
        let span = (*tab, x, x + label);
        x += label + gap;
        span
    };
    Tab::ALL.iter().enumerate().map(span).collect()
}

fn bar(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    for (at, (tab, from, _)) in tab_spans(area.width).into_iter().enumerate() {
        let open = tab == scene.state.dossier.tab;
        let mut pen = scene.pen(buffer, area, 0);
        pen.skip(from).write(&format!("{}", at + 1), Meaning::Key).skip(1);
        if open {
            pen.styled(tab.title(), scene.style(Meaning::Selected));
        } else {
            pen.write(tab.title(), Meaning::Muted);
        }
    }
}

/// What is searched for, on the lower border.
fn search(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let line =
        Rect { x: area.x + 2, y: area.bottom().saturating_sub(1), width: area.width.saturating_sub(4), height: 1 };
    let search = &*scene.state.dossier.search;
    if let Some(typed) = &scene.state.filtering {
        scene.pen(buffer, line, 0).write("/", Meaning::Key);
        let typing = Rect { x: line.x + 1, width: line.width.saturating_sub(1).min(40), ..line };
        input::draw(scene, buffer, typing, typed);
    } else if !search.is_empty() {
        scene.pen(buffer, line, 0).write("/", Meaning::Key).write(search, Meaning::Input).write(" ", Meaning::Border);
    }
}

/// How old what the tab shows is, on the pane's border, where that is worth a word.
fn freshness(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let mut notes: Vec<(Meaning, String)> = Vec::new();
    for aspect in scene.state.dossier.tab.aspects() {
        let Some(seen) = scene.state.dossier.seen(*aspect) else { continue };
        let note = match (&seen.at, &seen.trouble) {
            (Some(at), Some(_)) if seen.sight.is_some() => {
                Some((Meaning::Broken, format!("{} stale {}", word(*aspect), age(*at, scene.now))))
            }
            (Some(at), None) if scene.now.duration_since(*at) > OLD && *aspect != Aspect::Git => {
                Some((Meaning::Warning, format!("{} {} old", word(*aspect), age(*at, scene.now))))
            }
            _ => None,
        };
        notes.extend(note);
    }
    let Some((meaning, _)) = notes.first() else { return };
    let text = format!(" {} ", notes.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", "));
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    scene.pen(buffer, line, 0).at_right(text.width()).write(&text, *meaning);
}

/// A side of a workload, in the middle of a sentence.
const fn word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Overview => "workload",
        Aspect::Revisions => "revisions",
        Aspect::Pods => "pods",
        Aspect::Usage => "usage",
        Aspect::Events => "events",
        Aspect::Autoscaler => "autoscaler",
        Aspect::Manifest => "YAML",
        Aspect::Traffic => "services",
        Aspect::Git => "repository",
    }
}

/// The one sentence, on every tab.
fn verdict(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, row: &Workload) {
    let health = scene.rows.health_of(row);
    let (sign, meaning) = glyph::workload(row, health);
    let reason = scene.rows.reason_with_age(row, |since| age(since, scene.now)).unwrap_or_else(|| match health {
        Health::Healthy => format!("{} of {} ready", row.ready, row.desired),
        other => other.to_string(),
    });
    scene.pen(buffer, area, 0).write(sign, meaning).skip(1).write(&reason, meaning);
}

/// What was seen of a side; a sentence where nothing was.
fn sight<'s>(scene: &'s Scene<'_>, aspect: Aspect) -> Result<&'s Sight, (Meaning, String)> {
    let seen: Option<&'s Seen> = scene.state.dossier.seen(aspect);
    match seen.map(|seen| (&seen.sight, &seen.trouble)) {
        Some((Some(sight), _)) => Ok(sight),
        Some((None, Some(trouble))) => {
            let hint = trouble.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let meaning = if trouble.forbidden { Meaning::Warning } else { Meaning::Broken };
            let what = if trouble.forbidden { "forbidden" } else { "not known" };
            Err((meaning, format!("{} {what}: {}{hint}", word(aspect), trouble.why)))
        }
        _ => Err((Meaning::Progressing, format!("loading {}…", word(aspect)))),
    }
}

/// Says on the content's first lines why there is nothing to show.
fn say(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, (meaning, text): &(Meaning, String)) {
    let mut page = Page::new(area.width);
    page.text(*meaning, text);
    page.draw(scene, buffer, area, 0);
}

/// The first line shown of so many, such that the selected one is in sight: in the middle where there is more than fits.
fn first_line(lines: usize, selected: usize, height: u16) -> usize {
    let height = usize::from(height.max(1));
    selected.saturating_sub(height / 2).min(lines.saturating_sub(height))
}
