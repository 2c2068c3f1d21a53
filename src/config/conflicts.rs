//! What a `keys.toml` takes away without saying so: keys that hide others, actions that no key reaches, and the way out.

use super::{
    action::Action,
    chord::Chord,
    keymap::{Keymap, Where},
};
use std::ops::Range;

/// One line of `keys.toml`.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Where.
    pub place: Where,
    /// The key.
    pub on: Chord,
    /// What it runs now; None where it was freed.
    pub run: Option<Action>,
    /// What it ran there before.
    pub before: Option<Action>,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// What is wrong, where, and what to do.
pub type Conflict = (Range<usize>, String, Option<String>);

/// Where keys are looked up, in order, while `place` has them.
fn chain(place: Where) -> [Where; 3] {
    [place, Where::Moving, Where::Everywhere]
}

/// Every place that has keys of its own above those that hold wherever something can be moved through.
fn chains() -> impl Iterator<Item = [Where; 3]> {
    Where::ALL.into_iter().filter(|place| !matches!(place, Where::Moving | Where::Everywhere)).map(chain)
}

fn reaches(keymap: &Keymap, places: &[Where], run: Action) -> bool {
    let mut rows = places.iter().flat_map(|place| keymap.rows(*place));
    rows.any(|row| row.run == run && keymap.action(places, row.on) == Some(run))
}

/// What `patches`, which are laid over the defaults in `keymap` already, take away.
pub fn find(keymap: &Keymap, patches: &[Patch]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for patch in patches.iter().filter(|patch| patch.run.is_some()) {
        let lost = patch.before.filter(|old| !Where::ALL.into_iter().any(|place| reaches(keymap, &[place], *old)));
        if let Some(old) = lost {
            let message = format!("`{}` is taken from `{}`, which has no key now", patch.on, old.name());
            let hint = format!("bind `{}` to another key, or this key to \"none\"", old.name());
            conflicts.push((patch.span.clone(), message, Some(hint)));
        }
        conflicts.extend(hidden(keymap, patch));
    }
    conflicts
}

/// The action of a place asked later that this key hides, and that no other key reaches there.
fn hidden(keymap: &Keymap, patch: &Patch) -> Option<Conflict> {
    let places = match patch.place {
        Where::Everywhere => return None,
        Where::Moving => chain(Where::Rows),
        place => chain(place),
    };
    let later = places.iter().skip_while(|place| **place != patch.place).skip(1);
    let old = later.copied().find_map(|place| keymap.action(&[place], patch.on))?;
    if Some(old) == patch.run || reaches(keymap, &places, old) {
        return None;
    }
    let message = format!("`{}` hides `{}` there, which no other key reaches", patch.on, old.name());
    Some((patch.span.clone(), message, Some(format!("bind `{}` to another key as well", old.name()))))
}

/// Whether one can leave from everywhere. A key that types nothing and quits everywhere does so whatever else it is bound to.
pub fn can_quit(keymap: &Keymap) -> bool {
    let always = keymap.rows(Where::Everywhere).any(|row| row.run == Action::Quit && row.on.typed().is_none());
    always || chains().all(|places| reaches(keymap, &places, Action::Quit))
}
