//! Pilothouse: a deployment cockpit for Kubernetes in the terminal.
pub mod app;
pub mod cli;
pub mod config;
pub mod connect;
pub mod formats;
pub mod model;
pub mod observe;
pub mod operate;
pub mod plan;
pub mod sim;
pub mod time;
pub mod ui;
pub mod wire;
