//! The Revisions tab: revisions, the commits that wrote their images and what the reconciler did, on one line of time, newest
//! first.

use super::{compare, first_line, say, sight};
use crate::{
    config::Meaning,
    model::{Aspect, Commit, KnownGood, Moment, PastRevision, Reconciliation, Sight, Workload},
    time::age,
    ui::{list::Listed, page::Page, pen::Pen, scene::Scene, tables::version},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Lines below the list that tell about the selected entry.
const FOOT: u16 = 4;

/// Draws the tab, or the comparison of two revisions.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, row: &Workload) {
    let history = match sight(scene, Aspect::Revisions) {
        Ok(Sight::Revisions(history)) => history,
        Ok(_) => return,
        Err(said) => return say(scene, buffer, area, &said),
    };
    let dossier = &scene.state.dossier;
    if dossier.compared.is_some() {
        let page = compare::page(scene, dossier.compared, area.width);
        return page.draw(scene, buffer, area, scene.state.scroll);
    }
    // Where there is room, what would be compared is shown beside.
    let (area, right) = super::beside(area);
    if let (false, pair @ Some(_)) = (right.is_empty(), dossier.pair()) {
        compare::page(scene, pair, right.width).draw(scene, buffer, right, 0);
    }
    let moments = history.timeline(dossier.origin());
    if moments.is_empty() {
        return say(scene, buffer, area, &(Meaning::Muted, "no revisions are kept".to_owned()));
    }
    let selected = dossier.entries.index().unwrap_or(0).min(moments.len() - 1);
    let foot = foot_height(area.height);
    let list = Rect { height: area.height - foot, ..area };
    let first = first_line(moments.len(), selected, list.height);
    for (at, moment) in moments.iter().enumerate().skip(first).take(list.height.into()) {
        let line = Rect { y: list.y + (at - first) as u16, height: 1, ..list };
        let mut pen = scene.pen(buffer, line, 0);
        pen.write(if at == selected { "▸" } else { " " }, Meaning::Key);
        match moment {
            Moment::Revision(past, commit) => revision(&mut pen, scene, past, *commit),
            Moment::Commit(one) => commit(&mut pen, scene, one),
            Moment::Reconciliation(done) => reconciliation(&mut pen, scene, done),
        }
        if at == selected {
            buffer.set_style(line, scene.style(Meaning::Selected));
        }
    }
    let mut page = Page::new(area.width);
    about(&mut page, scene, &moments[selected]);
    sources(&mut page, scene, row);
    let foot = Rect { y: list.bottom(), height: foot, ..area };
    page.draw(scene, buffer, foot, 0);
}

const fn foot_height(height: u16) -> u16 {
    if height < 8 {
        0
    } else if height >= 24 {
        FOOT * 2
    } else {
        FOOT
    }
}

/// Which entry is at this line of the content.
pub fn at_line(scene: &Scene<'_>, line: usize, height: u16) -> Option<usize> {
    let dossier = &scene.state.dossier;
    let count = dossier.entries.order().len();
    let height = height - foot_height(height);
    let first = first_line(count, dossier.entries.index().unwrap_or(0), height);
    Some(first + line).filter(|at| dossier.compared.is_none() && line < usize::from(height) && *at < count)
}

fn revision(pen: &mut Pen<'_>, scene: &Scene<'_>, past: &PastRevision, commit: Option<&Commit>) {
    let mark = if scene.state.dossier.marked.contains(&past.revision) { "◆" } else { " " };
    pen.write(mark, Meaning::Key);
    let created = past.created.map_or_else(|| "?".into(), |created| age(created, scene.now));
    pen.write(&format!("{created:>5} "), Meaning::Muted);
    pen.write(&format!("{:>4} ", past.revision), Meaning::Title);
    let (sign, meaning) = good(past.known_good);
    pen.write(sign, meaning).skip(1);
    let images: Vec<String> = past.containers.iter().map(|container| version(&container.image)).collect();
    pen.write(&format!("{:<14} ", images.join(" ")), Meaning::Text);
    let pods = format!("{}/{}", past.ready, past.replicas);
    pen.write(&format!("{pods:>6} "), if past.replicas > past.ready { Meaning::Warning } else { Meaning::Muted });
    if past.current {
        pen.write("current ", Meaning::Key);
    }
    match (commit, &past.cause) {
        (Some(commit), _) => {
            pen.write(short(&commit.sha), Meaning::Input).skip(1);
            pen.write(&commit.subject, Meaning::Text).write(&format!(" ({})", commit.author), Meaning::Muted);
        }
        (None, Some(cause)) => {
            pen.write(cause, Meaning::Text);
        }
        (None, None) => {
            pen.write(&past.evidence, Meaning::Muted);
        }
    }
}

/// Whether a revision is known to have worked, as a sign.
pub fn good(known: KnownGood) -> (&'static str, Meaning) {
    match known {
        KnownGood::Yes => ("✓", Meaning::Healthy),
        KnownGood::No => ("✗", Meaning::Broken),
        KnownGood::Unknown => ("?", Meaning::Unknown),
    }
}

fn commit(pen: &mut Pen<'_>, scene: &Scene<'_>, commit: &Commit) {
    pen.write(&format!(" {:>5}    · ", age(commit.time, scene.now)), Meaning::Muted);
    pen.write("git  ", Meaning::Muted).write(&change(commit), Meaning::Text).skip(2);
    pen.write(short(&commit.sha), Meaning::Input).skip(1);
    pen.write(&commit.subject, Meaning::Text).write(&format!(" ({})", commit.author), Meaning::Muted);
}

fn reconciliation(pen: &mut Pen<'_>, scene: &Scene<'_>, done: &Reconciliation) {
    pen.write(&format!(" {:>5}    · ", age(done.at, scene.now)), Meaning::Muted);
    let meaning = if done.succeeded { Meaning::Muted } else { Meaning::Broken };
    pen.write(if done.succeeded { "sync " } else { "sync failed " }, meaning);
    if let Some(revision) = &done.revision {
        pen.write(&source(revision), Meaning::Input).skip(2);
    }
    pen.write(&done.message, if done.succeeded { Meaning::Muted } else { Meaning::Text });
}

/// `2.4.0 → 2.4.1`.
pub fn change(commit: &Commit) -> String {
    let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "nothing".into());
    format!("{} → {}", version(&commit.from), version(&commit.to))
}

/// A commit's hash as people write it.
pub fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

/// A source's revision with a short hash: `main@9f3c1e2`.
fn source(revision: &str) -> String {
    match revision.rsplit_once(':') {
        Some((head, hash)) => {
            let branch = head.split_once('@').map_or(head, |(branch, _)| branch);
            format!("{branch}@{}", short(hash))
        }
        None => revision.to_owned(),
    }
}

/// What there is to say about the selected entry.
fn about(page: &mut Page, scene: &Scene<'_>, moment: &Moment<'_>) {
    match moment {
        Moment::Revision(past, commit) => {
            let (sign, meaning) = good(past.known_good);
            let word = match past.known_good {
                KnownGood::Yes => "known good",
                KnownGood::No => "known bad",
                KnownGood::Unknown => "not known to be good",
            };
            let head = format!("{sign} {} {word}: ", past.revision);
            page.hanging(vec![(meaning, head)], Meaning::Text, &past.evidence);
            let history = scene.state.dossier.history();
            if let Some(lead) = history.and_then(|history| history.lead_of(past, scene.state.dossier.origin())) {
                let place = lead.environment.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
                page.text(Meaning::Text, &format!("served{place} {lead}"));
            }
            if !past.missing.is_empty() {
                let missing: Vec<String> = past.missing.iter().map(crate::model::ObjectRef::type_name).collect();
                page.text(Meaning::Warning, &format!("does not exist any more: {}", missing.join(", ")));
            }
            let cause = past.cause.as_ref().filter(|_| commit.is_some());
            if let Some(cause) = cause {
                page.text(Meaning::Muted, cause);
            }
        }
        Moment::Commit(one) => {
            let text = format!("{} by {}: {}", short(&one.sha), one.author, one.subject);
            page.text(Meaning::Text, &text);
            page.text(Meaning::Muted, "no revision that is kept has this image");
        }
        Moment::Reconciliation(done) => {
            let owner = scene.state.dossier.history().and_then(|history| history.owner.as_ref());
            let owner = owner.map(ToString::to_string).unwrap_or_default();
            page.text(Meaning::Text, &format!("{owner}: {}", done.message));
        }
    }
}

/// Which parts of the line of time are missing, and why.
fn sources(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    if let Err((meaning, text)) = sight(scene, Aspect::Git) {
        let meaning = if meaning == Meaning::Broken { Meaning::Muted } else { meaning };
        page.text(meaning, &text);
    }
    let told = scene.state.dossier.history().and_then(|history| history.reconciliations.as_ref());
    match told {
        Some(Err(why)) => page.text(Meaning::Muted, why),
        None if row.owner.is_none() => page.text(Meaning::Muted, "no reconciler owns it"),
        _ => {}
    }
}
