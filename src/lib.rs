//! Pilothouse: a deployment cockpit for Kubernetes in the terminal.
pub mod sim;
pub mod time;
