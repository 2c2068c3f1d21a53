//! Tables of one kind: columns as data, rows by key, only what is on the screen is formatted.
//!
//! Sorting, filters, marks, wide mode, the choice of columns and saved views work on every table alike; a table only says what
//! its rows are and what its columns show.
//!
//! # A new table
//!
//! One small file: implement [`Row`] for what a line shows, with its columns, and say what the line stands for: [`Object`] where
//! it is an object that [`Rows`] keeps, else [`Named`]. A column is `Column::new(heading, (least width,
//! ideal width), rank, cell)`; `.by(key)` makes it sortable, `.wide()` keeps it for wide mode.
//!
//! - Rows that watches feed: implement [`Watched`] too (and [`Held`], where they are no objects of [`Rows`]), add a variant to [`TableKind`] and its line to `TableKind::table`. The
//!   screen, the palette's words, mouse and keys follow from that. For a key of its own add an `Action` and a line to
//!   `TableKind::action`.
//! - Rows from elsewhere (operations, the journal): keep a [`Tabled`](super::tabled::Tabled) of their keys beside them, bring it in line with
//!   [`arrange()`], draw it with `panes::listing`, and return it from `State::list`.

mod arrange;
mod autoscalers;
mod column;
mod contexts;
mod cron_jobs;
mod draw;
mod grouped;
mod jobs;
mod journal;
mod kind;
mod namespaces;
mod nodes;
mod object;
mod operations;
mod releases;
mod routes;
mod watched;
mod workloads;

pub use arrange::{Arranged, arrange};
pub use column::{Column, Key, columns};
pub use contexts::{expiry, standing};
pub use draw::{Hit, MARK, draw, heading_at, mark, right};
pub use kind::TableKind;
pub use object::Object;
pub use watched::{Heading, Held, Watched, headings};
pub use workloads::{reading, version};

use super::{groups::Groups, roll_up::RollUp};
use crate::model::{Health, Kind, Labels, Rows};
use std::cmp::Ordering;

/// What a table looks at beside the row itself.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// The rows.
    pub rows: &'a Rows,
    /// What all workloads together say.
    pub roll_up: &'a RollUp,
    /// What namespaces say by groups, while their table is on the screen.
    pub groups: &'a Groups,
}

/// What a line stands for, and how it is found.
pub trait Named: Sized + 'static {
    /// What names it: selection and marks stay on this.
    type Id: Clone + Ord;

    /// Its name for selection and marks.
    fn id(&self) -> Self::Id;

    /// The order of rows that need the same attention.
    fn by_name(&self, other: &Self) -> Ordering;

    /// The namespace it lives in; empty where it lives in none.
    fn namespace(&self) -> &str {
        ""
    }

    /// Writes what the filter's words are looked for in.
    fn write_text(&self, text: &mut String);

    /// The heading above rows with this value of the label that they are grouped by, or without that label; None where rows of
    /// this type are not grouped.
    fn heading(_: Option<&str>) -> Option<Self::Id> {
        None
    }

    /// Its labels; None where rows of this type keep none.
    fn labels<'r>(&'r self, _: &Sight<'r>) -> Option<&'r Labels> {
        None
    }
}

/// A line of a table.
pub trait Row: Named {
    /// The columns, the name first.
    const COLUMNS: &'static [Column<Self>];

    /// Whether what needs attention comes first where no other order was asked for; else rows are by name.
    const BY_ATTENTION: bool = true;

    /// How much attention it needs; what needs most comes first.
    fn health(&self, sight: &Sight<'_>) -> Health;

    /// Its kind, in tables of several kinds.
    fn kind(&self) -> Option<Kind> {
        None
    }
}
