//! A Git remote, its branches and commits, without a working tree.
//!
//! Objects (blobs, trees, commits, history) are read and written with libgit2 in a bare mirror under the cache folder; what
//! crosses the network goes through the `git` binary, so that credential helpers, ssh configuration, agents and proxies work.
//! The operator's own clone is only ever read: its index, working tree, refs and hooks are never touched. Nothing here
//! prompts, forces a push, or runs hooks or filters of a mirror. All calls block: run them off the event loop.

mod commit;
mod error;
mod history;
mod identity;
mod objects;
mod push;
mod repository;
mod source;
mod transport;

pub use commit::NewCommit;
pub use error::GitError;
pub use git2::Oid;
pub use history::{OPERATION_TRAILER, ValueChange};
pub use objects::{File, Listing, MAX_ENTRIES, MAX_FILE_BYTES, Skipped, Why};
pub use push::{PushError, Pushed};
pub use repository::Repository;
