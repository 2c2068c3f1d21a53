//! Pilothouse: a deployment cockpit for Kubernetes in the terminal.
//!
//! This page is the tour. `ARCHITECTURE.md` has the map with the table of who may import whom, which
//! `tests/architecture.rs` enforces.
//!
//! # The rooms
//!
//! ```text
//! model  time           what operators talk about; the clock            (imported by everyone, import nothing)
//! wire  config          what comes over the wire; what was configured
//! formats  plan         read and edit as data; facts → plan             (pure)
//! connect               clients and processes: API server, git, registry
//! observe               the world → rows and facts                      (never writes)
//! operate               plan → world                                    (the only room that writes)
//! ui                    state and rows → frames, keys → intents         (pure)
//! app  cli              the event loop; the command line
//! sim                   the embedded world: an independent witness
//! ```
//!
//! # One watch event, end to end
//!
//! The API server sends a line. [`connect`]'s reader hands its bytes to [`observe::watch`], which decodes them straight into
//! [`wire`]'s slim structs, makes them a [`model::Workload`] with its rollout verdict, and sends a [`model::Batch`] over a
//! bounded channel. The event loop in [`app`] applies it to [`model::Rows`] and tells the screen's state that rows changed;
//! [`ui`] sorts again what it shows, and the next frame (at most 60 a second) borrows the rows and draws. If the workload does not
//! look healthy, `observe` looks at its pods, a few at a time, and sends what it found as another change.
//!
//! # One key press, end to end
//!
//! The operator presses `r`. The keymap ([`config`]) makes it an action, [`ui`] finds the selected workload and returns
//! `Effect::Gather` with an [`model::Intent`]. [`app`] runs [`observe::gather`], which fetches whole objects, revisions, owners and
//! rights as [`model::Facts`], and gives them to [`plan::plan`], a pure function, which returns a [`model::Plan`]: steps,
//! checks, reasons, durability, diff. The plan sheet shows it. On enter, [`operate::start`] asks the guard, which checks mode, cluster,
//! preconditions, confirmation and RBAC and hands out the permit without which nothing is written; the journal has the plan
//! on disk; the target's Lease is taken; and the steps run, each journaled before its write and read back after it. What they
//! report ([`model::Progress`]) becomes the operation's timeline on the screen, and JSON lines on the command line: [`cli`] makes the
//! same intent from arguments and goes the same way.
//!
//! # Reading order
//!
//! This page, [`model`], `plan/rollback.rs`, `operate/drive.rs` with one file of `operate/steps`, `formats/route/http_route.rs`,
//! and one story of `tests/operator`.

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
