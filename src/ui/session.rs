//! Where the screen looks, which changes only when another context is entered, and how it looks.

use crate::{
    config::{Config, Keymap, Meaning, Settings, Terminal, Theme, Themes, Views, colour_at, readable_on},
    model::ContextView,
};
use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};

/// What the screen is opened with.
#[derive(Clone, Debug)]
pub struct Session {
    /// The kubeconfig context's name.
    pub context: String,
    /// The operator, as `user@host`; empty where that is not known.
    pub actor: String,
    /// Whether changes need the target's name typed. Shown here, enforced by the guard.
    pub protected: bool,
    /// Whether changes are refused. Shown here, enforced by the guard.
    pub read_only: bool,
    /// The context's own colour, as the terminal can show it.
    pub colour: Option<Color>,
    /// The GitOps repository that is configured for this context.
    pub repository: Option<String>,
    /// Where the clock is read.
    pub zone: TimeZone,
    /// Which key does what.
    pub keymap: Keymap,
    /// How meanings look.
    pub theme: Theme,
    /// Every theme that can be chosen.
    pub themes: Themes,
    /// What the terminal can do, and may.
    pub terminal: Terminal,
    /// What is configured for this and other contexts.
    pub settings: Settings,
    /// The saved views: the same in every context.
    pub views: Views,
}

impl Session {
    /// A session in `context`, as `config` says. `loopback` is whether its server is on this machine; `read_only` is whether
    /// the command line asked for it, which no file can take back.
    pub fn new(context: &str, loopback: bool, read_only: bool, zone: TimeZone, config: Config) -> Self {
        Self {
            context: context.to_owned(),
            actor: String::new(),
            protected: config.settings.protected(context, loopback),
            read_only: read_only || config.settings.read_only(context),
            colour: config.settings.colour(context).and_then(|colour| colour_at(colour, config.terminal.depth)),
            repository: config.settings.repository(context).map(str::to_owned),
            zone,
            keymap: config.keymap,
            theme: config.theme,
            themes: config.themes,
            terminal: config.terminal,
            settings: config.settings,
            views: config.views,
        }
    }

    /// The same session in another context.
    pub fn within(&self, context: &ContextView) -> Self {
        Self {
            context: context.name.to_string(),
            protected: context.protected,
            read_only: context.read_only,
            colour: self.colour_of(&context.name),
            repository: self.settings.repository(&context.name).map(str::to_owned),
            ..self.clone()
        }
    }

    /// The colour of a context's own, as near to it as the terminal comes.
    pub fn colour_of(&self, context: &str) -> Option<Color> {
        self.settings.colour(context).and_then(|colour| colour_at(colour, self.terminal.depth))
    }

    /// How the context's name looks in the header: on its own colour; where it has none, protected contexts look like what is
    /// protected, so that production cannot be taken for anything else.
    pub fn badge(&self, theme: &Theme) -> Style {
        match self.colour {
            Some(colour) => Style::new().fg(readable_on(colour)).bg(colour).add_modifier(Modifier::BOLD),
            None if self.protected => theme.of(Meaning::Protected),
            None => theme.of(Meaning::Title),
        }
    }

    /// How the line around the pane that takes the keys looks here: in the context's colour, where it has one.
    pub fn frame(&self, theme: &Theme) -> Style {
        let focus = theme.of(Meaning::Focus);
        let own = self.colour.or_else(|| theme.of(Meaning::Protected).bg.filter(|_| self.protected));
        own.map_or(focus, |colour| focus.fg(colour))
    }
}
