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

/// Lets this process have as many connections as its user may. Many shells allow 256 or 1 024 open files at first, and a user who
/// may see dozens of namespaces and no more takes a connection for each kind in each of them.
pub fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 4096;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |most| most.min(WANTED));
    if current.is_some_and(|now| now < wanted) {
        // Who may not have more has what there was.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// The cause at the bottom of an error: what is above it only says that something failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    // rustls explains a connection that was cut with the address of a page of its manual.
    let text = cause.to_string();
    if text.starts_with("peer closed connection without sending TLS close_notify") {
        return "the other side closed it without a word".into();
    }
    match text.find(": https://docs.rs/") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
