//! Breadcrumbs: the open screens from the cockpit to this one, on the lower border, where nothing is lost for them.

use crate::{
    config::Meaning,
    ui::{
        scene::Scene,
        state::{Screen, State},
        tables::TableKind,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// Draws them on the last line of `body`; on the cockpit itself there are none.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, body: Rect) {
    let open = scene.state.trail.open_screens();
    // That line says what logs follow, and what is searched for.
    let taken = match scene.state.screen() {
        Screen::Logs(_) => true,
        Screen::Workload(_) => !scene.state.dossier.search.is_empty() || scene.state.filtering.is_some(),
        _ => false,
    };
    if open.len() < 2 || body.height < 3 || taken {
        return;
    }
    // The position within a long table stands at the right end of the same line.
    let room = Rect { x: body.x + 1, width: body.width.saturating_sub(24), ..body };
    let names: Vec<String> = open.iter().map(|screen| name(scene.state, screen)).collect();
    let width = |names: &[String]| names.iter().map(|name| name.width() + 3).sum::<usize>() + 1;
    // Where there is no room for all, the nearest ones say more than those far away.
    let first = (0..names.len() - 1).find(|&at| width(&names[at..]) <= room.width.into()).unwrap_or(names.len() - 1);
    let mut pen = scene.pen(buffer, room, body.height - 1);
    pen.write(" ", Meaning::Border).write(if first > 0 { "… › " } else { "" }, Meaning::Muted);
    for (at, name) in names.iter().enumerate().skip(first) {
        let here = at + 1 == names.len();
        pen.write(name, if here { Meaning::Title } else { Meaning::Muted });
        pen.write(if here { " " } else { " › " }, Meaning::Muted);
    }
}

/// What a screen is called.
fn name(state: &State, screen: &Screen) -> String {
    match screen {
        Screen::Workloads => TableKind::Workloads.table().title().to_owned(),
        Screen::Workload(object) => object.path(),
        Screen::Table(kind) => kind.table().title().to_owned(),
        Screen::Operations => "Operations".to_owned(),
        Screen::Contexts => "Contexts".to_owned(),
        Screen::Fleet => "Fleet".to_owned(),
        Screen::Logs(subject) => format!("logs of {}", subject.object().path()),
        Screen::Placement(object) => format!("nodes of {}", state.placed_name(object)),
        Screen::Journal => "Journal".to_owned(),
        Screen::Together => "Rollbacks".to_owned(),
        Screen::Account(id) => id.to_string(),
        Screen::Operation(id) => match state.operations.get(id) {
            Some(view) => format!("{} {}", view.verb, view.target.name),
            None => id.to_string(),
        },
    }
}
