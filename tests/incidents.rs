//! What the screen says and offers when something went wrong: an operation that nobody carries out, a connection that is lost,
//! pods that cannot be read, a terminal that is too narrow.

mod fixture;

use fixture::{ago, deployment, migration_view, now, rescue, robot::Robot, rollback_plan, rows, session, shift_view};
use pilothouse::{
    model::*,
    ui::{Confirmed, Effect, Message},
};
use std::sync::Arc;

fn operator() -> Robot {
    Robot::new(session(false, false), rows(), (120, 40))
}

/// A shift that a process left behind.
fn orphan() -> OperationView {
    OperationView { state: OperationState::Interrupted, hold_until: None, ..shift_view() }
}

#[test]
fn an_orphan_is_told_at_once_and_can_be_taken_back_as_well_as_resumed() {
    let mut robot = operator();
    robot.tell(Message::Operations(vec![orphan()]));
    assert!(robot.sees("! 1 interrupted (o)"));
    assert!(robot.sees("✗ shift shop/checkout interrupted at step 5 of 8  → o shows it, c resumes it"));
    robot.press("o enter");
    assert!(robot.sees("c resume   b step back   a abort") && !robot.sees("p pause"), "{}", robot.screen());
    let resume = |order| [Effect::Resume { operation: orphan().id, order, typed: None }];
    assert_eq!(robot.press("c"), resume(Control::Next));
    assert_eq!(robot.press("b"), resume(Control::StepBack));
    assert_eq!(robot.press("a enter"), [], "the safe answer comes first");
    assert_eq!(robot.press("a j enter"), resume(Control::Abort));
}

#[test]
fn an_orphan_of_another_context_is_listed_but_raises_no_alarm() {
    let mut robot = operator();
    let elsewhere = OperationView { context: "staging".into(), ..orphan() };
    robot.tell(Message::Operations(vec![elsewhere]));
    assert!(!robot.sees("interrupted"));
    robot.press("o");
    assert!(robot.selected().contains("shop/checkout in staging"));
}

#[test]
fn in_a_protected_context_taking_back_asks_for_the_name_too() {
    let mut robot = Robot::new(session(true, false), rows(), (80, 24));
    robot.tell(Message::Operations(vec![orphan()]));
    robot.press("o enter");
    assert_eq!(robot.press("b"), []);
    robot.write("checkout");
    let back = Effect::Resume { operation: orphan().id, order: Control::StepBack, typed: Some("checkout".into()) };
    assert_eq!(robot.press("enter"), [back]);
}

#[test]
fn a_restart_can_be_let_go_of_but_has_nothing_to_take_back() {
    let mut robot = operator();
    let view = OperationView { verb: Verb::Restart, can_step_back: false, ..shift_view() };
    robot.start(view.clone());
    assert!(robot.sees("p pause   a abort") && !robot.sees("b step back"));
    assert_eq!(robot.press("b"), []);
    assert!(robot.sees("a restart has no increments to take back"));
    robot.press("a");
    assert!(robot.sees("What was written stays"));
    assert_eq!(robot.press("j enter"), [Effect::Control(view.id, Control::Abort)]);
}

#[test]
fn what_has_ended_takes_no_orders_and_leads_back_to_where_one_was() {
    let mut robot = operator();
    robot.press("j j j");
    let before = robot.selected();
    robot.press("g");
    robot.roll_back();
    robot.press("enter");
    let view = migration_view();
    robot.start(view.clone());
    let result = Progress::Result { outcome: Outcome::Done, message: "the Job is complete".into() };
    robot.tell(Message::Operation(view.id.clone(), result));
    assert!(robot.sees("esc back   : command   ? help"));
    let done = OperationView { state: OperationState::Done, log: Vec::new(), ..view };
    robot.tell(Message::Operations(vec![done]));
    assert!(robot.sees("applying 0030_entries_by_account"), "the log that was followed stays to be read");
    // Meanwhile the workload is well again, and others need more attention.
    let mut well = fixture::workload(deployment("shop", "checkout"), 6, "2.4.0", 42, 1);
    well.rollout.state = RolloutState::Complete;
    robot.watch(vec![Change::Workload(well)]);
    robot.press("esc");
    assert!(robot.selected().contains("shop/checkout"), "{}", robot.screen());
    assert_ne!(robot.selected(), before);
}

#[test]
fn a_reason_can_be_given_on_the_sheet_and_is_planned_with() {
    let mut robot = operator();
    robot.roll_back();
    robot.press("w");
    robot.write("q crash");
    assert!(robot.sees("why q crash") && robot.sees("enter plan with this reason"));
    let effects = robot.press("enter");
    let [Effect::Gather { ticket, intent, why, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((intent, why.as_deref()), (&rollback_plan().intent, Some("q crash")));
    let plan = Plan { why: why.clone(), ..rollback_plan() };
    robot.tell(Message::Planned { ticket: *ticket, result: Ok(Arc::new(plan)) });
    assert!(robot.sees("reason   q crash"));
    assert_eq!(robot.press("w enter"), [], "the same reason needs no other plan");
    robot.press("esc");
    assert!(robot.selected().contains("shop/checkout") && !robot.sees("Roll back"), "one sheet, not two");
}

#[test]
fn in_a_protected_context_letters_are_the_name_and_the_reason_has_its_own_key() {
    let mut robot = Robot::new(session(true, false), rows(), (80, 24));
    robot.roll_back();
    robot.press("w");
    assert!(robot.sees("to confirm w"));
    robot.press("ctrl-u ctrl-r");
    robot.write("crash");
    assert!(robot.sees("why crash"));
    assert_eq!(robot.press("enter").len(), 1);
}

#[test]
fn a_lost_connection_is_told_and_so_is_its_return() {
    let mut robot = operator();
    let sync = |sync: Sync| vec![Change::Sync(Kind::Deployment, None, sync)];
    robot.watch(sync(Sync::Stale { since: ago(34), why: "connection refused".into() }));
    assert!(robot.sees("✗ the connection is gone, trying again: connection refused") && robot.sees("stale 34s"));
    robot.press("j");
    assert!(!robot.sees("connection refused") && robot.sees("stale 34s"), "the header goes on saying it");
    robot.watch(sync(Sync::Live { heard: now() }));
    assert!(robot.sees("✓ connected again; nothing was heard for 34s"));
}

#[test]
fn pods_that_cannot_be_read_are_not_loading() {
    let mut robot = operator();
    let object = deployment("shop", "search-indexer");
    robot.press("j");
    robot.rows.inspections.clear();
    robot.tell(Message::RowsChanged);
    assert!(robot.sees("loading pods…"));
    robot.tell(Message::NotInspected(object.clone(), "pods is forbidden".into()));
    assert!(robot.sees("the pods are not known: pods is forbidden") && !robot.sees("loading pods"));
    let later = now() + jiff::SignedDuration::from_secs(6);
    let effects = robot.state.update(Message::Tick, &robot.rows, later);
    assert_eq!(effects, [Effect::Inspect(object)], "asked for again after a while");
    assert_eq!(robot.state.update(Message::Tick, &robot.rows, later), [], "but not at every tick");
}

#[test]
fn filter_and_commands_have_their_keys_on_every_width_that_works() {
    for (width, keys) in [(80, ["/ filter", ": cmd", "? help"]), (200, ["/ filter", ": command", "? help"])] {
        let robot = Robot::new(session(false, false), rows(), (width, 24));
        assert!(keys.iter().all(|key| robot.sees(key)), "{}", robot.screen());
    }
    let robot = Robot::new(session(false, false), rows(), (24, 10));
    assert!(robot.sees("r roll back") && robot.sees("? help"), "{}", robot.screen());
}

#[test]
fn a_key_that_was_aimed_at_another_row_hits_none() {
    let mut robot = operator();
    let mut worse = fixture::workload(deployment("shop", "aaa"), 1, "1.0.0", 1, 5);
    worse.rollout.state = RolloutState::Failed;
    robot.watch(vec![Change::Workload(worse)]);
    assert!(robot.selected().contains("shop/aaa"), "what needs attention comes on top");
    assert_eq!(robot.press("r"), []);
    assert!(robot.sees("the selection has just gone to shop/aaa: press again if you mean it"));
    assert_eq!(robot.press("r").len(), 1);
    robot.press("esc 0 / c h e c k o u t enter");
    assert_eq!(robot.press("r").len(), 1, "a selection that was asked for is meant");
}

#[test]
fn pods_that_were_looked_at_before_the_rollout_ended_do_not_make_it_unfinished() {
    let mut robot = operator();
    let cart = fixture::workload(deployment("shop", "cart"), 4, "5.2.0", 61, 1);
    let past = Inspection { health: Health::Progressing, ..Inspection::default() };
    robot.watch(vec![Change::Inspected(cart.object.clone(), past)]);
    assert_eq!(robot.rows.health_of(&cart), Health::Healthy);
    assert!(robot.sees("✓ shop/cart"));
}

#[test]
fn a_scope_that_is_not_all_namespaces_is_not_called_that() {
    let mut robot = operator();
    assert!(robot.sees("all namespaces"));
    robot.watch(vec![Change::Sync(Kind::Deployment, Some("shop".into()), Sync::Live { heard: now() })]);
    assert!(robot.sees("shop only") && !robot.sees("all namespaces"));
}

#[test]
fn what_broke_is_rolled_back_with_two_keys_and_the_confirmation() {
    let mut robot = operator();
    rescue::two_more(&mut robot);
    let (ticket, wanted) = rescue::wanted(robot.press("!"));
    let names: Vec<&str> = wanted.iter().map(|(intent, _)| &*intent.target().name).collect();
    assert!(names.contains(&"cart") && names.contains(&"search") && names.contains(&"checkout"), "{names:?}");
    let (cart, search) = (deployment("shop", "cart"), deployment("shop", "search"));
    let planned = |object: &ObjectRef, number| Message::Mustered {
        ticket,
        object: object.clone(),
        result: Ok(Arc::new(rescue::plan(object, number))),
    };
    robot.tell(planned(&cart, 1));
    // What is not known yet keeps nobody waiting.
    assert!(robot.sees("1 to roll back"), "{}", robot.screen());
    robot.tell(planned(&search, 2));
    robot.tell(Message::Mustered {
        ticket,
        object: deployment("shop", "checkout"),
        result: Err(rescue::unproven(&cart)),
    });
    assert!(robot.sees("2 to roll back"), "{}", robot.screen());
    let effects = robot.press("r enter");
    let [Effect::ConfirmAll(Confirmed { plans, typed: None, why: None })] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    let targets: Vec<&ObjectRef> = plans.iter().map(|plan| &plan.target).collect();
    assert_eq!(targets, [&cart, &search]);
    assert!(robot.sees("Roll back 2 side by side") && robot.sees("asking the guard"), "{}", robot.screen());
    let done = rescue::view(&plans[0], OperationState::Done, "it is back");
    robot.tell(Message::Began(plans[0].operation.clone(), Ok(Box::new(done))));
    assert!(robot.sees("1 healthy") && robot.sees("over after 21s"), "{}", robot.screen());
    let all: Vec<OperationId> = plans.iter().map(|plan| plan.operation.clone()).collect();
    assert_eq!(robot.press("X"), [Effect::Export(all)], "one report of all");
    robot.press("enter");
    assert!(robot.sees("it is back"), "one of them at length");
}

#[test]
fn a_protected_context_wants_its_name_for_several_the_workloads_for_one_and_read_only_refuses() {
    let mut robot = Robot::new(session(true, false), rows(), (120, 40));
    rescue::open(&mut robot, "! s s s s s");
    assert_eq!(robot.press("r enter"), []);
    let one = rows().casualties()[0].object.name.to_string();
    assert!(robot.sees(&format!("type {one} first: this context is protected")), "{}", robot.screen());
    robot.write("prod-eu");
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees(&format!("`prod-eu` is not `{one}`")));
    robot.press("ctrl-u");
    robot.write(&one);
    // A reason can be given wherever it comes to mind; the keys that type it confirm nothing.
    robot.press("ctrl-r");
    robot.write("r errors since 03:05");
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("why r errors since 03:05") && robot.sees(&format!("to confirm {one}")), "{}", robot.screen());
    let effects = robot.press("enter");
    let [Effect::ConfirmAll(Confirmed { plans, typed, why })] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((plans.len(), typed.as_deref()), (1, Some(one.as_str())));
    assert_eq!(why.as_deref(), Some("r errors since 03:05"));

    let mut robot = Robot::new(session(true, false), rows(), (120, 40));
    rescue::two_more(&mut robot);
    let (ticket, wanted) = rescue::wanted(robot.press("!"));
    for (at, (intent, _)) in wanted.iter().enumerate() {
        let object = intent.target().clone();
        let result = Ok(Arc::new(rescue::plan(&object, at + 1)));
        robot.tell(Message::Mustered { ticket, object, result });
    }
    robot.press("r");
    robot.write("prod-eu");
    let effects = robot.press("enter");
    let [Effect::ConfirmAll(Confirmed { plans, typed, why: None })] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(plans.len() > 1);
    assert_eq!(typed.as_deref(), Some("prod-eu"));

    let mut robot = Robot::new(session(true, true), rows(), (120, 40));
    rescue::open(&mut robot, "! s s s s s");
    assert_eq!(robot.press("r enter"), []);
    assert!(robot.sees("READ-ONLY") && !robot.sees("PROTECTED: type"), "{}", robot.screen());
}

#[test]
fn marks_say_which_and_a_revision_can_be_chosen_where_none_is_proven() {
    let mut robot = operator();
    robot.press("space j space");
    let (ticket, wanted) = rescue::wanted(robot.press("r"));
    assert_eq!(wanted.len(), 2, "exactly the marked ones, however they are");
    let object = wanted[0].0.target().clone();
    robot.tell(Message::Mustered { ticket, object: object.clone(), result: Err(rescue::unproven(&object)) });
    robot.press("space");
    assert!(robot.sees("nothing proves that an earlier revision worked"), "it cannot be marked: {}", robot.screen());
    let (again, chosen) = rescue::wanted(robot.press("enter j enter"));
    assert_eq!((again, chosen.len()), (ticket, 1));
    assert_eq!(chosen[0].0, Intent::Rollback { target: object.clone(), revision: Some(10) });
    robot.tell(Message::Mustered { ticket, object: object.clone(), result: Ok(Arc::new(rescue::plan(&object, 1))) });
    let effects = robot.press("r enter");
    let [Effect::ConfirmAll(Confirmed { plans, .. })] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(plans.iter().map(|plan| &plan.target).collect::<Vec<_>>(), [&object], "who chose it meant it");
    robot.press("esc");
    assert!(!robot.sees("marked"), "what was marked is done");
}

#[test]
fn a_plan_of_several_is_read_and_not_run_by_itself() {
    let mut robot = operator();
    rescue::open(&mut robot, "! s s s s s");
    robot.press("enter");
    assert!(robot.sees("spec.template of revision 40") && robot.sees("back to the others"), "{}", robot.screen());
    assert_eq!(robot.press("enter"), [], "enter leads back");
    assert!(robot.sees("1 to roll back"));
    robot.press("space");
    assert!(robot.sees("0 to roll back"));
    assert_eq!(robot.press("r"), []);
    assert!(robot.sees("nothing is marked"));
    assert!(matches!(robot.press("esc").as_slice(), [Effect::Forget(_)]));
}
