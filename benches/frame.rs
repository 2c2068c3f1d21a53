//! What a frame, a filter's key and a change of the rows cost at 10 000 workloads, at three sizes of the terminal.
//!
//! Targets: a frame's work 2 ms, a key of the filter 10 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use pilothouse::ui::{self, Message, State};
use ratatui::{Terminal, backend::TestBackend};
use std::hint::black_box;

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use fixture::{deployment, many, now, session, workload};
use pilothouse::model::Change;

const ROWS: usize = 10_000;

fn key(c: char) -> Message {
    Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn frames(criterion: &mut Criterion) {
    let rows = many(ROWS);
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut state = State::new(session(true, false), size);
        state.update(Message::RowsChanged, &rows, now());
        let Ok(mut terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        criterion.bench_function(&format!("frame {}x{}", size.0, size.1), |bencher| {
            bencher.iter(|| terminal.draw(|frame| ui::draw(&state, &rows, frame, now())).map(black_box).is_ok());
        });
    }
}

fn updates(criterion: &mut Criterion) {
    let mut rows = many(ROWS);
    let mut state = State::new(session(true, false), (200, 60));
    state.update(Message::RowsChanged, &rows, now());
    criterion.bench_function("move the selection", |bencher| {
        bencher.iter(|| black_box(state.update(key('j'), &rows, now())));
    });
    criterion.bench_function("type into the filter", |bencher| {
        state.update(key('/'), &rows, now());
        let mut typed = "service-1 ".chars().cycle();
        bencher.iter(|| typed.next().map(|c| state.update(key(c), &rows, now())));
        state.update(Message::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)), &rows, now());
    });
    let mut revision = 0;
    criterion.bench_function("one row changes", |bencher| {
        bencher.iter(|| {
            revision += 1;
            let row = workload(deployment("team-007", "service-00007"), 3, "1.2.3", revision, 3600);
            rows.apply(vec![Change::Workload(row)], now());
            black_box(state.update(Message::RowsChanged, &rows, now()))
        });
    });
}

criterion_group!(benches, frames, updates);
criterion_main!(benches);
