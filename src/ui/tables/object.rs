//! Lines that are objects of the cluster, each kind in a table of its own in [`Rows`]: all they are named, found and ordered by.

use super::{Held, Named, Sight};
use crate::model::{Labels, ObjectRef, Rows, Table};
use std::cmp::Ordering;

/// An object that [`Rows`] keeps a row of.
pub trait Object: Sized + 'static {
    /// The rows of its type.
    fn table(rows: &Rows) -> &Table<Self>;

    /// Which object it is.
    fn object(&self) -> &ObjectRef;

    /// Its labels.
    fn labels(&self) -> &Labels;

    /// What the filter's words are looked for in beside its name; empty for nothing.
    fn found_by(&self) -> &str {
        ""
    }
}

impl<T: Object> Named for T {
    type Id = ObjectRef;

    fn id(&self) -> ObjectRef {
        self.object().clone()
    }

    fn by_name(&self, other: &Self) -> Ordering {
        let (a, b) = (self.object(), other.object());
        (&a.namespace, &a.name, a.kind).cmp(&(&b.namespace, &b.name, b.kind))
    }

    fn namespace(&self) -> &str {
        &self.object().namespace
    }

    fn write_text(&self, text: &mut String) {
        let object = self.object();
        for part in [&*object.namespace, "/", &*object.name] {
            text.push_str(part);
        }
        if !self.found_by().is_empty() {
            text.push(' ');
            text.push_str(self.found_by());
        }
    }

    fn labels<'r>(&'r self, _: &Sight<'r>) -> Option<&'r Labels> {
        Some(Object::labels(self))
    }
}

impl<T: Object> Held for T {
    fn all<'r>(sight: &Sight<'r>) -> Box<dyn Iterator<Item = &'r Self> + 'r> {
        Box::new(T::table(sight.rows).iter())
    }

    fn find<'r>(sight: &Sight<'r>, object: &ObjectRef) -> Option<&'r Self> {
        T::table(sight.rows).get(object)
    }
}
