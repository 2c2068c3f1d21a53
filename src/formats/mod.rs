//! What objects and files say, and how to change them as data.
//!
//! Pure: values in, values or *edits as data* out (JSON Patches, manifests, diffs). Nothing here talks to a cluster or opens a
//! file. What is not understood is refused with its reason; nothing panics on any input.

mod error;
pub mod job;
pub mod lease;
pub mod owner;
pub mod redact;
pub mod route;
pub mod template;

pub use error::FormatError;
