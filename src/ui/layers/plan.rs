//! The plan sheet: the one sheet that shows every plan. Nothing has changed while it is open.
//!
//! `esc` is always safe. `enter` asks for the plan to be run; in a protected context the target's name is typed first. Whether
//! it may run is the guard's decision: what is refused here is only what the operator can be spared.

use super::{Reply, Then, planning::verb};
use crate::{
    config::{Action, Chord, Meaning, Where},
    model::{Durability, Plan, Precondition, Risk},
    ui::{
        copy, input, layout,
        message::{Effect, Ticket},
        page::{Page, Piece, scrolled},
        scene::Scene,
        session::Session,
    },
};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};
use std::sync::Arc;
use tui_input::Input;

/// A plan to read, save and confirm.
#[derive(Clone, Debug)]
pub struct PlanSheet {
    plan: Arc<Plan>,
    diff: bool,
    scroll: usize,
    typed: Input,
    error: Option<String>,
    starting: bool,
    /// The reason while it is typed.
    reason: Option<Input>,
    /// Whether the reason that is typed overrides the team's rules.
    overriding: bool,
    /// Whether it is one of several that are confirmed elsewhere, and only read here.
    reading: bool,
    /// The request that it answers, to which more may come.
    ticket: Option<Ticket>,
    /// What is new since it was opened.
    news: Option<String>,
}

const PLACES: [Where; 3] = [Where::Plan, Where::Moving, Where::Everywhere];
/// Lines of a diff shown beneath a plan before it is asked for at full size.
const PREVIEW: usize = 14;

impl PlanSheet {
    /// The sheet of this plan.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            diff: false,
            scroll: 0,
            typed: Input::default(),
            error: None,
            starting: false,
            reason: None,
            overriding: false,
            reading: false,
            ticket: None,
            news: None,
        }
    }

    /// The sheet of a plan that answers this request.
    pub fn answering(ticket: Ticket, plan: Arc<Plan>) -> Self {
        Self { ticket: Some(ticket), ..Self::new(plan) }
    }

    /// Whether it answers this request.
    pub fn answers(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }

    /// Shows what came since; what was confirmed stays what was shown then.
    pub fn renew(&mut self, plan: Arc<Plan>) {
        if self.starting {
            return;
        }
        let known: Vec<&str> = self.plan.steps.iter().map(|step| step.detail.as_str()).collect();
        let new = plan.steps.iter().filter(|step| !known.contains(&step.detail.as_str()));
        let new: Vec<&str> = new.map(|step| step.step.as_str()).collect();
        self.news = Some(match new.is_empty() {
            true => "Git was read: what it says is above".into(),
            false => format!("Git was read: new is {}", new.join(", ")),
        });
        self.plan = plan;
    }

    /// The sheet of a plan that is only read.
    pub fn to_read(plan: Arc<Plan>) -> Self {
        Self { reading: true, ..Self::new(plan) }
    }

    /// The guard or the cluster refused: says so, and the plan can be read or tried again.
    pub fn refused(&mut self, why: String) {
        (self.starting, self.error) = (false, Some(why));
    }

    /// Whether it has been confirmed and is about to begin.
    pub const fn is_starting(&self) -> bool {
        self.starting
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session, size: Size) -> Reply {
        let chord = Chord::of(key);
        if self.starting {
            return Reply::Unknown;
        }
        if self.reason.is_some() {
            return self.type_reason(key);
        }
        // Keys that type or delete belong to the name; while nothing is typed there is nothing to delete.
        let deletes = !self.typed.value().is_empty()
            && (key.code == KeyCode::Backspace || ["ctrl-u", "ctrl-w"].iter().any(|c| c.parse() == Ok(chord)));
        let types = self.asks(session) && (chord.typed().is_some() || deletes);
        if types && input::press(&mut self.typed, key) {
            self.error = None;
            return Reply::Stay;
        }
        let half = isize::try_from(room(self.asks(session), size).height / 2).unwrap_or(1);
        let action = session.keymap.action(&PLACES, chord);
        match action.or((key.code == KeyCode::Tab).then_some(Action::Diff)) {
            Some(Action::Run) if self.reading => return Reply::Close(Then::Nothing),
            Some(Action::Reason | Action::Override) if self.reading => {}
            Some(Action::Run) => return self.run(session),
            Some(Action::Back | Action::Quit) => return Reply::Close(Then::Nothing),
            Some(Action::Diff) => (self.diff, self.scroll) = (!self.diff, 0),
            Some(Action::Reason) => self.ask_why(self.plan.policy.as_ref().is_some_and(|ruling| ruling.overridden)),
            Some(Action::Override) if self.plan.is_refused_by_policy_only() => self.ask_why(true),
            Some(Action::Override) => self.error = Some("no rule of the team is all that keeps it from running".into()),
            Some(Action::Copy) => return Reply::Do(vec![copy::effect("plan", copy::plan_as_text(&self.plan))]),
            Some(Action::Save) => return Reply::Do(vec![Effect::SavePlan(self.plan.clone())]),
            Some(Action::Up) => self.scroll(-1, session, size),
            Some(Action::Down) => self.scroll(1, session, size),
            Some(Action::HalfPageUp) => self.scroll(-half, session, size),
            Some(Action::HalfPageDown) => self.scroll(half, session, size),
            Some(Action::Top) => self.scroll = 0,
            Some(Action::Bottom) => self.scroll(isize::MAX, session, size),
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    fn ask_why(&mut self, overriding: bool) {
        self.reason = Some(Input::new(self.plan.why.clone().unwrap_or_default()));
        (self.overriding, self.error) = (overriding, None);
    }

    /// Takes a key while the reason is typed. The reason is part of the plan, and of a commit's message, so it is planned anew.
    fn type_reason(&mut self, key: KeyEvent) -> Reply {
        let Some(reason) = &mut self.reason else { return Reply::Unknown };
        match key.code {
            KeyCode::Esc => self.reason = None,
            KeyCode::Enter => {
                let why = Some(reason.value().trim().to_owned()).filter(|why| !why.is_empty());
                if self.overriding {
                    let Some(why) = why else {
                        self.error = Some("overriding the team's rules takes a reason".into());
                        return Reply::Stay;
                    };
                    self.reason = None;
                    return Reply::Override(self.plan.intent.clone(), why);
                }
                self.reason = None;
                if why != self.plan.why {
                    return Reply::Ask(self.plan.intent.clone(), why);
                }
            }
            _ => {
                input::press(reason, key);
                self.error = None;
            }
        }
        Reply::Stay
    }

    /// Types pasted text where the reason or the name is asked for.
    pub fn paste(&mut self, text: &str) {
        input::paste(self.reason.as_mut().unwrap_or(&mut self.typed), text);
    }

    /// Scrolls by so many lines.
    pub fn scroll(&mut self, rows: isize, session: &Session, size: Size) {
        let inside = room(self.asks(session), size);
        self.scroll = scrolled(self.scroll, rows, self.page(inside.width).last_scroll(inside.height));
    }

    fn run(&mut self, session: &Session) -> Reply {
        let name = &*self.plan.target.name;
        let typed = self.typed.value().trim();
        if let Some(refusal) = self.refusal(session) {
            self.error = Some(refusal);
            return Reply::Stay;
        }
        let asks = self.asks(session);
        if asks && typed != name {
            self.error = Some(match typed {
                "" if session.protected => format!("type {name} first: this context is protected"),
                "" => format!("type {name} first: the team's rules ask for it"),
                other => format!("`{other}` is not `{name}`"),
            });
            return Reply::Stay;
        }
        self.starting = true;
        let typed = asks.then(|| typed.to_owned());
        Reply::Do(vec![Effect::Confirm { plan: self.plan.clone(), typed }])
    }

    /// Whether a name is to be typed in this session.
    fn asks(&self, session: &Session) -> bool {
        (session.protected || self.plan.asks_name()) && !session.read_only && !self.reading
    }

    /// Why this plan cannot run at all.
    fn refusal(&self, session: &Session) -> Option<String> {
        if self.plan.is_refused_by_policy_only() {
            let key = if self.asks(session) { "ctrl-o" } else { "o" };
            return Some(format!("the team's rules refuse it; {key} overrides them, with a reason"));
        }
        if let Some(blocked) = self.plan.blocked_by().next() {
            return Some(format!("cannot run: {}: {}", blocked.what, blocked.detail));
        }
        if self.plan.is_empty() {
            return Some("there is nothing to do".into());
        }
        session.read_only.then(|| "READ-ONLY: this plan can be read and saved, not run".into())
    }

    fn page(&self, width: u16) -> Page {
        let mut page = Page::new(width);
        if self.diff {
            diff(&mut page, &self.plan.diff, usize::MAX);
            return page;
        }
        let plan = &self.plan;
        for (at, reason) in plan.reasons.iter().enumerate() {
            page.labelled(if at == 0 { "why" } else { "" }, Meaning::Text, reason);
        }
        if let Some(why) = &plan.why {
            page.labelled("reason", Meaning::Text, why);
        }
        match &plan.durability {
            Durability::Sticks => page.labelled("sticks", Meaning::Healthy, "yes: nothing known would undo it"),
            Durability::Reverted(how) => page.labelled("sticks", Meaning::Warning, &format!("no: {how}")),
            Durability::Unknown(why) => page.labelled("sticks", Meaning::Warning, &format!("not known: {why}")),
        }
        // What does not hold or deserves a second look comes before what happens, so that no fold hides it.
        checks(&mut page, plan.preconditions.iter().filter(|check| !check.ok));
        page.blank();
        let word = plan.steps.iter().map(|step| step.step.len()).max().unwrap_or(0);
        for (at, step) in plan.steps.iter().enumerate() {
            let number = (Meaning::Muted, format!("{:>2} ", at + 1));
            let pieces = vec![number, (Meaning::Title, format!("{:<word$}  ", step.step))];
            page.hanging(pieces, Meaning::Text, &step.detail);
        }
        page.blank();
        checks(&mut page, plan.preconditions.iter().filter(|check| check.ok));
        page.blank();
        diff(&mut page, &plan.diff, PREVIEW);
        page
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, whole: Rect) {
        let plan = &self.plan;
        let title = format!("{} {}  {}", verb(plan.verb), plan.target.path(), plan.summary);
        let session = &scene.state.session;
        let room = room(self.asks(session), scene.state.size);
        let page = self.page(room.width);
        let foot = foot(self.asks(session));
        let height = (page.len() as u16).clamp(6, room.height.max(6)) + 2 + foot;
        let inside = scene.sheet(buffer, whole, (room.width + 4, height), &title);
        let risk = match plan.risk {
            Risk::Low => Meaning::Healthy,
            Risk::Medium => Meaning::Warning,
            Risk::High => Meaning::Broken,
        };
        // The risk stays in sight whatever the title says.
        let corner = Rect { y: inside.y.saturating_sub(1), ..inside };
        let text = format!(" risk: {} ", plan.risk);
        scene.pen(buffer, corner, 0).at_right(text.len()).write(&text, risk);
        let body = Rect { height: inside.height.saturating_sub(foot), ..inside };
        page.draw(scene, buffer, body, self.scroll);
        self.foot(scene, buffer, inside);
    }

    /// The last lines: what is to be known, what is to be typed, and the keys.
    fn foot(&self, scene: &Scene<'_>, buffer: &mut Buffer, inside: Rect) {
        let session = &scene.state.session;
        let asks = self.asks(session);
        let Some(first) = inside.height.checked_sub(foot(asks) - 1) else { return };
        let at = Rect { y: inside.y + first, height: 1, ..inside };
        let refusal = self.refusal(session);
        if let Some(reason) = self.reason.as_ref().filter(|_| self.error.is_none()) {
            let mut pen = scene.pen(buffer, at, 0);
            pen.write(if self.overriding { "override because " } else { "why " }, Meaning::Key);
            let (x, y) = pen.position();
            input::draw(scene, buffer, Rect { x, y, width: at.right().saturating_sub(x), height: 1 }, reason);
        } else if self.starting {
            scene.pen(buffer, at, 0).write("◐ asking the guard, then it begins…", Meaning::Progressing);
        } else if let Some(error) = &self.error {
            scene.pen(buffer, at, 0).write("✗ ", Meaning::Broken).write(error, Meaning::Broken);
        } else if let Some(refusal) = &refusal {
            scene.pen(buffer, at, 0).write("✗ ", Meaning::Warning).write(refusal, Meaning::Warning);
        } else {
            let mut pen = scene.pen(buffer, at, 0);
            match &self.news {
                Some(news) => pen.write("● ", Meaning::Warning).write(news, Meaning::Text),
                None if self.plan.awaits_git() => {
                    pen.write("◐ reading Git; it may be begun without", Meaning::Progressing)
                }
                None => pen.write("nothing has changed yet", Meaning::Muted),
            };
        }
        let mut keys = Rect { y: at.y + 1, ..at };
        if asks {
            let why = if session.protected { "PROTECTED: " } else { "THE TEAM'S RULES: " };
            let prompt = format!("{why}type {} to confirm ", self.plan.target.name);
            let mut pen = scene.pen(buffer, keys, 0);
            pen.write(&prompt, if refusal.is_some() { Meaning::Muted } else { Meaning::Warning });
            let (x, y) = pen.position();
            let typing = Rect { x, y, width: keys.right().saturating_sub(x), height: 1 };
            input::draw(scene, buffer, typing, &self.typed);
            keys.y += 1;
        }
        let (diff, reason) = if asks { ("tab", "ctrl-r") } else { ("d", "w") };
        let run = if refusal.is_some() { Meaning::Muted } else { Meaning::Key };
        let policy = self.plan.is_refused_by_policy_only();
        let hints: &[(&str, &str, Meaning)] = &match self.reason {
            None if self.reading => vec![
                ("esc", " back to the others", Meaning::Key),
                ("ctrl-s", " save", Meaning::Key),
                (diff, if self.diff { " plan" } else { " diff" }, Meaning::Key),
            ],
            Some(_) => vec![("enter", " plan with this reason", Meaning::Key), ("esc", " leave it", Meaning::Key)],
            None if policy => vec![
                (if asks { "ctrl-o" } else { "o" }, " override", Meaning::Key),
                ("esc", " cancel", Meaning::Key),
                (reason, " say why", Meaning::Key),
                ("ctrl-s", " save", Meaning::Key),
                (diff, if self.diff { " plan" } else { " diff" }, Meaning::Key),
            ],
            None => vec![
                ("enter", " run", run),
                ("esc", " cancel", Meaning::Key),
                (reason, " say why", Meaning::Key),
                ("ctrl-s", " save", Meaning::Key),
                (diff, if self.diff { " plan" } else { " diff" }, Meaning::Key),
            ],
        };
        let width: usize = hints.iter().map(|(key, text, _)| key.len() + text.len() + 3).sum::<usize>() - 3;
        let mut pen = scene.pen(buffer, keys, 0);
        pen.at_right(width);
        for &(key, text, meaning) in hints {
            pen.write(key, meaning).write(text, Meaning::Muted).skip(3);
        }
    }
}

/// What was checked, a line each.
fn checks<'p>(page: &mut Page, checks: impl Iterator<Item = &'p Precondition>) {
    for (at, check) in checks.enumerate() {
        if at == 0 {
            page.blank();
        }
        let (glyph, meaning) = match (check.ok, check.warning) {
            (true, _) => ("✓", Meaning::Healthy),
            (false, true) => ("!", Meaning::Warning),
            (false, false) => ("✗", Meaning::Broken),
        };
        let what = if check.ok { Meaning::Muted } else { Meaning::Text };
        let pieces: Vec<Piece> = vec![(meaning, format!(" {glyph} ")), (what, format!("{}  ", check.what))];
        page.hanging(pieces, Meaning::Muted, &check.detail);
    }
}

/// Lines below the plan: a blank one, what is to be known, what is to be typed, the keys.
const fn foot(asks: bool) -> u16 {
    if asks { 4 } else { 3 }
}

/// The room for a plan's lines on a terminal of this size.
fn room(asks: bool, size: Size) -> Rect {
    let whole = layout::below_header(size);
    let width = whole.width.min(120).saturating_sub(4);
    Rect::new(0, 0, width, whole.height.saturating_sub(2 + foot(asks)))
}

/// A unified diff, each line by what it does.
fn diff(page: &mut Page, text: &str, most: usize) {
    for line in text.lines().take(most) {
        let meaning = match line.as_bytes().first() {
            Some(b'+') => Meaning::Added,
            Some(b'-') => Meaning::Removed,
            Some(b'@') => Meaning::Muted,
            _ => Meaning::Text,
        };
        page.line(vec![(meaning, line.replace('\t', "    "))]);
    }
    let hidden = text.lines().count().saturating_sub(most);
    if hidden > 0 {
        page.line(vec![(Meaning::Muted, format!("… {hidden} more lines of the diff"))]);
    }
}
