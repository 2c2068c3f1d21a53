//! Git's part of a rollback: the reference's previous value, in a new commit that names the bad one.
//!
//! Only values that say what is undone are set back. A commit that changed more than the image is not reverted as a whole: what
//! else it brought is said, and stays.

use super::stick::Swap;
use super::{Asked, message, step};
use crate::formats::{images::Edit, redact};
use crate::model::image::ImageReference;
use crate::model::{Action, CommitPlan, Draft, FileEdit, GitFacts, GitPlace, Precondition, Step};

/// What has to change in Git so that none of the images undone is said there.
#[derive(Debug)]
pub(super) struct Restore<'g> {
    /// The repository.
    pub facts: &'g GitFacts,
    /// The edits, one a file; none where Git says nothing of what is undone.
    pub edits: Vec<FileEdit>,
    /// The change as a unified diff.
    pub diff: String,
    /// What was found.
    pub preconditions: Vec<Precondition>,
    /// One line each.
    pub reasons: Vec<String>,
    /// Whether an automation would write again what is undone.
    pub rewritten: bool,
    /// The policies by which it does.
    pub policies: Vec<String>,
    places: Vec<String>,
    change: String,
    body: Vec<String>,
}

/// Git's part for `swaps`; Err says why Git cannot be put right from here. `finishing` says that the undo is done already: then
/// a value that is neither what was undone nor what runs is somebody's newer word.
pub(super) fn of<'g>(
    asked: &Asked<'_>,
    facts: &'g GitFacts,
    swaps: &[Swap],
    finishing: bool,
) -> Result<Restore<'g>, String> {
    if swaps.is_empty() {
        return Err("what differs is no image: revert the commit that changed it in Git".into());
    }
    let mut restore = Restore {
        facts,
        edits: Vec::new(),
        diff: String::new(),
        preconditions: Vec::new(),
        reasons: Vec::new(),
        rewritten: false,
        policies: Vec::new(),
        places: Vec::new(),
        change: String::new(),
        body: asked.why.map(str::to_owned).into_iter().collect(),
    };
    for swap in swaps {
        let named = |place: &&Result<GitPlace, (String, String)>| match place {
            Ok(place) => place.container == swap.container,
            Err((container, _)) => *container == swap.container,
        };
        match facts.places.iter().find(named) {
            Some(Ok(place)) => restore.take(swap, place, finishing)?,
            Some(Err((container, why))) => return Err(format!("{container}: {why}")),
            None => return Err(format!("nothing is known of container {}", swap.container)),
        }
    }
    if !restore.edits.is_empty() {
        let location = &facts.reference.repository;
        if redact::text(location) != *location {
            return Err("the repository's URL holds a password, which the journal would keep".into());
        }
        match &facts.author {
            Ok(author) => restore.preconditions.push(Precondition::require("author", true, author.clone())),
            Err(why) => return Err(why.clone()),
        }
    }
    Ok(restore)
}

impl Restore<'_> {
    fn take(&mut self, swap: &Swap, place: &GitPlace, finishing: bool) -> Result<(), String> {
        let branch = &self.facts.reference.branch;
        let (says, good, bad) = (version(&place.says), version(&swap.good), version(&swap.bad));
        if let Some(policy) = &place.policy {
            // A policy that selects something else already writes that. Where Git is right, only what is known to write it counts.
            let right = says == good && !finishing;
            let writes = |latest: &String| *latest == bad || *latest == says && says != good;
            self.rewritten |= policy.latest.as_ref().map_or(!right, writes);
            self.policies.push(policy.object.type_name());
        }
        if says == good || finishing && says != bad {
            self.reasons.push(format!("{branch} says {says} for {} already ({})", swap.container, place.place));
            return Ok(());
        }
        if says != bad {
            let detail = format!("{branch} says {says}, which does not run yet: it is set back to {good} as well");
            self.preconditions.push(Precondition::warn("git", detail));
        }
        let Some(Draft { edit: Some(edit), warnings, diff, .. }) =
            place.drafts.iter().find(|draft| draft.image == swap.good)
        else {
            return Err(format!("{} cannot be given {good}", place.place));
        };
        self.merge(edit)?;
        self.diff.push_str(diff);
        self.preconditions.extend(warnings.iter().map(|warning| Precondition::warn("edit", warning.clone())));
        if !place.reaches.is_empty() {
            let detail = format!("this value reaches others as well: {}", super::bump::listed(&place.reaches));
            self.preconditions.push(Precondition::warn("reaches", detail));
        }
        self.places.push(format!("{}: {says} → {good}", place.place));
        if self.change.is_empty() {
            self.change = format!("{says} → {good}");
        }
        if let Some(commit) = &place.commit {
            let sha = commit.sha.get(..9).unwrap_or(&commit.sha);
            let line = format!("{sha} {} ({})", commit.subject, commit.author);
            self.reasons.push(format!("Git got it by {}", redact::cause(&line)));
            self.body.push(format!("Takes back {}", redact::cause(&line)));
        }
        Ok(())
    }

    /// Adds an edit; one file is written once, and one entry may set several containers.
    fn merge(&mut self, edit: &FileEdit) -> Result<(), String> {
        let Some(known) = self.edits.iter_mut().find(|known| known.path == edit.path) else {
            self.edits.push(edit.clone());
            return Ok(());
        };
        let mut both = Edit::of_plan(known)?;
        for change in Edit::of_plan(edit)?.changes {
            if !both.changes.contains(&change) {
                both.changes.push(change);
            }
        }
        *known = both.planned();
        Ok(())
    }

    /// The steps that make and push the commit; none where Git says the right thing.
    pub(super) fn steps(&self, asked: &Asked<'_>) -> Vec<Step> {
        if self.edits.is_empty() {
            return Vec::new();
        }
        let reference = &self.facts.reference;
        let (repository, branch) = (reference.repository.clone(), reference.branch.clone());
        let short = self.facts.tip.get(..7).unwrap_or(&self.facts.tip);
        let commit = CommitPlan {
            repository: repository.clone(),
            branch: branch.clone(),
            base: self.facts.tip.clone(),
            edits: self.edits.clone(),
            message: message::of(asked, asked.intent.target(), &self.change, &self.body),
            time: asked.now,
        };
        vec![
            step("commit", format!("{}, on {branch} at {short}", self.places.join("; ")), Action::Commit(commit)),
            step("push", format!("{branch} to {}", redact::text(&repository)), Action::Push { repository, branch }),
        ]
    }
}

/// The tag and digest of an image.
pub(super) fn version(image: &str) -> String {
    ImageReference::parse(image).map_or_else(|_| image.to_owned(), |image| image.version())
}
