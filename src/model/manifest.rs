//! An object as YAML, whatever may be secret hidden.

use std::ops::Range;

/// An object as YAML.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Its lines.
    pub lines: Vec<String>,
    /// The lines of `managedFields`; empty where it has none.
    pub managed: Range<usize>,
    /// Who manages fields of it.
    pub managers: Vec<String>,
}
