//! How far what is shown can be trusted: loading is not empty, stale has an age, forbidden is said to be.

use crate::{
    config::Meaning,
    model::{Kind, Rows, SILENT, Sync},
    time::age,
};
use jiff::Timestamp;

/// The kinds of the workload table.
pub const WORKLOADS: [Kind; 4] = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Rollout];
/// Every kind that is watched for the screens.
const WATCHED: [Kind; 8] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Rollout,
    Kind::HorizontalPodAutoscaler,
    Kind::Namespace,
    Kind::Job,
    Kind::HttpRoute,
];

/// Whether rows that were current when the API server last spoke cannot be by now: only a machine that slept, or whose clock was
/// set, gets here before the watches notice the silence themselves.
pub fn is_old(heard: Timestamp, now: Timestamp) -> bool {
    now.duration_since(heard) > SILENT
}

/// The namespaces that are watched, where not all of them are: by choice, or because the rest may not be listed.
pub fn within(rows: &Rows) -> Vec<&str> {
    let seen = |sync: &Sync| !matches!(sync, Sync::Forbidden { .. } | Sync::Absent);
    let watched = rows.syncs().filter(|(kind, _, sync)| WORKLOADS.contains(kind) && seen(sync));
    let mut names: Vec<&str> = watched.filter_map(|(_, namespace, _)| namespace).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Since when the oldest rows are old, and why; None while none are.
pub fn stale(rows: &Rows) -> Option<(Timestamp, String)> {
    let stale = WATCHED.iter().filter_map(|kind| match rows.sync_of(*kind) {
        Sync::Stale { since, why } => Some((since, why)),
        _ => None,
    });
    stale.min_by_key(|(since, _)| *since)
}

/// The connection as a whole: the oldest data first, then what is not there yet.
pub fn connection(rows: &Rows, now: Timestamp) -> (Meaning, String) {
    let mut stale = None;
    let (mut loading, mut live) = (false, false);
    for kind in WATCHED {
        match rows.sync_of(kind) {
            Sync::Stale { since, .. } => stale = Some(stale.map_or(since, |oldest: Timestamp| oldest.min(since))),
            Sync::Loading => loading = true,
            Sync::Live { heard } if is_old(heard, now) => {
                stale = Some(stale.map_or(heard, |oldest: Timestamp| oldest.min(heard)));
            }
            Sync::Live { .. } => live = true,
            Sync::Forbidden { .. } | Sync::Absent => {}
        }
    }
    match (stale, loading, live) {
        (Some(since), ..) => (Meaning::Broken, format!("stale {}", age(since, now))),
        (None, true, _) => (Meaning::Progressing, "loading…".into()),
        (None, false, true) => (Meaning::Healthy, "live".into()),
        (None, false, false) => (Meaning::Broken, "no data".into()),
    }
}

/// What to add to a table's title: which of its kinds cannot be trusted as they are.
pub fn notes(rows: &Rows, kinds: &[Kind], now: Timestamp) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for kind in kinds {
        let note = match rows.sync_of(*kind) {
            Sync::Loading => format!("loading {}…", name(*kind)),
            Sync::Stale { since, .. } => format!("stale {}", age(since, now)),
            Sync::Forbidden { .. } => format!("{} forbidden", name(*kind)),
            Sync::Live { .. } => match refusing(rows, *kind).as_slice() {
                [] => continue,
                [one] => format!("{} forbidden in {one}", name(*kind)),
                several => format!("{} forbidden in {} namespaces", name(*kind), several.len()),
            },
            Sync::Absent => continue,
        };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// What to say where a table has no row to show, and what it means.
pub fn empty(rows: &Rows, kinds: &[Kind], what: &str) -> (Meaning, Vec<String>) {
    let syncs: Vec<(Kind, Sync)> = kinds.iter().map(|kind| (*kind, rows.sync_of(*kind))).collect();
    let loading: Vec<&str> =
        syncs.iter().filter(|(_, sync)| *sync == Sync::Loading).map(|(kind, _)| name(*kind)).collect();
    if !loading.is_empty() {
        return (Meaning::Progressing, vec![format!("loading {}…", loading.join(", "))]);
    }
    let mut forbidden = Vec::new();
    for (kind, sync) in &syncs {
        if let Sync::Forbidden { why } = sync {
            forbidden.push(format!("{} may not be listed here: {why}", name(*kind)));
        }
    }
    if !forbidden.is_empty() {
        return (Meaning::Warning, forbidden);
    }
    if syncs.iter().all(|(_, sync)| *sync == Sync::Absent) {
        return (Meaning::Muted, vec![format!("this cluster serves no {what}")]);
    }
    for (_, sync) in &syncs {
        if let Sync::Stale { why, .. } = sync {
            return (Meaning::Broken, vec![format!("not known: the connection is gone: {why}")]);
        }
    }
    (Meaning::Muted, vec![format!("there are no {what}")])
}

/// The namespaces that were looked at in which a kind may not be listed, though another kind of workload may: those in which
/// nothing may be seen are other people's.
fn refusing(rows: &Rows, kind: Kind) -> Vec<&str> {
    let refused = |sync: &Sync| matches!(sync, Sync::Forbidden { .. });
    let ours = within(rows);
    rows.syncs()
        .filter(|(of, _, sync)| *of == kind && refused(sync))
        .filter_map(|(_, namespace, _)| namespace)
        .filter(|namespace| ours.contains(namespace))
        .collect()
}

fn name(kind: Kind) -> &'static str {
    kind.plural()
}
