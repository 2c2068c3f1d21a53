//! Clients and processes: what leaves this machine, and what other programs are run.

pub mod git;
