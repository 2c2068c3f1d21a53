//! A line of text being typed.

use super::{pen::Pen, scene::Scene};
use crate::config::Meaning;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};
use tui_input::{Input, InputRequest};
use unicode_width::UnicodeWidthStr;

/// Gives a key to the input; false where the key means nothing to it.
pub fn press(input: &mut Input, key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.modifiers.contains(KeyModifiers::ALT) {
        return false;
    }
    let request = match key.code {
        KeyCode::Char('u') if control => InputRequest::DeleteLine,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char(c) if !control => InputRequest::InsertChar(c),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return false,
    };
    input.handle(request);
    true
}

/// Types a pasted text: line breaks and other control characters are left out, because one line is asked for.
pub fn paste(input: &mut Input, text: &str) {
    for c in text.chars().filter(|c| !c.is_control()) {
        input.handle(InputRequest::InsertChar(c));
    }
}

/// Draws the input on the first line of `area`, with its cursor.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, input: &Input) {
    let room = usize::from(area.width).saturating_sub(1);
    let scroll = input.visual_scroll(room);
    // Leave out whole characters until what is left begins at the scroll position.
    let mut skipped = 0;
    let from = input.value().char_indices().find(|(at, _)| {
        skipped = input.value()[..*at].width();
        skipped >= scroll
    });
    let text = from.map_or("", |(at, _)| &input.value()[at..]);
    let mut pen: Pen<'_> = scene.pen(buffer, area, 0);
    pen.write(text, Meaning::Input);
    let (end, y) = pen.position();
    let x = area.x + u16::try_from(input.visual_cursor().saturating_sub(skipped)).unwrap_or(u16::MAX).min(area.width);
    if x >= end {
        scene.pen(buffer, area, 0).skip(x - area.x).write("▏", Meaning::Key);
    } else if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_style(scene.style(Meaning::Input).add_modifier(Modifier::REVERSED));
    }
}
