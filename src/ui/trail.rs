//! Where one is, how one came here, and where one was: the open screens as breadcrumbs, and a history to go back and forward in.
//!
//! Invariant: the cockpit is always beneath everything else, and a screen is open once.

use super::state::Screen;

/// How many visits are remembered.
const VISITS: usize = 50;

/// The open screens, and the visits before and after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    open: Vec<Screen>,
    before: Vec<Vec<Screen>>,
    after: Vec<Vec<Screen>>,
}

impl Default for Trail {
    fn default() -> Self {
        Self { open: vec![Screen::Workloads], before: Vec::new(), after: Vec::new() }
    }
}

impl Trail {
    /// The screen on top.
    pub fn top(&self) -> &Screen {
        self.open.last().unwrap_or(&Screen::Workloads)
    }

    /// The open screens, the cockpit first.
    pub fn open_screens(&self) -> &[Screen] {
        &self.open
    }

    /// Opens a screen on top of the others; one that is open already comes to the top.
    pub fn open(&mut self, screen: Screen) {
        if *self.top() == screen {
            return;
        }
        self.visit();
        self.open.retain(|open| *open != screen);
        if screen == Screen::Workloads {
            self.open.clear();
        } else if self.open.is_empty() {
            self.open.push(Screen::Workloads);
        }
        self.open.push(screen);
    }

    /// Closes the screen on top; false where there is nothing beneath it.
    pub fn close(&mut self) -> bool {
        if self.open.len() < 2 {
            return false;
        }
        self.visit();
        self.open.pop();
        true
    }

    /// Goes to where one was before; false where that is not known.
    pub fn back(&mut self) -> bool {
        let Some(before) = self.before.pop() else { return false };
        self.after.push(std::mem::replace(&mut self.open, before));
        true
    }

    /// Goes to where one came back from; false where one did not.
    pub fn forward(&mut self) -> bool {
        let Some(after) = self.after.pop() else { return false };
        self.before.push(std::mem::replace(&mut self.open, after));
        true
    }

    /// Goes to the screen before, and from there back again.
    pub fn toggle(&mut self) -> bool {
        let Some(before) = self.before.pop() else { return false };
        let here = std::mem::replace(&mut self.open, before);
        self.before.push(here);
        self.after.clear();
        true
    }

    fn visit(&mut self) {
        if self.before.len() == VISITS {
            self.before.remove(0);
        }
        self.before.push(self.open.clone());
        self.after.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tables::TableKind;

    const JOBS: Screen = Screen::Table(TableKind::Jobs);
    const ROUTES: Screen = Screen::Table(TableKind::Routes);

    #[test]
    fn escape_follows_the_breadcrumbs_and_history_the_visits() {
        let mut trail = Trail::default();
        trail.open(JOBS);
        trail.open(ROUTES);
        assert_eq!(trail.open_screens(), [Screen::Workloads, JOBS, ROUTES]);
        assert!(trail.close());
        assert_eq!(trail.top(), &JOBS);
        assert!(trail.back());
        assert_eq!(trail.open_screens(), [Screen::Workloads, JOBS, ROUTES], "as it was, breadcrumbs and all");
        assert!(trail.back() && trail.back() && !trail.back());
        assert_eq!(trail.top(), &Screen::Workloads);
        assert!(trail.forward() && trail.forward() && trail.forward() && !trail.forward());
        assert_eq!(trail.top(), &JOBS);
    }

    #[test]
    fn one_goes_to_and_fro_between_two_screens() {
        let mut trail = Trail::default();
        assert!(!trail.toggle(), "there is no other");
        trail.open(JOBS);
        assert!(trail.toggle());
        assert_eq!(trail.top(), &Screen::Workloads);
        assert!(trail.toggle());
        assert_eq!(trail.top(), &JOBS);
    }

    #[test]
    fn a_screen_is_open_once_and_the_cockpit_is_the_bottom() {
        let mut trail = Trail::default();
        trail.open(JOBS);
        trail.open(ROUTES);
        trail.open(JOBS);
        assert_eq!(trail.open_screens(), [Screen::Workloads, ROUTES, JOBS]);
        trail.open(Screen::Workloads);
        assert_eq!(trail.open_screens(), [Screen::Workloads]);
        assert!(!trail.close());
        for _ in 0..100 {
            trail.open(JOBS);
            trail.open(Screen::Workloads);
        }
        assert_eq!(trail.before.len(), VISITS);
    }
}
