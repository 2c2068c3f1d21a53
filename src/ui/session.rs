//! Where the screen looks, which changes only when another context is entered, and how it looks, which does not.

use crate::{
    config::{Config, Keymap, Settings, Theme},
    model::ContextView,
};
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
    /// What is configured for other contexts.
    pub settings: Settings,
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
            settings: config.settings,
        }
    }

    /// The same session in another context.
    pub fn within(&self, context: &ContextView) -> Self {
        Self {
            context: context.name.to_string(),
            protected: context.protected,
            read_only: context.read_only,
            colour: self.settings.colour(&context.name),
            repository: self.settings.repository(&context.name).map(str::to_owned),
            ..self.clone()
        }
    }
}
