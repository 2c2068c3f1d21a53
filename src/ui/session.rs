//! What does not change while the screen is open: where it looks and how it looks.

use crate::config::{Config, Keymap, Theme};
use jiff::tz::TimeZone;
use ratatui::style::Color;

/// What the screen is opened with.
#[derive(Clone, Debug)]
pub struct Session {
    /// The kubeconfig context's name.
    pub context: String,
    /// Whether changes need the target's name typed. Shown here, enforced by the guard.
    pub protected: bool,
    /// Whether changes are refused. Shown here, enforced by the guard.
    pub read_only: bool,
    /// The context's own colour.
    pub colour: Option<Color>,
    /// The GitOps repository that is configured for this context.
    pub repository: Option<String>,
    /// Where the clock is read.
    pub zone: TimeZone,
    /// Which key does what.
    pub keymap: Keymap,
    /// How meanings look.
    pub theme: Theme,
}

impl Session {
    /// A session in `context`, as `config` says. `loopback` is whether its server is on this machine; `read_only` is whether
    /// the command line asked for it, which no file can take back.
    pub fn new(context: &str, loopback: bool, read_only: bool, zone: TimeZone, config: Config) -> Self {
        Self {
            context: context.to_owned(),
            protected: config.settings.protected(context, loopback),
            read_only: read_only || config.settings.read_only(context),
            colour: config.settings.colour(context),
            repository: config.settings.repository(context).map(str::to_owned),
            zone,
            keymap: config.keymap,
            theme: config.theme,
        }
    }
}
