//! The Events tab: what was told about the workload, its revisions and its pods, newest first, counted.

use super::{say, sight};
use crate::{
    config::Meaning,
    model::{Aspect, EventLine, Kind, ObjectRef, Sight},
    time::age,
    ui::{page::Piece, scene::Scene},
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the tab: only the lines on the screen are made.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let (all, cut) = match sight(scene, Aspect::Events) {
        Ok(Sight::Events(all, cut)) => (all, *cut),
        Ok(_) => return,
        Err(said) => return say(scene, buffer, area, &said),
    };
    let search = &*scene.state.dossier.search;
    let object = match scene.state.screen() {
        crate::ui::state::Screen::Workload(object) => object,
        _ => return,
    };
    let shown = all.iter().filter(|event| matches(event, search)).count();
    let head = Rect { height: area.height.min(1), ..area };
    let list = Rect { y: area.y + head.height, height: area.height - head.height, ..area };
    let more = if cut { ", older ones left out" } else { "" };
    let text = match search {
        "" if all.is_empty() => "no events: a cluster keeps them for an hour or so".to_owned(),
        "" => format!("{shown} events{more}"),
        search => format!("{shown} of {} events match /{search}{more}", all.len()),
    };
    scene.pen(buffer, head, 0).write(&text, Meaning::Muted);
    let narrow = area.width < NARROW;
    let lines = if narrow { shown * 2 } else { shown };
    let first = scene.state.scroll.min(lines.saturating_sub(usize::from(list.height)));
    let per = if narrow { 2 } else { 1 };
    let visible = all.iter().filter(|event| matches(event, search)).skip(first / per);
    let mut line = 0;
    let mut skip = first % per;
    for event in visible {
        for pieces in layout(event, object, scene.now, narrow) {
            if std::mem::take(&mut skip) > 0 {
                continue;
            }
            if line >= list.height {
                return;
            }
            let mut pen = scene.pen(buffer, list, line);
            for (meaning, text) in pieces {
                pen.write(&text, meaning);
            }
            line += 1;
        }
    }
}

/// Where there is less room than this, the message has a line of its own.
const NARROW: u16 = 110;

/// The lines of an event.
fn layout(event: &EventLine, object: &ObjectRef, now: Timestamp, narrow: bool) -> Vec<Vec<Piece>> {
    let mut pieces = pieces(event, object, now);
    if !narrow {
        return vec![pieces];
    }
    let message = pieces.pop();
    let indent = (Meaning::Muted, " ".repeat(8));
    vec![pieces, std::iter::once(indent).chain(message).collect()]
}

/// How many lines the tab has, the heading included.
pub fn count(scene: &Scene<'_>) -> usize {
    match sight(scene, Aspect::Events) {
        Ok(Sight::Events(all, _)) => 1 + all.iter().filter(|event| matches(event, &scene.state.dossier.search)).count(),
        _ => 0,
    }
}

/// Whether an event has every word of the search in it; a word with `!` before it must not occur.
fn matches(event: &EventLine, search: &str) -> bool {
    let has = |word: &str| {
        let word = word.to_lowercase();
        [&*event.reason, &*event.message, &*event.about.name].iter().any(|text| text.to_lowercase().contains(&word))
            || (word == "warning" && event.warning)
    };
    search.split_whitespace().all(|word| match word.strip_prefix('!') {
        Some(word) => word.is_empty() || !has(word),
        None => has(word),
    })
}

/// An event on one line: age, count, reason, what it is about within its workload, message.
pub fn pieces(event: &EventLine, workload: &ObjectRef, now: Timestamp) -> Vec<Piece> {
    let meaning = if event.warning { Meaning::Warning } else { Meaning::Muted };
    let seen = event.at.map_or_else(|| "?".to_owned(), |at| age(at, now));
    let count = match (event.count, event.first) {
        (1, _) => String::new(),
        (count, Some(first)) => format!("×{count} in {}", event.at.map_or_else(String::new, |at| age(first, at))),
        (count, None) => format!("×{count}"),
    };
    let rest =
        event.about.name.strip_prefix(&*workload.name).map_or(&*event.about.name, |rest| rest.trim_start_matches('-'));
    let about = match event.about.kind {
        Kind::Pod => rest.to_owned(),
        Kind::ReplicaSet => format!("rs {rest}"),
        _ => workload.kind.short().to_owned(),
    };
    vec![
        (Meaning::Muted, format!("{seen:>5} ")),
        (if event.warning { Meaning::Warning } else { Meaning::Muted }, if event.warning { "! " } else { "  " }.into()),
        (meaning, format!("{:<22} ", event.reason)),
        (Meaning::Muted, format!("{about:<17} ")),
        (Meaning::Muted, if count.is_empty() { String::new() } else { format!("{count} ") }),
        (Meaning::Text, event.message.replace('\n', " ")),
    ]
}
