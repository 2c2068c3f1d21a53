//! The YAML tab: the object as it is, managed fields folded, values hidden, searched with `/`.

use super::{say, sight};
use crate::{
    config::Meaning,
    model::{Aspect, Manifest, Sight},
    ui::scene::Scene,
};
use ratatui::{buffer::Buffer, layout::Rect};

/// One line as it is shown: of the manifest, or the fold that stands for managed fields.
enum Shown {
    Line(usize),
    Fold,
}

fn manifest<'s>(scene: &'s Scene<'_>) -> Option<&'s Manifest> {
    match sight(scene, Aspect::Manifest) {
        Ok(Sight::Manifest(manifest)) => Some(manifest),
        _ => None,
    }
}

fn folds(scene: &Scene<'_>, manifest: &Manifest) -> bool {
    !scene.state.dossier.unfolded && !manifest.managed.is_empty()
}

/// What the line at this place of the screen is.
fn shown(manifest: &Manifest, folded: bool, at: usize) -> Shown {
    match at {
        _ if !folded || at < manifest.managed.start => Shown::Line(at),
        _ if at == manifest.managed.start => Shown::Fold,
        _ => Shown::Line(at + manifest.managed.len() - 1),
    }
}

/// How many lines are shown.
pub fn count(scene: &Scene<'_>) -> usize {
    let Some(manifest) = manifest(scene) else { return 0 };
    let all = manifest.lines.len();
    if folds(scene, manifest) { all - manifest.managed.len() + 1 } else { all }
}

/// The first shown line after (or before) the one on top that the search finds; around the ends.
pub fn next_match(scene: &Scene<'_>, forward: bool) -> Option<usize> {
    let manifest = manifest(scene)?;
    let search = scene.state.dossier.search.to_lowercase();
    if search.is_empty() {
        return None;
    }
    let (count, folded) = (count(scene), folds(scene, manifest));
    let top = scene.state.scroll;
    let matches = |at: &usize| match shown(manifest, folded, *at) {
        Shown::Line(line) => manifest.lines.get(line).is_some_and(|line| line.to_lowercase().contains(&search)),
        Shown::Fold => false,
    };
    let around = (1..=count).map(|step| if forward { (top + step) % count } else { (top + count - step) % count });
    around.into_iter().find(matches)
}

/// Draws the tab: only the lines on the screen are made.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let manifest = match sight(scene, Aspect::Manifest) {
        Ok(Sight::Manifest(manifest)) => manifest,
        Ok(_) => return,
        Err(said) => return say(scene, buffer, area, &said),
    };
    let (count, folded) = (count(scene), folds(scene, manifest));
    let search = scene.state.dossier.search.to_lowercase();
    let first = scene.state.scroll.min(count.saturating_sub(1));
    for (row, at) in (first..count).take(area.height.into()).enumerate() {
        let mut pen = scene.pen(buffer, area, row as u16);
        match shown(manifest, folded, at) {
            Shown::Fold => {
                let lines = manifest.managed.len();
                let text = format!("  managedFields: … {lines} lines folded, by {}", manifest.managers.join(", "));
                pen.write(&text, Meaning::Muted);
            }
            Shown::Line(line) => {
                let Some(text) = manifest.lines.get(line) else { continue };
                if !search.is_empty() && text.to_lowercase().contains(&search) {
                    pen.write(text, Meaning::Input);
                } else if let Some((key, value)) = text.split_once(": ") {
                    pen.write(key, Meaning::Muted).write(": ", Meaning::Muted).write(value, Meaning::Text);
                } else {
                    pen.write(text, Meaning::Muted);
                }
            }
        }
    }
}
