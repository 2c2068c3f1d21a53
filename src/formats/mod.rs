//! What files say and how to change them: byte-exact YAML edits, image references, and the index that leads from a running
//! workload to the place in a repository that sets its image.
//!
//! Pure: bytes in, values or *edits as data* out. Nothing here opens a file, talks to Git or to a cluster, and nothing panics
//! on any bytes: what cannot be understood is refused with its reason and place.

pub mod images;
pub mod index;
pub mod yaml;
