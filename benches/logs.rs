//! What a frame, a filter's key, a search and a batch of lines cost with 100 000 lines of twenty pods held.
//!
//! Targets: a frame's work 2 ms, a key of the filter 50 ms, a batch of 4 096 lines 10 ms: at 100 000 lines a second they leave
//! three quarters of the time to everything else.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use pilothouse::{
    model::{LogBuffer, LogLine, LogNews, LogSource, LogState, LogVoice, Pattern, clean},
    ui::{self, Effect, Message, State},
};
use ratatui::{Terminal, backend::TestBackend};
use std::hint::black_box;

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use fixture::{now, rows, session};

const LINES: usize = 100_000;
const PODS: usize = 20;

fn key(c: char) -> Message {
    Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn lines(from: usize, count: usize) -> Vec<LogLine> {
    let line = |n: usize| {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_micros(10 * n as i64);
        let text =
            format!("INFO  GET /orders/{n} status=200 duration={}ms user=ana@example.org trace={n:032x}", n % 90);
        let text = clean(text.as_bytes());
        LogLine { source: (n % PODS) as u16, voice: LogVoice::Output, past: false, at, text, cut: 0 }
    };
    (from..from + count).map(line).collect()
}

/// The screen with so many lines.
fn open(size: (u16, u16), count: usize) -> State {
    let rows = rows();
    let mut state = State::new(session(false, false), size);
    state.update(Message::RowsChanged, &rows, now());
    let effects = state.update(key('l'), &rows, now());
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::FollowLogs { ticket, .. } => Some(*ticket),
        _ => None,
    });
    let source = |id: usize| {
        LogNews::Source(LogSource {
            id: id as u16,
            pod: format!("checkout-7d9f8-pod{id:02}").into(),
            container: "checkout".into(),
            init: false,
            revision: None,
            state: LogState::Following,
        })
    };
    let mut news: Vec<LogNews> = (0..PODS).map(source).collect();
    news.push(LogNews::Lines(lines(0, count)));
    state.update(Message::Logs(asked.unwrap_or_default(), news), &rows, now());
    state
}

fn frames(criterion: &mut Criterion) {
    let rows = rows();
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut state = open(size, LINES);
        let Ok(mut terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        let mut frame = |name: &str, state: &State| {
            criterion.bench_function(&format!("{name} {}x{}", size.0, size.1), |bencher| {
                bencher.iter(|| terminal.draw(|frame| ui::draw(state, &rows, frame, now())).map(black_box).is_ok());
            });
        };
        frame("logs: frame", &state);
        for c in "w/orders/99999".chars() {
            state.update(key(c), &rows, now());
        }
        frame("logs: frame, broken lines, one of 100 000 matches", &state);
    }
}

fn updates(criterion: &mut Criterion) {
    let rows = rows();
    let mut state = open((200, 60), LINES);
    criterion.bench_function("logs: move", |bencher| {
        bencher.iter(|| black_box(state.update(key('k'), &rows, now())));
    });
    criterion.bench_function("logs: type into the filter", |bencher| {
        state.update(key('/'), &rows, now());
        let mut typed = "orders 7 ".chars().cycle();
        bencher.iter(|| typed.next().map(|c| state.update(key(c), &rows, now())));
        state.update(Message::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)), &rows, now());
    });
}

fn buffer(criterion: &mut Criterion) {
    let mut full = LogBuffer::default();
    full.add(lines(0, LINES), now(), &|_| true);
    let expression = Pattern::new("/status=5\\d\\d").unwrap_or_default();
    criterion.bench_function("logs: filter 100 000 lines by an expression", |bencher| {
        bencher.iter(|| full.filter(&|line| expression.matches(&line.text)));
    });
    let mut from = LINES;
    criterion.bench_function("logs: take a batch of 4 096 lines while full", |bencher| {
        let batch = || {
            from += 4_096;
            lines(from, 4_096)
        };
        bencher.iter_batched(batch, |batch| full.add(batch, now(), &|_| true), BatchSize::LargeInput);
    });
}

criterion_group!(benches, frames, updates, buffer);
criterion_main!(benches);
