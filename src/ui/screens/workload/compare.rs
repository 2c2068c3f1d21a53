//! Two revisions compared: what is different in the later one, by what an operator asks about first. Hidden values are only
//! said to differ.

use super::revisions::good;
use crate::{
    config::Meaning,
    model::{Difference, PastRevision, Topic, differences},
    ui::{page::Page, scene::Scene},
};

/// The comparison of two revisions, the older one first.
pub fn page(scene: &Scene<'_>, pair: Option<(u64, u64)>, width: u16) -> Page {
    let mut page = Page::new(width);
    let dossier = &scene.state.dossier;
    let pair = pair.zip(dossier.history());
    let Some((before, after)) = pair.and_then(|((old, new), history)| Some((history.get(old)?, history.get(new)?)))
    else {
        page.text(Meaning::Muted, "one of the two revisions is not kept any more");
        return page;
    };
    let head = |past: &PastRevision| {
        let current = if past.current { ", current" } else { "" };
        format!("{} ({}{current})", past.revision, good(past.known_good).0)
    };
    page.line(vec![(Meaning::Title, format!("revision {} → {}", head(before), head(after)))]);
    let all = differences(&before.traits, &after.traits);
    if all.is_empty() {
        page.text(Meaning::Muted, "both have the same template");
    }
    let mut topic: Option<Topic> = None;
    for difference in &all {
        if topic != Some(difference.topic) {
            page.blank();
            page.line(vec![(Meaning::Title, difference.topic.as_str().to_owned())]);
            topic = Some(difference.topic);
        }
        line(&mut page, difference);
    }
    page
}

fn line(page: &mut Page, difference: &Difference<'_>) {
    let name = format!("{}  ", difference.name);
    match (difference.before, difference.after) {
        _ if difference.is_hidden() => {
            page.hanging(
                vec![(Meaning::Warning, "~ ".into()), (Meaning::Text, name)],
                Meaning::Muted,
                "another value (hidden)",
            );
        }
        (Some(before), Some(after)) => {
            let text = format!("{before} → {after}");
            page.hanging(vec![(Meaning::Warning, "~ ".into()), (Meaning::Text, name)], Meaning::Text, &text);
        }
        (Some(before), None) => {
            page.hanging(vec![(Meaning::Removed, "− ".into()), (Meaning::Text, name)], Meaning::Removed, before);
        }
        (None, after) => {
            let after = after.unwrap_or_default();
            page.hanging(vec![(Meaning::Added, "+ ".into()), (Meaning::Text, name)], Meaning::Added, after);
        }
    }
}
