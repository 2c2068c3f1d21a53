//! Clients and processes: the only room that opens connections and starts other programs.
//!
//! Invariant: what is handed out as a reader cannot write; a writer is obtained in one place only, and only `operate` may.
//! This room knows how to reach things, never what they mean: it returns JSON, bytes and errors.

pub mod git;
pub mod helm;
pub mod kube;
pub mod registry;

/// Whether this host name or address is this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The cause at the bottom of an error: what is above it only says that something failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    // rustls explains a connection that was cut with the address of a page of its manual.
    let text = cause.to_string();
    match text.find(": https://docs.rs/") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
