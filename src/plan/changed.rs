//! What else changed since a revision was made, and does not go back with it: configuration, the autoscaler, the schema.

use super::span;
use crate::{
    formats::redact,
    model::{Commit, ConfigurationChange, Kind, Precondition, Revision, RollbackFacts, image::ImageReference},
};
use jiff::Timestamp;

/// How many changed objects are named before the rest is counted.
const NAMED: usize = 4;

/// The warnings.
pub(super) fn warnings(facts: &RollbackFacts, chosen: &Revision, now: Timestamp) -> Vec<Precondition> {
    let mut warnings = migrations(facts, chosen);
    warnings.extend(jobs(facts, chosen));
    warnings.extend(configuration(facts, chosen, now));
    warnings
}

/// The commit that wrote a revision's image, and its author, as a sentence.
pub(super) fn commit(facts: &RollbackFacts, revision: &Revision) -> Option<String> {
    let versions: Vec<String> =
        revision.images().filter_map(|image| ImageReference::parse(image).ok()).map(|image| image.version()).collect();
    let wrote = |commit: &&Commit| commit.to.as_ref().is_some_and(|to| versions.contains(to));
    let commit = facts.around.commits.iter().filter(wrote).max_by_key(|commit| commit.time)?;
    let sha = commit.sha.get(..7).unwrap_or(&commit.sha);
    let subject = shortened(&redact::text(&commit.subject));
    Some(format!("{} is commit {sha} by {}: {subject}", revision.revision, commit.author))
}

fn configuration(facts: &RollbackFacts, chosen: &Revision, now: Timestamp) -> Vec<Precondition> {
    let Some(created) = chosen.created else { return Vec::new() };
    let since = |change: &&ConfigurationChange| change.at > created && change.revisions.contains(&chosen.revision);
    let mut changed: Vec<&ConfigurationChange> = facts.around.configuration.iter().filter(since).collect();
    changed.sort_by_key(|change| std::cmp::Reverse(change.at));
    let one = |change: &&ConfigurationChange| {
        let ago = span::words(span::between(change.at, now));
        match change.object.kind {
            Kind::HorizontalPodAutoscaler => Precondition::warn(
                "autoscaler",
                format!("{} changed {ago} ago by {}: its limits stay", change.object.type_name(), change.by),
            ),
            _ => Precondition::warn(
                "configuration",
                format!(
                    "{} changed {ago} ago by {}, after {} was made: its new pods read what it holds now",
                    change.object.type_name(),
                    change.by,
                    chosen.revision
                ),
            ),
        }
    };
    let mut warnings: Vec<Precondition> = changed.iter().take(NAMED).map(one).collect();
    if changed.len() > NAMED {
        let rest: Vec<String> = changed[NAMED..].iter().map(|change| change.object.type_name()).collect();
        warnings.push(Precondition::warn(
            "configuration",
            format!("{} more changed since: {}", rest.len(), shortened(&rest.join(", "))),
        ));
    }
    warnings
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Jobs of the same image that ran since, with another version than the revision's: nobody but their author knows what they did.
fn jobs(facts: &RollbackFacts, chosen: &Revision) -> Option<Precondition> {
    let since = |(_, image, ran): &&(String, String, Option<Timestamp>)| {
        ran.zip(chosen.created).is_some_and(|(ran, created)| ran >= created) && !chosen.images().any(|own| own == image)
    };
    let ran: Vec<_> = facts.around.jobs.iter().filter(since).collect();
    let (last, image, _) = ran.last()?;
    let version = ImageReference::parse(image).map_or_else(|_| image.clone(), |image| image.version());
    let more = if ran.len() > 1 { format!(" (and {} more)", ran.len() - 1) } else { String::new() };
    let detail = format!("Job {last}{more} ran since, with {version}: if it changed the schema, that does not go back");
    Some(Precondition::warn("migration", detail))
}

/// Migrations that ran since, with another image than the revision's.
fn migrations(facts: &RollbackFacts, chosen: &Revision) -> Vec<Precondition> {
    let later = |ran: &Option<Timestamp>| ran.zip(chosen.created).is_none_or(|(ran, created)| ran >= created);
    let since =
        facts.migrations.iter().filter(|(_, image, ran)| later(ran) && !chosen.images().any(|own| own == image));
    since
        .map(|(job, image, _)| {
            let detail =
                format!("{job} ran since ({image}): the schema does not go back; can {} use it?", chosen.revision);
            Precondition::warn("migration", detail)
        })
        .collect()
}
