//! Saved views: the table on the screen under a name, and back.
//!
//! Invariant: a view is opened as far as it still means something. What is gone from it is left out and told; a namespace counts as
//! gone only where all of them are known.

use super::{
    chosen::Chosen,
    freshness, groups,
    layers::{Answer, Layer, Question, Then},
    look::{Grouping, Look, Order},
    message::{Effect, Level},
    state::{Focus, Screen, State},
    tables::{Heading, TableKind},
};
use crate::{
    config::{Action, View, Views},
    model::{Kind, Rows, Sync},
};
use std::sync::Arc;

/// What is to be done with the view of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewOrder {
    /// Save what is on the screen; asks before it replaces one.
    Save(String),
    /// The same without asking.
    Replace(String),
    /// Open it.
    Open(String),
    /// Remove it.
    Forget(String),
}

impl State {
    /// Does what is to be done with a view.
    pub(super) fn view(&mut self, order: ViewOrder, rows: &Rows) -> Vec<Effect> {
        match order {
            ViewOrder::Save(name) => match self.session.views.get(&name) {
                Some(known) => {
                    let known = summary(known);
                    let replace = Then::View(ViewOrder::Replace(name.clone()));
                    let answers = vec![
                        Answer::new("keep", known, Then::Nothing),
                        Answer::new("replace", "by what is on the screen", replace),
                    ];
                    let message = "There is a view of this name.";
                    self.layers.push(Layer::Question(Question::new(format!("Save the view {name}"), message, answers)));
                    Vec::new()
                }
                None => self.save_view(&name),
            },
            ViewOrder::Replace(name) => self.save_view(&name),
            ViewOrder::Open(name) => self.open_view(&name, rows),
            ViewOrder::Forget(name) => {
                self.session.views.set(&name, None);
                vec![Effect::KeepView { name, view: None }]
            }
        }
    }

    /// Whether a view of what is on the screen can be saved.
    pub(super) fn has_view(&self) -> bool {
        action_of(self.screen()).is_some()
    }

    fn save_view(&mut self, name: &str) -> Vec<Effect> {
        let scope = self.scope.iter().map(ToString::to_string).collect();
        let Some((screen, list)) = action_of(self.screen()).zip(self.list()) else {
            self.tell(Level::Warning, "there is no table on this screen to save a view of");
            return Vec::new();
        };
        let view = of_look(screen, scope, list.look());
        self.session.views.set(name, Some(view.clone()));
        vec![Effect::KeepView { name: name.to_owned(), view: Some(view) }]
    }

    fn open_view(&mut self, name: &str, rows: &Rows) -> Vec<Effect> {
        let Some((view, screen)) =
            self.session.views.get(name).cloned().and_then(|v| screen_of(v.screen).map(|s| (v, s)))
        else {
            self.tell(Level::Warning, format!("there is no view {name}"));
            return Vec::new();
        };
        self.open(screen);
        self.cockpit.focus = Focus::Table;
        let (there, mut gone): (Vec<&String>, Vec<String>) = {
            let known = knows_namespaces(rows);
            let is_there = |name: &&String| !known || self.roll_up.namespace(name).is_some();
            let (there, gone): (Vec<&String>, Vec<&String>) = view.namespaces.iter().partition(is_there);
            (there, gone.into_iter().map(|name| format!("namespace {name}")).collect())
        };
        let all = there.is_empty() && !view.namespaces.is_empty();
        let scope: Chosen = there.into_iter().map(|name| Arc::from(&**name)).collect();
        let effects = self.narrow(scope);
        let look = to_look(&view, &self.headings(), &mut gone);
        if let Some(list) = self.list() {
            *list.look_mut() = look;
            list.reset();
        }
        if gone.is_empty() {
            self.tell(Level::Information, format!("view {name}"));
        } else {
            let all = if all { "; all namespaces are shown" } else { "" };
            self.tell(Level::Warning, format!("view {name} without what is gone: {}{all}", gone.join(", ")));
        }
        effects
    }
}

/// Whether every namespace there is is among the rows.
fn knows_namespaces(rows: &Rows) -> bool {
    matches!(rows.sync_of(Kind::Namespace), Sync::Live { .. }) && freshness::within(rows).is_empty()
}

/// What a view shows, in a line.
pub fn summary(view: &View) -> String {
    let mut parts = vec![view.screen.name().to_owned()];
    if !view.namespaces.is_empty() {
        parts.push(format!("in {}", view.namespaces.join(" ")));
    }
    if !view.filter.is_empty() {
        parts.push(view.filter.clone());
    }
    let turned = if view.reverse { " ↓" } else { "" };
    parts.extend(view.group.as_ref().map(|label| format!("grouped by {label}")));
    match &view.sort {
        Some(sort) => parts.push(format!("by {sort}{turned}")),
        None if view.reverse => parts.push(format!("by attention{turned}")),
        None => {}
    }
    parts.join(", ")
}

/// The action that opens a screen, where a view of it can be saved.
fn action_of(screen: &Screen) -> Option<Action> {
    match screen {
        Screen::Operations => Some(Action::Operations),
        Screen::Journal => Some(Action::Journal),
        Screen::Contexts => Some(Action::Contexts),
        Screen::Fleet => Some(Action::Fleet),
        screen => screen.table().map(TableKind::action),
    }
}

/// The screen that an action of a view opens.
fn screen_of(action: Action) -> Option<Screen> {
    let others = [Screen::Operations, Screen::Journal, Screen::Contexts, Screen::Fleet];
    let mut screens = TableKind::ALL.into_iter().map(Screen::of).chain(others);
    screens.find(|screen| action_of(screen) == Some(action))
}

/// A heading as views write it.
fn word(title: &str) -> String {
    title.trim().to_lowercase()
}

const NAMESPACE: &str = "namespace";

fn of_look(screen: Action, namespaces: Vec<String>, look: &Look) -> View {
    View {
        screen,
        namespaces,
        filter: look.filter.clone(),
        sort: match look.order {
            Order::Attention => None,
            Order::Namespace => Some(NAMESPACE.into()),
            Order::Column(title) => Some(word(title)),
        },
        reverse: look.reverse,
        wide: look.wide,
        columns: look.columns.as_ref().map(|titles| titles.iter().map(|title| word(title)).collect()),
        widths: look.widths.iter().map(|(title, width)| (word(title), *width)).collect(),
        group: look.grouping.as_ref().map(|grouping| grouping.label.to_string()),
        unfolded: look.grouping.as_ref().is_some_and(|grouping| grouping.unfolded),
        except: look.grouping.iter().flat_map(|grouping| &grouping.except).map(groups::written).collect(),
    }
}

/// The look of a view on a table of these columns; `gone` gets what it names and the table has not.
fn to_look(view: &View, headings: &[Heading], gone: &mut Vec<String>) -> Look {
    let mut title = |name: &String, sorts: bool| {
        let fits = |heading: &&Heading| word(heading.title) == *name && (heading.sortable || !sorts);
        let found = headings.iter().find(fits).map(|heading| heading.title);
        if found.is_none() {
            let what = if sorts { "to sort by column" } else { "column" };
            gone.push(format!("{what} {name}"));
        }
        found
    };
    let columns = view.columns.as_ref().map(|names| names.iter().filter_map(|name| title(name, false)).collect());
    let order = match &view.sort {
        None => Some(Order::Attention),
        Some(sort) if sort == NAMESPACE => Some(Order::Namespace),
        Some(sort) => title(sort, true).map(Order::Column),
    };
    let widths = view.widths.iter().filter_map(|(name, width)| Some((title(name, false)?, *width))).collect();
    let reverse = view.reverse && order.is_some();
    let order = order.unwrap_or_default();
    let except = view.except.iter().map(|value| groups::read(value)).collect();
    let grouping = |label: &String| Grouping { label: (&**label).into(), unfolded: view.unfolded, except };
    let grouping = view.group.as_ref().map(grouping);
    Look { filter: view.filter.clone(), order, reverse, wide: view.wide, shift: 0, columns, widths, grouping }
}

/// The commands that open views: each with its name and what it leads to.
pub fn open_commands(views: &Views) -> impl Iterator<Item = (String, String, Then)> {
    let open = |name: &str| Then::View(ViewOrder::Open(name.to_owned()));
    views.iter().map(move |(name, view)| (format!("view {name}"), summary(view), open(name)))
}

/// The commands that remove views.
pub fn forget_commands(views: &Views) -> impl Iterator<Item = (String, String, Then)> {
    let forget = |name: &str| Then::View(ViewOrder::Forget(name.to_owned()));
    views.iter().map(move |(name, _)| (format!("forget {name}"), "remove this view".to_owned(), forget(name)))
}

/// The command that saves a view under the name that was typed; None where no name was.
pub fn save_command(typed: &str) -> Option<(String, Then)> {
    let name = Views::name(typed.trim_start().strip_prefix("save ")?)?;
    Some((format!("save {name}"), Then::View(ViewOrder::Save(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_view_has_its_screen() {
        for action in Views::SCREENS {
            let screen = screen_of(action).unwrap();
            assert_eq!(action_of(&screen), Some(action));
        }
        for kind in TableKind::ALL {
            assert!(Views::SCREENS.contains(&kind.action()), "{kind:?}");
        }
        assert_eq!(screen_of(Action::Help), None);
    }

    #[test]
    fn a_look_comes_back_from_its_view_and_what_the_table_lost_is_left_out() {
        let headings = TableKind::Workloads.table().headings();
        let sortable = headings.iter().filter(|h| h.sortable).map(|h| Order::Column(h.title));
        for order in sortable.chain([Order::Attention, Order::Namespace]) {
            let columns = Some(vec![headings[1].title, headings[2].title]);
            let widths = [(headings[3].title, 17)].into();
            let except = [Some("acme".into()), None].into();
            let grouping = Some(Grouping { label: "client".into(), unfolded: true, except });
            let filter = "x".into();
            let look = Look { filter, order, reverse: true, wide: true, shift: 0, columns, widths, grouping };
            let (mut gone, view) = (Vec::new(), of_look(Action::Workloads, Vec::new(), &look));
            assert_eq!((to_look(&view, &headings, &mut gone), gone), (look, vec![]));
        }
        let names = Some(vec!["name".into(), "colour".into()]);
        let view = View { sort: Some("smell".into()), reverse: true, columns: names, ..View::of(Action::Jobs) };
        let mut gone = Vec::new();
        let look = to_look(&view, &TableKind::Jobs.table().headings(), &mut gone);
        assert_eq!(look, Look { columns: Some(vec!["NAME"]), ..Look::default() });
        assert_eq!(gone, ["column colour", "to sort by column smell"]);
    }
}
