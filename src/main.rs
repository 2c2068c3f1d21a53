//! Pilothouse.
fn main() {}
