//! What is typed on the screen of logs: a filter or something to search for. It counts while it is typed.

use super::Logs;
use crate::{
    model::Pattern,
    ui::{
        input,
        message::{Effect, Level},
        state::State,
    },
};
use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Which lines are shown.
    Filter,
    /// What is gone to.
    Search,
}

/// A line being typed.
#[derive(Clone, Debug)]
pub struct Typing {
    /// What for.
    pub what: Typed,
    /// The line.
    pub input: Input,
    /// Why it means nothing yet.
    pub wrong: Option<String>,
}

impl State {
    /// Begins to type; what is there already can be changed.
    pub(super) fn type_in_logs(&mut self, what: Typed) {
        let Logs { look, open: Some(open) } = &mut self.logs else { return };
        let text = if what == Typed::Filter { look.filter.text() } else { look.search.text() };
        open.typing = Some(Typing { what, input: Input::new(text.to_owned()), wrong: None });
    }

    /// Whether keys are typed into a line of the logs' screen.
    pub(in crate::ui) fn is_typing_in_logs(&self) -> bool {
        self.layers.is_empty() && self.logs.open.as_ref().is_some_and(|open| open.typing.is_some())
    }

    /// Takes a key while something is typed.
    pub(in crate::ui) fn press_in_logs(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(typing) = self.logs.open.as_mut().and_then(|open| open.typing.as_mut()) else { return Vec::new() };
        let what = typing.what;
        match key.code {
            KeyCode::Enter => {
                let wrong = typing.wrong.take();
                if let Some(open) = &mut self.logs.open {
                    open.typing = None;
                }
                match wrong {
                    Some(why) => self.tell(Level::Warning, why),
                    None if what == Typed::Search => self.search_logs(false, true),
                    None => {}
                }
            }
            KeyCode::Esc => {
                if let Some(open) = &mut self.logs.open {
                    open.typing = None;
                }
                self.logs.look_for(what, Pattern::default());
            }
            _ => {
                input::press(&mut typing.input, key);
                self.typed_in_logs();
            }
        }
        Vec::new()
    }

    /// Takes pasted text while something is typed.
    pub(in crate::ui) fn paste_in_logs(&mut self, text: &str) {
        if let Some(typing) = self.logs.open.as_mut().and_then(|open| open.typing.as_mut()) {
            input::paste(&mut typing.input, text);
            self.typed_in_logs();
        }
    }

    /// Takes the filter or else the search away; false where there is none.
    pub(in crate::ui) fn look_for_nothing_in_logs(&mut self) -> bool {
        let what = match &self.logs {
            Logs { open: None, .. } => return false,
            Logs { look, .. } if !look.filter.is_empty() => Typed::Filter,
            Logs { look, .. } if !look.search.is_empty() => Typed::Search,
            Logs { .. } => return false,
        };
        self.logs.look_for(what, Pattern::default());
        true
    }

    fn typed_in_logs(&mut self) {
        let Some(typing) = self.logs.open.as_mut().and_then(|open| open.typing.as_mut()) else { return };
        let what = typing.what;
        let read = if what == Typed::Search { Pattern::phrase } else { Pattern::new };
        match read(typing.input.value()) {
            Ok(pattern) => {
                typing.wrong = None;
                self.logs.look_for(what, pattern);
            }
            // Half an expression: the last whole one holds.
            Err(why) => typing.wrong = Some(why),
        }
    }
}

impl Logs {
    /// Filters by this, or marks this.
    pub fn look_for(&mut self, what: Typed, pattern: Pattern) {
        match what {
            Typed::Search => self.look.search = pattern,
            Typed::Filter => {
                self.look.filter = pattern;
                if let Some(open) = &mut self.open {
                    let filter = &self.look.filter;
                    open.buffer.filter(&|line| filter.matches(&line.text));
                }
            }
        }
    }
}
