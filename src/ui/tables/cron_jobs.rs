//! The columns of the CronJob table.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, right, version};
use crate::{
    config::Meaning,
    model::{CronJob, CronJobState, Health, Kind, Labels, ObjectRef, Rows, Table},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use jiff::Timestamp;

impl Object for CronJob {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.cron_jobs
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Row for CronJob {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (26, 52), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("SCHEDULE", (13, 28), 2, schedule),
        Column::new("STATE", (9, 22), 1, state).by(|row, _| Key::Number(row.state() as i64)),
        Column::new("LAST", (4, 4), 3, |pen, row: &Self, scene| ago(pen, row.last_run, scene))
            .by(|row, _| Key::age(row.last_run)),
        Column::new("GOOD", (4, 4), 4, |pen, row: &Self, scene| ago(pen, row.last_success, scene))
            .by(|row, _| Key::age(row.last_success)),
        Column::new("NEXT", (9, 12), 1, next)
            .by(|row, _| row.next.map_or(Key::Absent, |next| Key::Number(next.as_second()))),
        Column::new("IMAGE", (12, 24), 5, |pen, row: &Self, _| {
            pen.write(&version(&row.image), Meaning::Text);
        })
        .by(|row, _| Key::Text(version(&row.image).into())),
        Column::new("OWNER", (5, 22), 6, |pen, row: &Self, _| {
            pen.write(row.owner.as_ref().map_or("–", |owner| owner.kind.badge()), Meaning::Muted);
        })
        .by(|row, _| row.owner.as_ref().map_or(Key::Absent, |owner| Key::text(owner.kind.badge()))),
        Column::new(" AGE", (4, 4), 7, |pen, row: &Self, scene| ago(pen, row.created, scene))
            .by(|row, _| Key::age(row.created))
            .wide(),
        Column::new("LABELS", (24, 90), 8, |pen, row: &Self, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        CronJob::health(self)
    }
}

impl Watched for CronJob {
    const TITLE: &'static str = "CronJobs";
    const NOUN: &'static str = "CronJobs";
    const KINDS: &'static [Kind] = &[Kind::CronJob];

    fn says(&self, scene: &Scene<'_>) -> Vec<(Meaning, String)> {
        let mut lines = Vec::new();
        if let (CronJobState::Failed, Some(ran)) = (self.state(), self.last_run) {
            let good = self.last_success.map_or_else(
                || "it never ended well".into(),
                |good| format!("the last good end was {} ago", age(good, scene.now)),
            );
            let text = format!("the run of {} ago did not end well; {good}", age(ran, scene.now));
            lines.push((Meaning::Broken, text));
        }
        match (self.next, self.suspended) {
            (_, true) => {
                lines.push((Meaning::Degraded, "suspended: it does not run until spec.suspend is false".into()))
            }
            (Some(_), false) if self.time_zone.is_none() => {
                let text = "its schedule names no time zone: the control plane's clock counts, taken to be UTC here";
                lines.push((Meaning::Muted, text.into()));
            }
            (None, false) => {
                lines.push((Meaning::Muted, format!("when `{}` is next cannot be told here", self.schedule)));
            }
            (Some(_), false) => {}
        }
        lines
    }
}

fn name(pen: &mut Pen<'_>, row: &CronJob, _: &Scene<'_>) {
    let (glyph, meaning) = sign(row);
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, Meaning::Text);
}

fn sign(row: &CronJob) -> (&'static str, Meaning) {
    match row.state() {
        CronJobState::Suspended => ("‖", Meaning::Degraded),
        _ => glyph::health(CronJob::health(row)),
    }
}

fn schedule(pen: &mut Pen<'_>, row: &CronJob, _: &Scene<'_>) {
    pen.write(&row.schedule, Meaning::Text);
    if let Some(zone) = &row.time_zone {
        pen.skip(1).write(zone, Meaning::Muted);
    }
}

fn state(pen: &mut Pen<'_>, row: &CronJob, _: &Scene<'_>) {
    let (_, meaning) = sign(row);
    match row.state() {
        CronJobState::Failed => pen.write("failed", meaning),
        CronJobState::Running if row.active > 1 => pen.write(&format!("{} run", row.active), meaning),
        CronJobState::Running => pen.write("running", meaning),
        CronJobState::Suspended => pen.write("suspended", meaning),
        CronJobState::Waiting => pen.write("waiting", Meaning::Muted),
    };
}

fn next(pen: &mut Pen<'_>, row: &CronJob, scene: &Scene<'_>) {
    match row.next {
        Some(next) if next > scene.now => pen.write(&format!("in {}", age(scene.now, next)), Meaning::Text),
        Some(next) => pen.write(&format!("due {}", age(next, scene.now)), Meaning::Warning),
        None => pen.write("–", Meaning::Muted),
    };
}

fn ago(pen: &mut Pen<'_>, at: Option<Timestamp>, scene: &Scene<'_>) {
    right(pen, &at.map_or_else(|| "–".into(), |at| age(at, scene.now)), Meaning::Muted);
}
