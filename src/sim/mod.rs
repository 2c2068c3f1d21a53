//! The embedded world: a small Kubernetes in process, an independent witness for the tests and the demo.
//!
//! Invariant: it keeps the API server's own rules (resourceVersion, generation, watches, patches, admission), so that a client
//! that works here works there. It shares no parser with the rest of the program and never touches a real cluster.
//!
//! Reading order: [`store`] keeps the objects, [`admission`] completes and checks them, [`api`] speaks HTTP about them,
//! [`World`] puts it together, [`serve`] opens a port.

pub mod access;
pub mod admission;
pub mod api;
pub mod controllers;
pub mod faults;
pub mod managed;
pub mod meter;
pub mod quantity;
pub mod reconciler;
pub mod resource;
pub mod scenario;
pub mod schema;
pub mod selector;
pub mod serve;
pub mod status;
pub mod store;
pub mod table;
mod world;

pub use world::World;
