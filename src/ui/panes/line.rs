//! The line above the keys: what there is to tell, else what just happened, newest at the right end of what fits.

use crate::{
    config::Meaning,
    model::News,
    ui::{glyph, layout, message::Level, scene::Scene, state::Screen},
};
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// Draws the line.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    if let Some(notice) = &scene.state.notice {
        let (glyph, meaning) = match notice.level {
            Level::Information => ("✓", Meaning::Healthy),
            Level::Warning => ("!", Meaning::Warning),
            Level::Error => ("✗", Meaning::Broken),
        };
        let mut pen = scene.pen(buffer, area, 0);
        pen.skip(1).write(glyph, meaning).skip(1).write(&notice.text, meaning);
        if let Some(hint) = &notice.hint {
            pen.write("  → ", Meaning::Key).write(hint, Meaning::Text);
        }
        return;
    }
    let body = layout::frame(scene.state.size).body;
    if *scene.state.screen() == Screen::Workloads && !scene.state.panes(body).news.is_empty() {
        return; // The pane above tells the same at length.
    }
    let mut room = usize::from(area.width).saturating_sub(1);
    let mut shown: Vec<&News> = Vec::new();
    for news in scene.rows.news.iter().rev() {
        let width = 9 + news.object.namespace.width() + news.object.name.width() + 2 + news.text.width() + 3;
        if width > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(width);
        shown.push(news);
    }
    let mut pen = scene.pen(buffer, area, 0);
    pen.skip(1);
    for (at, news) in shown.into_iter().rev().enumerate() {
        let (_, meaning) = glyph::health(news.health);
        pen.write(if at == 0 { "" } else { " · " }, Meaning::Muted);
        pen.write(&clock(scene, news), Meaning::Muted).skip(1).write(&news.object.path(), Meaning::Text).skip(1);
        pen.write(&news.text, meaning);
    }
}

/// The time of a piece of news.
pub fn clock(scene: &Scene<'_>, news: &News) -> String {
    news.at.to_zoned(scene.state.session.zone.clone()).strftime("%H:%M:%S").to_string()
}
