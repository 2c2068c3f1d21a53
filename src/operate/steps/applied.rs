//! Waits until a Kustomization applies a commit that does not say any more what was undone. What counts is the commit that it
//! attempted last: it reconciles one after the other, and its source never goes back, so nothing older is applied any more. Where a
//! HelmRelease reads what was applied, it has to be applied.

use super::{Ended, ask, commit, stalled};
use crate::{
    model::{ObjectRef, Reference},
    observe::{self, Says},
    operate::{
        run::{Run, Woken},
        stop::Stop,
    },
};
use serde_json::Value;
use std::time::Duration;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long the source may take until it has seen the push.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    owner: &ObjectRef,
    source: Option<&ObjectRef>,
    reference: &Reference,
    bad: &[(String, String)],
    over: bool,
) -> Result<Ended, Stop> {
    // The source first, or the consumer would apply again what it has.
    if let Some(source) = source
        && ask::now(run, index, source).await?
    {
        ask::heard(run, index, source, PATIENCE).await?;
        ask::now(run, index, owner).await?;
    }
    let (mut said, mut looked) = (String::new(), String::new());
    let mut word = String::new();
    loop {
        let Some(found) = run.find(index, owner).await? else {
            return Err(Stop::Failed(format!("{owner} does not exist any more: nothing tells what it would apply")));
        };
        if let Some(sha) = commit_of(&found, over).filter(|sha| *sha != looked) {
            let sha = sha.to_owned();
            match says(run, index, reference, &sha, bad).await? {
                Says::Other => {
                    return Ok(Ended::done(format!("{} applies {}", owner.type_name(), short(&sha))));
                }
                Says::Bad(place) => {
                    word = format!("{} still applies {}, which says it in {place}", owner.type_name(), short(&sha));
                    looked = sha;
                }
                Says::Unknown(why) => {
                    word = format!("what {} applies by {} is not known: {why}", owner.type_name(), short(&sha));
                    // A commit that has not arrived here may do so.
                }
            }
        }
        let trouble = stalled::trouble(owner.kind, &found).map(|trouble| format!("; {trouble}")).unwrap_or_default();
        let now = format!("{word}{trouble}");
        if now != said {
            run.note(index, now.clone()).await;
            said = now;
        }
        if run.wait(LOOK).await? == Woken::Next {
            return Ok(Ended::done("the operator went on without waiting for it"));
        }
    }
}

pub(super) async fn says(
    run: &mut Run,
    index: usize,
    reference: &Reference,
    sha: &str,
    bad: &[(String, String)],
) -> Result<Says, Stop> {
    let cache = run.git_cache.clone();
    commit::git(run, index, || {
        let (cache, reference, sha, bad) = (cache.clone(), reference.clone(), sha.to_owned(), bad.to_vec());
        move || observe::says(&reference, &sha, &bad, &cache)
    })
    .await
}

/// The commit of the revision attempted last, or applied last: `main@sha1:<sha>`, or `main/<sha>` as it was once written.
fn commit_of(kustomization: &Value, over: bool) -> Option<&str> {
    let field = if over { "lastAppliedRevision" } else { "lastAttemptedRevision" };
    let revision = kustomization["status"][field].as_str()?;
    revision.rsplit([':', '/']).next().filter(|sha| !sha.is_empty())
}

pub(super) fn short(sha: &str) -> &str {
    sha.get(..9).unwrap_or(sha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_commit_of_a_revision() {
        let of = |revision: &str| {
            commit_of(&json!({"status": {"lastAttemptedRevision": revision}}), false).map(str::to_owned)
        };
        assert_eq!(of("main@sha1:5d9c9ae").as_deref(), Some("5d9c9ae"));
        assert_eq!(of("refs/heads/main@sha1:5d9c9ae").as_deref(), Some("5d9c9ae"));
        assert_eq!(of("sha1:5d9c9ae").as_deref(), Some("5d9c9ae"));
        assert_eq!(of("main/5d9c9ae").as_deref(), Some("5d9c9ae"));
        assert_eq!(commit_of(&json!({}), false), None);
        let behind = json!({"status": {"lastAttemptedRevision": "main@sha1:b", "lastAppliedRevision": "main@sha1:a"}});
        assert_eq!((commit_of(&behind, true), commit_of(&behind, false)), (Some("a"), Some("b")));
    }
}
