//! What an operator does with any table: verbs on marked rows, verbs that do not fit, widths of columns, files.

mod fixture;

use crossterm::event::{MouseButton, MouseEventKind};
use fixture::{kinds, robot::Robot, rows, session};
use pilothouse::{
    config::Views,
    model::{Intent, ObjectRef},
    ui::Effect,
};
use std::path::Path;

fn operator(size: (u16, u16)) -> Robot {
    Robot::new(session(false, false), rows(), size)
}

fn asked(effects: &[Effect]) -> Option<&ObjectRef> {
    effects.iter().find_map(|effect| match effect {
        Effect::Gather { intent: Intent::Restart { target }, .. } => Some(target),
        _ => None,
    })
}

#[test]
fn a_verb_means_what_is_marked_and_asks_where_several_are() {
    let mut robot = operator((120, 40));
    robot.press("j space g");
    let selected = robot.selected();
    assert!(selected.contains("shop/checkout"), "{selected}");
    let effects = robot.press("R");
    assert_eq!(
        asked(&effects).map(|object| &*object.name),
        Some("search-indexer"),
        "the marked one, not the selected one"
    );
    robot.press("esc space");
    assert_eq!(robot.press("R"), [], "nothing happens to one of several in silence");
    assert!(robot.sees("restart one of 2 marked") && robot.sees("It takes one at a time."), "{}", robot.screen());
    let effects = robot.press("j enter");
    assert_eq!(asked(&effects).map(|object| &*object.name), Some("search-indexer"));
    robot.press("esc");
    assert!(robot.sees("*2 marked"));
    robot.press("b enter");
    assert!(robot.sees("Bump shop/checkout") || robot.sees("shop/checkout"), "{}", robot.screen());
    robot.press("esc U");
    assert_eq!(asked(&robot.press("R")).map(|object| &*object.name), Some("search-indexer"), "the selected one again");
}

#[test]
fn a_mark_that_a_filter_hides_still_counts_and_is_named() {
    let mut robot = operator((120, 40));
    robot.press("space / l e d g e r enter");
    assert!(robot.selected().contains("payments/ledger"));
    let effects = robot.press("R");
    assert_eq!(asked(&effects).map(|object| &*object.name), Some("checkout"));
    assert!(robot.sees("shop/checkout"), "the sheet says whom it is about");
}

#[test]
fn a_verb_that_does_not_fit_the_kind_says_why() {
    let mut robot = Robot::new(session(false, false), kinds::rollouts(), (200, 60));
    robot.press("/ b a s k e t enter");
    assert!(robot.selected().contains("shop/basket"), "{}", robot.screen());
    assert_eq!(robot.press("R"), []);
    assert!(robot.sees("restart: its own controller brings a new template out, step by step"), "{}", robot.screen());
    let mut robot = Robot::new(session(false, false), kinds::cron_jobs(), (120, 40));
    robot.press(": c r o n j enter");
    assert_eq!(robot.press("r"), []);
    assert!(robot.sees("roll back: a CronJob has no pods that serve"), "{}", robot.screen());
    assert!(robot.sees("r roll back"), "what cannot be done stays visible");
}

/// Where a word stands on the line of the headings of the workload table.
fn column_of(robot: &Robot, word: &str) -> (u16, u16) {
    let screen = robot.screen();
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let headings = line.contains("READY").then_some(line)?;
        Some((headings.split(word).next()?.chars().count() as u16, row as u16))
    });
    found.unwrap_or_else(|| panic!("no heading {word}\n{screen}"))
}

#[test]
fn a_column_is_dragged_by_its_end_and_its_width_is_kept_in_views() {
    let mut robot = operator((200, 60));
    let (ready, row) = column_of(&robot, "READY");
    let (image, _) = column_of(&robot, "IMAGE");
    let edge = image - 1;
    robot.click(edge, row);
    assert!(!robot.sees("by ready"), "the end of a column does not sort");
    robot.mouse(MouseEventKind::Drag(MouseButton::Left), edge - 6, row);
    robot.mouse(MouseEventKind::Up(MouseButton::Left), edge - 6, row);
    assert_eq!(column_of(&robot, "READY").0, ready, "what is before it stays");
    let narrower = column_of(&robot, "IMAGE").0;
    assert!(narrower <= image - 5 && narrower >= image - 7, "{narrower} of {image}");
    robot.mouse(MouseEventKind::Drag(MouseButton::Left), 3, row);
    assert_eq!(column_of(&robot, "IMAGE").0, narrower, "it was let go");
    robot.press(":");
    robot.write("save mine");
    let effects = robot.press("enter");
    let [Effect::KeepView { view: Some(view), .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let width = view.widths["ready"];
    let text = Views::edit(Path::new("views.toml"), "", "mine", Some(view)).unwrap();
    assert!(text.contains(&format!("\"ready\" = {width}")), "{text}");
    robot.click(narrower - 1, row);
    robot.click(narrower - 1, row);
    assert!(column_of(&robot, "IMAGE").0 > narrower, "a double click gives the width back");
}

#[test]
fn widths_are_given_with_keys_too() {
    let mut robot = operator((120, 40));
    let before = column_of(&robot, "READY").0;
    robot.press("W");
    assert!(robot.sees("← → width") && robot.sees("as there is room"), "{}", robot.screen());
    robot.press("k left left enter");
    let name = column_of(&robot, "READY").0;
    assert!(name != before, "{}", robot.screen());
    robot.press("W k backspace enter");
    assert_eq!(column_of(&robot, "READY").0, before);
}

fn exported(effects: Vec<Effect>) -> (String, &'static str, usize, String) {
    match effects.into_iter().next() {
        Some(Effect::SaveTable { name, extension, rows, text }) => (name, extension, rows, text),
        other => panic!("asked for {other:?}"),
    }
}

#[test]
fn a_table_is_exported_as_it_is_shown() {
    let mut robot = operator((120, 40));
    robot.press("/ : b r o k e n enter x");
    assert!(robot.sees("for a spreadsheet") && robot.sees("for a ticket") && robot.sees("for a program"));
    let (name, extension, rows, text) = exported(robot.press("enter"));
    assert_eq!((name.as_str(), extension, rows), ("pilothouse-workloads", "csv", 2));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("health,name,ready,image,rev,changed"), "{text}");
    assert!(lines[1].starts_with("broken,shop/checkout,4/6 crash loop,2.4.0 → 2.4.1,41,7m"), "{text}");
    robot.press("esc j space");
    robot.press(":");
    robot.write("export json");
    let (_, extension, rows, text) = exported(robot.press("enter"));
    assert_eq!((extension, rows), ("json", 1), "what is marked");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[0]["name"], "shop/search-indexer");
    assert_eq!(json[0]["autoscaler"], serde_json::Value::Null);
}

#[test]
fn what_is_folded_away_is_exported_and_headings_are_not() {
    let mut robot = Robot::new(session(false, false), fixture::clients::clients(), (120, 40));
    robot.press(":");
    robot.write("group client");
    robot.press("enter :");
    robot.write("export markdown");
    let (name, extension, rows, text) = exported(robot.press("enter"));
    assert_eq!((name.as_str(), extension, rows), ("pilothouse-namespaces", "md", 14));
    assert!(text.contains("| globex-live |") && !text.contains("no client"), "{text}");
}
