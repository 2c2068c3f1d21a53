//! Many contexts on one screen: what is known of each, which one is acted on, and how one goes from one to another.
//!
//! Invariant: a context keeps its own state of the screen (selection, filters, scope) and finds it again when it is entered. What
//! waits for an answer of one context is given up when another is entered: an answer never opens anything elsewhere.

use super::{
    chosen::Chosen,
    layers::Layer,
    message::{Effect, Level, Notice},
    state::{Screen, State},
    tabled::Tabled,
    tables::{Sight, TableKind, arrange},
};
use crate::{
    config::Action,
    model::{ContextView, Fleet, Health, Login, ObjectRef, Standing},
};
use std::{collections::HashMap, sync::Arc};

/// What is known of all contexts, and the lists that show it.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    /// What is known.
    pub fleet: Fleet,
    /// The table of contexts.
    pub shown: Tabled<Arc<str>>,
    /// The table of what is not healthy.
    pub ill: Tabled<(Arc<str>, ObjectRef)>,
    /// Grows with every change.
    version: u64,
    /// What the kubeconfig says otherwise than when it was read.
    pub kubeconfig: Option<String>,
    /// Screens of the contexts that are not acted on now.
    parked: HashMap<String, State>,
}

impl Contexts {
    /// Takes what is known of all contexts.
    pub fn set(&mut self, fleet: Fleet) {
        self.fleet = fleet;
        self.version += 1;
    }

    /// Takes what is known of one.
    pub fn put(&mut self, view: ContextView) {
        self.fleet.put(view);
        self.version += 1;
    }

    /// Brings the lists in line with what is known.
    pub fn settle(&mut self, sight: &Sight<'_>) {
        let (fleet, all) = (&self.fleet, Chosen::default());
        self.shown.settle(self.version, &all, |list| arrange(list, fleet.contexts.iter(), &all, sight));
        self.ill.settle(self.version, &all, |list| arrange(list, fleet.troubled(), &all, sight));
    }

    /// A context, as its row is drawn.
    pub fn get(&self, name: &str) -> Option<&ContextView> {
        self.fleet.get(name)
    }

    /// How many workloads are broken in watched contexts other than this one.
    pub fn broken_elsewhere(&self, here: &str) -> usize {
        self.fleet.watched().filter(|context| &*context.name != here).map(|context| context.summary.tally.broken).sum()
    }

    /// The watched contexts whose rows are not current, with what to say about each.
    pub fn not_live(&self) -> impl Iterator<Item = &ContextView> {
        self.fleet.watched().filter(|context| !matches!(context.summary.standing, Standing::Live { .. }))
    }

    /// How many listed workloads stand this way, in all watched contexts.
    pub fn count(&self, health: Health) -> usize {
        let of = |context: &ContextView| match health {
            Health::Broken => context.summary.tally.broken,
            Health::Degraded => context.summary.tally.degraded,
            Health::Progressing => context.summary.tally.progressing,
            Health::Unknown => context.summary.tally.unknown,
            Health::Healthy => context.summary.tally.total - context.summary.tally.troubled(),
        };
        self.fleet.watched().map(of).sum()
    }
}

impl State {
    /// Shows all contexts at once from the start: several were asked for.
    pub fn show_fleet(&mut self) {
        self.open(Screen::Fleet);
    }

    /// The context that an action on contexts is about: the selected one, or the one that is acted on.
    pub(super) fn context(&self) -> Option<&ContextView> {
        let name = match self.screen() {
            Screen::Contexts => self.contexts.shown.list.selected()?,
            Screen::Fleet => &self.contexts.ill.list.selected()?.0,
            _ => self.session.context.as_str(),
        };
        self.contexts.get(name)
    }

    /// Whether changes need the target's name typed in this context.
    pub(super) fn is_protected_in(&self, context: &str) -> bool {
        let here = || context == self.session.context && self.session.protected;
        self.contexts.get(context).map_or_else(here, |view| view.protected)
    }

    /// What opening the selected row of the two screens asks for.
    pub(super) fn open_context(&mut self) -> Vec<Effect> {
        let chosen = match self.screen() {
            Screen::Contexts => self.contexts.shown.list.selected().map(|name| (name.clone(), None)),
            Screen::Fleet => {
                self.contexts.ill.list.selected().map(|(name, object)| (name.clone(), Some(object.clone())))
            }
            _ => None,
        };
        let Some((name, open)) = chosen else { return Vec::new() };
        vec![Effect::Enter { context: name.to_string(), open }]
    }

    /// Goes to another context, whose rows are the ones that are shown from now on, and opens a workload there.
    pub(super) fn enter(&mut self, name: &str, open: Option<ObjectRef>) -> Vec<Effect> {
        let ended = self.contexts.get(name).is_some().then(|| self.end_logs()).flatten();
        let Some(view) = self.contexts.get(name) else { return Vec::new() };
        let waiting = self.layers.iter().filter_map(|layer| match layer {
            Layer::Planning(planning) => Some(Effect::Forget(planning.ticket)),
            _ => None,
        });
        let mut effects: Vec<Effect> = waiting.collect();
        effects.extend(ended);
        let came_from = self.screen().clone();
        if name != self.session.context {
            let session = self.session.within(view);
            let next = self.contexts.parked.remove(name);
            let mut next = next.unwrap_or_else(|| Self::new(session.clone(), (self.size.width, self.size.height)));
            (next.session, next.size, next.ticket) = (session, self.size, self.ticket);
            std::mem::swap(&mut next.operations, &mut self.operations);
            std::mem::swap(&mut next.journal, &mut self.journal);
            std::mem::swap(&mut next.contexts, &mut self.contexts);
            std::mem::swap(self, &mut next);
            next.layers.clear();
            next.filtering = None;
            // What was under way there is given up with it.
            next.dossier.close();
            self.contexts.parked.insert(next.session.context.clone(), next);
        }
        self.layers.clear();
        self.filtering = None;
        self.open(Screen::Workloads);
        if came_from == Screen::Fleet {
            // `esc` leads back to where one came from.
            self.open(Screen::Fleet);
        }
        if let Some(object) = open {
            self.table_mut(TableKind::Workloads).select(object.clone());
            self.open(Screen::Workload(object));
        }
        effects
    }

    /// Watches the selected context beside the others, or no more.
    pub(super) fn toggle_watch(&mut self) -> Vec<Effect> {
        let Some(view) = self.context() else { return Vec::new() };
        let on = view.summary.standing == Standing::Unopened;
        vec![Effect::Watch { context: view.name.to_string(), on }]
    }

    /// Why an action on contexts cannot be done now; None where it can.
    pub(super) fn context_refusal(&self, action: Action) -> Option<String> {
        let verb = action.description();
        let Some(view) = self.context() else { return Some(format!("{verb}: choose a context first")) };
        match (action, &view.login) {
            (Action::WatchContext, _) if *view.name == self.session.context => {
                Some(format!("{verb}: {} is the context that is acted on", view.name))
            }
            (Action::LogIn, Login::Granted { .. }) => {
                Some(format!("{verb}: the credentials of {} are accepted", view.name))
            }
            (Action::LogIn, Login::Pending) => Some(format!("{verb}: nothing was asked of {} yet", view.name)),
            (Action::Reload, _) if self.contexts.kubeconfig.is_none() => {
                Some(format!("{verb}: it says what it said when it was read"))
            }
            _ => None,
        }
    }

    /// Takes word of what the kubeconfig says otherwise; told once.
    pub(super) fn kubeconfig_changed(&mut self, what: Option<String>) {
        if let Some(what) = what.as_ref().filter(|what| self.contexts.kubeconfig.as_ref() != Some(*what)) {
            let key = self.key_of(Action::Reload);
            let text = format!("the kubeconfig changed: {what}");
            let here = &self.session.context;
            let hint = format!("still on {here} as before; {key} takes it over");
            self.notice = Some(Notice { level: Level::Warning, text, hint: Some(hint) });
        }
        self.contexts.kubeconfig = what;
    }

    /// The key of an action, or how to say it by name.
    pub(super) fn key_of(&self, action: Action) -> String {
        let key = self.session.keymap.key(self.places(), action);
        key.map_or_else(|| format!(":{}", action.name()), |key| key.to_string())
    }
}
