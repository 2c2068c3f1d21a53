//! Saved views at the screen: saved, opened, replaced and removed by name, and what is left of one when things are gone.

mod fixture;

use fixture::{robot::Robot, rows};
use pilothouse::{
    config::{Action, Config, Theme, View, Views},
    model::{Change, Kind, Sync},
    ui::{Effect, Session},
};
use std::path::Path;

/// An operator whose file of views says this.
fn operator(file: &str, size: (u16, u16)) -> Robot {
    let (views, mistakes) = Views::parse(Path::new("views.toml"), file);
    assert_eq!(mistakes, []);
    let config = Config { theme: Theme::monochrome(), views, ..Config::default() };
    Robot::new(Session::new("prod-eu", true, false, jiff::tz::TimeZone::UTC, config), rows(), size)
}

fn command(robot: &mut Robot, text: &str) -> Vec<Effect> {
    robot.press(":");
    robot.write(text);
    robot.press("enter")
}

fn kept(effects: &[Effect]) -> (&str, Option<&View>) {
    match effects {
        [Effect::KeepView { name, view }] => (name, view.as_ref()),
        other => panic!("asked for {other:?}"),
    }
}

const TWO: &str = "[\"unwell in the shop\"]\nscreen = \"workloads\"\nnamespaces = [\"shop\"]\nfilter = \":unwell\"\n\
    sort = \"name\"\nreverse = true\n[nightly]\nscreen = \"jobs\"\n";

#[test]
fn what_is_on_the_screen_is_saved_and_comes_back() {
    let mut robot = operator("", (120, 40));
    command(&mut robot, "ns shop");
    robot.press("/ : u n w e l l enter A A w");
    let before = robot.screen();
    let effects = command(&mut robot, "save  unwell   here");
    let (name, view) = kept(&effects);
    let view = view.cloned().unwrap();
    assert_eq!((name, view.screen, &*view.filter, view.wide), ("unwell here", Action::Workloads, ":unwell", true));
    assert_eq!(view.namespaces, ["shop"]);

    command(&mut robot, "ns all");
    robot.press("/ ctrl-u enter w");
    command(&mut robot, "jobs");
    let effects = command(&mut robot, "view unwell here");
    assert_eq!(effects, [Effect::Scope(vec!["shop".into()])]);
    robot.press("backspace"); // a key that means nothing takes the notice away
    assert_eq!(robot.screen(), before);
}

#[test]
fn a_view_is_replaced_only_by_an_answer_and_removed_by_its_name() {
    let mut robot = operator(TWO, (120, 40));
    assert_eq!(command(&mut robot, "save nightly"), []);
    assert!(robot.sees("There is a view of this name."));
    assert_eq!(robot.press("enter"), [], "the first answer is the safe one");
    command(&mut robot, "save nightly");
    let effects = robot.press("down enter");
    assert_eq!(kept(&effects), ("nightly", Some(&View::of(Action::Workloads))));
    assert_eq!(command(&mut robot, "nightly"), [], "the name alone opens it");
    assert!(robot.sees("view nightly"));
    let effects = command(&mut robot, "forget nightly");
    assert_eq!(kept(&effects), ("nightly", None));
    robot.press(":");
    robot.write("view nightly");
    assert!(robot.sees("no such command"));
}

#[test]
fn the_palette_goes_on_with_the_name_and_offers_no_view_of_what_is_no_table() {
    let mut robot = operator("", (120, 40));
    assert_eq!(command(&mut robot, "save"), []);
    robot.write("mine");
    assert_eq!(kept(&robot.press("enter")).0, "mine");
    robot.press("enter");
    robot.press(":");
    robot.write("save other");
    assert!(robot.sees("no such command"), "{}", robot.screen());
}

#[test]
fn what_is_gone_is_left_out_and_told_but_only_where_it_is_known_to_be_gone() {
    let file = "[old]\nscreen = \"workloads\"\nnamespaces = [\"shop\", \"closed\"]\nsort = \"smell\"\n\
        columns = [\"ready\", \"colour\"]\n[lost]\nscreen = \"routes\"\nnamespaces = [\"closed\"]\n";
    let mut robot = operator(file, (200, 60));
    assert_eq!(command(&mut robot, "view old"), [Effect::Scope(vec!["shop".into()])]);
    let told = "view old without what is gone: namespace closed, column colour, to sort by column smell";
    assert!(robot.sees(told), "{}", robot.screen());
    assert_eq!(command(&mut robot, "view lost"), [Effect::Scope(vec![])]);
    assert!(robot.sees("namespace closed; all namespaces are shown"), "{}", robot.screen());

    let mut robot = operator(file, (200, 60));
    robot.watch(vec![Change::Sync(Kind::Namespace, None, Sync::Forbidden { why: "no".into() })]);
    assert_eq!(command(&mut robot, "view lost"), [Effect::Scope(vec!["closed".into()])]);
    assert!(!robot.sees("gone"));
}

#[test]
fn the_palette_lists_views() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let mut robot = operator(TWO, size);
            robot.press(":");
            insta::assert_snapshot!(format!("palette-views-{}x{}", size.0, size.1), robot.screen());
        }
        let mut robot = operator(TWO, (80, 24));
        command(&mut robot, "save nightly");
        insta::assert_snapshot!("view-replaced-80x24", robot.screen());
    });
}
