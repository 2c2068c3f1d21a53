//! Rolls a Helm release back by the `helm` program. What it did is read where Helm itself keeps it: in the Secret of the revision
//! that it makes.
//!
//! Invariant: it is run only while the newest revision is the one that was confirmed, so that an upgrade in between is never undone.

use super::Ended;
use crate::{
    connect::{helm, kube::Reader},
    formats::redact,
    model::{ObjectRef, Release, ReleaseStatus},
    observe,
    operate::{
        journal::Record,
        run::{Run, failed},
        stop::{Boundary, Stop},
    },
};
use serde_json::json;
use std::time::Duration;

/// How often a rollback that is pending is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What Helm's history says of a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Probe {
    NotDone,
    Pending,
    Done,
    Failed(String),
    Diverged(String),
}

pub(super) async fn run(run: &mut Run, index: usize, release: &ObjectRef, from: u32, to: u32) -> Result<Ended, Stop> {
    let mut ran = run.history.steps[index].intent.is_some();
    loop {
        let history = history(run, index, release).await?;
        match judge(&history, release, from, to) {
            Probe::Done => {
                if ran {
                    let result = json!({"metadata": {"name": format!("revision {}", from + 1)}});
                    run.wrote(index, &result).await?;
                    return Ok(Ended::done(format!("revision {} of {release} is that of {to}", from + 1)));
                }
                return Ok(Ended::Skipped(format!(
                    "{release} was rolled back to {to} already, as revision {}",
                    from + 1
                )));
            }
            Probe::Failed(why) => return Err(Stop::Failed(why)),
            Probe::Diverged(why) => return Err(Stop::Conflict(why)),
            Probe::Pending => {
                run.note(index, format!("a rollback of {release} is under way")).await;
                run.wait(LOOK).await?;
                continue;
            }
            Probe::NotDone => {}
        }
        let before = json!({"release": &*release.name, "revision": from, "to": to});
        run.record(Record::Intent { step: index, before }).await?;
        run.still_ours(index).await?;
        run.faults.reach(Boundary::BeforeWrite)?;
        run.note(index, format!("helm rollback {} {to}", release.name)).await;
        ran = true;
        let (cluster, named) = (run.cluster.clone(), release.clone());
        let ended = tokio::task::spawn_blocking(move || helm::rollback(&cluster, &named, to)).await;
        run.faults.reach(Boundary::AfterWrite)?;
        match ended {
            Ok(Ok(())) => {}
            // It may have made its revision before it failed; the history has the last word, and Helm's words are the better ones.
            Ok(Err(error)) => {
                let why = redact::text(&error.to_string());
                let history = self::history(run, index, release).await?;
                return match judge(&history, release, from, to) {
                    Probe::Done => continue,
                    Probe::Diverged(why) => Err(Stop::Conflict(why)),
                    Probe::NotDone | Probe::Pending | Probe::Failed(_) => Err(Stop::Failed(why)),
                };
            }
            Err(_) => return Err(Stop::Interrupted("this program is ending".into())),
        }
    }
}

async fn history(run: &mut Run, index: usize, release: &ObjectRef) -> Result<Vec<Release>, Stop> {
    let release = release.clone();
    let question = move |reader: Reader| {
        let release = release.clone();
        async move { observe::release_history(&reader, &release).await }
    };
    run.ask(index, question).await?.map_err(|error| failed(&error))
}

fn judge(history: &[Release], release: &ObjectRef, from: u32, to: u32) -> Probe {
    let Some(newest) = history.iter().max_by_key(|revision| revision.revision) else {
        return Probe::Diverged(format!("{release} is gone"));
    };
    let now = newest.revision;
    // Helm's own words, in every version that keeps its releases in Secrets.
    let rolled_back = now == from + 1 && *newest.description == *format!("Rollback to {to}");
    match newest.status {
        _ if now == from => Probe::NotDone,
        ReleaseStatus::PendingRollback if now == from + 1 => Probe::Pending,
        ReleaseStatus::Deployed if rolled_back => Probe::Done,
        ReleaseStatus::Failed if now == from + 1 => {
            Probe::Failed(format!("revision {now} of {release} failed: {}", redact::text(&newest.description)))
        }
        status => Probe::Diverged(format!(
            "{release} is at revision {now} ({status}) and not at {from} any more: somebody else changed it; plan again"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn the_history_tells_what_became_of_a_rollback() {
        let shop = ObjectRef::new(Kind::Release, "prod", "shop");
        let revision = |revision, status, description: &str| Release {
            object: ObjectRef::new(Kind::Secret, "prod", format!("sh.helm.release.v1.shop.v{revision}")),
            name: "shop".into(),
            revision,
            status,
            chart: "shop 1.0".into(),
            app_version: None,
            description: description.into(),
            updated: None,
        };
        let with = |last: Release| judge(&[revision(7, ReleaseStatus::Superseded, ""), last], &shop, 7, 5);
        assert_eq!(judge(&[revision(7, ReleaseStatus::Deployed, "")], &shop, 7, 5), Probe::NotDone);
        assert_eq!(with(revision(8, ReleaseStatus::PendingRollback, "Rollback to 5")), Probe::Pending);
        assert_eq!(with(revision(8, ReleaseStatus::Deployed, "Rollback to 5")), Probe::Done);
        assert!(matches!(with(revision(8, ReleaseStatus::Failed, "no")), Probe::Failed(_)));
        assert!(matches!(with(revision(8, ReleaseStatus::Deployed, "Upgrade complete")), Probe::Diverged(_)));
        assert!(matches!(with(revision(8, ReleaseStatus::Deployed, "Rollback to 4")), Probe::Diverged(_)));
        assert!(matches!(with(revision(9, ReleaseStatus::Deployed, "Rollback to 5")), Probe::Diverged(_)));
        assert!(matches!(judge(&[], &shop, 7, 5), Probe::Diverged(_)));
    }
}
