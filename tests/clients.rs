//! Namespaces by client, by environment and by pull request, as an operator groups, folds, filters, saves and opens them.

mod fixture;

use fixture::{clients::clients, robot::Robot};
use pilothouse::{
    config::{Config, Settings, Theme, Views},
    model::ObjectRef,
    ui::{Effect, Message, Session},
};
use std::{path::Path, sync::Arc};

fn operator(settings: &str, views: &str, size: (u16, u16)) -> Robot {
    let (settings, mistakes) = Settings::parse(Path::new("config.toml"), settings);
    assert_eq!(mistakes, []);
    let (views, mistakes) = Views::parse(Path::new("views.toml"), views);
    assert_eq!(mistakes, []);
    let config = Config { theme: Theme::monochrome(), settings, views, ..Config::default() };
    Robot::new(Session::new("prod-eu", true, false, jiff::tz::TimeZone::UTC, config), clients(), size)
}

fn command(robot: &mut Robot, text: &str) -> Vec<Effect> {
    robot.press(":");
    robot.write(text);
    robot.press("enter")
}

/// The first words of the lines of the table.
fn lines(robot: &Robot) -> Vec<String> {
    let screen = robot.screen();
    let inside =
        screen.lines().take_while(|line| !line.starts_with('└')).filter_map(|line| line.strip_prefix('│')).skip(1);
    let words =
        inside.map(|line| line.split_whitespace().filter(|word| *word != "▸").take(3).collect::<Vec<_>>().join(" "));
    words.filter(|line| !line.is_empty() && line != "│").collect()
}

#[test]
fn clients_are_headings_with_the_one_that_needs_attention_first() {
    let mut robot = operator("", "", (120, 40));
    command(&mut robot, "group client");
    let seen = lines(&robot);
    // The namespaces of other teams have no client; one of those is broken too.
    assert_eq!(seen[..4], ["✗ + globex", "✗ + no", "✓ + acme", "✓ initech initech"], "{}", robot.screen());
    assert!(robot.sees("globex-test/billing: the progress deadline has passed"), "{}", robot.screen());
    assert!(robot.sees("Namespaces 14 · 4 by client"), "{}", robot.screen());
    robot.press("right");
    assert_eq!(lines(&robot)[..3], ["✗ - globex", "✗ globex-test 2", "✓ globex-live 1"], "{}", robot.screen());
    robot.press("j left");
    assert_eq!(lines(&robot)[0], "✗ + globex");
    assert!(robot.selected().contains("globex"), "what is folded away leaves the selection on its heading");
    robot.press("Z");
    assert!(lines(&robot).len() >= 14 && robot.sees("acme-live"));
    robot.press("f");
    assert!(!robot.sees("globex-live"));
}

#[test]
fn a_heading_stands_for_its_namespaces() {
    let mut robot = operator("group_by = \"client\"", "", (120, 40));
    robot.press(": n s enter");
    assert_eq!(robot.press("enter"), [Effect::Scope(vec!["globex-live".into(), "globex-test".into()])]);
    robot.press(": n s enter");
    robot.press("space j space");
    let all = ["acme-live", "acme-test", "globex-live", "globex-test"].map(Into::into);
    assert_eq!(robot.press("enter"), [Effect::Scope(all.into())]);
}

#[test]
fn a_pull_request_is_one_line_with_its_revision_and_its_verdict() {
    let mut robot = operator("", "", (200, 60));
    robot.press(": n s enter v");
    assert!(robot.sees("Group namespaces") && robot.sees("3 groups, 3 of 14 namespaces"), "{}", robot.screen());
    robot.press("j j enter");
    let screen = robot.screen();
    let line = |word: &str| screen.lines().find(|line| line.contains(word)).unwrap_or_default().to_owned();
    for (number, words) in [
        ("482", ["✓   482 shop-pr-482", "pr-482 9f3c1e2", "rolled out 119m ago", "Ana Lopes"]),
        ("501", ["◐   501 shop-pr-501", "pr-501 11aa22b", "shop: 0 of 1 new pods are ready", "Mei Tanaka"]),
    ] {
        let line = line(&format!(" {number} "));
        assert!(words.iter().all(|word| line.contains(word)), "{line}\n{screen}");
    }
}

#[test]
fn filters_reach_what_is_folded_and_the_value_of_the_label() {
    let mut robot = operator("group_by = \"client\"", "", (120, 40));
    robot.press(": n s enter /");
    robot.write("globex");
    robot.press("enter");
    assert_eq!(lines(&robot)[..1], ["✗ + globex"]);
    assert!(robot.sees("Namespaces 2 of 14 · 1 by client"), "{}", robot.screen());
    robot.press("/ ctrl-u");
    robot.write("-l env=test");
    robot.press("enter Z");
    assert_eq!(lines(&robot), ["✗ - globex", "✗ globex-test 2", "✓ - acme", "✓ acme-test 1"], "{}", robot.screen());
}

#[test]
fn groups_are_kept_in_views() {
    let mut robot = operator("", "", (120, 40));
    command(&mut robot, "group client");
    robot.press("right");
    let before = robot.screen();
    let effects = command(&mut robot, "save mine");
    let [Effect::KeepView { view: Some(view), .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(
        (view.group.as_deref(), view.unfolded, &*view.except),
        (Some("client"), false, &["globex".to_owned()][..])
    );
    command(&mut robot, "group env");
    assert!(robot.sees("by env") && !robot.sees("no client"));
    command(&mut robot, "view mine");
    robot.press("backspace");
    assert_eq!(robot.screen(), before);
    command(&mut robot, "group none");
    assert!(!robot.sees("by client") && robot.sees("globex-live"));
}

#[test]
fn where_pods_run_is_looked_at_once_it_is_wanted_and_shown_by_the_label_of_choice() {
    let mut robot = operator("group_by = \"client\"", "", (120, 40));
    robot.press(": n s enter");
    let effects = robot.press("n");
    let [Effect::Place { object, namespaces, owners }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(namespaces.iter().map(|name| &**name).collect::<Vec<_>>(), ["globex-live", "globex-test"]);
    assert_eq!(owners.len(), 2);
    assert!(robot.sees("Where the pods of client=globex run") && robot.sees("looking at its pods"));
    assert_eq!(robot.tell(Message::Tick), [], "it is asked for once");
    let placed = |object: &ObjectRef, context: &str| Message::Placed {
        context: context.into(),
        object: object.clone(),
        placement: Arc::new(fixture::clients::placement()),
    };
    robot.tell(placed(object, "elsewhere"));
    assert!(robot.sees("looking at its pods"), "an answer of another context is of another cluster");
    robot.tell(placed(object, "prod-eu"));
    assert!(robot.sees("✗ 1 pod runs where it does not belong"), "{}", robot.screen());
    assert!(robot.sees("✗ globex-test/portal-9d8f-lq9wz  on node-a1: its namespace has client=globex"));
    assert!(robot.sees("0/3 nodes are available: 3 Insufficient cpu."));
    robot.press("n");
    assert!(robot.sees("By which label of the nodes?"));
    robot.press("G enter");
    assert!(robot.sees("5 pods by topology.kubernetes.io/zone") && robot.sees("✓ eu-1a  3 pods on 2 nodes"));
    assert!(robot.sees("✓ none runs where it does not belong"), "{}", robot.screen());
    robot.press("esc");
    assert!(robot.sees("Namespaces 14 · 4 by client"));
}

#[test]
fn the_namespace_of_a_workload_is_looked_at_too() {
    let mut robot = operator("node_label = \"pool\"", "", (80, 24));
    let effects = robot.press("n");
    assert!(matches!(&*effects, [Effect::Place { object, .. }] if &*object.name == "globex-test"), "{effects:?}");
}
