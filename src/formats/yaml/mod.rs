//! Byte-exact edits of YAML: only the value's own bytes change.
//!
//! A file is parsed to events with byte spans and from them to a small [`Tree`]; an edit splices the scalar's bytes, parses
//! the result again and requires that exactly the intended scalars differ. No serialiser ever touches a file, so comments,
//! quoting, indentation, key order, CRLF, a byte order mark and a missing final newline stay as they are. Whatever cannot be
//! edited that way is [refused](Refusal) with the reason and the place; there is no best effort.

mod build;
mod insert;
mod insert_value;
mod integer;
mod layout;
mod nested;
mod pointer;
mod quote;
mod refusal;
mod remove;
mod splice;
mod tree;
mod verify;

pub use insert::{NewImage, insert_image_entry, insert_key};
pub use insert_value::insert_value;
pub use integer::replace_integer;
pub use nested::{Nested, edit_nested};
pub use pointer::Pointer;
pub use quote::{as_plain_or_quoted, reads_as_string};
pub use refusal::{Reason, Refusal, Warning};
pub use remove::remove_entry;
pub use splice::{Edited, marker, replace_scalar};
pub use tree::{Kind, Node, NodeId, Style, Tree};
