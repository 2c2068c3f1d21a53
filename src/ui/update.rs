//! From message to effects: synchronous, without I/O, one `match`.

use super::{
    actions, freshness, input,
    layers::{Layer, PlanSheet, Planning, Question, Reply, Then, shift},
    look::Order,
    message::{Effect, Failure, Level, Message, Notice, Ticket},
    mouse, orders,
    state::{AGAIN, Screen, State},
    table_actions, verbs,
};
use crate::time::age;
use crate::{
    config::{Action, Chord, Where},
    model::{Grounds, Intent, ObjectRef, OperationId, OperationView, Outcome, Plan, Progress, Rows},
};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::Timestamp;
use ratatui::layout::Size;
use std::sync::Arc;
use tui_input::Input;

/// How the notice of a lost connection begins.
const GONE: &str = "the connection is gone, trying again: ";

impl State {
    /// Takes a message in and says what is to be done. `now` is the time at which it arrived.
    pub fn update(&mut self, message: Message, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        let mut effects = match message {
            Message::Key(key) if key.kind != KeyEventKind::Release => match self.after_escape(key) {
                Some(second) => {
                    let mut effects = self.press(KeyCode::Esc.into(), rows, now);
                    effects.extend(self.press(second, rows, now));
                    effects
                }
                None => self.press(key, rows, now),
            },
            Message::Key(_) => Vec::new(),
            Message::Tick | Message::RowsChanged => {
                self.watch_connection(rows, now);
                Vec::new()
            }
            Message::Paste(text) => self.paste(&text),
            Message::Mouse(event) => mouse::update(self, event, rows, now),
            Message::Resize(columns, rows) => {
                self.size = Size::new(columns, rows);
                Vec::new()
            }
            Message::Planned { ticket, result } => self.planned(ticket, result),
            Message::Replanned { ticket, plan } => self.replanned(ticket, plan),
            Message::Mustered { ticket, object, result } => self.mustered(ticket, &object, result),
            Message::Began(id, result) => {
                self.began(&id, result);
                Vec::new()
            }
            Message::Started(result) => self.started(result),
            Message::NotInspected(object, why) => {
                self.not_inspected(object, why, now);
                Vec::new()
            }
            Message::Seen { context, object, aspect, result } => {
                if context == self.session.context {
                    self.dossier.take(&object, aspect, result, now);
                }
                Vec::new()
            }
            Message::Placed { context, object, placement } => {
                if context == self.session.context {
                    self.placing.take(&object, placement, now);
                }
                Vec::new()
            }
            Message::Operations(views) => {
                self.known(views);
                Vec::new()
            }
            Message::Journal(accounts) => {
                self.journal.told(accounts);
                Vec::new()
            }
            Message::Operation(id, progress) => {
                self.operations.progress(&id, &progress, now);
                if let Progress::Result { outcome, .. } = progress {
                    self.ended(&id, outcome);
                }
                Vec::new()
            }
            Message::Fleet(fleet) => {
                self.contexts.set(fleet);
                Vec::new()
            }
            Message::Context(view) => {
                self.contexts.put(*view);
                Vec::new()
            }
            Message::Entered { context, open } => self.enter(&context, open),
            Message::Kubeconfig(what) => {
                self.kubeconfig_changed(what);
                Vec::new()
            }
            Message::Logs(ticket, news) => {
                self.logs_tell(ticket, news, now);
                Vec::new()
            }
            Message::Notice(notice) => {
                self.notice = Some(notice);
                Vec::new()
            }
            Message::Failed(failure) => {
                self.layers.push(Layer::Question(Question::failure(failure, None)));
                Vec::new()
            }
        };
        effects.extend(self.settle(rows, now));
        effects.extend(self.settle_logs());
        effects.extend(self.settle_rescue(rows));
        effects
    }

    /// The second of two keys that a slow line delivered in one piece: escape and a character look like that character with alt.
    /// None where alt is meant: it is bound, or moves the cursor in what is being typed.
    fn after_escape(&self, key: KeyEvent) -> Option<KeyEvent> {
        let KeyCode::Char(character) = key.code else { return None };
        let types = self.filtering.is_some() || !self.layers.is_empty() || self.is_typing_in_logs();
        let is_meant = self.session.keymap.binds(Chord::of(key)) || (types && matches!(character, 'b' | 'd' | 'f'));
        let rest = key.modifiers - KeyModifiers::ALT;
        (key.modifiers.contains(KeyModifiers::ALT) && !is_meant).then(|| KeyEvent::new(key.code, rest))
    }

    fn press(&mut self, key: KeyEvent, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        self.notice = None;
        let chord = Chord::of(key);
        let everywhere = self.session.keymap.action(&[Where::Everywhere], chord).filter(|_| chord.typed().is_none());
        match everywhere {
            // Even while something is typed these mean what they always mean.
            Some(action @ (Action::Suspend | Action::Redraw | Action::Quit)) => {
                return actions::act(self, action, rows, now);
            }
            _ if self.filtering.is_some() && self.layers.is_empty() => return self.type_filter(key),
            _ if self.is_typing_in_logs() => return self.press_in_logs(key),
            _ => {}
        }
        if let Some(layer) = self.layers.last_mut() {
            let reply = layer.press(key, &self.session, self.size);
            return self.reply(reply, rows, now).unwrap_or_else(|| {
                match self.session.keymap.action(&[Where::Everywhere], chord) {
                    Some(Action::Help) => actions::act(self, Action::Help, rows, now),
                    _ => Vec::new(),
                }
            });
        }
        match self.session.keymap.action(self.places(), chord) {
            Some(action) => actions::act(self, action, rows, now),
            None => Vec::new(),
        }
    }

    /// Does what a layer wants; None where what was done to it means nothing to it.
    pub(super) fn reply(&mut self, reply: Reply, rows: &Rows, now: Timestamp) -> Option<Vec<Effect>> {
        match reply {
            Reply::Stay => Some(Vec::new()),
            Reply::Do(effects) => Some(effects),
            Reply::Ask(intent, why) => Some(self.gather(intent, why, now)),
            Reply::Override(intent, why) => {
                Some(self.gather(intent, Grounds { why: Some(why), overriding: true }, now))
            }
            Reply::Read(plan) => Some(self.read(plan)),
            Reply::Close(then) => {
                self.layers.pop();
                Some(self.follow(then, rows, now))
            }
            Reply::Unknown => None,
        }
    }

    /// Where keys are looked up on the screen on top, in order.
    pub(super) fn places(&self) -> &'static [Where] {
        match self.screen() {
            Screen::Workloads | Screen::Table(_) => &[Where::Rows, Where::Table, Where::Moving, Where::Everywhere],
            Screen::Workload(_) => &[Where::Workload, Where::Rows, Where::Moving, Where::Everywhere],
            Screen::Operations | Screen::Journal => {
                &[Where::Operations, Where::Table, Where::Moving, Where::Everywhere]
            }
            Screen::Account(_) | Screen::Together => &[Where::Operations, Where::Moving, Where::Everywhere],
            Screen::Placement(_) => &[Where::Table, Where::Moving, Where::Everywhere],
            Screen::Operation(_) => &[Where::Operation, Where::Moving, Where::Everywhere],
            Screen::Logs(_) => &[Where::Logs, Where::Moving, Where::Everywhere],
            Screen::Contexts | Screen::Fleet => &[Where::Contexts, Where::Table, Where::Moving, Where::Everywhere],
        }
    }

    fn type_filter(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(typed) = &mut self.filtering else { return Vec::new() };
        match key.code {
            KeyCode::Enter => self.filtering = None,
            KeyCode::Esc => {
                self.filtering = None;
                self.set_filter(String::new());
            }
            KeyCode::Up | KeyCode::Down => {
                let rows = if key.code == KeyCode::Up { -1 } else { 1 };
                if let Some(list) = self.list() {
                    list.step(rows);
                }
            }
            _ => {
                input::press(typed, key);
                let text = typed.value().to_owned();
                self.set_filter(text);
            }
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if let Some(layer) = self.layers.last_mut() {
            layer.paste(text);
        } else if self.is_typing_in_logs() {
            self.paste_in_logs(text);
        } else if let Some(typed) = &mut self.filtering {
            input::paste(typed, text);
            let text = typed.value().to_owned();
            self.set_filter(text);
        }
        Vec::new()
    }

    /// Does what follows a layer that closed.
    pub(super) fn follow(&mut self, then: Then, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        match then {
            Then::Nothing => Vec::new(),
            Then::Verb(action, target) => verbs::begin_on(self, rows, now, action, &target),
            Then::Gather(intent, why) => self.gather(intent, why, now),
            Then::Forget(ticket) => vec![Effect::Forget(ticket)],
            Then::Shift(route) => {
                if let Some(route) = rows.routes.get(&route) {
                    self.layers.push(Layer::Form(shift(route)));
                }
                Vec::new()
            }
            Then::Order(order) => orders::order(self, order),
            Then::Run(action) => actions::act(self, action, rows, now),
            Then::Scope(scope) => self.narrow(scope),
            Then::Show(kind, filter) => table_actions::show(self, kind, filter),
            Then::Sort(title) => {
                table_actions::sort(self, Order::Column(title));
                Vec::new()
            }
            Then::Group(label) => self.group(label),
            Then::NodeLabel(label) => {
                self.place_by(label);
                Vec::new()
            }
            Then::Export(format) => self.export_table(rows, now, format),
            Then::Columns(columns, widths) => {
                if let Some(list) = self.list() {
                    (list.look_mut().columns, list.look_mut().widths) = (columns, widths);
                }
                Vec::new()
            }
            Then::Theme(name) => {
                self.wear(&name);
                Vec::new()
            }
            Then::View(order) => self.view(order, rows),
            Then::Logs(choice) => self.choose_logs(choice),
            Then::Begin(confirmed) => self.begin(confirmed),
            Then::Instead(intent) => self.choose_for_rescue(intent),
            Then::Do(effects) => effects,
        }
    }

    /// Asks for a plan and shows that it is being made.
    pub(super) fn gather(&mut self, intent: Intent, grounds: impl Into<Grounds>, now: Timestamp) -> Vec<Effect> {
        let Grounds { why, overriding } = grounds.into();
        self.ticket += 1;
        let ticket = self.ticket;
        self.layers.push(Layer::Planning(Planning { ticket, intent: intent.clone(), why: why.clone(), since: now }));
        vec![Effect::Gather { ticket, intent, why, overriding }]
    }

    fn planned(&mut self, ticket: Ticket, result: Result<Arc<Plan>, Failure>) -> Vec<Effect> {
        let waiting = |layer: &Layer| matches!(layer, Layer::Planning(planning) if planning.ticket == ticket);
        // An answer that nobody waits for any more must not open a sheet under the operator's fingers.
        let Some(at) = self.layers.iter().position(waiting) else { return Vec::new() };
        let Layer::Planning(planning) = self.layers.remove(at) else { return Vec::new() };
        match result {
            Ok(plan) => {
                self.layers.retain(|layer| !matches!(layer, Layer::Form(_) | Layer::Plan(_)));
                let at = at.min(self.layers.len());
                self.layers.insert(at, Layer::Plan(Box::new(PlanSheet::answering(ticket, plan))));
            }
            Err(failure) => {
                let question = Question::failure(failure, planning.why.as_deref());
                self.layers.insert(at, Layer::Question(question));
            }
        }
        Vec::new()
    }

    /// More is known for a plan that is still read: its sheet shows that. One that was confirmed stays what was confirmed.
    fn replanned(&mut self, ticket: Ticket, plan: Arc<Plan>) -> Vec<Effect> {
        let sheets = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Plan(sheet) => Some(sheet),
            _ => None,
        });
        sheets.filter(|sheet| sheet.answers(ticket)).for_each(|sheet| sheet.renew(Arc::clone(&plan)));
        Vec::new()
    }

    fn started(&mut self, result: Result<Box<OperationView>, Failure>) -> Vec<Effect> {
        let sheet = self.layers.iter().position(|layer| matches!(layer, Layer::Plan(sheet) if sheet.is_starting()));
        match (result, sheet) {
            (Ok(view), sheet) => {
                if let Some(at) = sheet {
                    self.layers.remove(at);
                }
                self.open(Screen::Operation(view.id.clone()));
                self.operations.started(*view);
            }
            (Err(failure), Some(at)) => {
                if let Layer::Plan(sheet) = &mut self.layers[at] {
                    sheet.refused(sentence(&failure));
                }
                if failure.message.chars().count() > 100 {
                    self.layers.push(Layer::Question(Question::failure(failure, None)));
                }
            }
            (Err(failure), None) => self.layers.push(Layer::Question(Question::failure(failure, None))),
        }
        Vec::new()
    }

    /// Takes what the journals tell; an operation that nobody carries out any more is told at once.
    fn known(&mut self, views: Vec<OperationView>) {
        let before = self.operations.interrupted(&self.session.context).map(|view| view.id.clone()).collect::<Vec<_>>();
        self.operations.known(views);
        let new = self.operations.interrupted(&self.session.context).find(|view| !before.contains(&view.id));
        let Some(view) = new else { return };
        let text = format!(
            "{} {} interrupted at step {} of {}",
            view.verb,
            view.target.path(),
            (view.step + 1).min(view.steps.len()),
            view.steps.len()
        );
        let key = |places: &[Where], action| self.session.keymap.key(places, action).map(|key| key.to_string());
        let open = key(&[Where::Everywhere], Action::Operations).unwrap_or_else(|| ":operations".into());
        let resume = key(&[Where::Operations], Action::Resume).unwrap_or_else(|| ":resume".into());
        let hint = format!("{open} shows it, {resume} resumes it");
        self.notice = Some(Notice::error(text).hint(hint));
    }

    /// Says when the connection is lost and when it is back: what is shown in between is marked, but what changed meanwhile is
    /// not known until then.
    fn watch_connection(&mut self, rows: &Rows, now: Timestamp) {
        match (self.stale, freshness::stale(rows)) {
            (None, Some((since, why))) => {
                self.stale = Some(since);
                let text = format!("{GONE}{why}");
                self.notice = Some(Notice::error(text));
            }
            // The first failure is rarely the most telling one: that it broke, and then that nobody is there.
            (Some(_), Some((_, why))) => {
                let text = format!("{GONE}{why}");
                if let Some(notice) = self.notice.as_mut().filter(|n| n.text.starts_with(GONE) && n.text != text) {
                    notice.text = text;
                }
            }
            (Some(since), None) => {
                self.stale = None;
                self.tell(Level::Information, format!("connected again; nothing was heard for {}", age(since, now)));
            }
            _ => {}
        }
    }

    fn not_inspected(&mut self, object: ObjectRef, why: String, now: Timestamp) {
        let again = now + AGAIN;
        self.uninspected = Some((object, why, again));
    }

    /// Tells how an operation ended, where the operator is looking at something else.
    fn ended(&mut self, id: &OperationId, outcome: Outcome) {
        let Some(view) = self.operations.get(id).filter(|_| !self.shows_operation(id)) else {
            return;
        };
        let message = view.message.as_deref().unwrap_or_default();
        let text = format!("{} {} {}: {message}", view.verb, view.target.path(), view.state);
        self.tell(if outcome == Outcome::Done { Level::Information } else { Level::Warning }, text);
    }

    /// Whether the screen on top tells how an operation stands.
    fn shows_operation(&self, id: &OperationId) -> bool {
        match self.screen() {
            Screen::Operation(shown) => shown == id,
            Screen::Together => self.together.plans.contains_key(id),
            _ => false,
        }
    }

    /// Opens the filter's line, with what it says now.
    pub(super) fn start_filter(&mut self) {
        let text = match self.screen() {
            Screen::Workload(_) => Some(self.dossier.search.clone()),
            _ => self.list().map(|list| list.look().filter.clone()),
        };
        self.filtering = text.map(Input::new);
    }

    /// Sets the filter of whatever is filtered on the screen on top.
    fn set_filter(&mut self, text: String) {
        if matches!(self.screen(), Screen::Workload(_)) {
            self.dossier.search = text;
            self.scroll = 0;
        } else if let Some(list) = self.list() {
            list.set_filter(text);
        }
    }

    /// Tells something in one line.
    pub(super) fn tell(&mut self, level: Level, text: impl Into<String>) {
        self.notice = Some(Notice { level, text: text.into(), hint: None });
    }
}

fn sentence(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{}; {hint}", failure.message),
        None => failure.message.clone(),
    }
}
