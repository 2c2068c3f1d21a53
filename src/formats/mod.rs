//! What objects and files say, and how to change them as data: byte-exact YAML edits, image references and the index that leads
//! from a running workload to the place in a repository that sets its image; pod templates, routes, migration Jobs, owners.
//!
//! Pure: bytes and values in, values or *edits as data* out (JSON Patches, manifests, diffs). Nothing here opens a file, talks to
//! Git or to a cluster, and nothing panics on any input: what is not understood is refused with its reason and place.

pub mod container;
mod error;
pub mod hold;
pub mod images;
pub mod index;
pub mod job;
pub mod lease;
pub mod manifest;
pub mod namespace;
pub mod nodes;
pub mod owner;
pub mod redact;
pub mod release;
pub mod reservation;
pub mod route;
pub mod schedule;
pub mod team;
pub mod template;
pub mod traits;
pub mod yaml;

pub use error::FormatError;
