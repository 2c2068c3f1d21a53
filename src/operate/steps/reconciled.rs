//! Waits until a reconciler has put an image into a workload's template: asks it once to do so now, tells when it has seen the
//! commit, and says what it says while it stalls. Nothing but the request to hurry is written.

use super::{Ended, ask, stalled};
use crate::{
    formats::{owner, template},
    model::{Action, Kind, ObjectRef, Owner, OwnerKind},
    operate::{
        run::{Run, Woken},
        stop::Stop,
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the template is looked at.
const LOOK: Duration = Duration::from_secs(3);
/// How long the source may take until it has heard that it is asked, before what applies it is asked as well.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    container: &str,
    image: &str,
) -> Result<Ended, Stop> {
    let (mut said, mut followed) = (String::new(), None);
    let (mut asked, mut wanted) = (0, 1);
    let mut seen = Seen::of(run);
    loop {
        let Some(found) = run.find(index, object).await? else {
            return Err(Stop::Failed(format!("{object} does not exist any more")));
        };
        let now = image_of(&found, container);
        if now == Some(image) {
            let result = json!({"generation": found["metadata"]["generation"]});
            return Ok(Ended::Done { detail: format!("{object} has {image}{}", seen.words()), result });
        }
        if followed.is_none()
            && let Some(owner) = owner::owner(&found)
        {
            followed = Followed::of(run, index, owner).await?;
        }
        let mut word = None;
        if let Some(followed) = &followed {
            if asked < wanted {
                asked = wanted;
                followed.hurry(run, index, asked).await?;
            }
            word = followed.word(run, index, &mut seen).await?;
        }
        let so_far = format!("waiting for {image}; the template has {}", now.unwrap_or("no such container"));
        let word = word.map_or_else(|| so_far.clone(), |word| format!("{so_far}; {word}"));
        if word != said {
            run.note(index, word.clone()).await;
            said = word;
        }
        // There is nothing to go on with: the operator's word is to ask once more.
        if run.wait(LOOK).await? == Woken::Next {
            wanted += 1;
        }
    }
}

/// What a commit goes through on its way to the workload, in order: the source, what applies it, the release.
struct Followed(Vec<ObjectRef>);

impl Followed {
    /// The objects behind an owner; None where nothing reconciles it, or where it is not known which object does.
    async fn of(run: &mut Run, index: usize, owner: Owner) -> Result<Option<Self>, Stop> {
        let applies = match owner.kind {
            OwnerKind::Kustomization => ObjectRef::new(Kind::Kustomization, owner.namespace, owner.name),
            OwnerKind::HelmRelease => ObjectRef::new(Kind::HelmRelease, owner.namespace, owner.name),
            OwnerKind::Application if !owner.namespace.is_empty() => {
                ObjectRef::new(Kind::Application, owner.namespace, owner.name)
            }
            OwnerKind::Application => match application(run, index, &owner.name).await? {
                Some(application) => application,
                None => return Ok(None),
            },
            OwnerKind::Helm => return Ok(None),
        };
        let mut chain = vec![applies];
        // A release is itself applied by a Kustomization, and that from a source: two objects before it at most.
        while chain.len() < 3
            && let Ok(Some(found)) = read(run, index, &chain[0]).await?
        {
            let parent = owner::owner(&found).filter(|parent| parent.kind == OwnerKind::Kustomization);
            let before = match chain[0].kind {
                Kind::HelmRelease => parent.map(|by| ObjectRef::new(Kind::Kustomization, by.namespace, by.name)),
                Kind::Kustomization => stalled::source(&found),
                _ => None,
            };
            let Some(before) = before else { break };
            chain.insert(0, before);
        }
        Ok(Some(Self(chain)))
    }

    /// Asks each of them in turn to do now what it does at its interval: one that has not heard yet would make the next apply
    /// again what it has.
    async fn hurry(&self, run: &mut Run, index: usize, time: u32) -> Result<(), Stop> {
        let word = format!("{}-{time}", ask::word(run, index));
        for (at, object) in self.0.iter().enumerate() {
            if ask::with(run, index, object, &word).await? && at + 1 < self.0.len() {
                ask::answered(run, index, object, &word, PATIENCE).await?;
            }
        }
        Ok(())
    }

    /// What is in the way, in the reconcilers' own words: the first of them that stalls, as nothing gets past it.
    async fn word(&self, run: &mut Run, index: usize, seen: &mut Seen) -> Result<Option<String>, Stop> {
        let mut unread = None;
        for object in &self.0 {
            let name = format!("{} {}", object.kind, object.path());
            match read(run, index, object).await? {
                Ok(Some(found)) => {
                    seen.look(run, &found);
                    if let Some(trouble) = stalled::trouble(object.kind, &found) {
                        return Ok(Some(trouble));
                    }
                }
                Ok(None) => {
                    unread = Some(format!(
                        "{name}, which the workload's labels name, is not in this cluster: its errors do not show here"
                    ));
                }
                // What applies it may be anywhere; the image is what counts.
                Err(why) => unread = Some(format!("{name} cannot be read ({why}): its errors do not show here")),
            }
        }
        Ok(unread)
    }
}

/// An object; the inner error is why it cannot be read.
async fn read(run: &mut Run, index: usize, object: &ObjectRef) -> Result<Result<Option<Value>, String>, Stop> {
    match run.find(index, object).await {
        Ok(found) => Ok(Ok(found)),
        Err(Stop::Failed(why) | Stop::Forbidden(why)) => Ok(Err(why)),
        Err(stop) => Err(stop),
    }
}

/// The Application of this name, wherever Argo CD lives; None where it is not found or ambiguous.
async fn application(run: &mut Run, index: usize, name: &str) -> Result<Option<ObjectRef>, Stop> {
    let listed = run.ask(index, |reader| async move { reader.list(Kind::Application, None, None).await }).await?;
    let listed = listed.unwrap_or_default();
    let mut same = listed.iter().filter(|found| found["metadata"]["name"] == *name);
    let namespace = same.next().and_then(|found| found["metadata"]["namespace"].as_str());
    Ok(namespace.filter(|_| same.next().is_none()).map(|namespace| ObjectRef::new(Kind::Application, namespace, name)))
}

/// Whether the source has seen the commit, and how long after the push.
struct Seen {
    commit: Option<String>,
    pushed: Option<jiff::Timestamp>,
    after: Option<i64>,
}

impl Seen {
    fn of(run: &Run) -> Self {
        let steps = run.plan().steps.iter().zip(&run.history.steps);
        let push = steps.clone().find(|(step, _)| matches!(step.action, Action::Push { .. })).map(|(_, told)| told);
        let commit = push.and_then(|told| told.result.as_ref()?.get("commit")?.as_str().map(str::to_owned));
        Self { commit, pushed: push.and_then(|told| told.finished), after: None }
    }

    fn look(&mut self, run: &Run, source: &Value) {
        let revision = source["status"]["artifact"]["revision"].as_str().unwrap_or_default();
        let has = self.commit.as_ref().is_some_and(|commit| revision.ends_with(commit.as_str()));
        if let (true, None, Some(pushed)) = (has, self.after, self.pushed) {
            self.after = Some(run.now().duration_since(pushed).as_secs().max(0));
        }
    }

    fn words(&self) -> String {
        self.after.map_or_else(String::new, |after| format!("; the source had the commit {after} s after the push"))
    }
}

fn image_of<'a>(object: &'a Value, container: &str) -> Option<&'a str> {
    let spec = &template::of(object)["spec"];
    let lists = [&spec["containers"], &spec["initContainers"]];
    let mut all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.find(|c| c["name"] == container)?["image"].as_str()
}
