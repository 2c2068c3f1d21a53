//! The logs' screen: which subject it shows and how.

use super::{message::Effect, message::Level, state::State};
use crate::model::LogSubject;

impl State {
    /// Opens the logs of this subject. What it wants of the world comes with the next settling.
    #[allow(dead_code, reason = "the screens that call it and the screen itself are written side by side")]
    pub(super) fn open_logs(&mut self, of: LogSubject) -> Vec<Effect> {
        self.tell(Level::Information, format!("the log of {}", of.object()));
        Vec::new()
    }
}
