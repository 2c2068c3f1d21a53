//! Puts the template of an earlier revision back.

use super::Ended;
use crate::{
    connect::kube::{ApiErrorKind, Reader},
    formats::template::{self, RestorePatch},
    model::{Action, ObjectRef},
    operate::{
        run::{Run, failed},
        stop::Stop,
        write::{Effect, Patch, Probe},
    },
};
use serde_json::{Value, json};

pub(super) async fn run(run: &mut Run, index: usize, action: &Action) -> Result<Ended, Stop> {
    let Action::RestoreTemplate { object, uid, revision, source, before, after, unpause } = action else {
        return Err(Stop::Failed("this step restores no template".into()));
    };
    let (kind, unpause) = (object.kind, *unpause);
    let judge = |found: &Value| judge(found, before, after, unpause);
    let kept = ObjectRef::new(source.kind, object.namespace.clone(), source.name.as_str());
    let kept = keeper(run, index, &kept).await?;
    // The revision is not needed any more when its template is there already, as after a crash.
    let patch = |found: &Value| {
        let kept = kept.as_ref().filter(|kept| kept["metadata"]["uid"] == *source.uid);
        let kept = kept.ok_or_else(|| format!("revision {revision} is gone: {} was deleted", source.name))?;
        let template = template::kept_by(kept).map_err(|error| error.to_string())?;
        if template::hash(&template) != *after {
            return Err(format!("revision {revision} is not what was confirmed: {} has another template", source.name));
        }
        Ok(match template::restore(kind, found, kept, unpause).map_err(|error| error.to_string())? {
            RestorePatch::Json(operations) => Patch::Json(operations),
            RestorePatch::Strategic(patch) => Patch::Strategic(patch),
        })
    };
    let effect =
        Effect { object, uid, judge: &judge, patch: &patch, before: json!({ "template": before }), rehearse: true };
    let applied = run.apply(index, &effect).await?;
    if !applied.ours {
        return Ok(Ended::Skipped(format!("{object} has the template of revision {revision} already")));
    }
    // As the API server took it: admission may have added to what was sent.
    let template = template::hash(template::of(&applied.object));
    let result = json!({"template": template, "generation": applied.object["metadata"]["generation"]});
    Ok(Ended::Done { detail: format!("template of revision {revision} restored"), result })
}

/// The object that keeps the template. Who may list it and not get it finds it in the list.
async fn keeper(run: &mut Run, index: usize, object: &ObjectRef) -> Result<Option<Value>, Stop> {
    let question = move |reader: Reader| {
        let object = object.clone();
        async move {
            match reader.find(&object).await {
                Err(error) if error.kind == ApiErrorKind::Forbidden => {
                    let named = format!("metadata.name={}", object.name);
                    let mut found: Vec<Value> =
                        reader.list_as(object.kind, Some(&object.namespace), None, Some(&named)).await?;
                    // Items of a list do not say what they are.
                    Ok(found.pop().map(|mut found| {
                        found["kind"] = object.kind.as_str().into();
                        found
                    }))
                }
                answer => answer,
            }
        }
    };
    run.ask(index, question).await?.map_err(|error| failed(&error))
}

fn judge(found: &Value, before: &str, after: &str, unpause: bool) -> Probe {
    let now = template::hash(template::of(found));
    if now == after {
        // Somebody may have unpaused it meanwhile; only a template without rollout is unfinished.
        return if unpause && template::is_paused(found) { Probe::NotDone } else { Probe::Done };
    }
    if now == before {
        return Probe::NotDone;
    }
    Probe::Diverged("the template was changed by somebody else since the plan was confirmed; plan again".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_the_one_before_the_one_after_or_somebody_elses() {
        let object =
            |image: &str, paused: bool| json!({"spec": {"paused": paused, "template": {"spec": {"image": image}}}});
        let hash = |image: &str| template::hash(template::of(&object(image, false)));
        let (old, new) = (hash("a:1"), hash("a:2"));
        assert_eq!(judge(&object("a:2", false), &new, &old, false), Probe::NotDone);
        assert_eq!(judge(&object("a:1", false), &new, &old, false), Probe::Done);
        assert_eq!(judge(&object("a:1", true), &new, &old, true), Probe::NotDone);
        assert!(matches!(judge(&object("a:3", false), &new, &old, false), Probe::Diverged(_)));
    }
}
