//! The event loop: keys, rows, answers and time come in; frames and effects go out.
//!
//! Frames are drawn when something changed, at most [`FRAMES`] a second; at rest nothing is drawn but the clock. Rows are taken in
//! at most [`INTAKES`] times a second, however many watches speak; a key is answered before them, and at once. While the terminal
//! is lent to a login command everything else goes on: rows are taken in, operations run, nothing is drawn or read.

use super::{
    clipboard,
    effects::Hands,
    fleet::Fleet,
    loan::{Loan, watch_kubeconfig},
    signals::{Interruption, Interruptions},
    terminal::Screen,
};
use crate::{
    connect::kube::{Cluster, ConnectError, KnownContexts},
    model::{Batch, Progress, Rows},
    ui::{self, Effect, Message, Notice, Quit, State},
};
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::{FutureExt as _, StreamExt as _};
use std::{io, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// Frames a second at most.
const FRAMES: u32 = 60;

/// The time between two frames where a key waits for the second: shorter, as somebody looks.
const ANSWER: Duration = Duration::from_millis(5);

/// How often a second rows are taken in at most: a cluster in motion is read, not raced after.
const INTAKES: u32 = 6;

/// Messages that may wait.
const BACKLOG: usize = 256;
/// How often the screen is told how all contexts stand, at most.
const NEWS: Duration = Duration::from_millis(250);

pub(super) struct Cockpit {
    pub(super) state: State,
    pub(super) fleet: Fleet,
    pub(super) hands: Hands,
    pub(super) loan: Option<Loan>,
    /// What the kubeconfig says otherwise than when it was read.
    pub(super) pending: Option<KnownContexts>,
    screen: Screen,
    /// None while the terminal is lent: whoever has it reads the keys.
    keys: Option<EventStream>,
    /// Operations whose end is awaited before the program ends; None while it goes on.
    ending: Option<Vec<crate::model::OperationId>>,
    dirty: bool,
    /// When the screen is told how the contexts stand; None while nothing about them changed.
    news_due: Option<Instant>,
    news_told: Instant,
    /// Whether the terminal is gone, so that there is nothing to read from and nothing to draw on.
    blind: bool,
}

/// Runs until the operator leaves. `together` is whether all contexts are shown first.
///
/// # Errors
/// When the terminal fails.
pub async fn run(mut fleet: Fleet, together: bool) -> io::Result<()> {
    let (inbox, mut messages) = mpsc::channel::<Message>(BACKLOG);
    // One batch of log lines on its way: whoever writes faster than can be shown waits.
    let (logs, mut log_news) = mpsc::channel::<Message>(1);
    let (readings, mut kubeconfig) = mpsc::channel(1);
    if let Some(known) = fleet.known() {
        tokio::spawn(watch_kubeconfig(known.clone(), readings));
    }
    let Some((session, batches)) = fleet.hands() else { return Err(io::Error::other("there is no context to act on")) };
    let mut signals = Interruptions::listen();
    let screen = Screen::take(session.desk.config.terminal.mouse)?;
    let size = screen.terminal.size()?;
    let mut state = State::new(session.screen(), (size.width, size.height));
    if together {
        state.show_fleet();
    }
    let view = fleet.view();
    let mut cockpit = Cockpit {
        state,
        hands: Hands::new(session, inbox, batches, logs),
        fleet,
        loan: None,
        pending: None,
        screen,
        keys: Some(EventStream::new()),
        ending: None,
        dirty: true,
        news_due: None,
        news_told: Instant::now(),
        blind: false,
    };
    cockpit.tell(Message::Fleet(view));
    if let Some((first, others)) = cockpit.fleet.desk().clone().complaints.split_first() {
        let notice = Notice::warning(first.to_string());
        cockpit.tell(Message::Notice(match others.len() {
            0 => notice,
            more => notice.hint(format!("`pilothouse config check` tells {more} more")),
        }));
    }
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last_frame, mut next_frame) = (Instant::now(), Instant::now());
    let mut next_intake = Instant::now();
    while !cockpit.is_over() {
        let draws = cockpit.dirty && !cockpit.blind && cockpit.loan.is_none();
        tokio::select! {
            biased;
            asked = signals.next() => cockpit.interrupted(asked),
            event = next_key(&mut cockpit.keys), if !cockpit.blind => match event {
                Some(Ok(event)) => {
                    cockpit.terminal_event(event)?;
                    next_frame = next_frame.min(last_frame + ANSWER);
                }
                // The terminal is gone: what runs is left where it stands, resumable.
                Some(Err(_)) | None => cockpit.go_blind(),
            },
            result = ended(&mut cockpit.loan) => cockpit.take_back(&result)?,
            () = sleep_until(next_frame), if draws => {
                if cockpit.draw().is_err() {
                    cockpit.go_blind();
                }
                last_frame = Instant::now();
                next_frame = last_frame + Duration::from_secs(1) / FRAMES;
            }
            Some(message) = messages.recv() => cockpit.tell(message),
            Some(reading) = kubeconfig.recv() => cockpit.kubeconfig(reading),
            _ = second.tick() => {
                if super::terminal::is_given_up() && !cockpit.blind {
                    cockpit.go_blind();
                }
                cockpit.hands.look_at_journals();
                cockpit.expect_news();
                cockpit.tell(Message::Tick);
            }
            () = sleep_until(cockpit.news_due.unwrap_or(next_frame)), if cockpit.news_due.is_some() => cockpit.tell_news(),
            Some(batch) = intake(&mut cockpit.fleet, next_intake) => {
                cockpit.take_in(batch);
                // What is still loading is waited for.
                let pause = if cockpit.fleet.is_loading() { Duration::ZERO } else { Duration::from_secs(1) / INTAKES };
                next_intake = Instant::now() + pause;
            }
            Some(message) = log_news.recv() => cockpit.tell(message),
        }
        cockpit.obey()?;
    }
    if super::terminal::is_given_up() {
        return Err(io::Error::other(
            "a part of this program failed, as written above; operations were left as they stand",
        ));
    }
    Ok(())
}

/// The next batch, not before `from`.
async fn intake(fleet: &mut Fleet, from: Instant) -> Option<(u64, Batch)> {
    sleep_until(from).await;
    fleet.next().await
}

/// The next thing the terminal reports; never while it is lent.
async fn next_key(keys: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

/// The end of a loan; never while there is none.
async fn ended(loan: &mut Option<Loan>) -> Result<(), ConnectError> {
    match loan {
        Some(loan) => loan.ended().await,
        None => std::future::pending().await,
    }
}

impl Cockpit {
    pub(super) fn tell(&mut self, message: Message) {
        if let (Some(ending), Message::Operation(id, Progress::Result { .. })) = (&mut self.ending, &message) {
            ending.retain(|waiting| waiting != id);
        }
        let none = Rows::default();
        let rows = self.fleet.rows().unwrap_or(&none);
        let effects = self.state.update(message, rows, self.hands.now());
        self.hands.queue(effects);
        self.dirty = true;
    }

    /// Takes in a batch and all that arrived with it.
    fn take_in(&mut self, first: (u64, Batch)) {
        let mut here = self.fleet.take(first);
        while let Some(Some(batch)) = self.fleet.next().now_or_never() {
            here |= self.fleet.take(batch);
        }
        self.expect_news();
        if here {
            self.tell(Message::RowsChanged);
        }
    }

    /// Sees to it that the screen is told how the contexts stand, soon and not too often.
    pub(super) fn expect_news(&mut self) {
        self.news_due.get_or_insert(self.news_told + NEWS);
    }

    fn tell_news(&mut self) {
        (self.news_due, self.news_told) = (None, Instant::now());
        for view in self.fleet.news() {
            self.tell(Message::Context(Box::new(view)));
        }
    }

    fn terminal_event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.tell(Message::Key(key)),
            Event::Mouse(mouse) => self.tell(Message::Mouse(mouse)),
            Event::Paste(text) => self.tell(Message::Paste(text)),
            Event::Resize(columns, rows) => {
                self.screen.terminal.autoresize()?;
                self.tell(Message::Resize(columns, rows));
            }
            Event::Key(_) | Event::FocusGained | Event::FocusLost => {}
        }
        Ok(())
    }

    /// Carries out what the state asked for; what concerns the screen itself is done here.
    fn obey(&mut self) -> io::Result<()> {
        while let Some(effect) = self.hands.next() {
            match effect {
                Effect::Visible(workloads) => self.fleet.visible(workloads),
                Effect::Copy { what, text } => self.copy(&what, &text)?,
                Effect::Redraw => self.screen.clear()?,
                Effect::Want(kind) => self.fleet.want(kind),
                Effect::Sample => self.fleet.sample(),
                Effect::Suspend => {
                    self.screen.suspend();
                    super::signals::stop_this_process();
                    self.screen.resume()?;
                }
                Effect::Quit(Quit::Now) => self.ending = Some(Vec::new()),
                Effect::Quit(Quit::Leaving(ids)) => self.end_with(ids, crate::model::Control::Leave),
                Effect::Quit(Quit::SteppingBack(ids)) => {
                    let others: Vec<_> = self.hands.running().into_iter().filter(|id| !ids.contains(id)).collect();
                    self.end_with(others.clone(), crate::model::Control::Leave);
                    self.end_with(ids, crate::model::Control::Abort);
                    self.ending.get_or_insert_default().extend(others.into_iter().filter(|id| self.hands.runs(id)));
                }
                Effect::LogIn(context) => self.log_in(&context),
                other => {
                    if let Some(other) = self.between_contexts(other) {
                        self.hands.carry_out(other);
                    }
                }
            }
            self.dirty = true;
        }
        Ok(())
    }

    /// Puts a text on the terminal's clipboard. Whether the terminal took it, it does not say.
    fn copy(&mut self, what: &str, text: &str) -> io::Result<()> {
        let notice = if clipboard::fits(text) {
            clipboard::copy(&mut io::stdout(), text, self.state.terminal().through)?;
            let first: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
            let lines = match text.lines().count() {
                ..=1 => String::new(),
                several => format!(" and {} more lines", several - 1),
            };
            Notice::information(format!("{what} to the terminal's clipboard: {first}{lines}"))
        } else {
            Notice::warning(format!("the {what} is too long for a terminal's clipboard")).hint("save it instead")
        };
        self.tell(Message::Notice(notice));
        Ok(())
    }

    /// Gives the terminal to a login command.
    pub(super) fn lend(&mut self, cluster: Cluster) {
        // Its thread would take the answers that are typed for the command.
        self.keys = None;
        self.screen.suspend();
        self.loan = Some(Loan::to(cluster));
    }

    /// Takes the terminal back, however large it is now.
    fn take_back(&mut self, result: &Result<(), ConnectError>) -> io::Result<()> {
        if let (Some(loan), Err(error)) = (&mut self.loan, result)
            && loan.keep(error)
        {
            return Ok(());
        }
        let context = self.loan.take().map(|loan| loan.context.clone()).unwrap_or_default();
        self.screen.resume()?;
        self.keys = Some(EventStream::new());
        let size = self.screen.terminal.size()?;
        self.tell(Message::Resize(size.width, size.height));
        self.logged_in(&context, result);
        Ok(())
    }

    /// Asked to end. What is typed while a command has the terminal is that command's.
    fn interrupted(&mut self, asked: Interruption) {
        match asked {
            Interruption::Keyboard if self.loan.is_some() => {}
            Interruption::Keyboard | Interruption::End if self.ending.is_none() => self.leave(),
            Interruption::Keyboard | Interruption::End => {}
        }
    }

    /// Ends once these operations have ended or come to rest.
    fn end_with(&mut self, ids: Vec<crate::model::OperationId>, control: crate::model::Control) {
        for id in &ids {
            self.hands.carry_out(Effect::Control(id.clone(), control));
        }
        self.ending = Some(ids.into_iter().filter(|id| self.hands.runs(id)).collect());
    }

    /// Leaves running operations where they stand, resumable, and ends.
    fn leave(&mut self) {
        let running = self.hands.running();
        self.end_with(running, crate::model::Control::Leave);
    }

    fn go_blind(&mut self) {
        self.blind = true;
        if self.ending.is_none() {
            self.leave();
        }
    }

    fn is_over(&self) -> bool {
        self.ending.as_ref().is_some_and(Vec::is_empty)
    }

    fn draw(&mut self) -> io::Result<()> {
        let none = Rows::default();
        let (state, now) = (&self.state, self.hands.now());
        let rows = self.fleet.rows().unwrap_or(&none);
        self.screen.terminal.draw(|frame| ui::draw(state, rows, frame, now))?;
        self.dirty = false;
        Ok(())
    }
}
