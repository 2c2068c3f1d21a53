//! The event loop: keys, rows, answers and time come in; frames and effects go out.
//!
//! Frames are drawn when something changed, at most [`FRAMES`] a second; at rest nothing is drawn but the clock. Rows are taken in
//! at most [`INTAKES`] times a second, however many watches speak; a key is answered before them, and at once.

use super::{clipboard, effects::Hands, session::Session, signals, terminal::Screen};
use crate::{
    model::{Batch, Rows, Sync},
    observe::{self, Scope},
    ui::{self, Effect, Message, Quit, State},
};
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::StreamExt;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// Frames a second at most.
const FRAMES: u32 = 60;

/// The time between two frames where a key waits for the second: shorter, as somebody looks.
const ANSWER: Duration = Duration::from_millis(5);

/// How often a second rows are taken in at most: a cluster in motion is read, not raced after.
const INTAKES: u32 = 20;

/// Batches and messages that may wait: enough to ride out a slow terminal, not enough to hide one.
const BACKLOG: usize = 256;

struct Cockpit {
    state: State,
    rows: Rows,
    screen: Screen,
    hands: Hands,
    /// Operations whose end is awaited before the program ends; None while it goes on.
    ending: Option<Vec<crate::model::OperationId>>,
    dirty: bool,
    /// Whether the terminal is gone, so that there is nothing to read from and nothing to draw on.
    blind: bool,
}

/// Runs until the operator leaves.
///
/// # Errors
/// When the terminal fails.
pub async fn run(session: Session, scope: Scope) -> io::Result<()> {
    let session = Arc::new(session);
    let (batches, mut arriving) = mpsc::channel::<Batch>(BACKLOG);
    let (inbox, mut messages) = mpsc::channel::<Message>(BACKLOG);
    let _watches = observe::watch(&session.cluster, scope, rand::random(), batches.clone());
    let screen = Screen::take(session.config.terminal.mouse)?;
    let size = screen.terminal.size()?;
    let mut cockpit = Cockpit {
        state: State::new(session.screen(), (size.width, size.height)),
        rows: Rows::default(),
        screen,
        hands: Hands::new(Arc::clone(&session), inbox, batches),
        ending: None,
        dirty: true,
        blind: false,
    };
    for complaint in &session.complaints {
        cockpit.tell(Message::Notice(ui::Notice::warning(complaint.to_string())));
    }
    let mut keys = EventStream::new();
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked_to_end = std::pin::pin!(signals::interruption());
    let (mut last_frame, mut next_frame) = (Instant::now(), Instant::now());
    let mut next_intake = Instant::now();
    while !cockpit.is_over() {
        tokio::select! {
            biased;
            () = &mut asked_to_end, if cockpit.ending.is_none() => cockpit.leave(),
            event = keys.next(), if !cockpit.blind => match event {
                Some(Ok(event)) => {
                    cockpit.terminal_event(event)?;
                    next_frame = next_frame.min(last_frame + ANSWER);
                }
                // The terminal is gone: what runs is left where it stands, resumable.
                Some(Err(_)) | None => cockpit.go_blind(),
            },
            () = sleep_until(next_frame), if cockpit.dirty && !cockpit.blind => {
                if cockpit.draw().is_err() {
                    cockpit.go_blind();
                }
                last_frame = Instant::now();
                next_frame = last_frame + Duration::from_secs(1) / FRAMES;
            }
            Some(message) = messages.recv() => cockpit.tell(message),
            _ = second.tick() => {
                if super::terminal::is_given_up() && !cockpit.blind {
                    cockpit.go_blind();
                }
                cockpit.hands.look_at_journals();
                cockpit.tell(Message::Tick);
            }
            Some(batch) = next(&mut arriving, next_intake) => {
                cockpit.take(batch);
                while let Ok(batch) = arriving.try_recv() {
                    cockpit.take(batch);
                }
                cockpit.tell(Message::RowsChanged);
                // What is still loading is waited for.
                let loading = cockpit.rows.syncs().any(|(_, _, sync)| *sync == Sync::Loading);
                next_intake = Instant::now() + if loading { Duration::ZERO } else { Duration::from_secs(1) / INTAKES };
            }
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
async fn next(arriving: &mut mpsc::Receiver<Batch>, from: Instant) -> Option<Batch> {
    sleep_until(from).await;
    arriving.recv().await
}

impl Cockpit {
    fn take(&mut self, batch: Batch) {
        self.rows.apply(batch, self.hands.now());
    }

    fn tell(&mut self, message: Message) {
        if let (Some(ending), Message::Operation(id, crate::model::Progress::Result { .. })) =
            (&mut self.ending, &message)
        {
            ending.retain(|waiting| waiting != id);
        }
        let effects = self.state.update(message, &self.rows, self.hands.now());
        self.hands.queue(effects);
        self.dirty = true;
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
                Effect::Copy { what, text } => self.copy(&what, &text)?,
                Effect::Redraw => self.screen.clear()?,
                Effect::Suspend => {
                    self.screen.suspend();
                    signals::stop_this_process();
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
                other => self.hands.carry_out(other),
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
            ui::Notice::information(format!("{what} to the terminal's clipboard: {first}{lines}"))
        } else {
            ui::Notice::warning(format!("the {what} is too long for a terminal's clipboard")).hint("save it instead")
        };
        self.tell(Message::Notice(notice));
        Ok(())
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
        let (state, rows, now) = (&self.state, &self.rows, self.hands.now());
        self.screen.terminal.draw(|frame| ui::draw(state, rows, frame, now))?;
        self.dirty = false;
        Ok(())
    }
}
