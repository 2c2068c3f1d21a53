//! Operations in the embedded world, carried out, crashed, taken up again and taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

mod bump;
mod kinds;
mod migrate;
mod rescue;
mod rollback;
mod shift;
mod stage;
mod stick;
mod takeover;
