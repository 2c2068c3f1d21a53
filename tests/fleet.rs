//! Contexts and the fleet on the screen: golden frames at three sizes, and what an operator does there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod fixture;

use fixture::{
    ago,
    fleet::{certificate, fleet},
    robot::Robot,
    rollback_plan, rows, session,
};
use pilothouse::{
    model::{Change, Kind, Login, Rows, Standing, Sync},
    ui::{Effect, Message},
};
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// An operator on `prod-eu`, who is told of all contexts.
fn operator(size: (u16, u16)) -> Robot {
    let mut robot = Robot::new(session(true, false), rows(), size);
    robot.tell(Message::Fleet(fleet()));
    robot
}

fn golden(name: &str, prepare: impl Fn(&mut Robot)) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for size in SIZES {
            let mut robot = operator(size);
            prepare(&mut robot);
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), robot.screen());
        }
    });
}

#[test]
fn frames() {
    golden("contexts", |robot| {
        robot.tell(Message::Kubeconfig(Some("staging-eu added".into())));
        robot.press("C j j j");
    });
    golden("fleet", |robot| {
        robot.press("F j");
    });
}

/// The context is acted on from now on, and its rows are those that are shown.
fn enter(robot: &mut Robot, effects: &[Effect], rows: Rows) {
    let [Effect::Enter { context, open }] = effects else { panic!("asked for {effects:?}") };
    robot.rows = rows;
    robot.tell(Message::Entered { context: context.clone(), open: open.clone() });
}

#[test]
fn enter_on_a_row_of_the_fleet_goes_there_and_esc_leads_back() {
    let mut robot = operator((120, 40));
    robot.press("F");
    let there = |robot: &Robot| robot.selected().contains("prod-us");
    while !there(&robot) {
        let before = robot.selected();
        robot.press("j");
        assert_ne!(before, robot.selected(), "prod-us is in the list");
    }
    let effects = robot.press("enter");
    enter(&mut robot, &effects, rows());
    assert!(robot.screen().lines().next().unwrap().contains("prod-us"), "{}", robot.screen());
    assert!(robot.sees("shop/checkout") && !robot.sees("Fleet: not healthy"));
    robot.press("esc");
    assert!(robot.sees("Fleet: not healthy"), "{}", robot.screen());
    assert!(there(&robot), "the row that was chosen is still selected");
}

#[test]
fn a_context_finds_its_filter_and_selection_again() {
    let mut robot = operator((120, 40));
    robot.press("/ c h k enter");
    let before = robot.selected();
    robot.press("C j");
    let effects = robot.press("enter");
    enter(&mut robot, &effects, Rows::default());
    assert!(robot.sees("loading deployments") && !robot.sees("/chk"), "{}", robot.screen());
    robot.press("C k");
    let effects = robot.press("enter");
    enter(&mut robot, &effects, rows());
    assert!(robot.sees("/chk"), "{}", robot.screen());
    assert_eq!(robot.selected(), before);
}

#[test]
fn an_answer_of_the_context_one_left_opens_nothing_in_the_one_one_entered() {
    let mut robot = operator((120, 40));
    let asked = robot.press("r");
    let [Effect::Gather { ticket, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    robot.rows = rows();
    let effects = robot.tell(Message::Entered { context: "prod-us".into(), open: None });
    assert!(effects.contains(&Effect::Forget(*ticket)), "{effects:?}");
    robot.tell(Message::Planned { ticket: *ticket, result: Ok(Arc::new(rollback_plan())) });
    assert!(!robot.sees("risk:"), "{}", robot.screen());
    let again = robot.press("r");
    let [Effect::Gather { ticket: second, .. }] = again.as_slice() else { panic!("{again:?}") };
    assert_ne!(ticket, second, "two requests never share a ticket");
}

#[test]
fn only_what_can_be_done_with_a_context_is_asked_for() {
    let mut robot = operator((200, 60));
    robot.press("C");
    assert_eq!(robot.press("w"), [], "the context that is acted on stays watched");
    assert!(robot.sees("prod-eu is the context that is acted on"));
    assert_eq!(robot.press("L"), []);
    assert!(robot.sees("the credentials of prod-eu are accepted"));
    assert_eq!(robot.press("j w"), [Effect::Watch { context: "prod-us".into(), on: false }]);
    assert_eq!(robot.press("j j L"), [Effect::LogIn("partner-eks".into())]);
    assert_eq!(robot.press("G w"), [Effect::Watch { context: "staging-eu".into(), on: true }]);
}

#[test]
fn a_changed_kubeconfig_is_said_and_taken_over_by_a_key_only() {
    let mut robot = operator((200, 60));
    assert_eq!(robot.press("K"), []);
    assert!(robot.sees("it says what it said when it was read"));
    let said = "current-context is staging-eu now";
    assert_eq!(robot.tell(Message::Kubeconfig(Some(said.into()))), [], "nothing is done by itself");
    assert!(robot.sees(said) && robot.sees("still on prod-eu") && robot.sees("kubeconfig changed (K)"));
    assert_eq!(robot.press("K"), [Effect::Reload]);
    robot.tell(Message::Kubeconfig(None));
    assert!(!robot.sees("kubeconfig changed"));
}

#[test]
fn credentials_that_end_are_said_in_the_header() {
    let mut robot = operator((200, 60));
    assert!(robot.sees("certificate 9h"), "{}", robot.screen());
    let mut view = fleet().contexts.remove(0);
    view.login = certificate(24 * 200);
    robot.tell(Message::Context(Box::new(view.clone())));
    assert!(!robot.sees("certificate"));
    view.login = Login::Needed { why: "expired".into(), hint: None, asks: true };
    robot.tell(Message::Context(Box::new(view)));
    assert!(robot.sees("login needed (L)"), "{}", robot.screen());
}

#[test]
fn nothing_is_called_healthy_that_was_not_heard_of() {
    let mut robot = operator((120, 40));
    let mut all = fleet();
    all.contexts.retain(|context| ["kind-dev", "legacy"].contains(&&*context.name));
    robot.tell(Message::Fleet(all.clone()));
    robot.press("F");
    assert!(robot.sees("the 9 workloads that were heard of are healthy"), "{}", robot.screen());
    assert!(robot.sees("legacy unreachable"));
    all.contexts.retain(|context| &*context.name == "kind-dev");
    robot.tell(Message::Fleet(all));
    assert!(robot.sees("all 9 workloads of the one watched context are healthy"), "{}", robot.screen());
}

#[test]
fn rows_of_a_machine_that_slept_are_stale_before_any_watch_says_so() {
    let mut robot = operator((120, 40));
    robot.watch(vec![Change::Sync(Kind::Deployment, None, Sync::Live { heard: ago(3 * 3600) })]);
    assert!(robot.sees("stale 3h"), "{}", robot.screen());
    let mut view = fleet().contexts.remove(2);
    view.summary.standing = Standing::Live { heard: ago(7200) };
    robot.tell(Message::Context(Box::new(view)));
    robot.press("C");
    assert!(
        robot.screen().lines().any(|line| line.contains("kind-dev") && line.contains("stale 2h")),
        "{}",
        robot.screen()
    );
}

#[test]
fn an_operation_of_a_protected_context_asks_for_the_name_wherever_one_is() {
    let mut robot = Robot::new(session(false, false), rows(), (120, 40));
    robot.tell(Message::Fleet(fleet()));
    let mut view = fixture::journaled().remove(0);
    (view.context, view.state) = ("prod-us".into(), pilothouse::model::OperationState::Interrupted);
    robot.tell(Message::Operations(vec![view.clone()]));
    assert_eq!(robot.press("o c"), [], "nothing is resumed before the name was typed");
    view.context = "kind-dev".into();
    robot.press("esc");
    robot.tell(Message::Operations(vec![view.clone()]));
    assert!(matches!(robot.press("o c").as_slice(), [Effect::Resume { operation, .. }] if *operation == view.id));
}
