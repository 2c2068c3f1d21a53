//! The screen of logs, driven by keys without a cluster: where one is, what is shown of what is held, what is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

mod fixture;

use fixture::{logs, robot::Robot, rows, session};
use pilothouse::{
    model::{LogNews, LogSince, LogState, LogSubject},
    ui::{Effect, Message},
};

const SIZE: (u16, u16) = (100, 24);

fn open() -> (Robot, u64) {
    let mut robot = Robot::new(session(false, false), rows(), SIZE);
    let ticket = logs::open(&mut robot);
    (robot, ticket)
}

/// The request that these keys make.
fn asked(robot: &mut Robot, keys: &str) -> (u64, pilothouse::model::LogRequest) {
    match robot.press(keys).as_slice() {
        [Effect::FollowLogs { ticket, request }] => (*ticket, request.clone()),
        effects => panic!("{keys} asked for {effects:?}"),
    }
}

#[test]
fn l_follows_the_selected_workload_and_leaving_ends_it() {
    let mut robot = Robot::new(session(false, false), rows(), SIZE);
    let effects = robot.press("l");
    let [Effect::FollowLogs { request, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(&request.subject, LogSubject::Workload(object) if &*object.name == "checkout"), "{request:?}");
    assert!(robot.sees("loading the pods…"));
    assert_eq!(robot.press("?"), [], "what lies over the screen does not end it");
    assert_eq!(robot.press("esc"), []);
    assert_eq!(robot.press("esc"), [Effect::EndLogs]);
    assert!(robot.sees("Workloads"));
}

#[test]
fn going_to_another_screen_ends_the_streams_and_coming_back_opens_them() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 50));
    assert_eq!(robot.press("o"), [Effect::EndLogs]);
    let effects = robot.press("esc");
    assert!(matches!(effects.as_slice(), [Effect::FollowLogs { .. }]), "{effects:?}");
    assert!(!robot.sees("line 49"), "nothing was kept");
}

#[test]
fn the_end_is_followed_until_one_looks_back() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 50));
    assert!(robot.sees("line 49") && robot.sees("following"));
    robot.press("k k");
    let before = robot.selected();
    assert!(before.contains("line 47"), "{before}");
    robot.tell(logs::many(ticket, 50, 60));
    assert_eq!(robot.selected(), before, "what arrives does not move what is read");
    assert!(!robot.sees("line 100"));
    robot.press("G");
    assert!(robot.sees("line 109") && robot.sees("following"));
    robot.press("f");
    assert!(robot.selected().contains("line 109"));
    robot.press("g");
    assert!(robot.selected().contains("line 0 "), "{}", robot.selected());
}

#[test]
fn a_filter_shows_what_matches_and_says_how_many() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 50));
    robot.press("/");
    robot.write("line 1 !17");
    assert!(robot.sees("13 of 50 lines") && !robot.sees("line 17") && robot.sees("line 18"), "{}", robot.screen());
    robot.tell(logs::many(ticket, 50, 51));
    assert!(robot.sees("19 of 101 lines"), "it holds for what arrives: {}", robot.screen());
    robot.press("enter esc");
    assert!(robot.sees("101 lines") && robot.sees("line 100"), "esc takes the filter away, not the screen");
    robot.press("/");
    robot.write("/(line");
    assert!(robot.sees("is no regular expression"));
    robot.press("esc");
    robot.press("/");
    robot.write("nothing like it");
    assert!(robot.sees("none of 101 lines matches nothing like it"));
}

#[test]
fn a_search_goes_from_match_to_match_and_around() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 50));
    robot.press("n");
    assert!(robot.sees("nothing is searched for"));
    robot.press("s");
    robot.write("line 2");
    robot.press("enter");
    assert!(robot.selected().contains("line 29"), "{}", robot.selected());
    robot.press("N");
    assert!(robot.selected().contains("line 28"));
    robot.press("n n");
    assert!(robot.selected().contains("line 2 ") && robot.sees("went on from the top"), "{}", robot.screen());
    robot.press("s");
    robot.write(" no such");
    robot.press("enter");
    assert!(robot.sees("no line that is shown matches"));
}

#[test]
fn another_question_keeps_the_lines_until_its_answer() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 50));
    let (newer, request) = asked(&mut robot, "2");
    assert_eq!(request.since, LogSince::Quarter);
    assert!(robot.sees("line 49") && robot.sees("loading"), "{}", robot.screen());
    robot.tell(logs::many(ticket, 50, 10));
    assert!(!robot.sees("line 59"), "the answer to the earlier question is not taken for this one's");
    robot.tell(logs::source(newer, LogState::Following));
    robot.tell(logs::many(newer, 900, 5));
    assert!(robot.sees("line 904") && !robot.sees("line 49") && robot.sees("5 lines"), "{}", robot.screen());
    assert!(asked(&mut robot, "p").1.previous);
    let (_, request) = asked(&mut robot, "0");
    assert_eq!((request.since, request.tail), (LogSince::Tail, 200));
    assert_eq!(asked(&mut robot, "b").1.tail, 1000);
}

#[test]
fn one_pod_can_be_chosen() {
    let (mut robot, ticket) = open();
    robot.tell(logs::many(ticket, 0, 5));
    robot.press("v");
    assert!(robot.sees("all of every revision") && robot.sees("checkout-7d9f8-aaaaa/checkout"), "{}", robot.screen());
    let (_, request) = asked(&mut robot, "G enter");
    assert_eq!(request.choice.pod.as_deref(), Some("checkout-7d9f8-bbbbb"));
}

#[test]
fn lines_are_saved_whole_and_the_one_under_the_mark_is_copied() {
    let (mut robot, ticket) = open();
    assert_eq!(robot.press("ctrl-s"), [], "there is nothing to save yet");
    robot.tell(logs::many(ticket, 0, 3));
    robot.press("/");
    robot.write("line 1");
    let effects = robot.press("enter ctrl-s");
    let [Effect::SaveLogs { name, lines: 3, text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(name, "pilothouse-logs-shop-checkout");
    assert!(text.contains("checkout-7d9f8-aaaaa/checkout line 0 ") && text.contains("line 2 "), "{text}");
    let effects = robot.press("c");
    let [Effect::Copy { text, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.ends_with("checkout-7d9f8-bbbbb/checkout line 1 of a log"), "{text}");
}

#[test]
fn why_there_is_no_line_is_said() {
    let (mut robot, ticket) = open();
    let tell = |robot: &mut Robot, news| drop(robot.tell(Message::Logs(ticket, vec![news])));
    tell(&mut robot, LogNews::Unlisted("pods is forbidden: User \"ana\"".into()));
    assert!(robot.sees("the pods are not known: pods is forbidden: User \"ana\""));
    tell(&mut robot, LogNews::Listed { pods: 0, revision: None });
    assert!(robot.sees("there are no pods"));
    robot.tell(logs::source(ticket, LogState::Waiting("ImagePullBackOff: not found".into())));
    tell(&mut robot, LogNews::Listed { pods: 2, revision: Some("7d9f8".into()) });
    assert!(robot.sees("waiting: ImagePullBackOff: not found") && robot.sees("2 waiting"), "{}", robot.screen());
}

#[test]
fn every_size_is_drawn_and_every_line_however_wide() {
    for size in [(1, 1), (2, 4), (20, 6), (80, 24), (300, 9)] {
        let mut robot = Robot::new(session(false, false), rows(), size);
        let ticket = logs::open(&mut robot);
        robot.tell(logs::odd(ticket));
        for keys in ["w", "t", "k k k", "w", "right", "g", "ctrl-d", "G", "t"] {
            robot.press(keys);
            robot.screen();
        }
    }
}
