//! The columns of the table of contexts, and of the table of what is not healthy in any of them.

use super::{Column, Key, Named, Row, Sight, right, version};
use crate::{
    config::Meaning,
    model::{ContextView, Health, Kind, ObjectRef, Standing, Troubled, Urgency, Validity},
    time::age,
    ui::{freshness, glyph, pen::Pen, scene::Scene},
};
use jiff::Timestamp;
use std::{cmp::Ordering, sync::Arc};

impl Named for ContextView {
    type Id = Arc<str>;

    fn id(&self) -> Arc<str> {
        self.name.clone()
    }

    fn by_name(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn write_text(&self, text: &mut String) {
        text.push_str(&self.name);
    }
}

impl Row for ContextView {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("CONTEXT", (18, 36), 0, name).by(|row, _| Key::text(&row.name)),
        Column::new("STATE", (13, 16), 0, state).by(|row, _| Key::Number(urgency(&row.summary.standing) as i64)),
        Column::new("TOTAL", (5, 5), 3, total).by(|row, _| counted(row, row.summary.tally.total)),
        Column::new("BROKEN", (6, 6), 1, broken).by(|row, _| counted(row, row.summary.tally.broken)),
        Column::new("ROLLING", (7, 7), 2, rolling).by(|row, _| counted(row, row.summary.tally.progressing)),
        Column::new("CERT", (5, 8), 4, certificate).by(|row, _| {
            row.login.certificate().map_or(Key::Absent, |validity| Key::Number(validity.until.as_second()))
        }),
        Column::new("MODE", (9, 20), 5, mode),
        Column::new("SERVER", (22, 44), 6, server).by(|row, _| Key::text(&row.server)),
        Column::new("USER", (10, 24), 7, user).by(|row, _| Key::text(&row.user)),
    ];
    /// The kubeconfig's own order is what its owner knows.
    const BY_ATTENTION: bool = false;

    fn health(&self, _: &Sight<'_>) -> Health {
        urgency(&self.summary.standing)
    }
}

impl Named for Troubled {
    type Id = (Arc<str>, ObjectRef);

    fn id(&self) -> (Arc<str>, ObjectRef) {
        (self.context.clone(), self.object.clone())
    }

    fn by_name(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn namespace(&self) -> &str {
        &self.object.namespace
    }

    fn write_text(&self, text: &mut String) {
        text.extend([&self.context, "/", &self.object.namespace, "/", &self.object.name]);
    }
}

impl Row for Troubled {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (22, 44), 0, workload).by(|row, _| Key::text(&row.object.name)),
        Column::new("CONTEXT", (14, 22), 0, context).by(|row, _| Key::text(&row.context)),
        Column::new("READY", (5, 7), 1, ready)
            .by(|row, _| Key::Number(i64::from(row.ready.0) - i64::from(row.ready.1))),
        Column::new("IMAGE", (10, 18), 4, image)
            .by(|row, _| row.image.as_ref().map_or(Key::Absent, |image| Key::Text(version(image).into()))),
        Column::new("CHANGED", (7, 7), 3, changed).by(|row, _| Key::age(row.changed)),
        Column::new("REASON", (24, 90), 2, reason),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        self.health
    }

    /// Within a context they are sorted already; the contexts keep the kubeconfig's order.
    fn kind(&self) -> Option<Kind> {
        Some(self.object.kind)
    }
}

/// How much a context asks for attention.
const fn urgency(standing: &Standing) -> Health {
    match standing {
        Standing::Stale { .. } | Standing::Login { .. } | Standing::Unreachable { .. } => Health::Broken,
        Standing::Forbidden { .. } => Health::Degraded,
        Standing::Connecting => Health::Progressing,
        Standing::Unopened => Health::Unknown,
        Standing::Live { .. } => Health::Healthy,
    }
}

/// A number to sort by, of rows that were seen.
fn counted(row: &ContextView, number: usize) -> Key<'static> {
    match i64::try_from(number) {
        Ok(number) if has_rows(row) => Key::Number(number),
        _ => Key::Absent,
    }
}

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
    // What forbids more comes first, where there is room for one only.
    if row.read_only {
        pen.write("READ-ONLY", Meaning::ReadOnly).skip(1);
    }
    if row.protected {
        pen.write("PROTECTED", Meaning::Protected);
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
