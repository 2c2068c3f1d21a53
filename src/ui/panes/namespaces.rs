//! The namespaces with the health of what they hold.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        freshness, glyph,
        scene::Scene,
        state::Focus,
        tables::{MARK, mark},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the pane.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let cockpit = &scene.state.cockpit;
    let focused = cockpit.focus == Focus::Namespaces && scene.state.layers.is_empty();
    let inside = scene.pane(buffer, area, "Namespaces", focused);
    let list = &cockpit.namespaces;
    let arrangement = &scene.state.arrangement;
    let selected = list.index();
    for line in 0..inside.height {
        let at = list.offset() + usize::from(line);
        let Some(name) = list.order().get(at) else { break };
        let row = arrangement.namespaces.iter().find(|row| row.name == *name);
        let counts = row.map_or(arrangement.all, |row| row.counts);
        let numbers = match counts.troubled() {
            // Nothing is said about all of them while none has arrived.
            _ if name.is_empty() && counts.total == 0 => String::new(),
            0 => counts.total.to_string(),
            troubled => format!("{troubled}/{}", counts.total),
        };
        let (sign, meaning) = match row.map(|row| row.health) {
            Some(Some(health)) => glyph::health(health),
            Some(None) => ("–", Meaning::Muted),
            None => (" ", Meaning::Text),
        };
        let here = scene.state.scope.as_deref().unwrap_or("") == &**name;
        let text = if here { Meaning::Title } else { Meaning::Text };
        let label = Rect { width: inside.width.saturating_sub(numbers.len() as u16 + 1), ..inside };
        scene
            .pen(buffer, label, line)
            .skip(MARK)
            .write(sign, meaning)
            .skip(1)
            .write(if name.is_empty() { "all" } else { name }, text);
        scene.pen(buffer, inside, line).at_right(numbers.len()).write(&numbers, Meaning::Muted);
        if selected == Some(at) {
            mark(scene, buffer, inside, line, focused);
        }
    }
    if arrangement.namespaces.is_empty() && inside.height > 1 {
        let (meaning, lines) = freshness::empty(scene.rows, &[Kind::Namespace], "namespaces");
        for (row, text) in lines.iter().enumerate().take(usize::from(inside.height) - 1) {
            scene.pen(buffer, inside, row as u16 + 1).write(text, meaning);
        }
    }
}
