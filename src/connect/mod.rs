//! Clients and processes: the only room that opens connections and starts other programs.
//!
//! Invariant: what is handed out as a reader cannot write; a writer is obtained in one place only, and only `operate` may.
//! This room knows how to reach things, never what they mean: it returns JSON, bytes and errors.

pub mod git;
pub mod kube;
