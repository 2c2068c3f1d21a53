//! The columns of the Job table.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, right, version};
use crate::{
    config::Meaning,
    model::{Health, Job, JobState, Kind, Labels, ObjectRef, Rows, Table},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use jiff::Timestamp;

impl Object for Job {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.jobs
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Row for Job {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (30, 56), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("STATE", (11, 44), 1, state).by(|row, _| Key::Number(urgency(&row.state) as i64)),
        Column::new("DONE", (5, 7), 3, done).by(|row, _| Key::Number(row.succeeded.into())),
        Column::new("TOOK", (5, 5), 5, took).by(|row, _| {
            row.started.zip(row.finished).map_or(Key::Absent, |(a, b)| Key::Number(b.duration_since(a).as_secs()))
        }),
        Column::new("IMAGE", (14, 24), 2, image).by(|row, _| Key::Text(version(&row.image).into())),
        Column::new(" AGE", (4, 4), 4, started).by(|row, _| Key::age(row.started)),
        Column::new("OWNER", (5, 22), 6, owner)
            .by(|row, _| row.owner.as_ref().map_or(Key::Absent, |owner| Key::text(owner.kind.badge()))),
        Column::new("PODS", (10, 24), 7, pods).wide(),
        Column::new("LABELS", (24, 90), 8, |pen, row: &Job, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, sight: &Sight<'_>) -> Health {
        if sight.rows.blocker_of_job(self).is_some() { Health::Broken } else { urgency(&self.state) }
    }
}

impl Watched for Job {
    const TITLE: &'static str = "Jobs";
    const NOUN: &'static str = "Jobs";
    const KINDS: &'static [Kind] = &[Kind::Job];

    fn says(&self, scene: &Scene<'_>) -> Vec<(Meaning, String)> {
        if let Some(blocker) = scene.rows.blocker_of_job(self) {
            let since = blocker.since.map(|since| age(since, scene.now));
            let evidence = blocker.evidence.iter().map(|line| (Meaning::Muted, line.clone()));
            return [(Meaning::Broken, blocker.sentence(since.as_deref()))].into_iter().chain(evidence).collect();
        }
        match &self.state {
            JobState::Failed(why) if !why.is_empty() => vec![(Meaning::Broken, why.clone())],
            _ => Vec::new(),
        }
    }
}

const fn urgency(state: &JobState) -> Health {
    match state {
        JobState::Failed(_) => Health::Broken,
        JobState::Suspended => Health::Degraded,
        JobState::Running => Health::Progressing,
        JobState::Complete => Health::Healthy,
    }
}

fn name(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    let (glyph, meaning) = glyph::job(&row.state);
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, Meaning::Text);
}

fn state(pen: &mut Pen<'_>, row: &Job, scene: &Scene<'_>) {
    if let Some(blocker) = scene.rows.blocker_of_job(row) {
        pen.write("stuck: ", Meaning::Broken).write(blocker.kind().words(), Meaning::Broken);
        return;
    }
    let (_, meaning) = glyph::job(&row.state);
    match &row.state {
        JobState::Suspended => pen.write("suspended", meaning),
        JobState::Running if row.failed > 0 => pen.write(&format!("running, {} failed", row.failed), meaning),
        JobState::Running => pen.write("running", meaning),
        JobState::Complete => pen.write("complete", meaning),
        JobState::Failed(why) if why.is_empty() => pen.write("failed", meaning),
        JobState::Failed(why) => pen.write("failed: ", meaning).write(why, meaning),
    };
}

fn done(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(&format!("{}/{}", row.succeeded, row.completions), Meaning::Text);
}

fn took(pen: &mut Pen<'_>, row: &Job, scene: &Scene<'_>) {
    let until = |end: Option<Timestamp>| Some(age(row.started?, end?));
    let running = matches!(row.state, JobState::Running).then_some(scene.now);
    pen.write(&until(row.finished.or(running)).unwrap_or_else(|| "–".into()), Meaning::Muted);
}

fn image(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(&version(&row.image), Meaning::Text);
}

fn started(pen: &mut Pen<'_>, row: &Job, scene: &Scene<'_>) {
    right(pen, &row.started.map_or_else(|| "–".into(), |then| age(then, scene.now)), Meaning::Muted);
}

fn owner(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(row.owner.as_ref().map_or("–", |owner| owner.kind.badge()), Meaning::Muted);
}

fn pods(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    let failed = if row.failed > 0 { Meaning::Broken } else { Meaning::Muted };
    pen.write(&format!("{} active", row.active), Meaning::Muted).write(&format!(", {} failed", row.failed), failed);
}
