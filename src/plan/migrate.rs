//! Migrating: one Job from the workload's own pod template, never created twice for the same image.

use super::{Asked, PlanError, Sheet, checks, span, step};
use crate::formats::{job, redact, template};
use crate::model::image::ImageReference;
use crate::model::{
    Action, Durability, Intent, JobRecipe, JobState, MigrateFacts, ObjectRef, Precondition, PriorJob, Risk,
};

pub(super) fn plan(asked: &Asked<'_>, facts: &MigrateFacts) -> Result<Sheet, PlanError> {
    let Intent::Migrate { target, tag, command, .. } = asked.intent else { return Err(asked.mismatch("migration")) };
    let image = image(facts, tag.as_deref())?;
    let object = job::name(target, &image);
    let attach = match &facts.prior {
        None => false,
        Some(prior) => runs_already(prior, &image, &object)?,
    };
    if !attach && command.is_empty() {
        return Err(PlanError::Invalid {
            what: "a migration needs a command; the image's own would start the service".into(),
            hint: "give it after --, such as -- ./migrate up".into(),
        });
    }
    let mut preconditions = checks::shared(asked, &facts.common, false);
    preconditions.push(once(facts.prior.as_ref(), &object));
    let deadline = format!("Kubernetes ends it after {}", span::words(job::DEADLINE_SECONDS));
    preconditions.push(Precondition::warn("deadline", deadline));
    let mut reasons = Vec::new();
    let mut steps = Vec::new();
    let mut diff = String::new();
    if attach {
        reasons.push("it runs already: nothing is created, its log is followed".to_owned());
    } else {
        preconditions.push(secrets(command));
        preconditions.extend(template_warnings(facts)?);
        let shown = redact::words(command).join(" ");
        reasons.push(format!("runs {shown}", shown = shortened(&shown)));
        reasons.push(format!("with {}'s environment, mounts and service account, in {image}", facts.container.name));
        reasons.push("none of the app's labels, probes or ports: no Service sends it traffic".into());
        let recipe = JobRecipe {
            workload: target.clone(),
            uid: facts.common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            container: facts.container.name.to_string(),
            image: image.clone(),
            command: command.clone(),
            template: template::hash(template::of(&facts.common.object)),
        };
        let created = job::manifest(&facts.common.object, &recipe, asked.operation)?;
        let changes = template::diff(template::of(&facts.common.object), template::of(&created));
        diff = format!("--- spec.template of {target}\n+++ spec.template of {object}\n{changes}");
        let detail = format!("{object}: {}, once, no retry", shortened(&shown));
        steps.push(step("create", detail, Action::CreateJob { object: object.clone(), recipe }));
    }
    let wait = Action::WaitJob { object: object.clone() };
    steps.push(step("wait", format!("until {} is complete or failed, following its log", object.name), wait));
    let mut needs = checks::required(asked.intent.needs());
    needs.retain(|access| !attach || access.verb != "create");
    let tag = ImageReference::parse(&image).ok().and_then(|image| image.tag);
    Ok(Sheet {
        summary: if attach { format!("follow {}", object.name) } else { format!("run {}", tag.unwrap_or(image)) },
        reasons,
        durability: Durability::Sticks,
        // A rollback does not take a schema back.
        risk: if attach { Risk::Low } else { Risk::Medium },
        preconditions,
        needs,
        steps,
        diff,
    })
}

/// The image to run: the container's, with the tag asked for. Without a tag it is taken exactly as it is written.
fn image(facts: &MigrateFacts, tag: Option<&str>) -> Result<String, PlanError> {
    let Some(tag) = tag else { return Ok(facts.container.image.to_string()) };
    let with_tag = ImageReference::parse(&facts.container.image).and_then(|image| image.with_tag(tag));
    with_tag.map(|image| image.to_string()).map_err(|error| PlanError::Invalid {
        what: format!("no image with tag {tag:?} for {}: {error}", facts.container.name),
        hint: "give a tag such as 2.4.1".into(),
    })
}

/// Whether the same migration is under way. One that ended is never run again.
fn runs_already(prior: &PriorJob, image: &str, object: &ObjectRef) -> Result<bool, PlanError> {
    let record = if prior.present { "" } else { " (the Job itself is gone, its record is not)" };
    match &prior.state {
        JobState::Running | JobState::Suspended if prior.present => Ok(true),
        JobState::Complete => Err(PlanError::NothingToDo(format!(
            "Job {} ran {image} to its end{record}; a migration runs once per image",
            prior.name
        ))),
        JobState::Failed(reason) => Err(PlanError::Refused {
            what: format!("Job {} ran {image} and failed: {reason}{record}", prior.name),
            hint: format!(
                "a migration runs once per image: mend it and give the image a new tag (kubectl logs -n {} job/{})",
                object.namespace, prior.name
            ),
        }),
        JobState::Running | JobState::Suspended => Err(PlanError::Refused {
            what: format!("Job {} was started for {image}, and is gone without an outcome", prior.name),
            hint: "look at the database whether it ran, then give the image a new tag".into(),
        }),
    }
}

fn once(prior: Option<&PriorJob>, object: &ObjectRef) -> Precondition {
    match prior {
        Some(prior) if prior.state == JobState::Suspended => {
            let detail = format!("{} is suspended: nothing happens until it is resumed", prior.name);
            Precondition::warn("once", detail)
        }
        _ => Precondition::warn(
            "once",
            format!(
                "at most one Job {}; Kubernetes may still start its pod twice: let the migration take a lock",
                object.name
            ),
        ),
    }
}

/// A command is journaled and stored in the Job: it is no place for a secret.
fn secrets(command: &[String]) -> Precondition {
    let clean = redact::words(command) == command;
    let detail = if clean {
        "it holds nothing that looks like a secret"
    } else {
        "it seems to hold a secret, which the journal would keep; refer to the environment instead: $(NAME)"
    };
    Precondition::require("command", clean, detail)
}

fn template_warnings(facts: &MigrateFacts) -> Result<Vec<Precondition>, PlanError> {
    let cleaning = job::cleaning(&facts.common.object, &facts.container.name)?;
    let mut warnings = Vec::new();
    let mut warn = |what: &str, names: &[String], text: &str| {
        if !names.is_empty() {
            warnings.push(Precondition::warn(what, format!("{}: {text}", names.join(", "))));
        }
    };
    warn("init containers", &cleaning.init_kept, "kept, as it fills a volume that the command reads");
    warn("containers", &cleaning.left_out, "left out; a proxy among them is not there for the migration");
    warn("volumes", &cleaning.unmounted, "each pod's own, not mounted");
    warn("volumes", &cleaning.claims, "mounted; a ReadWriteOnce claim in use on another node keeps the Job waiting");
    Ok(warnings)
}

/// Text cut to what fits a line of the sheet.
fn shortened(text: &str) -> String {
    const WIDTH: usize = 60;
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= WIDTH {
        return one_line;
    }
    one_line.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
