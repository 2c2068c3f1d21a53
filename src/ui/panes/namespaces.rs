//! The namespaces with the health of what they hold.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        freshness, glyph,
        list::Listed,
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
    let (roll_up, scope) = (&scene.state.roll_up, &scene.state.scope);
    let selected = list.index();
    for line in 0..inside.height {
        let at = list.offset() + usize::from(line);
        let Some(name) = list.order().get(at) else { break };
        let row = roll_up.namespace(name);
        let counts = row.map_or(roll_up.all, |row| row.counts);
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
        let here = scope.names(name) || (name.is_empty() && scope.is_all());
        let text = if here { Meaning::Title } else { Meaning::Text };
        let label = Rect { width: inside.width.saturating_sub(numbers.len() as u16 + 1), ..inside };
        let marked = if list.marks().contains(name) { "*" } else { "" };
        scene.pen(buffer, label, line).skip(1).write(marked, Meaning::Key);
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
    if roll_up.namespaces().is_empty() && inside.height > 1 {
        let (meaning, lines) = freshness::empty(scene.rows, &[Kind::Namespace], "namespaces");
        for (row, text) in lines.iter().enumerate().take(usize::from(inside.height) - 1) {
            scene.pen(buffer, inside, row as u16 + 1).write(text, meaning);
        }
    }
}
