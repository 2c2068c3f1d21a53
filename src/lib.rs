//! Pilothouse: a deployment cockpit for Kubernetes in the terminal.
pub mod config;
pub mod model;
pub mod sim;
pub mod time;
pub mod ui;
