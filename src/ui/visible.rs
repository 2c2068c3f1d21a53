//! Which workloads that are not well are on the screen: with hundreds of them in need, the pods of these are looked at first.
//!
//! Asks only when the answer has changed; a cluster at rest asks for nothing.

use super::{
    list::Listed as _,
    message::Effect,
    state::{Screen, State},
    tables::TableKind,
};
use crate::model::{Health, ObjectRef, Rows};

/// The effect that says so, if what is visible has changed.
pub fn tell(state: &mut State, rows: &Rows) -> Option<Effect> {
    let height = state.page_height();
    let ill = |object: &&ObjectRef| rows.workloads.get(object).is_some_and(|row| row.health() != Health::Healthy);
    let list = &state.table(TableKind::Workloads).list;
    let on_screen = *state.screen() == Screen::Workloads;
    let shown = || list.order().iter().skip(list.offset()).take(if on_screen { height } else { 0 }).filter(ill);
    if shown().eq(state.visible.iter()) {
        return None;
    }
    let now: Vec<ObjectRef> = shown().cloned().collect();
    state.visible.clone_from(&now);
    Some(Effect::Visible(now))
}
