//! The team's rules against a plan: freeze windows, the versions that an environment accepts, required reasons.
//!
//! Invariant: a rule that stands against a change refuses it, unless the operator overrides it with a reason, and then the plan, the
//! journal and the commit say so. A rollback is never refused: a freeze asks for the target's name, and that is all. What is not
//! known is said, never taken for allowed.

use super::Asked;
use super::span;
use crate::model::{
    Accept, Agreed, CommonFacts, Environment, Facts, Freeze, Intent, Precondition, Reading, Ruling, TEAM_FILE,
    TagRules, Team, Wildcard, image::ImageReference, tag,
};
use jiff::Timestamp;
use std::collections::HashMap;

/// What the checks are called.
pub(super) const POLICY: &str = "policy";
/// A tip that was read longer ago than this is told with its age, in seconds.
const FRESH: u64 = 120;

/// What the rules say: checks for the sheet, and what the guard and the journal need of them.
pub(super) fn judge(asked: &Asked<'_>, facts: &Facts, overriding: bool) -> (Vec<Precondition>, Option<Ruling>) {
    let puts_back = matches!(facts, Facts::Rollback(_) | Facts::Release(_));
    match &facts.common().agreed {
        Agreed::Nowhere => (Vec::new(), None),
        Agreed::Unknown { .. } if puts_back => (Vec::new(), None),
        Agreed::Unknown { repository, why } => {
            let detail = format!("whether the team allows this is not known: {repository}: {why}");
            (vec![Precondition::warn(POLICY, detail)], Some(Ruling { asks_name: true, ..Ruling::default() }))
        }
        Agreed::Read(reading) if puts_back => put_back(asked, facts.common(), reading),
        Agreed::Read(reading) => change(asked, facts, reading, overriding),
    }
}

/// A rollback goes on whatever was agreed on; in a freeze it asks for the name.
fn put_back(asked: &Asked<'_>, common: &CommonFacts, reading: &Reading) -> (Vec<Precondition>, Option<Ruling>) {
    let Ok(Some(team)) = &reading.team else { return (Vec::new(), None) };
    let source = Source { reading, now: asked.now };
    let freezes = freezes(team, &ours(asked, common, team), &source);
    let warn =
        |what: &String| Precondition::warn(POLICY, format!("{what}; a rollback goes on, once its name is typed"));
    let checks: Vec<Precondition> = freezes.iter().map(warn).collect();
    let ruling = Ruling { source: source.commit(), against: freezes, overridden: false, asks_name: true };
    let held = (!checks.is_empty()).then_some(ruling);
    (checks, held)
}

fn change(
    asked: &Asked<'_>,
    facts: &Facts,
    reading: &Reading,
    overriding: bool,
) -> (Vec<Precondition>, Option<Ruling>) {
    let source = Source { reading, now: asked.now };
    let mut ruling = Ruling { source: source.commit(), ..Ruling::default() };
    let team = match &reading.team {
        Ok(None) => {
            let unreached = reading.unreached.as_ref().map(|why| {
                let detail = format!("the team has no rules as of {}; its tip cannot be asked: {why}", source.commit());
                Precondition::warn(POLICY, detail)
            });
            ruling.asks_name = unreached.is_some();
            return (unreached.into_iter().collect(), Some(ruling).filter(|ruling| ruling.asks_name));
        }
        Ok(Some(team)) => Some(team),
        Err(mistakes) => {
            let more = mistakes.len().saturating_sub(1);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            ruling.against.push(format!("its rules cannot be followed: {first}{more} @ {}", reading.short()));
            None
        }
    };
    if let Some(why) = &reading.unreached {
        let detail = format!("what holds now is not known, only what {} said: {why}", source.commit());
        ruling.against.push(detail);
    }
    let mut allows = format!("no rule of {TEAM_FILE} @ {} is about this", source.commit());
    if let Some(team) = team {
        let ours = ours(asked, facts.common(), team);
        ruling.against.extend(freezes(team, &ours, &source));
        for environment in &ours {
            if let Some((from, to)) = change_of(facts, asked.intent) {
                let certified = certified(team, facts, to);
                ruling.against.extend(versions(environment, (&from, to), &certified, &source));
            }
            if let (Some(line), None) = (environment.reason, asked.why) {
                let place = source.place(line);
                ruling.against.push(format!("{} wants a reason for each change; give one ({place})", environment.name));
            }
            ruling.asks_name |= environment.protected.is_some();
        }
        if !ours.is_empty() {
            let names: Vec<&str> = ours.iter().map(|environment| environment.name.as_str()).collect();
            allows = format!("{} allows it ({TEAM_FILE} @ {})", names.join(", "), source.commit());
        }
    }
    ruling.overridden = overriding && asked.why.is_some() && !ruling.against.is_empty();
    ruling.asks_name |= ruling.overridden;
    let checks = match ruling.against.as_slice() {
        [] => vec![Precondition::require(POLICY, true, allows)],
        against => against
            .iter()
            .map(|what| match ruling.overridden {
                true => Precondition::warn(POLICY, format!("overridden: {what}")),
                false => Precondition::require(POLICY, false, what.clone()),
            })
            .collect(),
    };
    (checks, Some(ruling))
}

/// Where rules were read, for their places.
struct Source<'a> {
    reading: &'a Reading,
    now: Timestamp,
}

impl Source<'_> {
    /// The commit and its branch, and when it was the tip where that is a while ago.
    fn commit(&self) -> String {
        let old = span::between(self.reading.at, self.now);
        let age = if old > FRESH { format!(", the tip {} ago", span::words(old)) } else { String::new() };
        format!("{} of {}{age}", self.reading.short(), self.reading.branch)
    }

    fn place(&self, line: usize) -> String {
        format!("{TEAM_FILE}:{line} @ {}", self.commit())
    }
}

/// The environments that the target belongs to.
fn ours<'t>(asked: &Asked<'_>, common: &CommonFacts, team: &'t Team) -> Vec<&'t Environment> {
    let namespace = &*asked.intent.target().namespace;
    let has = |environment: &&Environment| environment.has(&common.context, &common.cluster.server, namespace);
    team.environments.iter().filter(has).collect()
}

/// The freezes that hold now, each as a sentence with its place.
fn freezes(team: &Team, ours: &[&Environment], source: &Source<'_>) -> Vec<String> {
    let concerns = |freeze: &&Freeze| {
        freeze.environments.is_empty() || ours.iter().any(|environment| freeze.environments.contains(&environment.name))
    };
    let told = |freeze: &Freeze| {
        let end = freeze.window.end(source.now)?.to_zoned(freeze.window.zone()).strftime("%a %F %H:%M %Z");
        Some(format!("frozen until {end}: {} ({})", freeze.reason, source.place(freeze.line)))
    };
    team.freezes.iter().filter(concerns).filter_map(told).collect()
}

/// What an environment has against the version.
fn versions(
    environment: &Environment,
    (from, to): (&str, &str),
    certified: &Result<bool, String>,
    source: &Source<'_>,
) -> Vec<String> {
    let mut against = Vec::new();
    let name = &environment.name;
    if let Some(accepts) = &environment.accepts {
        let jump = tag::jump(from, to);
        let fits = |accept: &Accept| match accept {
            Accept::Jump(accepted) => jump == Some(*accepted),
            Accept::Certified => *certified == Ok(true),
        };
        if !accepts.value.iter().any(fits) {
            let words: Vec<&str> = accepts.value.iter().map(|accept| accept.as_str()).collect();
            let distance = match jump {
                Some(jump) => format!("{from} → {to} is {jump}"),
                None => format!("how far it is from {from} to {to} cannot be told"),
            };
            let unasked = match certified {
                Err(why) if words.contains(&"certified") => {
                    format!(", and whether it is certified is not known: {why}")
                }
                _ => String::new(),
            };
            let place = source.place(accepts.line);
            against.push(format!("{name} accepts {} only: {distance}{unasked} ({place})", words.join(", ")));
        }
    }
    if let Some(tags) = environment.tags.as_ref().filter(|tags| !tags.value.iter().any(|pattern| pattern.fits(to))) {
        let patterns: Vec<&str> = tags.value.iter().map(Wildcard::as_str).collect();
        let place = source.place(tags.line);
        against.push(format!("{name} wants tags like {}, and {to} is none ({place})", patterns.join(" or ")));
    }
    against
}

/// The tag that the team moves to what is certified.
pub fn moving_tag(agreed: &Agreed) -> Option<&str> {
    let Agreed::Read(reading) = agreed else { return None };
    reading.team.as_ref().ok()?.as_ref()?.certified.moving.as_deref()
}

/// What the rules say to each of these tags in place of `from`, for a namespace of a context on a server: `place` names them in the
/// order context, server, namespace. A tag that only the registry could tell to be certified is not refused here: its plan asks.
pub fn tag_rules(
    reading: &Reading,
    (context, server, namespace): (&str, &str, &str),
    from: &str,
    tags: &[&str],
    now: Timestamp,
) -> HashMap<String, TagRules> {
    let Ok(Some(team)) = &reading.team else { return HashMap::new() };
    let source = Source { reading, now };
    let ours: Vec<&Environment> =
        team.environments.iter().filter(|environment| environment.has(context, server, namespace)).collect();
    let rules = |tag: &str| {
        let by_name = team.certified.tags.iter().any(|pattern| pattern.fits(tag));
        // What it points to is not known yet, so nothing is held against it for that.
        let certified = Ok(by_name || team.certified.moving.is_some());
        let against = ours.iter().flat_map(|one| versions(one, (from, tag), &certified, &source)).next();
        TagRules { certified: by_name, against: against.filter(|_| tag != from) }
    };
    tags.iter().map(|tag| ((*tag).to_owned(), rules(tag))).collect()
}

/// The tag that is replaced and the one that comes, where a version changes.
fn change_of<'a>(facts: &Facts, intent: &'a Intent) -> Option<(String, &'a str)> {
    match (facts, intent) {
        (Facts::Bump(facts), Intent::Bump { tag, .. }) => Some((facts.site.from.clone(), tag)),
        (Facts::Migrate(facts), Intent::Migrate { tag: Some(tag), .. }) => {
            let running = ImageReference::parse(&facts.container.image).ok()?.tag.unwrap_or_default();
            (running != *tag).then_some((running, tag))
        }
        _ => None,
    }
}

/// Whether a tag is certified; Err where the registry would have to tell, and did not.
fn certified(team: &Team, facts: &Facts, tag: &str) -> Result<bool, String> {
    if team.certified.tags.iter().any(|pattern| pattern.fits(tag)) {
        return Ok(true);
    }
    let Some(moving) = &team.certified.moving else { return Ok(false) };
    let Facts::Bump(facts) = facts else { return Err("the registry is asked for a bump only".into()) };
    match (&facts.moving, &facts.registry) {
        (Some(Ok(Some(certified))), Ok(Some(digest))) => Ok(certified == digest),
        (Some(Ok(None)), _) => Err(format!("the registry has no tag {moving}")),
        (Some(Err(why)), _) | (_, Err(why)) => Err(why.clone()),
        (None, _) | (_, Ok(None)) => Ok(false),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
