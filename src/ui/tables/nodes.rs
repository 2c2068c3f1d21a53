//! The columns of the node table.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, right};
use crate::{
    config::Meaning,
    model::{Amount, Health, Kind, Labels, Node, ObjectRef, Readiness, Rows, Table, bytes, cores, percent},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use std::fmt::Write as _;

/// From how many percent on usage is told in the colour of what is scarce.
const SCARCE: u64 = 90;

/// Where there is no more room than this for the amounts, only what there is is told beside the share of it.
const SHORT: u16 = 11;

impl Object for Node {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.nodes
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Row for Node {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (18, 44), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("STATE", (15, 30), 1, state).by(|row, _| Key::Number(row.health() as i64)),
        Column::new("CPU", (12, 17), 2, |pen, row: &Self, scene| share(pen, row, scene, |amount| amount.cpu, cores))
            .by(|row, sight| used(row, sight, |amount| amount.cpu)),
        Column::new("MEMORY", (12, 20), 2, |pen, row: &Self, scene| {
            share(pen, row, scene, |amount| amount.memory, bytes)
        })
        .by(|row, sight| used(row, sight, |amount| amount.memory)),
        Column::new("VERSION", (7, 16), 3, |pen, row: &Self, _| {
            pen.write(&row.version, Meaning::Text);
        })
        .by(|row, _| Key::text(&row.version)),
        Column::new("ZONE", (6, 16), 4, |pen, row: &Self, _| {
            pen.write(row.zone.as_deref().unwrap_or("–"), Meaning::Muted);
        })
        .by(|row, _| row.zone.as_deref().map_or(Key::Absent, Key::text)),
        Column::new("ROLES", (6, 16), 5, |pen, row: &Self, _| list(pen, &row.roles)),
        Column::new(" AGE", (4, 4), 5, |pen, row: &Self, scene| {
            right(pen, &row.created.map_or_else(|| "–".into(), |then| age(then, scene.now)), Meaning::Muted);
        })
        .by(|row, _| Key::age(row.created)),
        Column::new("PODS", (4, 5), 6, |pen, row: &Self, _| {
            right(pen, &row.pods.map_or_else(|| "?".into(), |pods| format!("≤{pods}")), Meaning::Muted);
        })
        .by(|row, _| row.pods.map_or(Key::Absent, number))
        .wide(),
        Column::new("TAINTS", (10, 40), 7, |pen, row: &Self, _| list(pen, &row.taints)).wide(),
        Column::new("LABELS", (24, 90), 8, |pen, row: &Self, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        Node::health(self)
    }
}

impl Watched for Node {
    const TITLE: &'static str = "Nodes";
    const NOUN: &'static str = "nodes";
    const KINDS: &'static [Kind] = &[Kind::Node];

    fn says(&self, scene: &Scene<'_>) -> Vec<(Meaning, String)> {
        let mut lines = Vec::new();
        let name = &self.object.name;
        let since = |since: Option<jiff::Timestamp>| since.map(|since| format!(" for {}", age(since, scene.now)));
        if let Some((message, when)) = &self.trouble {
            let what = match self.readiness {
                Readiness::Silent => "has not been heard of",
                Readiness::NotReady | Readiness::Ready => "is not ready",
            };
            lines.push((Meaning::Broken, format!("{name} {what}{}: {message}", since(*when).unwrap_or_default())));
        }
        for pressed in &self.pressed {
            let when = since(pressed.since).unwrap_or_default();
            let what = pressed.pressure.consequence();
            let told = if pressed.message.is_empty() { String::new() } else { format!(" ({})", pressed.message) };
            lines.push((Meaning::Degraded, format!("{name}, {}{when}: {what}{told}", pressed.pressure.condition())));
        }
        if self.cordoned {
            lines.push((Meaning::Warning, format!("{name} is cordoned: what runs stays, nothing new comes")));
        }
        // What the cluster as a whole has to say, whichever node is selected.
        let told = scene.rows.roll_up();
        lines.extend(told.into_iter().map(|(health, sentence)| match health {
            Health::Healthy | Health::Unknown => (Meaning::Muted, sentence),
            ill => (glyph::health(ill).1, sentence),
        }));
        lines
    }
}

fn number(number: u64) -> Key<'static> {
    Key::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What a node uses of what it has, in percent.
fn used(row: &Node, sight: &Sight<'_>, of: fn(Amount) -> Option<u64>) -> Key<'static> {
    let sample = sight.rows.capacity.as_ref().and_then(|capacity| capacity.of(&row.object.name));
    sample.and_then(of).zip(of(row.allocatable)).map_or(Key::Absent, |(used, all)| number(percent(used, all)))
}

fn name(pen: &mut Pen<'_>, row: &Node, _: &Scene<'_>) {
    let (sign, meaning) = glyph::health(row.health());
    let text = if row.health() == Health::Broken { Meaning::Broken } else { Meaning::Text };
    pen.write(sign, meaning).skip(1).write(&row.object.name, text);
}

fn state(pen: &mut Pen<'_>, row: &Node, _: &Scene<'_>) {
    let (word, meaning) = match row.readiness {
        Readiness::Silent => ("not heard of", Meaning::Broken),
        Readiness::NotReady => ("not ready", Meaning::Broken),
        Readiness::Ready => ("ready", if row.health() == Health::Healthy { Meaning::Healthy } else { Meaning::Text }),
    };
    let mut words = String::new();
    if !row.pressed.is_empty() {
        for pressed in &row.pressed {
            let _ = write!(words, "{}{}", if words.is_empty() { "" } else { ", " }, pressed.pressure.word());
        }
        words.push_str(" pressure");
    }
    match (row.readiness, words.is_empty(), row.cordoned) {
        (Readiness::Ready, true, true) => pen.write("cordoned", Meaning::Warning),
        (Readiness::Ready, true, false) => pen.write(word, meaning),
        (Readiness::Ready, false, cordoned) => {
            pen.write(&words, Meaning::Degraded).write(if cordoned { ", cordoned" } else { "" }, Meaning::Warning)
        }
        (Readiness::NotReady | Readiness::Silent, ..) => {
            pen.write(word, meaning).write(if row.cordoned { ", cordoned" } else { "" }, Meaning::Warning)
        }
    };
}

/// What is used of what there is: ` 26% 4.2/16`. Where it is not known only what there is.
fn share(pen: &mut Pen<'_>, row: &Node, scene: &Scene<'_>, of: fn(Amount) -> Option<u64>, show: fn(u64) -> String) {
    let sample = scene.rows.capacity.as_ref().and_then(|capacity| capacity.of(&row.object.name));
    let all = of(row.allocatable);
    let Some((used, all)) = sample.and_then(of).zip(all) else {
        pen.write("  ? of ", Meaning::Muted).write(&all.map_or_else(|| "?".into(), show), Meaning::Muted);
        return;
    };
    let percent = percent(used, all);
    let meaning = if percent >= SCARCE { Meaning::Warning } else { Meaning::Text };
    pen.write(&format!("{percent:>3}% "), meaning);
    if pen.room() > SHORT {
        pen.write(&show(used), Meaning::Text).write("/", Meaning::Muted);
    } else {
        pen.write("of ", Meaning::Muted);
    }
    pen.write(&show(all), Meaning::Muted);
}

fn list(pen: &mut Pen<'_>, words: &[Box<str>]) {
    if words.is_empty() {
        pen.write("–", Meaning::Muted);
    }
    for (at, word) in words.iter().enumerate() {
        pen.write(if at == 0 { "" } else { "," }, Meaning::Muted).write(word, Meaning::Muted);
    }
}
