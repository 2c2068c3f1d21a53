//! The panes that screens are put together from. Each draws one thing from the scene and keeps no state.

pub mod crumbs;
pub mod detail;
pub mod header;
pub mod keys;
pub mod line;
pub mod listing;
pub mod namespaces;
pub mod verdict;
