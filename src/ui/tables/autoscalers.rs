//! The columns of the autoscaler table: what is scaled, how far, by which measurements, and what keeps it from scaling.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, reading, right, workloads};
use crate::{
    config::Meaning,
    model::{Autoscaler, AutoscalerCondition, Health, Kind, Labels, ObjectRef, Rows, Table},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};

impl Object for Autoscaler {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.autoscalers
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn found_by(&self) -> &str {
        &self.target.name
    }
}

impl Row for Autoscaler {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (22, 40), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("TARGET", (16, 30), 4, target).by(|row, _| Key::Text(row.target.type_name().into())),
        Column::new("REPLICAS", (9, 18), 1, replicas).by(|row, _| Key::Number(row.current.into())),
        Column::new("METRICS", (16, 44), 2, metrics).by(|row, _| fullest(row).map_or(Key::Absent, Key::Number)),
        Column::new("HEADROOM", (8, 10), 3, headroom)
            .by(|row, _| Key::Number(i64::from(row.max) - i64::from(row.current))),
        Column::new("CONDITIONS", (14, 70), 5, conditions),
        Column::new(" AGE", (4, 5), 6, created).by(|row, _| Key::age(row.created)),
        Column::new("LABELS", (24, 90), 7, |pen, row: &Autoscaler, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        health(self)
    }

    fn kind(&self) -> Option<Kind> {
        Some(self.target.kind)
    }
}

impl Watched for Autoscaler {
    const TITLE: &'static str = "Autoscalers";
    const NOUN: &'static str = "HorizontalPodAutoscalers";
    const KINDS: &'static [Kind] = &[Kind::HorizontalPodAutoscaler];

    fn says(&self, _: &Scene<'_>) -> Vec<(Meaning, String)> {
        let mut says: Vec<(Meaning, String)> = Vec::new();
        if self.metrics.len() > 1 {
            let readings: Vec<String> = self.metrics.iter().map(reading).collect();
            says.push((Meaning::Text, readings.join("   ")));
        }
        let line = |condition: &AutoscalerCondition| {
            let (meaning, words) = in_words(self, condition)?;
            Some((meaning, format!("{words}: {}", condition.message)))
        };
        says.extend(self.conditions.iter().filter_map(line));
        says
    }
}

/// Whether it can do its work.
fn health(row: &Autoscaler) -> Health {
    if row.conditions.is_empty() {
        return Health::Unknown;
    }
    let worst =
        row.conditions.iter().filter_map(|condition| in_words(row, condition)).map(|(meaning, _)| match meaning {
            Meaning::Broken => Health::Broken,
            Meaning::Warning => Health::Degraded,
            _ => Health::Healthy,
        });
    let moving = if row.current == row.desired { Health::Healthy } else { Health::Progressing };
    worst.min().unwrap_or(Health::Healthy).min(moving)
}

/// A condition that is worth a word, as an operator would say it.
fn in_words(row: &Autoscaler, condition: &AutoscalerCondition) -> Option<(Meaning, String)> {
    let AutoscalerCondition { kind, status, reason, .. } = condition;
    let told = match (&**kind, &**status, &**reason) {
        ("ScalingActive", "False", "ScalingDisabled") => (Meaning::Muted, "off: the target has no replicas".to_owned()),
        ("ScalingActive", "False", "InvalidSelector") => {
            (Meaning::Broken, "the target's selector is not usable".into())
        }
        ("ScalingActive", "False", "AmbiguousSelector") => {
            (Meaning::Broken, "several autoscalers fight over the same pods".into())
        }
        ("ScalingActive", "False", why) if why.starts_with("FailedGet") => {
            let what = why.trim_start_matches("FailedGet").trim_end_matches("Metric").to_lowercase();
            (Meaning::Broken, format!("no {what} metric"))
        }
        ("ScalingActive", "False", why) => (Meaning::Broken, format!("not scaling ({why})")),
        ("AbleToScale", "False", "BackoffBoth" | "BackoffDownscale" | "BackoffUpscale") => {
            (Meaning::Muted, "pausing between two scalings".into())
        }
        ("AbleToScale", "False", why) => (Meaning::Broken, format!("cannot scale ({why})")),
        ("ScalingLimited", "True", "TooManyReplicas") => (Meaning::Warning, format!("wants more than {}", row.max)),
        ("ScalingLimited", "True", "TooFewReplicas") => (Meaning::Muted, format!("at its least of {}", row.min)),
        ("ScalingLimited", "True", "ScaleUpLimit") => (Meaning::Muted, "growing as fast as it may".into()),
        ("ScalingLimited", "True", "ScaleDownLimit") => (Meaning::Muted, "shrinking as fast as it may".into()),
        (_, "Unknown", _) => (Meaning::Unknown, format!("{kind} unknown")),
        _ => return None,
    };
    Some(told)
}

/// How full the metric nearest to its target is, in percent; None where none is measured.
fn fullest(row: &Autoscaler) -> Option<i64> {
    row.metrics.iter().filter_map(|metric| metric.percent().map(|percent| percent as i64)).max()
}

fn name(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    let health = health(row);
    let (sign, meaning) = glyph::health(health);
    let text = if health == Health::Broken { Meaning::Broken } else { Meaning::Text };
    pen.write(sign, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, text);
}

fn target(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    pen.write(row.target.kind.short(), Meaning::Muted)
        .write("/", Meaning::Muted)
        .write(&row.target.name, Meaning::Text);
}

fn replicas(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    workloads::replicas(pen, row);
    if row.desired != row.current {
        pen.write(&format!(" → {}", row.desired), Meaning::Progressing);
    }
}

fn metrics(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    if row.metrics.is_empty() {
        pen.write("none", Meaning::Muted);
    }
    for (at, metric) in row.metrics.iter().enumerate() {
        let meaning = if metric.current.is_some() { Meaning::Text } else { Meaning::Warning };
        pen.write(if at == 0 { "" } else { "  " }, Meaning::Text).write(&reading(metric), meaning);
    }
}

fn headroom(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    match row.max.saturating_sub(row.current) {
        0 => pen.write("none", Meaning::Warning),
        left => pen.write(&format!("{left} more"), Meaning::Muted),
    };
}

fn conditions(pen: &mut Pen<'_>, row: &Autoscaler, _: &Scene<'_>) {
    let told: Vec<(Meaning, String)> = row.conditions.iter().filter_map(|c| in_words(row, c)).collect();
    match (told.as_slice(), row.conditions.is_empty()) {
        ([], true) => drop(pen.write("not looked at yet", Meaning::Muted)),
        ([], false) => drop(pen.write("–", Meaning::Muted)),
        (told, _) => {
            for (at, (meaning, words)) in told.iter().enumerate() {
                pen.write(if at == 0 { "" } else { ", " }, Meaning::Muted).write(words, *meaning);
            }
        }
    }
}

fn created(pen: &mut Pen<'_>, row: &Autoscaler, scene: &Scene<'_>) {
    right(pen, &row.created.map_or_else(|| "–".to_owned(), |then| age(then, scene.now)), Meaning::Muted);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(kind: &str, status: &str, reason: &str) -> AutoscalerCondition {
        AutoscalerCondition { kind: kind.into(), status: status.into(), reason: reason.into(), message: "".into() }
    }

    fn scaler(conditions: &[(&str, &str, &str)], current: u32, desired: u32) -> Autoscaler {
        Autoscaler {
            object: ObjectRef::new(Kind::HorizontalPodAutoscaler, "shop", "checkout"),
            target: ObjectRef::new(Kind::Deployment, "shop", "checkout"),
            min: 2,
            max: 10,
            current,
            desired,
            metrics: Vec::new(),
            conditions: conditions.iter().map(|(kind, status, reason)| condition(kind, status, reason)).collect(),
            created: None,
            labels: Labels::default(),
        }
    }

    #[test]
    fn an_autoscaler_is_as_well_as_its_worst_condition() {
        let active = ("ScalingActive", "True", "ValidMetricFound");
        assert_eq!(health(&scaler(&[], 3, 3)), Health::Unknown);
        assert_eq!(health(&scaler(&[active], 3, 3)), Health::Healthy);
        assert_eq!(health(&scaler(&[active], 3, 4)), Health::Progressing);
        let limited = ("ScalingLimited", "True", "TooManyReplicas");
        assert_eq!(health(&scaler(&[active, limited], 10, 10)), Health::Degraded);
        let blind = ("ScalingActive", "False", "FailedGetResourceMetric");
        assert_eq!(health(&scaler(&[blind, limited], 10, 10)), Health::Broken);
        let off = ("ScalingActive", "False", "ScalingDisabled");
        assert_eq!(health(&scaler(&[off], 0, 0)), Health::Healthy, "that is what was asked for");
    }

    #[test]
    fn conditions_are_told_in_words() {
        let words =
            |kind, status, reason| in_words(&scaler(&[], 2, 2), &condition(kind, status, reason)).map(|(_, w)| w);
        assert_eq!(words("ScalingLimited", "True", "TooManyReplicas").as_deref(), Some("wants more than 10"));
        assert_eq!(words("ScalingActive", "False", "FailedGetResourceMetric").as_deref(), Some("no resource metric"));
        assert_eq!(words("AbleToScale", "True", "ReadyForNewScale"), None);
    }
}
