//! The order of rows under headings: groups that need attention first, within each the rows as they were sorted.
//!
//! A group of one row has no heading: that would say everything twice. With forty pull requests of a namespace each, every line
//! is a pull request.

use super::{Row, Sight};
use crate::{
    model::Health,
    ui::look::{Look, Order},
};
use std::collections::BTreeMap;

/// Rows with the same value of the label.
struct Group<'g, R> {
    value: Option<&'g str>,
    worst: Health,
    rows: Vec<&'g R>,
}

/// The order of `shown` under headings, and how many groups there are; None where rows of this type are not grouped, or this look
/// does not ask for it.
pub(super) fn grouped<'r, R: Row>(
    shown: &[(Health, &'r R)],
    look: &Look,
    sight: &Sight<'r>,
) -> Option<(Vec<R::Id>, usize)> {
    let grouping = look.grouping.as_ref()?;
    R::heading(None)?;
    let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let mut groups: Vec<Group<'r, R>> = Vec::new();
    for &(health, row) in shown {
        let value = row.labels(sight).and_then(|labels| labels.get(&grouping.label));
        let at = *places.entry(value).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => {
                group.worst = group.worst.min(health);
                group.rows.push(row);
            }
            None => groups.push(Group { value, worst: health, rows: vec![row] }),
        }
    }
    sort(&mut groups, look, R::COLUMNS.first().map(|column| column.title));
    let mut order = Vec::with_capacity(shown.len());
    for Group { value, rows, .. } in &groups {
        let alone = sight.groups.size(*value) == 1;
        order.extend(R::heading(*value).filter(|_| !alone));
        if alone || !grouping.is_folded(*value) {
            order.extend(rows.iter().map(|row| row.id()));
        }
    }
    Some((order, groups.len()))
}

/// By attention or by name groups are sorted themselves; by any other column the one whose first row comes first is first.
fn sort<R>(groups: &mut [Group<'_, R>], look: &Look, name: Option<&'static str>) {
    let by_value = |a: &Group<'_, R>, b: &Group<'_, R>| {
        // What lacks the label comes last, whichever way.
        let order = a.value.cmp(&b.value);
        a.value.is_none().cmp(&b.value.is_none()).then(if look.reverse { order.reverse() } else { order })
    };
    match look.order {
        Order::Attention => groups.sort_by(|a, b| {
            let worst = if look.reverse { b.worst.cmp(&a.worst) } else { a.worst.cmp(&b.worst) };
            worst.then_with(|| by_value(a, b))
        }),
        Order::Namespace => groups.sort_by(by_value),
        Order::Column(title) if Some(title) == name => groups.sort_by(by_value),
        Order::Column(_) => {}
    }
}
