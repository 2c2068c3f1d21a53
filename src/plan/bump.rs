//! Bumping: one commit that changes an image tag, followed as far as something in sight carries it to the cluster.

use super::{Asked, PlanError, Sheet, checks, disruption, durability, message, step};
use crate::formats::template;
use crate::model::{
    Action, BumpFacts, CommitPlan, CommonFacts, DIGEST_TRAILER, Durability, EditSite, Intent, ObjectRef, OwnerKind,
    Precondition, Risk, Step,
};
use crate::model::{image::ImageReference, tag::compare_tags};
use std::cmp::Ordering;

/// Names listed before the rest is only counted.
const LISTED: usize = 6;

pub(super) fn plan(asked: &Asked<'_>, facts: &BumpFacts) -> Result<Sheet, PlanError> {
    let Intent::Bump { target, tag, wait, .. } = asked.intent else { return Err(asked.mismatch("bump")) };
    let (site, repository) = (&facts.site, &facts.repository);
    if ImageReference::parse(&format!("image:{tag}")).is_err() {
        return Err(PlanError::Invalid {
            what: format!("{tag:?} is no image tag"),
            hint: "a tag has letters, digits, _ . and -, and at most 128 of them".into(),
        });
    }
    if site.from == *tag || site.edits.iter().all(|edit| edit.changes.is_empty()) {
        let running = ImageReference::parse(&facts.container.image).ok().and_then(|image| image.tag);
        let lag = running
            .filter(|running| running != tag)
            .map(|running| format!("; the cluster still runs {running}, so look at what should apply it"));
        let lag = lag.unwrap_or_default();
        return Err(PlanError::NothingToDo(format!("{} of {} says {tag} already{lag}", site.place, repository.branch)));
    }
    let mut preconditions = vec![
        Precondition::require("place", true, format!("{}: {}", site.place, site.reason)),
        registry(&facts.registry, &site.image),
        author(&facts.author),
    ];
    preconditions.extend(immutable(facts));
    if location(&repository.location) != repository.location {
        let detail = "its URL holds a password, which the journal would keep; use a credential helper instead";
        preconditions.push(Precondition::require("repository", false, detail));
    }
    preconditions.extend(checks::shared(asked, &facts.common, false));
    preconditions.extend(reaches(asked.intent, site));
    if !site.automations.is_empty() {
        let detail = format!("suspend what writes this value by itself first: {}", listed(&site.automations));
        preconditions.push(Precondition::warn("automation", detail));
    }
    preconditions.extend(site.warnings.iter().map(|warning| Precondition::warn("edit", warning.clone())));
    let back = compare_tags(tag, &site.from) == Some(Ordering::Less);
    if back {
        let detail = format!("{tag} is older than {}; to undo a bad deploy at once, roll back as well", site.from);
        preconditions.push(Precondition::warn("version", detail));
    }
    preconditions.extend(unread_reconciler(&facts.common));
    let follow = Follow::of(facts, *wait);
    preconditions.extend(follow.warning());
    let durability = match (&facts.common.owner, durability::reconciler(&facts.common)) {
        (_, Some(_)) => Durability::Sticks,
        (Some(owner), None) if owner.kind.reconciles() => {
            Durability::Unknown(format!("{owner} is held off; nothing is applied until it is released"))
        }
        _ => Durability::Unknown("no reconciler in sight applies this repository to the cluster".into()),
    };
    Ok(Sheet {
        summary: format!("{} → {tag}", site.from),
        reasons: reasons(facts, &follow),
        durability,
        risk: if back || !site.reaches.is_empty() || !site.warnings.is_empty() { Risk::Medium } else { Risk::Low },
        preconditions,
        needs: checks::required(asked.intent.needs()),
        steps: steps(asked, facts, target, tag, &follow),
        diff: safe_diff(&site.diff),
    })
}

/// What else the value sets. Production elsewhere is not changed by the way: only where the operator names this very file.
fn reaches(intent: &Intent, site: &EditSite) -> Option<Precondition> {
    let is_named = matches!(intent, Intent::Bump { file: Some(_), .. });
    let file = site.edits.first().map_or(site.place.as_str(), |edit| edit.path.as_str());
    if !(site.protected.is_empty() || is_named) {
        let detail = format!(
            "this value also sets {}: give this environment a value of its own in its overlay or values file, or name {file} with --file if all are meant",
            listed(&site.protected)
        );
        return Some(Precondition::require("reaches", false, detail));
    }
    let others = || format!("this value reaches others as well: {}", listed(&site.reaches));
    (!site.reaches.is_empty()).then(|| Precondition::warn("reaches", others()))
}

/// How far a pushed commit can be followed.
enum Follow<'a> {
    /// Until the new pods serve.
    Rollout,
    /// Until the template has the image: this keeps pods from being replaced.
    Applied(&'static str),
    /// Not at all, and why.
    No(&'a str),
}

impl<'a> Follow<'a> {
    fn of(facts: &'a BumpFacts, wait: bool) -> Self {
        let object = &facts.common.object;
        let owned = facts.common.owner.as_ref().is_some_and(|owner| owner.kind.reconciles());
        match durability::reconciler(&facts.common) {
            _ if !wait => Self::No("it ends after the push, as asked for"),
            None if owned => Self::No("it ends after the push: what should apply it is held off"),
            None => Self::No("it ends after the push: no reconciler in sight applies it"),
            Some(_) if template::is_paused(object) => {
                Self::Applied("the Deployment is paused: its pods stay until it is resumed")
            }
            Some(_) if disruption::only_on_delete(object) => {
                Self::Applied("updateStrategy OnDelete: its pods stay until you delete them")
            }
            Some(_) => Self::Rollout,
        }
    }

    fn warning(&self) -> Option<Precondition> {
        match self {
            Self::Applied(why) => Some(Precondition::warn("rollout", *why)),
            Self::Rollout | Self::No(_) => None,
        }
    }
}

fn steps(asked: &Asked<'_>, facts: &BumpFacts, target: &ObjectRef, tag: &str, follow: &Follow<'_>) -> Vec<Step> {
    let (site, repository) = (&facts.site, &facts.repository);
    let why: Vec<String> = asked.why.map(str::to_owned).into_iter().collect();
    let mut message = message::of(asked, target, &format!("{} → {tag}", site.from), &why);
    if let Ok(Some(digest)) = &facts.registry {
        message.push_str(&format!("{DIGEST_TRAILER}: {}@{digest}\n", site.image));
    }
    let commit = CommitPlan {
        repository: repository.location.clone(),
        branch: repository.branch.clone(),
        base: repository.tip.clone(),
        edits: site.edits.clone(),
        message,
        time: asked.now,
    };
    let push = Action::Push { repository: repository.location.clone(), branch: repository.branch.clone() };
    let short = repository.tip.get(..7).unwrap_or(&repository.tip);
    let mut steps = vec![
        step(
            "commit",
            format!("{}: {} → {tag}, on {} at {short}", site.place, site.from, repository.branch),
            Action::Commit(commit),
        ),
        step("push", format!("{} to {}", repository.branch, location(&repository.location)), push),
    ];
    if matches!(follow, Follow::No(_)) {
        return steps;
    }
    let owner = facts.common.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let reconciled = Action::WaitReconciled {
        object: target.clone(),
        container: facts.container.name.to_string(),
        image: site.image.clone(),
    };
    steps.push(step(
        "applied",
        format!("ask {owner} to reconcile now, until it has put {} into {}", site.image, target.type_name()),
        reconciled,
    ));
    if matches!(follow, Follow::Rollout) {
        let uid = facts.common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let wait = Action::WaitRollout { object: target.clone(), uid };
        steps.push(step("wait", "until the rollout is complete and its pods are healthy", wait));
    }
    steps
}

fn reasons(facts: &BumpFacts, follow: &Follow<'_>) -> Vec<String> {
    let mut reasons = vec![
        format!(
            "{} ({}), branch {}",
            location(&facts.repository.location),
            facts.repository.found,
            facts.repository.branch
        ),
        format!("{}: {} → {}", facts.container.name, facts.container.image, facts.site.image),
    ];
    if let Follow::No(why) = follow {
        reasons.push((*why).to_owned());
    }
    reasons
}

/// A repository as it may be shown: without a password in its URL.
fn location(location: &str) -> String {
    crate::formats::redact::text(location)
}

fn registry(answer: &Result<Option<String>, String>, image: &str) -> Precondition {
    let what = "registry";
    match answer {
        Ok(Some(digest)) => {
            Precondition::require(what, true, format!("{image} is {}", digest.get(..19).unwrap_or(digest)))
        }
        Ok(None) => Precondition::require(
            what,
            false,
            format!("{image} does not exist; push the image first, or check the tag"),
        ),
        Err(why) => Precondition::warn(what, format!("could not be asked whether {image} exists: {why}")),
    }
}

/// A tag that was pushed again is not what was tested and first deployed.
fn immutable(facts: &BumpFacts) -> Option<Precondition> {
    let (Some((recorded, commit)), Ok(Some(now))) = (&facts.recorded, &facts.registry) else { return None };
    let image = &facts.site.image;
    Some(match recorded == now {
        true => Precondition::require("immutable", true, format!("{image} is what commit {commit} deployed")),
        false => Precondition::require(
            "immutable",
            false,
            format!("{image} was pushed again: it is {now}, and was {recorded} in commit {commit}; bump to a new tag"),
        ),
    })
}

fn author(author: &Result<String, String>) -> Precondition {
    match author {
        Ok(author) => Precondition::require("author", true, author.clone()),
        Err(why) => Precondition::require("author", false, why.clone()),
    }
}

/// A Kustomization always has an interval: without one it could not be read.
fn unread_reconciler(common: &CommonFacts) -> Option<Precondition> {
    let owner = durability::reconciler(common).filter(|owner| owner.kind == OwnerKind::Kustomization)?;
    let unread =
        || format!("{owner} cannot be read: whether it applies this repository, and what it says, does not show");
    common.owner_interval.is_none().then(|| Precondition::warn("reconciler", unread()))
}

pub(super) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// The site's diff with the context lines around the change reduced to their keys: a manifest's other lines may be
/// environment values.
pub(super) fn safe_diff(diff: &str) -> String {
    const PLAIN: [&str; 14] = [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "spec",
        "template",
        "containers",
        "image",
        "images",
        "newTag",
        "newName",
        "repository",
        "tag",
    ];
    let mut safe = String::with_capacity(diff.len());
    for line in diff.lines() {
        match line.strip_prefix(' ').map(|context| (context, context.split_once(':'))) {
            None => safe.push_str(line),
            Some((context, Some((key, value)))) => {
                let bare = key.trim().trim_start_matches("- ").trim();
                let plain = PLAIN.contains(&bare) || value.trim().is_empty();
                safe.push_str(&if plain { format!(" {context}") } else { format!(" {key}: …") });
            }
            Some((context, None)) => {
                let indent: String = context.chars().take_while(|c| c.is_whitespace()).collect();
                safe.push_str(&if context.trim().is_empty() { " ".to_owned() } else { format!(" {indent}…") });
            }
        }
        safe.push('\n');
    }
    safe
}

#[cfg(test)]
#[path = "bump_tests.rs"]
mod tests;
