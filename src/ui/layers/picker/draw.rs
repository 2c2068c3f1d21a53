//! The tags, drawn: one line each, only those in sight.

use super::{Picker, sheet_size};
use crate::{
    config::Meaning,
    model::{Relation, TagRow, TagSource},
    time::age,
    ui::{input, layout, pen::Pen, scene::Scene, tables},
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// Columns of the digest: the algorithm says nothing here.
const DIGEST: usize = 12;

impl Picker {
    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, whole: Rect) {
        let size = scene.state.size;
        let whole = layout::below_header(size).intersection(whole);
        let container = self.containers.get(self.at).filter(|_| self.containers.len() > 1);
        let container = container.map_or_else(String::new, |container| format!(" container {}", container.name));
        let running = self.tags.running.as_deref().unwrap_or("no tag");
        let title = format!("Bump {}{container} from {running}", self.target.path());
        let inside = scene.sheet(buffer, whole, sheet_size(size), &title);
        let mut pen = scene.pen(buffer, inside, 0);
        pen.write("tag ", Meaning::Key);
        let (x, y) = pen.position();
        input::draw(
            scene,
            buffer,
            Rect { x, y, width: inside.right().saturating_sub(x).min(48), height: 1 },
            &self.typed,
        );
        let many = format!("{} of {}", self.found.len(), self.tags.rows().len());
        scene.pen(buffer, inside, 0).at_right(many.len()).write(&many, Meaning::Muted);
        source(&mut scene.pen(buffer, inside, 1), "registry ", &self.tags.registry, scene.now);
        source(&mut scene.pen(buffer, inside, 2), "Git      ", &self.tags.git, scene.now);
        let list = Rect { y: inside.y + 4, height: inside.height.saturating_sub(6), ..inside };
        let width = usize::from(inside.width);
        let columns = Columns::of(width, self.rows().map(|row| row.tag.len()).max().unwrap_or(0));
        columns.heading(&mut scene.pen(buffer, inside, 3));
        let first = self.first(size);
        for (line, row) in self.rows().skip(first).take(list.height.into()).enumerate() {
            let mut pen = scene.pen(buffer, list, line as u16);
            self.row(&mut pen, &columns, row, scene.now);
        }
        let free = self.found.len().checked_sub(first).filter(|line| *line < usize::from(list.height));
        if let (Some(text), Some(line)) = (self.free(), free) {
            let mut pen = scene.pen(buffer, list, line as u16);
            pen.skip(2)
                .write(text, Meaning::Title)
                .write("  as typed: nothing that was asked knows it", Meaning::Muted);
        }
        if self.count() == 0 {
            scene.pen(buffer, list, 0).skip(2).write("nothing fits, and this is no tag", Meaning::Muted);
        } else if let Some(line) = self.chosen.checked_sub(first) {
            tables::mark(scene, buffer, list, line as u16, true);
        }
        self.foot(scene, buffer, inside);
    }

    fn row(&self, pen: &mut Pen<'_>, columns: &Columns, row: &TagRow, now: Timestamp) {
        let refused = row.rules.against.is_some();
        let name = if refused { Meaning::Muted } else { Meaning::Title };
        pen.skip(2).write(&fitted(&row.tag, columns.tag), name).skip(1);
        let meaning = match row.relation {
            Relation::Same => Meaning::Healthy,
            Relation::Older(_) => Meaning::Warning,
            Relation::Newer(_) | Relation::Unknown => Meaning::Text,
        };
        pen.write(&format!("{:<6}", row.relation), if refused { Meaning::Muted } else { meaning });
        let detail = row.detail.as_ref();
        let built = detail.and_then(|detail| detail.as_ref().ok()?.created).or(row.committed);
        pen.write(&format!("{:>5} ", built.map_or_else(String::new, |at| age(at, now))), Meaning::Muted);
        if columns.digest {
            let digest = match detail {
                Some(Ok(detail)) => detail.digest.rsplit(':').next().unwrap_or_default().to_owned(),
                Some(Err(_)) => "?".into(),
                None if row.listed => "…".into(),
                None => "–".into(),
            };
            pen.write(&fitted(&digest, DIGEST), Meaning::Muted).skip(1);
        }
        if self.tags.is_certified(row) {
            pen.write("certified ", Meaning::Healthy);
        }
        if let Some(against) = &row.rules.against {
            pen.write("✗ ", Meaning::Warning).write(against, Meaning::Muted);
        } else if let Some(Err(why)) = detail {
            pen.write(why, Meaning::Warning);
        } else if !row.seen.is_empty() {
            pen.write("in ", Meaning::Muted).write(&row.seen.join(", "), Meaning::Text);
        } else if row.committed.is_some() && !row.listed {
            pen.write("was here, by Git", Meaning::Muted);
        }
    }

    fn foot(&self, scene: &Scene<'_>, buffer: &mut Buffer, inside: Rect) {
        let mut hints = vec![("enter", " plan"), ("tab", " branch, file, why"), ("esc", " cancel")];
        if self.containers.len() > 1 {
            hints.insert(1, ("← →", " container"));
        }
        let width: usize = hints.iter().map(|(key, text)| key.chars().count() + text.len() + 3).sum::<usize>() - 3;
        let last = inside.height.saturating_sub(1);
        scene.pen(buffer, inside, last).write("nothing has changed yet", Meaning::Muted);
        let mut pen = scene.pen(buffer, inside, last);
        pen.at_right(width);
        for (key, text) in hints {
            pen.write(key, Meaning::Key).write(text, Meaning::Muted).skip(3);
        }
    }
}

/// How wide columns are.
struct Columns {
    tag: usize,
    digest: bool,
}

impl Columns {
    fn of(width: usize, longest: usize) -> Self {
        let digest = width >= 64;
        Self { tag: longest.clamp(12, (width / 3).max(12)), digest }
    }

    fn heading(&self, pen: &mut Pen<'_>) {
        let digest = if self.digest { format!("{:<DIGEST$} ", "DIGEST") } else { String::new() };
        pen.skip(2)
            .write(&format!("{:<width$} {:<6}{:>5} {digest}", "TAG", "IS", "AGE", width = self.tag), Meaning::Muted);
    }
}

/// A text in so many columns; tags and digests are ASCII.
fn fitted(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width - 1).chain(['…']).collect(),
        false => format!("{text:<width$}"),
    }
}

fn source(pen: &mut Pen<'_>, name: &str, source: &TagSource, now: Timestamp) {
    pen.write(name, Meaning::Muted);
    match source {
        TagSource::Asked => pen.write("◐ being asked…", Meaning::Progressing),
        TagSource::Heard { name, tags, more, at } => {
            let more = if *more { ", and there are more" } else { "" };
            pen.write(name, Meaning::Text).write(&format!("  {tags} tags{more}, {} ago", age(*at, now)), Meaning::Muted)
        }
        TagSource::Silent(why) => pen.write(why, Meaning::Warning),
    };
}
