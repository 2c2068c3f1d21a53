//! A frame's work is bounded by what is on the screen: ten times the rows cost no more allocations and no more memory.

mod fixture;

use allocation_counter::{AllocationInfo, measure};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fixture::{many, now, session};
use pilothouse::ui::{self, Message, State};
use ratatui::{Terminal, backend::TestBackend};

/// What a frame, and a key that moves the selection, allocate with so many rows on a terminal of this size.
fn costs(rows: usize, size: (u16, u16)) -> [AllocationInfo; 2] {
    let rows = many(rows);
    let mut state = State::new(session(true, false), size);
    state.update(Message::RowsChanged, &rows, now());
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let mut frame = |state: &State| {
        terminal.draw(|frame| ui::draw(state, &rows, frame, now())).unwrap();
    };
    frame(&state);
    let drawing = measure(|| frame(&state));
    let down = Message::Key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE));
    let moving = measure(|| drop(state.update(down, &rows, now())));
    [drawing, moving]
}

#[test]
fn a_frame_costs_what_is_on_the_screen_and_not_what_there_is() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let [few, many] = [costs(1_000, size), costs(10_000, size)];
        for (what, few, many) in [("a frame", &few[0], &many[0]), ("a key", &few[1], &many[1])] {
            let about_the_same = |few: u64, many: u64| many <= few + few / 10 + 16;
            assert!(about_the_same(few.count_total, many.count_total), "{what} at {size:?}: {few:?} and {many:?}");
            assert!(about_the_same(few.bytes_total, many.bytes_total), "{what} at {size:?}: {few:?} and {many:?}");
        }
        let lines = u64::from(size.1);
        let drawn = many[0].count_total;
        assert!(drawn <= 60 * lines, "{drawn} allocations for {lines} lines");
        assert!(drawn > lines / 4, "the counter counts");
    }
}
