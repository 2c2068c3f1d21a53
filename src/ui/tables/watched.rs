//! Tables of rows that watches feed, and the same without their type, so that one screen serves all of them.

use super::{Arranged, Hit, Named, Row, Sight, arrange, heading_at};
use crate::{
    config::Meaning,
    model::{Kind, ObjectRef},
    ui::{
        chosen::Chosen,
        export::Sheet,
        list::{List, Listed as _},
        look::Look,
        panes::listing::{self, Listing},
        scene::Scene,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::marker::PhantomData;

/// Rows out of what watches brought.
pub trait Held: Named<Id = ObjectRef> {
    /// Every row.
    fn all<'r>(sight: &Sight<'r>) -> Box<dyn Iterator<Item = &'r Self> + 'r>;

    /// One row.
    fn find<'r>(sight: &Sight<'r>, object: &ObjectRef) -> Option<&'r Self>;
}

/// A table of rows that watches feed.
pub trait Watched: Row + Held {
    /// What the rows are called, as a title.
    const TITLE: &'static str;
    /// The same in the middle of a sentence.
    const NOUN: &'static str;
    /// The kinds the rows come from: how fresh they are, and why there are none.
    const KINDS: &'static [Kind];

    /// What the selected row has to say at length, and what that means.
    fn says(&self, _: &Scene<'_>) -> Vec<(Meaning, String)> {
        Vec::new()
    }
}

/// A column as the choice of columns and the sort see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The heading.
    pub title: &'static str,
    /// Whether rows can be sorted by it.
    pub sortable: bool,
    /// The width beyond which nothing is gained.
    pub ideal: u16,
    /// Whether it is shown in wide mode and by choice only.
    pub wide: bool,
}

/// The headings of a row type.
pub fn headings<R: Row>() -> Vec<Heading> {
    let heading = |column: &super::Column<R>| Heading {
        title: column.title,
        sortable: column.key.is_some(),
        ideal: column.ideal,
        wide: column.wide,
    };
    R::COLUMNS.iter().map(heading).collect()
}

/// A table of watched rows, whatever their type.
pub trait Table: Sync {
    /// What its rows are called, as a title.
    fn title(&self) -> &'static str;
    /// Its columns.
    fn headings(&self) -> Vec<Heading>;
    /// Brings a list in line with the rows.
    fn arrange(&self, list: &mut List<ObjectRef>, chosen: &Chosen, sight: &Sight<'_>) -> Arranged;
    /// Draws it with what the selected row has to say below; `focused` as for a [`Listing`].
    fn draw(
        &self,
        scene: &Scene<'_>,
        buffer: &mut Buffer,
        area: Rect,
        shown: (&List<ObjectRef>, &Arranged),
        focused: Option<bool>,
    );
    /// What of the headings is at column `x` of the screen.
    fn heading_at(&self, look: &Look, area: Rect, x: u16) -> Option<Hit>;
    /// The rows that are marked, where some are, else those that the filter lets through, as text.
    fn export(&self, scene: &Scene<'_>, list: &List<ObjectRef>, chosen: &Chosen) -> Sheet;
    /// What the selected row has to say.
    fn says(&self, scene: &Scene<'_>, object: &ObjectRef) -> Vec<(Meaning, String)>;
}

/// A table of `R`.
pub(super) struct Of<R>(PhantomData<fn() -> R>);

impl<R: 'static> Of<R> {
    /// The only one.
    pub const TABLE: &'static Self = &Self(PhantomData);
}

impl<R: Watched> Table for Of<R> {
    fn title(&self) -> &'static str {
        R::TITLE
    }

    fn headings(&self) -> Vec<Heading> {
        headings::<R>()
    }

    fn arrange(&self, list: &mut List<ObjectRef>, chosen: &Chosen, sight: &Sight<'_>) -> Arranged {
        arrange(list, R::all(sight), chosen, sight)
    }

    fn draw(
        &self,
        scene: &Scene<'_>,
        buffer: &mut Buffer,
        area: Rect,
        (list, found): (&List<ObjectRef>, &Arranged),
        focused: Option<bool>,
    ) {
        let listing = Listing { title: R::TITLE, noun: R::NOUN, list, found, kinds: R::KINDS, focused };
        let sight = scene.sight();
        listing::draw::<R>(scene, buffer, area, &listing, |object| R::find(&sight, object));
    }

    fn export(&self, scene: &Scene<'_>, list: &List<ObjectRef>, chosen: &Chosen) -> Sheet {
        let mut list = list.clone();
        // What is folded away is meant too.
        list.look_mut().grouping = None;
        let sight = scene.sight();
        arrange(&mut list, R::all(&sight), chosen, &sight);
        let marked = |object: &&ObjectRef| list.marked() == 0 || list.marks().contains(*object);
        let rows = list.order().iter().filter(marked).filter_map(|object| R::find(&sight, object));
        Sheet::of(scene, list.look(), rows)
    }

    fn heading_at(&self, look: &Look, area: Rect, x: u16) -> Option<Hit> {
        heading_at(R::COLUMNS, look, area, x)
    }

    fn says(&self, scene: &Scene<'_>, object: &ObjectRef) -> Vec<(Meaning, String)> {
        R::find(&scene.sight(), object).map(|row| row.says(scene)).unwrap_or_default()
    }
}
