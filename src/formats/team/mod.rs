//! The team's file at the top of a GitOps repository: environments, freeze windows, certified tags.
//!
//! Invariant: what is returned was understood whole. One mistake, and there are only mistakes: rules that are read by half would let
//! through what the other half forbids. `assets/pilothouse.schema.json` says the same for editors; a test holds them together.

mod environment;
mod freeze;
mod reader;

use super::yaml::Tree;
use crate::model::{Certified, Mistake, Team};
use reader::Reader;

/// A larger file is none that people wrote.
const MAX_BYTES: usize = 256 * 1024;

/// Reads the file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn read(bytes: &[u8]) -> Result<Team, Vec<Mistake>> {
    let whole = |message: String| vec![Mistake { line: 1, column: 1, message, hint: None }];
    if bytes.len() > MAX_BYTES {
        return Err(whole(format!("it has {} bytes; {MAX_BYTES} are read at most", bytes.len())));
    }
    let tree = Tree::parse(bytes).map_err(|refusal| {
        let mut mistakes = whole(refusal.reason.to_string());
        mistakes[0].line = refusal.line.unwrap_or(1);
        mistakes
    })?;
    let mut reader = Reader::new(&tree);
    let team = team(&mut reader);
    let mut mistakes = reader.finish();
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    if mistakes.is_empty() { Ok(team) } else { Err(mistakes) }
}

fn team(reader: &mut Reader<'_>) -> Team {
    let mut team = Team::default();
    let Some(root) = reader.root() else { return team };
    let mut freezes = Vec::new();
    let mut zone = None;
    for (key, value) in reader.mapping(root, "the file", &["environments", "freezes", "certified", "zone"]) {
        match key {
            "environments" => team.environments = environment::all(reader, value),
            "freezes" => freezes = reader.list(key, value),
            "certified" => team.certified = certified(reader, value),
            _ => zone = freeze::zone(reader, value),
        }
    }
    // Environments and the zone may be written below what names them.
    let names: Vec<String> = team.environments.iter().map(|environment| environment.name.clone()).collect();
    team.freezes = freezes.into_iter().filter_map(|item| freeze::one(reader, item, &names, zone.as_ref())).collect();
    let says_certified = |value: &crate::model::Accept| *value == crate::model::Accept::Certified;
    let nothing_certified = team.certified.tags.is_empty() && team.certified.moving.is_none();
    let undefined = team.environments.iter().filter_map(|environment| environment.accepts.as_ref());
    if let Some(accepts) =
        undefined.filter(|accepts| accepts.value.iter().any(says_certified)).find(|_| nothing_certified)
    {
        reader.complain_at(
            accepts.line,
            "`certified` is accepted, and nothing says which tags are".into(),
            Some("add `certified: {tags: [\"…\"]}` or `certified: {moving: TAG}` to the file".into()),
        );
    }
    team
}

fn certified(reader: &mut Reader<'_>, value: super::yaml::NodeId) -> Certified {
    let mut certified = Certified::default();
    for (key, value) in reader.mapping(value, "`certified`", &["tags", "moving"]) {
        match key {
            "tags" => certified.tags = reader.wildcards(key, value),
            _ => {
                let any = crate::model::image::ImageReference { repository: "any".into(), tag: None, digest: None };
                certified.moving = reader.text(key, value).map(str::to_owned);
                if let Some(Err(error)) = certified.moving.as_deref().map(|tag| any.with_tag(tag)) {
                    reader.complain(value, error.to_string(), None);
                }
            }
        }
    }
    certified
}

#[cfg(test)]
mod schema_tests;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
