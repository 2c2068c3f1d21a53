//! Plan → world: the only room that obtains a writer.
//!
//! [`start`] carries a confirmed plan out, [`resume`] takes one up again. [`guard`] decides whether a plan may run and hands out the [`Permit`] without
//! which nothing is written; [`journal`] has on disk what is about to be done before it is done; the target's Lease keeps two
//! operators apart; `drive` goes from step to step, `steps` has one file an action, `write` brings one effect about exactly
//! once, `back` takes increments back.
//!
//! Invariant: at every moment the cluster, the repository and the journal agree on what happened, or a look at them tells.
//! Nothing here draws, reads configuration or decides what to do: that is in the plan.

mod achieved;
mod back;
mod drive;
mod executor;
#[cfg(test)]
mod fixtures;
pub mod guard;
pub mod journal;
pub mod lease;
mod lock;
mod reserve;
mod run;
mod steps;
mod stop;
mod write;

pub use executor::{Crew, Running, StartError, Terms, resume, resume_on, start, start_on};
pub use guard::{Consent, Mode, Permit, RefusalKind, Refused};
pub use journal::{History, JournalError, Journals, Listing, markdown};
pub use reserve::{ReserveError, Reserved, Wish, reserve, reserved};
pub use stop::{Boundary, Fault, Strike};
