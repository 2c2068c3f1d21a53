//! The screen: state and rows become frames, keys become intents.
//!
//! [`State::update`] is a pure function of state and message; what it wants of the world it says as [`Effect`]s. [`draw`] borrows
//! state and rows and changes neither. No function here performs I/O, reads a clock or waits.
//!
//! One key press, from end to end: `app` reads `r` and calls `update` with [`Message::Key`]; the keymap makes it
//! `Action::RollBack`, `actions` finds the selected workload and returns [`Effect::Gather`]; `app` gathers and plans, and answers
//! with [`Message::Planned`]; the plan sheet opens; `enter` becomes [`Effect::Confirm`], and [`Message::Started`] opens the
//! operation's timeline.

mod actions;
mod appearance;
mod ascii;
mod chosen;
mod copy;
mod delivery;
mod draw;
mod elsewhere;
mod export;
mod filter;
mod fleet;
mod freshness;
mod glyph;
mod group_actions;
mod groups;
mod input;
mod journal;
mod layers;
mod layout;
mod leaving;
mod list;
mod logs;
mod look;
mod message;
mod mouse;
mod operations;
mod orders;
mod page;
mod panes;
mod pen;
mod placement;
mod plot;
mod refusals;
mod rescue;
mod roll_up;
mod scene;
mod screens;
mod session;
mod sieve;
mod state;
mod table_actions;
mod tabled;
mod tables;
mod tabs;
mod trail;
mod update;
mod verbs;
mod views;
mod visible;
mod workload;

pub use draw::draw;
pub use message::{Choice, Confirmed, Effect, Failure, Level, Message, Notice, Quit, Ticket};
pub use session::Session;
pub use state::{Focus, Screen, State};
