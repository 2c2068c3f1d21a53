//! The columns of the table of contexts, and of the table of what is not healthy in any of them.

use super::{Column, right, version};
use crate::{
    config::Meaning,
    model::{ContextView, Kind, Standing, Troubled, Urgency, Validity},
    time::age,
    ui::{freshness, glyph, pen::Pen, scene::Scene},
};
use jiff::Timestamp;

/// Name, how it stands, its workloads, its certificate, what may be done there, and where it is.
pub const COLUMNS: &[Column<ContextView>] = &[
    Column { title: "CONTEXT", least: 18, ideal: 36, rank: 0, cell: name },
    Column { title: "STATE", least: 13, ideal: 16, rank: 0, cell: state },
    Column { title: "TOTAL", least: 5, ideal: 5, rank: 3, cell: total },
    Column { title: "BROKEN", least: 6, ideal: 6, rank: 1, cell: broken },
    Column { title: "ROLLING", least: 7, ideal: 7, rank: 2, cell: rolling },
    Column { title: "CERT", least: 5, ideal: 8, rank: 4, cell: certificate },
    Column { title: "MODE", least: 9, ideal: 20, rank: 5, cell: mode },
    Column { title: "SERVER", least: 22, ideal: 44, rank: 6, cell: server },
    Column { title: "USER", least: 10, ideal: 24, rank: 7, cell: user },
];

/// Context, name, readiness, image, since when, and the one sentence.
pub const TROUBLED: &[Column<Troubled>] = &[
    Column { title: "NAME", least: 22, ideal: 44, rank: 0, cell: workload },
    Column { title: "CONTEXT", least: 12, ideal: 22, rank: 0, cell: context },
    Column { title: "READY", least: 5, ideal: 7, rank: 1, cell: ready },
    Column { title: "IMAGE", least: 10, ideal: 18, rank: 4, cell: image },
    Column { title: "CHANGED", least: 7, ideal: 7, rank: 3, cell: changed },
    Column { title: "REASON", least: 24, ideal: 90, rank: 2, cell: reason },
];

/// The glyph, the word and the meaning of how a context stands.
pub fn standing(standing: &Standing, now: Timestamp) -> (&'static str, String, Meaning) {
    match standing {
        Standing::Unopened => ("·", "not opened".into(), Meaning::Muted),
        Standing::Connecting => ("◐", "connecting…".into(), Meaning::Progressing),
        Standing::Live { heard } if freshness::is_old(*heard, now) => {
            ("✗", format!("stale {}", age(*heard, now)), Meaning::Broken)
        }
        Standing::Live { .. } => ("✓", "live".into(), Meaning::Healthy),
        Standing::Stale { since, .. } => ("✗", format!("stale {}", age(*since, now)), Meaning::Broken),
        Standing::Forbidden { .. } => ("!", "forbidden".into(), Meaning::Warning),
        Standing::Login { .. } => ("✗", "login needed".into(), Meaning::Broken),
        Standing::Unreachable { .. } => ("✗", "unreachable".into(), Meaning::Broken),
    }
}

/// Whether its rows may be counted: nothing may be said of workloads that were never seen.
fn has_rows(row: &ContextView) -> bool {
    match row.summary.standing {
        Standing::Live { .. } | Standing::Stale { .. } => true,
        Standing::Connecting | Standing::Login { .. } => row.summary.tally.total > 0,
        Standing::Unopened | Standing::Forbidden { .. } | Standing::Unreachable { .. } => false,
    }
}

fn name(pen: &mut Pen<'_>, row: &ContextView, scene: &Scene<'_>) {
    let (glyph, _, meaning) = standing(&row.summary.standing, scene.now);
    let style = scene.context_style(&row.name);
    pen.write(glyph, meaning).skip(1).styled(&row.name, style);
    if *row.name == scene.state.session.context {
        pen.write(" (here)", Meaning::Focus);
    }
    if row.removed {
        pen.write(" removed", Meaning::Warning);
    }
}

fn state(pen: &mut Pen<'_>, row: &ContextView, scene: &Scene<'_>) {
    let (_, word, meaning) = standing(&row.summary.standing, scene.now);
    pen.write(&word, meaning);
}

fn number(pen: &mut Pen<'_>, row: &ContextView, number: usize, meaning: Meaning) {
    match (has_rows(row), number) {
        (false, _) => right(pen, "–", Meaning::Muted),
        (true, 0) => right(pen, "0", Meaning::Muted),
        (true, number) => right(pen, &number.to_string(), meaning),
    }
}

fn total(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    number(pen, row, row.summary.tally.total, Meaning::Text);
}

fn broken(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    number(pen, row, row.summary.tally.broken, Meaning::Broken);
}

fn rolling(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    number(pen, row, row.summary.tally.progressing, Meaning::Progressing);
}

/// How long a certificate is still good, and how much that matters.
pub fn expiry(validity: &Validity, now: Timestamp) -> (String, Meaning) {
    match validity.urgency(now) {
        Urgency::Expired => ("expired".into(), Meaning::Broken),
        Urgency::Now => (age(now, validity.until), Meaning::Broken),
        Urgency::Soon => (age(now, validity.until), Meaning::Warning),
        Urgency::None => (age(now, validity.until), Meaning::Muted),
    }
}

fn certificate(pen: &mut Pen<'_>, row: &ContextView, scene: &Scene<'_>) {
    match row.login.certificate() {
        Some(validity) => {
            let (text, meaning) = expiry(&validity, scene.now);
            right(pen, &text, meaning);
        }
        None => right(pen, "–", Meaning::Muted),
    }
}

fn mode(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    if row.protected {
        pen.write("PROTECTED", Meaning::Protected).skip(1);
    }
    if row.read_only {
        pen.write("READ-ONLY", Meaning::ReadOnly);
    }
    if !row.protected && !row.read_only {
        pen.write("–", Meaning::Muted);
    }
}

fn server(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    pen.write(&row.server, Meaning::Muted);
}

fn user(pen: &mut Pen<'_>, row: &ContextView, _: &Scene<'_>) {
    pen.write(if row.user.is_empty() { "–" } else { &row.user }, Meaning::Muted);
}

fn workload(pen: &mut Pen<'_>, row: &Troubled, _: &Scene<'_>) {
    let (glyph, meaning) = glyph::health(row.health);
    pen.write(glyph, meaning).skip(1).write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted);
    pen.write(&row.object.name, meaning);
    if row.object.kind != Kind::Deployment {
        pen.write(" ", Meaning::Muted).write(row.object.kind.short(), Meaning::Muted);
    }
}

fn context(pen: &mut Pen<'_>, row: &Troubled, scene: &Scene<'_>) {
    // What a cluster said before it fell silent may no longer be so.
    let stale = scene.state.contexts.get(&row.context).is_some_and(|context| match context.summary.standing {
        Standing::Live { heard } => freshness::is_old(heard, scene.now),
        _ => true,
    });
    pen.styled(&row.context, scene.context_style(&row.context));
    if stale {
        pen.skip(1).write("stale", Meaning::Broken);
    }
}

fn ready(pen: &mut Pen<'_>, row: &Troubled, _: &Scene<'_>) {
    let (_, meaning) = glyph::health(row.health);
    let (ready, desired) = row.ready;
    pen.write(&format!("{ready}/{desired}"), if ready < desired { meaning } else { Meaning::Text });
}

fn image(pen: &mut Pen<'_>, row: &Troubled, _: &Scene<'_>) {
    if let Some(image) = &row.image {
        pen.write(&version(image), Meaning::Text);
    }
}

fn changed(pen: &mut Pen<'_>, row: &Troubled, scene: &Scene<'_>) {
    right(pen, &row.changed.map_or_else(|| "–".to_owned(), |since| age(since, scene.now)), Meaning::Muted);
}

fn reason(pen: &mut Pen<'_>, row: &Troubled, _: &Scene<'_>) {
    let (_, meaning) = glyph::health(row.health);
    pen.write(row.reason.as_deref().unwrap_or("–"), meaning);
}
