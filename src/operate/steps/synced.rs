//! Waits until an Argo CD Application compares with a commit that does not say any more what was undone; and, once it is let go,
//! until it is settled with that.
//!
//! Which commit is compared with tells what it would sync next, and nothing of what it has synced: so the first is enough to let
//! it go, and the second asks for more. Where nothing is left to sync it begins no operation, and being Synced says all there is.

use super::{
    Ended,
    applied::{says, short},
    ask, stalled,
};
use crate::{
    formats::hold,
    model::{ObjectRef, Reference},
    observe::Says,
    operate::{
        run::{Run, Woken},
        stop::Stop,
    },
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often it is asked again: its repository server remembers for a while what a branch points to.
const AGAIN: Duration = Duration::from_secs(30);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    owner: &ObjectRef,
    reference: &Reference,
    bad: &[(String, String)],
    settled: bool,
) -> Result<Ended, Stop> {
    let mut asked: Option<Instant> = None;
    let mut known: Option<(String, Says)> = None;
    let mut said = String::new();
    loop {
        if asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
            asked = Some(Instant::now());
            ask::now(run, index, owner).await?;
        }
        let Some(found) = run.find(index, owner).await? else {
            return Err(Stop::Failed(format!("{owner} does not exist any more: nothing tells what it would sync")));
        };
        let name = owner.type_name();
        if settled && !hold::written(&found).is_empty() {
            return Ok(Ended::done(format!(
                "{name} is still held for another workload, and settles once that lets it go"
            )));
        }
        let word = match compared(&found, &reference.repository) {
            None => format!("{name} has not compared with any commit"),
            Some(sha) => {
                // A commit that has not arrived here may do so.
                if known.as_ref().is_none_or(|(of, told)| *of != sha || matches!(told, Says::Unknown(_))) {
                    let told = says(run, index, reference, &sha, bad).await?;
                    known = Some((sha.clone(), told));
                }
                let short = short(&sha);
                match known.as_ref().map(|(_, told)| told) {
                    Some(Says::Other) => match if settled { unsettled(&found, &sha) } else { syncing(&found, &sha) } {
                        None if settled => return Ok(Ended::done(format!("{name} is Synced and Healthy at {short}"))),
                        None => return Ok(Ended::done(format!("{name} compares with {short}"))),
                        Some(why) => format!("{name} compares with {short}: {why}"),
                    },
                    Some(Says::Bad(place)) => format!("{name} still compares with {short}, which says it in {place}"),
                    Some(Says::Unknown(why)) => format!("what {name} would sync by {short} is not known: {why}"),
                    None => String::new(),
                }
            }
        };
        let trouble = stalled::condition(&found).map(|said| format!("; it {said}")).unwrap_or_default();
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

/// The commit compared with last; of several sources that of `repository`, else of the only one.
fn compared(application: &Value, repository: &str) -> Option<String> {
    let sync = &application["status"]["sync"];
    let own = |text: &str| text.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let sources = application["spec"]["sources"].as_array().filter(|sources| !sources.is_empty());
    let text = match sources {
        Some(sources) => {
            let same = |source: &Value| source["repoURL"].as_str().is_some_and(|url| own(url) == own(repository));
            let at = sources.iter().position(same).unwrap_or(0);
            sync["revisions"][at].as_str()
        }
        None => sync["revision"].as_str(),
    };
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An operation under way for another commit: it may write once more what that says.
fn syncing(application: &Value, sha: &str) -> Option<String> {
    let state = &application["status"]["operationState"];
    let under_way = application["operation"].is_object() || state["phase"] == "Running";
    (under_way && !synced_to(state, sha)).then(|| "it is still syncing another commit".into())
}

/// Why it is not settled at this commit.
fn unsettled(application: &Value, sha: &str) -> Option<String> {
    let (status, state) = (&application["status"], &application["status"]["operationState"]);
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    if application["operation"].is_object() || state["phase"] == "Running" {
        return Some("it is syncing".into());
    }
    // An operation for this commit must have ended well; an older one has nothing to say of it.
    if synced_to(state, sha) && state["phase"] != "Succeeded" {
        return Some(format!("its sync {}: {}", text(&state["phase"]), text(&state["message"])));
    }
    let (sync, health) = (text(&status["sync"]["status"]), text(&status["health"]["status"]));
    (sync != "Synced" || health != "Healthy").then(|| format!("it is {sync} and {health}"))
}

fn synced_to(state: &Value, sha: &str) -> bool {
    let result = &state["syncResult"];
    let several = result["revisions"].as_array().into_iter().flatten();
    several.chain([&result["revision"]]).any(|revision| *revision == sha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_commit_of_the_right_source_counts() {
        let one = json!({"status": {"sync": {"revision": "abc"}}});
        assert_eq!(compared(&one, "https://git.example/a").as_deref(), Some("abc"));
        let several = json!({"spec": {"sources": [{"repoURL": "https://charts.example"}, {"repoURL": "https://git.example/a.git"}]},
            "status": {"sync": {"revisions": ["1.2.3", "def"]}}});
        assert_eq!(compared(&several, "https://git.example/a/").as_deref(), Some("def"));
        assert_eq!(compared(&json!({}), "x"), None);
    }

    #[test]
    fn settled_asks_for_a_good_end_of_its_own_operation_only() {
        let app = |phase: &str, revision: &str, sync: &str, health: &str| {
            json!({"status": {"sync": {"status": sync}, "health": {"status": health},
                "operationState": {"phase": phase, "message": "boom", "syncResult": {"revision": revision}}}})
        };
        assert_eq!(unsettled(&app("Succeeded", "new", "Synced", "Healthy"), "new"), None);
        assert_eq!(unsettled(&app("Succeeded", "old", "Synced", "Healthy"), "new"), None, "nothing was left to sync");
        assert_eq!(unsettled(&app("Failed", "old", "Synced", "Healthy"), "new"), None);
        assert!(unsettled(&app("Failed", "new", "Synced", "Healthy"), "new").unwrap().contains("Failed: boom"));
        assert!(unsettled(&app("Running", "new", "Synced", "Healthy"), "new").is_some());
        assert!(unsettled(&app("Succeeded", "new", "OutOfSync", "Healthy"), "new").is_some());
        assert!(unsettled(&app("Succeeded", "new", "Synced", "Degraded"), "new").is_some());
        assert!(syncing(&app("Running", "old", "OutOfSync", "Healthy"), "new").is_some());
        assert_eq!(syncing(&app("Running", "new", "OutOfSync", "Healthy"), "new"), None);
        let told = json!({"status": {"conditions": [{"type": "ComparisonError", "message": "no such repo"}]}});
        assert_eq!(stalled::condition(&told).unwrap(), "says ComparisonError: no such repo");
    }
}
