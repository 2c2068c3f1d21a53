//! Golden frames: every screen at three sizes, without colour, from one believable moment.

mod fixture;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fixture::{journaled, migration_view, now, rollback_plan, rows, session, shift_view};
use pilothouse::{
    model::{Change, Kind, Rows, Sync},
    ui::{self, Effect, Failure, Message, Session, State},
};
use ratatui::{Terminal, backend::TestBackend};
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Presses keys written as in `keys.toml`, blanks between them.
fn press(state: &mut State, rows: &Rows, keys: &str) -> Vec<Effect> {
    keys.split(' ').flat_map(|key| state.update(Message::Key(event(key)), rows, now())).collect()
}

fn event(key: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match key {
        "enter" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        key => plain(KeyCode::Char(key.chars().next().unwrap())),
    }
}

fn open(session: Session, rows: &Rows, size: (u16, u16)) -> State {
    let mut state = State::new(session, size);
    state.update(Message::RowsChanged, rows, now());
    state
}

fn frame(state: &State, rows: &Rows, size: (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| ui::draw(state, rows, frame, now())).unwrap();
    let buffer = terminal.backend().buffer();
    let lines: Vec<String> = buffer
        .content
        .chunks(size.0.into())
        .map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Compares the frames of one screen at every size.
fn golden(name: &str, session: impl Fn() -> Session, rows: &Rows, prepare: impl Fn(&mut State)) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for size in SIZES {
            let mut state = open(session(), rows, size);
            prepare(&mut state);
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), frame(&state, rows, size));
        }
    });
}

fn plain() -> Session {
    session(false, false)
}

fn planned(state: &mut State, rows: &Rows) {
    let effects = press(state, rows, "r");
    let [Effect::Gather { ticket, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    state.update(Message::Planned { ticket: *ticket, result: Ok(Arc::new(rollback_plan())) }, rows, now());
}

#[test]
fn cockpit() {
    let rows = rows();
    golden(
        "cockpit",
        || session(true, false),
        &rows,
        |state| {
            state.update(Message::Started(Ok(Box::new(shift_view()))), &rows, now());
            press(state, &rows, "esc");
        },
    );
}

#[test]
fn cockpit_filtered_with_namespaces() {
    let rows = rows();
    golden("cockpit-filtered", plain, &rows, |state| {
        press(state, &rows, "/ c h k enter tab");
    });
}

#[test]
fn cockpit_loading() {
    let rows = Rows::default();
    golden("cockpit-loading", plain, &rows, |_| {});
}

#[test]
fn cockpit_stale_and_forbidden() {
    let mut rows = rows();
    let why = "connection refused".to_owned();
    let stale = |kind| Change::Sync(kind, None, Sync::Stale { since: fixture::ago(34), why: why.clone() });
    let forbidden = Sync::Forbidden { why: "User \"ana\" cannot list resource \"daemonsets\"".into() };
    rows.apply(
        vec![stale(Kind::Deployment), stale(Kind::StatefulSet), Change::Sync(Kind::DaemonSet, None, forbidden)],
        now(),
    );
    golden("cockpit-stale", || session(true, true), &rows, |_| {});
}

#[test]
fn workload() {
    let rows = rows();
    golden("workload", plain, &rows, |state| {
        press(state, &rows, "enter");
    });
}

#[test]
fn plan() {
    let rows = rows();
    golden("plan", plain, &rows, |state| planned(state, &rows));
    golden(
        "plan-protected",
        || session(true, false),
        &rows,
        |state| {
            planned(state, &rows);
            press(state, &rows, "c h e c enter");
        },
    );
    golden("plan-diff", plain, &rows, |state| {
        planned(state, &rows);
        press(state, &rows, "d");
    });
}

#[test]
fn routes_jobs_and_operations() {
    let rows = rows();
    golden("routes", plain, &rows, |state| {
        press(state, &rows, ": r o u t e s enter");
    });
    golden("jobs", plain, &rows, |state| {
        press(state, &rows, ": j o b s enter");
    });
    golden("operations", plain, &rows, |state| {
        state.update(Message::Operations(journaled()), &rows, now());
        press(state, &rows, ": o p e r enter");
    });
}

#[test]
fn operation() {
    let rows = rows();
    golden("operation-shift", plain, &rows, |state| {
        state.update(Message::Started(Ok(Box::new(shift_view()))), &rows, now());
    });
    golden("operation-migrate", plain, &rows, |state| {
        state.update(Message::Started(Ok(Box::new(migration_view()))), &rows, now());
    });
}

#[test]
fn forms() {
    let rows = rows();
    golden("form-shift", plain, &rows, |state| {
        press(state, &rows, "t");
    });
    golden("form-bump", plain, &rows, |state| {
        press(state, &rows, "b");
    });
    golden("form-migrate", plain, &rows, |state| {
        press(state, &rows, "m enter");
    });
}

#[test]
fn layers() {
    let rows = rows();
    golden("help", plain, &rows, |state| {
        press(state, &rows, "?");
    });
    golden("palette", plain, &rows, |state| {
        press(state, &rows, ":");
    });
    golden("quit", plain, &rows, |state| {
        state.update(Message::Started(Ok(Box::new(shift_view()))), &rows, now());
        press(state, &rows, "q");
    });
    golden("failure", plain, &rows, |state| {
        let failure = Failure {
            title: "Roll back shop/checkout".into(),
            message: "no earlier revision is known good".into(),
            hint: Some("choose one, or give --to-revision".into()),
            choices: [40, 39, 37]
                .map(|revision| ui::Choice {
                    label: format!("revision {revision}"),
                    detail: format!("2.4.0, ran {} days, nothing tells whether it worked", 41 - revision),
                    intent: pilothouse::model::Intent::Rollback {
                        target: fixture::deployment("shop", "checkout"),
                        revision: Some(revision),
                    },
                })
                .to_vec(),
        };
        state.update(Message::Failed(failure), &rows, now());
    });
}

#[test]
fn no_size_is_too_small() {
    let rows = rows();
    let screens: [fn(&mut State, &Rows); 9] = [
        |_, _| {},
        |state, rows| planned(state, rows),
        |state, rows| drop(press(state, rows, "enter")),
        |state, rows| drop(press(state, rows, "t")),
        |state, rows| drop(press(state, rows, "?")),
        |state, rows| drop(press(state, rows, ":")),
        |state, rows| drop(press(state, rows, "/ x")),
        |state, rows| drop(state.update(Message::Started(Ok(Box::new(migration_view()))), rows, now())),
        |state, rows| {
            state.update(Message::Started(Ok(Box::new(shift_view()))), rows, now());
            press(state, rows, "q");
        },
    ];
    let sizes = (1..=24).flat_map(|height| [1, 2, 3, 5, 9, 14, 20, 33, 47, 80].map(|width| (width, height)));
    for size in sizes {
        for prepare in screens {
            let mut state = open(session(true, false), &rows, size);
            prepare(&mut state, &rows);
            let text = frame(&state, &rows, size);
            assert!(size.0 < 5 || !text.trim().is_empty(), "{size:?} shows nothing");
        }
    }
}
