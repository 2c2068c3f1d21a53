//! The embedded world: a small Kubernetes in process, an independent witness for the tests and the demo.
//!
//! Invariant: it keeps the API server's own rules (resourceVersion, generation, watches, patches, admission), so that a client
//! that works here works there. It shares no parser with the rest of the program and never touches a real cluster.

pub mod admission;
pub mod controllers;
pub mod resource;
pub mod schema;
pub mod selector;
pub mod status;
pub mod store;
mod world;

pub use world::World;
