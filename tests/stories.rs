//! What operators do at the screen: keys in, effects and frames out.

mod fixture;

use crossterm::event::{MouseButton, MouseEventKind};
use fixture::{
    deployment, journaled, now,
    others::{claim, others},
    robot::Robot,
    rollback_plan, rows, session, shift_view, told, workload,
};
use pilothouse::{
    config::{Config, Keymap, Theme},
    model::*,
    ui::{Choice, Effect, Failure, Message, Notice, Quit, Session},
};
use std::{path::Path, sync::Arc};

fn operator() -> Robot {
    Robot::new(session(false, false), rows(), (120, 40))
}

fn in_production() -> Robot {
    Robot::new(session(true, false), rows(), (80, 24))
}

fn gathered(effects: &[Effect]) -> (&Intent, Option<&str>) {
    match effects {
        [Effect::Gather { intent, why, .. }] => (intent, why.as_deref()),
        other => panic!("asked for {other:?}"),
    }
}

fn failure(message: &str) -> Failure {
    Failure { title: "Roll back shop/checkout".into(), message: message.into(), hint: None, choices: Vec::new() }
}

#[test]
fn what_is_broken_is_rolled_back_with_one_key_and_the_confirmation() {
    let mut robot = operator();
    let effects = robot.press("r");
    let target = deployment("shop", "checkout");
    assert_eq!(gathered(&effects), (&Intent::Rollback { target, revision: None }, None));
    assert!(robot.sees("nothing changes yet"));
    robot.press("esc");
    robot.roll_back();
    let effects = robot.press("enter");
    assert_eq!(effects, [Effect::Confirm { plan: Arc::new(rollback_plan()), typed: None }]);
    assert_eq!(robot.press("enter"), [], "a plan that begins cannot be confirmed twice");
}

#[test]
fn in_a_protected_context_the_name_is_typed_first() {
    let mut robot = in_production();
    robot.roll_back();
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("type checkout first"));
    robot.write("chekout");
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("`chekout` is not `checkout`"));
    robot.press("ctrl-u");
    robot.write("checkout");
    let effects = robot.press("enter");
    assert_eq!(effects, [Effect::Confirm { plan: Arc::new(rollback_plan()), typed: Some("checkout".into()) }]);
}

#[test]
fn while_a_name_is_typed_its_letters_are_no_keys() {
    let mut robot = in_production();
    robot.roll_back();
    robot.write("dq?:");
    assert!(robot.sees("to confirm dq?:"));
    robot.press("tab");
    assert!(robot.sees("tab plan"), "tab shows the diff");
}

#[test]
fn an_answer_to_a_question_that_was_taken_back_opens_nothing() {
    let mut robot = operator();
    let effects = robot.press("r");
    let [Effect::Gather { ticket, .. }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(robot.press("esc"), [Effect::Forget(ticket)]);
    robot.tell(Message::Planned { ticket, result: Ok(Arc::new(rollback_plan())) });
    assert!(!robot.sees("risk: low"));
}

/// A plan that was made while Git was still being read, and the one that comes once it was.
fn before_git_and_after() -> (Plan, Plan) {
    let after = rollback_plan();
    let mut before = after.clone();
    before.preconditions.push(Precondition::warn("git", format!("{OUTSTANDING}: the sheet tells what it says")));
    let mut steps = before.steps.clone();
    steps.truncate(1);
    (Plan { steps, ..before }, after)
}

#[test]
fn a_plan_is_there_before_git_and_tells_what_git_adds() {
    let mut robot = operator();
    let (before, after) = before_git_and_after();
    let effects = robot.press("r");
    let [Effect::Gather { ticket, .. }] = effects[..] else { panic!("{effects:?}") };
    robot.tell(Message::Planned { ticket, result: Ok(Arc::new(before)) });
    assert!(robot.sees("reading Git; it may be begun without") && !robot.sees("until 6 of 6 pods"));
    robot.tell(Message::Replanned { ticket: ticket + 1, plan: Arc::new(after.clone()) });
    assert!(!robot.sees("until 6 of 6 pods"), "an answer to another question changes nothing");
    robot.tell(Message::Replanned { ticket, plan: Arc::new(after.clone()) });
    assert!(robot.sees("Git was read: new is wait") && robot.sees("until 6 of 6 pods"));
    assert_eq!(robot.press("enter"), [Effect::Confirm { plan: Arc::new(after), typed: None }]);
}

#[test]
fn what_was_confirmed_before_git_is_what_runs() {
    let mut robot = operator();
    let (before, after) = before_git_and_after();
    let effects = robot.press("r");
    let [Effect::Gather { ticket, .. }] = effects[..] else { panic!("{effects:?}") };
    robot.tell(Message::Planned { ticket, result: Ok(Arc::new(before.clone())) });
    assert_eq!(robot.press("enter"), [Effect::Confirm { plan: Arc::new(before), typed: None }]);
    robot.tell(Message::Replanned { ticket, plan: Arc::new(after) });
    assert!(!robot.sees("until 6 of 6 pods"), "what is shown is what was confirmed");
}

#[test]
fn what_is_typed_stays_while_git_is_read() {
    let mut robot = in_production();
    let (before, after) = before_git_and_after();
    let effects = robot.press("r");
    let [Effect::Gather { ticket, .. }] = effects[..] else { panic!("{effects:?}") };
    robot.tell(Message::Planned { ticket, result: Ok(Arc::new(before)) });
    robot.write("check");
    robot.tell(Message::Replanned { ticket, plan: Arc::new(after.clone()) });
    robot.write("out");
    assert_eq!(robot.press("enter"), [Effect::Confirm { plan: Arc::new(after), typed: Some("checkout".into()) }]);
}

#[test]
fn where_no_revision_is_proven_the_operator_chooses_one() {
    let mut robot = operator();
    let target = deployment("shop", "checkout");
    let choice = |revision| Choice {
        label: format!("revision {revision}"),
        detail: String::new(),
        intent: Intent::Rollback { target: target.clone(), revision: Some(revision) },
    };
    robot.answer("r", Err(Failure { choices: vec![choice(40), choice(39)], ..failure("no revision is known good") }));
    assert!(robot.sees("no revision is known good"));
    let effects = robot.press("j enter");
    assert_eq!(gathered(&effects).0, &Intent::Rollback { target: target.clone(), revision: Some(39) });
}

#[test]
fn a_plan_whose_precondition_fails_can_be_read_but_not_run() {
    let mut robot = operator();
    let mut plan = rollback_plan();
    plan.preconditions.push(Precondition::require("nobody else works on it", false, "bo@desk holds the Lease"));
    robot.plan("r", plan);
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("cannot run: nobody else works on it: bo@desk holds the Lease"));
}

#[test]
fn read_only_means_that_plans_are_only_read_and_saved() {
    let mut robot = Robot::new(session(true, true), rows(), (100, 40));
    robot.roll_back();
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("READ-ONLY: this plan can be read and saved, not run"));
    assert_eq!(robot.press("ctrl-s"), [Effect::SavePlan(Arc::new(rollback_plan()))]);
}

#[test]
fn a_refusal_by_the_guard_leaves_the_sheet_open_and_says_why() {
    let mut robot = operator();
    robot.roll_back();
    robot.press("enter");
    robot.tell(Message::Started(Err(failure("you may not patch deployments in shop"))));
    assert!(robot.sees("you may not patch deployments in shop") && robot.sees("risk: low"));
    assert_eq!(robot.press("enter").len(), 1, "it can be tried again");
}

#[test]
fn a_long_sheet_scrolls_on_a_small_terminal() {
    let mut robot = Robot::new(session(false, false), rows(), (80, 24));
    let mut plan = rollback_plan();
    plan.steps = (1..40).map(|n| Step { detail: format!("detail {n}"), ..plan.steps[0].clone() }).collect();
    robot.plan("r", plan);
    assert!(!robot.sees("detail 39") && robot.sees("more"));
    robot.press("G k k j j");
    assert!(robot.sees("DB_URL"), "the end of the diff");
    robot.press("ctrl-u");
    assert!(robot.sees("detail 39"));
    robot.press("g");
    assert!(robot.sees("why"));
}

#[test]
fn the_selection_stays_on_its_object_while_rows_move() {
    let mut robot = operator();
    robot.press("j j j");
    assert!(robot.selected().contains("payments/ledger"));
    let mended = workload(deployment("shop", "search-indexer"), 1, "1.9.4", 13, 5);
    let broken = Inspection { health: Health::Broken, ..Inspection::default() };
    let cart = deployment("shop", "cart");
    robot.watch(vec![Change::Workload(mended), Change::Inspected(cart, broken)]);
    assert!(robot.selected().contains("payments/ledger"));
    let effects = robot.press("R");
    assert_eq!(gathered(&effects).0, &Intent::Restart { target: deployment("payments", "ledger") });
}

#[test]
fn until_the_operator_moves_the_worst_is_selected() {
    let mut robot = operator();
    let broken = Inspection { health: Health::Broken, ..Inspection::default() };
    robot.watch(vec![Change::Inspected(deployment("payments", "ledger"), broken)]);
    assert!(robot.selected().contains("payments/ledger"));
}

#[test]
fn a_filter_stays_until_it_is_taken_back() {
    let mut robot = operator();
    robot.press("/");
    robot.write("shop !check");
    assert!(robot.sees("Workloads 5 of 19") && !robot.sees("shop/checkout-v2"));
    robot.press("enter j");
    robot.watch(vec![Change::Workload(workload(deployment("shop", "wishlist"), 1, "1.0.0", 1, 5))]);
    assert!(robot.sees("Workloads 6 of 20 ✗ 1 broken hidden /shop !check"));
    robot.press("esc");
    assert!(robot.sees("Workloads 20"));
    robot.press("/");
    robot.write("zzz");
    assert!(robot.sees("none of 20 workloads match /zzz"));
}

/// As a slow line delivers it: both bytes at once, which a terminal cannot tell from a character with alt.
#[test]
fn an_escape_and_the_key_after_it_may_come_in_one_piece() {
    let mut robot = operator();
    robot.press("enter");
    assert!(robot.sees("Overview"));
    let effects = robot.press("alt-r");
    assert!(!robot.sees("Overview"), "{}", robot.screen());
    assert!(matches!(gathered(&effects).0, Intent::Rollback { .. }), "{effects:?}");

    let mut robot = operator();
    robot.press("/");
    robot.write("shop");
    assert!(robot.press("alt-b").is_empty(), "a word back, in many a line editor, is not the key after an escape");
    assert!(robot.sees("/shop"));
}

#[test]
fn namespaces_narrow_what_is_shown_and_zero_takes_it_back() {
    let mut robot = operator();
    assert_eq!(robot.press("1"), [Effect::Scope(vec!["shop".into()])]);
    assert!(robot.sees("Workloads 7") && !robot.sees("7.0.1 → 7.1.0"));
    assert_eq!(robot.press("0"), [Effect::Scope(vec![])]);
    let effects = robot.press("tab j j enter");
    assert_eq!(effects, [Effect::Scope(vec!["data".into()])]);
    assert!(robot.selected().contains("data/sessions"), "the table has the keys again");
    robot.press("esc");
    assert!(robot.sees("Workloads 19"));
}

#[test]
fn rows_are_sorted_by_letters_by_any_column_and_by_a_click_and_attention_comes_back() {
    let mut robot = operator();
    let first = |robot: &Robot| robot.screen().lines().nth(3).unwrap_or_default().to_owned();
    robot.press("N");
    assert!(first(&robot).contains("platform/audit") && robot.sees("NAME↑") && robot.sees("by name ↑"));
    robot.press("N");
    assert!(first(&robot).contains("payments/storefront") || first(&robot).contains("shop/storefront"));
    robot.press("P");
    assert!(first(&robot).contains("data/") && robot.sees("by namespace ↑"));
    robot.press("S > >");
    assert!(robot.sees("READY↑"));
    robot.press("I");
    assert!(robot.sees("READY↓"));
    robot.press(": s o r t space i m a enter");
    assert!(robot.sees("IMAGE↑"));
    robot.press("S");
    assert!(first(&robot).contains("shop/checkout") && !robot.sees("↑"));
    robot.click(60, 2);
    assert!(robot.sees("by ready ↑"), "{}", robot.screen());
}

#[test]
fn kubectl_words_open_tables_and_kinds() {
    for (word, title) in
        [("ns", "Namespaces 6"), ("hpa", "Autoscalers 4"), ("job", "Jobs 3"), ("httproute", "Routes 3")]
    {
        let mut robot = operator();
        robot.press(":");
        robot.write(word);
        robot.press("enter");
        assert!(robot.sees(title), "{word}: {}", robot.screen());
    }
    let mut robot = operator();
    robot.press(": s t s enter");
    assert!(robot.sees("Workloads 2 of 19") && robot.sees("/:sts") && robot.sees("2 broken hidden"));
}

#[test]
fn filters_combine_and_what_is_broken_is_never_hidden_in_silence() {
    let mut robot = operator();
    robot.press("/");
    robot.write("-l team=shop,app!=cart :!broken");
    assert!(robot.sees("Workloads 4 of 19 ✗ 2 broken hidden"), "{}", robot.screen());
    robot.press("enter : r o u t e s enter");
    robot.press("esc");
    assert!(robot.sees("Workloads 4 of 19"), "the filter stays");
    robot.press("esc / : b r o x");
    assert!(robot.sees("`:brox` is no state") && robot.sees("Workloads 19 of 19"));
}

#[test]
fn a_scope_does_not_make_one_forget_what_burns_elsewhere() {
    let mut robot = operator();
    robot.press(":");
    robot.write("ns edge");
    robot.press("enter");
    assert!(robot.sees("✗ 2 broken elsewhere"));
    robot.press("0");
    assert!(!robot.sees("elsewhere"));
}

#[test]
fn several_namespaces_are_marked_and_shown_together() {
    let mut robot = operator();
    robot.press("tab j space space");
    assert_eq!(robot.press("enter"), [Effect::Scope(vec!["data".into(), "shop".into()])]);
    assert!(robot.sees("data+shop") && robot.sees("Workloads 9"));
    let mut robot = operator();
    robot.press(": n s enter");
    robot.press("* U g space j space");
    let effects = robot.press("enter");
    assert_eq!(effects, [Effect::Scope(vec!["payments".into(), "shop".into()])]);
    assert!(robot.sees("Workloads 11"));
}

#[test]
fn marks_stay_on_their_objects() {
    let mut robot = operator();
    robot.press("space ctrl-space");
    assert!(robot.sees("*2 marked"), "{}", robot.screen());
    robot.press("N / : m a r k e d enter");
    assert!(robot.sees("Workloads 2 of 19") && robot.sees("shop/search-indexer") && robot.sees("shop/checkout"));
    robot.press("U");
    assert!(robot.sees("none of 19 workloads match /:marked"));
}

#[test]
fn breadcrumbs_tell_the_way_and_history_goes_both_ways() {
    let mut robot = operator();
    robot.press(": j o b s enter : h p a enter enter");
    assert!(robot.sees("Workloads › Jobs › Autoscalers › shop/storefront"), "{}", robot.screen());
    robot.press("esc esc");
    assert!(robot.sees("Workloads › Jobs "));
    robot.press("[ [");
    assert!(robot.sees("› Autoscalers › shop/storefront"));
    robot.press("]");
    assert!(robot.sees("Jobs › Autoscalers ") && !robot.sees("› shop/storefront"));
    robot.press("-");
    assert!(robot.sees("› shop/storefront"));
    robot.press("] ]");
    assert!(robot.sees("there is no screen after this one"));
}

#[test]
fn wide_mode_shows_every_column_and_a_choice_only_some() {
    let mut robot = operator();
    robot.press("w right right right right right right right right right right right");
    assert!(robot.sees("LABELS") && robot.sees("app=checkout,team=shop"), "{}", robot.screen());
    robot.press("w W j space enter");
    assert!(!robot.sees("IMAGE ") && robot.sees("READY") && robot.sees("some columns"));
}

#[test]
fn the_journal_is_filtered_read_and_exported() {
    let mut robot = operator();
    robot.tell(Message::Journal(told()));
    robot.press("J");
    assert!(robot.sees("Journal 4") && robot.selected().contains("restart shop/catalogue"), "{}", robot.screen());
    robot.press("/");
    robot.write("500 :healthy");
    robot.press("enter");
    assert!(robot.sees("Journal 1 of 4") && robot.sees("checkout answers 500 since 2.4.1"));
    let export = |ids: &[&str]| [Effect::Export(ids.iter().map(|id| OperationId((*id).into())).collect())];
    assert_eq!(robot.press("x"), export(&["a1"]));
    robot.press("enter");
    assert!(robot.sees("Journal of a1") && robot.sees("By hand, without the checks"));
    assert_eq!(robot.press("x"), export(&["a1"]));
    robot.press("esc esc");
    assert_eq!(robot.press("X"), export(&["a3", "a1", "a2", "a4"]));
    robot.press("g space space");
    assert_eq!(robot.press("X"), export(&["a1", "a3"]));
    robot.press(": e x p o r t - a l l enter");
    robot.press(": w o r k l enter");
    assert_eq!(robot.press(": e x p o r t - a l l enter"), []);
    assert!(robot.sees("show what to export"), "{}", robot.screen());
}

#[test]
fn the_palette_finds_commands_fuzzily() {
    let mut robot = operator();
    robot.press(":");
    robot.write("ns pay");
    assert_eq!(robot.press("enter"), [Effect::Scope(vec!["payments".into()])]);
    robot.press(":");
    robot.write("rtes");
    robot.press("enter");
    assert!(robot.sees("Routes 1"));
    robot.press(":");
    robot.write("q");
    assert_eq!(robot.press("enter"), [Effect::Quit(Quit::Now)]);
}

#[test]
fn a_shift_asks_for_its_steps_and_says_what_is_wrong_with_them() {
    let mut robot = operator();
    robot.press("t tab");
    robot.press("ctrl-u");
    robot.write("30, 130");
    robot.press("tab ctrl-u");
    robot.write("5");
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("`130` is no share from 0 to 100") && robot.sees("`5` is no duration"));
    robot.press("ctrl-u");
    robot.write("30,60");
    robot.press("tab ctrl-u");
    robot.write("90s");
    robot.press("tab");
    robot.write("old gateway retires");
    let effects = robot.press("enter");
    let target = ObjectRef::new(Kind::HttpRoute, "shop", "checkout");
    let intent = Intent::Shift { target, to: "checkout-v2".into(), steps: vec![30, 60], hold: 90 };
    assert_eq!(gathered(&effects), (&intent, Some("old gateway retires")));
}

#[test]
fn a_route_with_one_backend_cannot_be_shifted_and_says_so() {
    let mut robot = operator();
    robot.press(": r o u t e s enter G");
    assert_eq!(robot.press("t"), []);
    assert!(robot.sees("there is nowhere to shift to"));
}

#[test]
fn where_several_routes_name_a_workload_one_is_chosen() {
    let mut robot = operator();
    let second = Route {
        object: ObjectRef::new(Kind::HttpRoute, "shop", "checkout-internal"),
        hosts: Vec::new(),
        backends: Route::shares(&[("checkout", 100), ("checkout-v2", 0)]),
        health: Health::Healthy,
        reason: None,
        created: None,
        labels: Labels::default(),
    };
    robot.watch(vec![Change::Route(second)]);
    robot.press("t");
    assert!(robot.sees("Which route?"));
    robot.press("j enter");
    assert!(robot.sees("Shift traffic of shop/checkout-internal") && robot.sees("25,50,75,100"));
}

#[test]
fn a_bump_begins_with_the_tag_that_runs_and_asks_for_the_container_where_there_are_several() {
    let mut robot = operator();
    let mut row = workload(deployment("shop", "aaa"), 1, "1.0.0", 1, 5);
    row.rollout.state = RolloutState::Failed;
    row.containers.push(Container { name: "proxy".into(), image: "envoy:1".into() });
    let object = row.object.clone();
    robot.watch(vec![Change::Workload(row)]);
    robot.press("g b ctrl-u");
    robot.tell(Message::Paste("1.1.0\n".into()));
    robot.press("tab right tab");
    robot.write("/srv/gitops.git");
    let effects = robot.press("enter");
    let intent = Intent::Bump {
        target: object,
        tag: "1.1.0".into(),
        container: Some("proxy".into()),
        repository: Some("/srv/gitops.git".into()),
        branch: None,
        file: None,
        wait: true,
    };
    assert_eq!(gathered(&effects), (&intent, None));
}

#[test]
fn a_migration_needs_a_command() {
    let mut robot = operator();
    robot.press("m");
    assert_eq!(robot.press("enter"), []);
    assert!(robot.sees("type the command that migrates"));
    robot.write("sh -c 'migrate up'");
    let effects = robot.press("enter");
    let Intent::Migrate { command, tag, .. } = gathered(&effects).0 else { panic!("{effects:?}") };
    assert_eq!((command.join("|"), tag.as_deref()), ("sh|-c|migrate up".into(), Some("2.4.1")));
}

#[test]
fn an_operation_is_steered_by_its_keys_and_left_running_by_esc() {
    let mut robot = operator();
    robot.roll_back();
    robot.press("enter");
    let view = shift_view();
    let id = view.id.clone();
    robot.start(view);
    assert!(robot.sees("3:12 left"));
    assert_eq!(robot.press("p"), [Effect::Control(id.clone(), Control::Pause)]);
    assert_eq!(robot.press("n"), [Effect::Control(id.clone(), Control::Next)]);
    assert_eq!(robot.press("b"), [Effect::Control(id.clone(), Control::StepBack)]);
    assert_eq!(robot.press("a enter"), [], "the safe answer comes first");
    assert_eq!(robot.press("a j enter"), [Effect::Control(id.clone(), Control::Abort)]);
    robot.press("esc");
    assert!(robot.sees("Workloads 19") && robot.sees("op: shift checkout 5/8 hold 3:12"));
    let result = Progress::Result { outcome: Outcome::Done, message: "all traffic moved".into() };
    robot.tell(Message::Operation(id, result));
    assert!(!robot.sees("op: shift") && robot.sees("✓ shift shop/checkout done: all traffic moved"));
    assert_eq!(robot.press("q"), [Effect::Quit(Quit::Now)]);
}

#[test]
fn progress_moves_the_timeline() {
    let mut robot = operator();
    robot.start(shift_view());
    let id = shift_view().id;
    robot.tell(Message::Operation(id.clone(), Progress::HoldUntil(None)));
    let step = |state, detail: &str| Progress::Step { index: 4, state, detail: detail.into() };
    robot.tell(Message::Operation(id.clone(), step(StepState::Failed, "0 of 2 endpoints ready")));
    robot.tell(Message::Operation(id, Progress::State(OperationState::Paused)));
    assert!(robot.sees("✗  5") && robot.sees("0 of 2 endpoints ready") && robot.sees("‖ paused"));
}

#[test]
fn quitting_asks_only_while_an_operation_of_ours_is_under_way() {
    let mut robot = operator();
    robot.tell(Message::Operations(vec![OperationView { holder: "bo@desk".into(), ..shift_view() }]));
    assert_eq!(robot.press("q"), [Effect::Quit(Quit::Now)], "another's operation is not ours to wait for");
    robot.start(shift_view());
    let ids = vec![shift_view().id];
    assert_eq!(robot.press("q enter"), [], "staying is the safe answer");
    assert_eq!(robot.press("ctrl-c j enter"), [Effect::Quit(Quit::Leaving(ids.clone()))]);
    assert_eq!(robot.press("q j j enter"), [Effect::Quit(Quit::SteppingBack(ids))]);
}

#[test]
fn ctrl_c_means_quit_even_while_something_is_typed() {
    let mut robot = operator();
    assert_eq!(robot.press("/ a ctrl-c"), [Effect::Quit(Quit::Now)]);
    robot.press("esc b");
    assert_eq!(robot.press("ctrl-c"), [Effect::Quit(Quit::Now)]);
}

#[test]
fn an_interrupted_operation_is_seen_from_everywhere_and_resumed_with_one_key() {
    let mut robot = operator();
    robot.tell(Message::Operations(journaled()));
    assert!(robot.sees("! 1 interrupted"));
    robot.press(":");
    robot.write("operations");
    robot.press("enter");
    assert!(robot.selected().contains("interrupted"), "what nobody carries out comes first");
    assert_eq!(
        robot.press("c"),
        [Effect::Resume { operation: OperationId("a3".into()), order: Control::Next, typed: None }]
    );
    robot.press("enter");
    assert!(robot.sees("nobody carries it out; c resumes it"));
    robot.press("esc j c");
    assert!(robot.sees("resume: this operation is done"));
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut robot = Robot::new(session(false, false), Rows::default(), (80, 24));
    assert_eq!(robot.press("r"), []);
    assert!(robot.sees("roll back: the workloads are still loading"));
    let mut robot = operator();
    robot.press("5 t");
    assert!(robot.sees("no route names a Service edge/gateway as its backend"));
}

#[test]
fn the_pods_of_what_is_looked_at_are_asked_for_once() {
    let mut robot = operator();
    let inspects = |robot: &mut Robot, key: &str| {
        let message = Message::Key(fixture::robot::event(key));
        let effects = robot.state.update(message, &robot.rows, now());
        effects.into_iter().filter(|effect| matches!(effect, Effect::Inspect(_))).collect::<Vec<_>>()
    };
    assert_eq!(inspects(&mut robot, "j"), [Effect::Inspect(deployment("shop", "search-indexer"))]);
    assert_eq!(inspects(&mut robot, "?"), []);
    assert_eq!(inspects(&mut robot, "esc"), []);
    assert_eq!(inspects(&mut robot, "k"), [Effect::Inspect(deployment("shop", "checkout"))]);
    let cart = deployment("shop", "cart");
    robot.state.update(Message::Key(fixture::robot::event("G")), &robot.rows, now());
    robot.rows.apply(vec![Change::Inspected(cart.clone(), Inspection::default())], now());
    robot.press("/ h o p / c a r t enter");
    let healthy = workload(cart.clone(), 4, "5.2.0", 61, 1);
    robot.rows.apply(vec![Change::Workload(healthy)], now());
    let effects = robot.state.update(Message::RowsChanged, &robot.rows, now());
    assert_eq!(effects, [Effect::Inspect(cart)], "what was known of its pods went with the change");
}

#[test]
fn the_mouse_selects_focuses_and_scrolls() {
    let mut robot = operator();
    robot.click(40, 6);
    assert!(robot.selected().contains("payments/ledger"));
    robot.click(40, 6);
    assert!(robot.sees("deploy payments/ledger") && !robot.sees("Workloads 1"), "a double click opens");
    robot.press("esc");
    robot.click(40, 7);
    robot.state.update(
        Message::Mouse(fixture::robot::left(40, 7)),
        &robot.rows,
        now() + jiff::SignedDuration::from_secs(1),
    );
    assert!(robot.sees("Workloads"), "two slow clicks do not");
    robot.click(40, 4);
    assert_eq!(robot.click(3, 3), [Effect::Scope(vec!["shop".into()])]);
    robot.press("0");
    let mut robot = Robot::new(session(false, false), rows(), (80, 24));
    robot.mouse(MouseEventKind::ScrollDown, 10, 5);
    assert!(robot.sees("4–14 of 19"), "{}", robot.screen());
    robot.mouse(MouseEventKind::ScrollUp, 10, 5);
    assert!(robot.sees("1–11 of 19"));
    let bar = robot.screen().lines().last().unwrap_or_default().to_owned();
    let column = bar.find("help").unwrap() as u16;
    robot.click(column, 23);
    assert!(robot.sees("On workloads and routes"), "a click on a key presses it");
    robot.press("esc");
    robot.press(":");
    let palette = robot.screen();
    let (at, _) = palette.lines().enumerate().find(|(_, line)| line.contains("jobs ")).unwrap();
    robot.click(30, at as u16);
    robot.click(30, at as u16);
    assert!(robot.sees("Jobs 3"), "a double click takes a command: {}", robot.screen());
    robot.press("esc");
    let line = |robot: &Robot, text: &str| robot.screen().lines().position(|line| line.contains(text)).unwrap() as u16;
    let border = line(&robot, "┌ deploy");
    robot.click(20, border);
    robot.mouse(MouseEventKind::Drag(MouseButton::Left), 20, border - 4);
    robot.mouse(MouseEventKind::Up(MouseButton::Left), 20, border - 4);
    assert_eq!(line(&robot, "┌ deploy"), border - 4, "a border follows the mouse");
    robot.mouse(MouseEventKind::Drag(MouseButton::Left), 20, 3);
    assert_eq!(line(&robot, "┌ deploy"), border - 4, "once let go it stays");
}

#[test]
fn remapped_keys_work_and_the_help_shows_them() {
    let (keymap, errors) = Keymap::parse(Path::new("keys.toml"), "[rows]\nctrl-r = \"rollback\"\nr = \"none\"\n");
    assert_eq!(errors, []);
    let config = Config { keymap, theme: Theme::monochrome(), ..Config::default() };
    let session = Session::new("kind", true, false, jiff::tz::TimeZone::UTC, config);
    let mut robot = Robot::new(session, rows(), (120, 40));
    assert_eq!(robot.press("r"), []);
    assert!(robot.sees("ctrl-r roll back"));
    assert_eq!(robot.press("ctrl-r").len(), 1);
    robot.press("esc ?");
    assert!(robot.sees("  ctrl-r             roll back"));
}

#[test]
fn a_notice_is_one_line_until_the_next_key() {
    let mut robot = operator();
    robot.tell(Message::Notice(Notice::error("the push was rejected").hint("fetch and try again")));
    assert!(robot.sees("✗ the push was rejected  → fetch and try again"));
    robot.press("j");
    assert!(!robot.sees("the push was rejected"));
}

#[test]
fn rows_that_vanish_while_a_plan_is_open_disturb_nothing() {
    let mut robot = operator();
    robot.roll_back();
    robot.watch(vec![Change::Gone(deployment("shop", "checkout"))]);
    assert!(robot.sees("Roll back shop/checkout"));
    robot.press("esc");
    assert!(robot.selected().contains("search-indexer"));
}

#[test]
fn resizing_keeps_the_selection_in_sight() {
    let mut robot = operator();
    robot.press("G");
    let last = robot.selected();
    robot.size = (80, 10);
    robot.tell(Message::Resize(80, 10));
    assert!(last.contains("shop/storefront") && robot.selected().contains("shop/storefront"));
}

#[test]
fn what_was_typed_into_a_form_survives_a_plan_that_cannot_be_made() {
    let mut robot = operator();
    robot.press("b ctrl-u");
    robot.write("2.4.2");
    robot.press("up");
    robot.write("fixes the crash");
    robot.answer("enter", Err(failure("no repository has this image")));
    assert!(robot.sees("no repository has this image"));
    robot.press("esc");
    assert!(robot.sees("Bump shop/checkout from 2.4.1") && robot.sees("fixes the crash"));
    let choice = |intent| Choice { label: "apps".into(), detail: String::new(), intent };
    let other = Intent::Restart { target: deployment("shop", "checkout") };
    robot.answer("enter", Err(Failure { choices: vec![choice(other)], ..failure("several places") }));
    let effects = robot.press("enter");
    assert_eq!(gathered(&effects).1, Some("fixes the crash"), "the reason goes with what is chosen instead");
    let [Effect::Gather { ticket, .. }] = effects[..] else { panic!("{effects:?}") };
    robot.tell(Message::Planned { ticket, result: Ok(Arc::new(rollback_plan())) });
    robot.press("esc");
    assert!(robot.selected().contains("shop/checkout") && !robot.sees("Bump"), "the plan takes the form's place");
}

#[test]
fn a_revision_is_chosen_where_all_are_seen() {
    let mut robot = operator();
    robot.press(":");
    robot.write("rollback-to");
    robot.press("enter");
    assert!(robot.sees("choose a revision: r rolls back to it"));
    assert!(robot.sees("Revisions"), "what is known of each, and what differs, is there");
}

#[test]
fn a_helm_release_is_rolled_back_from_its_table() {
    let mut robot = Robot::new(session(false, false), fixture::kinds::releases(), (120, 40));
    robot.press(":");
    robot.write("releases");
    robot.press("enter");
    let effects = robot.press("r");
    let Intent::Rollback { target, revision: None } = gathered(&effects).0 else { panic!("{effects:?}") };
    assert_eq!((target.kind, target.path().as_str()), (Kind::Release, "shop/checkout"));
    robot.press("esc");
    assert_eq!(robot.press("R"), []);
    assert!(robot.sees("a Helm release is changed by helm"), "{}", robot.screen());
}

#[test]
fn resuming_in_a_protected_context_asks_for_the_name_again() {
    let mut robot = in_production();
    robot.tell(Message::Operations(journaled()));
    robot.press(":");
    robot.write("operations");
    robot.press("enter");
    assert_eq!(robot.press("c enter"), []);
    assert!(robot.sees("type catalogue first: this context is protected"));
    robot.write("catalogue");
    let resume =
        Effect::Resume { operation: OperationId("a3".into()), order: Control::Next, typed: Some("catalogue".into()) };
    assert_eq!(robot.press("enter"), [resume]);
}

#[test]
fn replicas_that_changed_of_late_are_seen_in_the_table() {
    let bars = |robot: &Robot| robot.screen().lines().find(|line| line.contains("edge/gateway")).unwrap().to_owned();
    let scaled = |robot: &mut Robot, to: u32, before: i64| {
        let mut scaler = robot.rows.autoscaler_of(&deployment("edge", "gateway")).unwrap().clone();
        (scaler.current, scaler.desired) = (to, to);
        robot.rows.apply(vec![Change::Autoscaler(scaler)], fixture::ago(before));
    };
    let mut robot = Robot::new(session(false, false), rows(), (240, 60));
    assert!(!bars(&robot).contains('█'), "one that has not changed draws nobody's eye: {}", bars(&robot));
    scaled(&mut robot, 16, 60);
    let seen = bars(&robot);
    assert!(seen.contains('▅') && seen.contains('█'), "from 8 to 16: {seen}");
}

#[test]
fn what_is_on_the_screen_and_not_well_is_told_once() {
    let mut robot = Robot::new(session(false, false), rows(), (120, 40));
    let mut visible = |rows_changed: bool| {
        let message = if rows_changed { Message::RowsChanged } else { Message::Tick };
        let effects = robot.state.update(message, &robot.rows, now());
        effects.into_iter().filter(|effect| matches!(effect, Effect::Visible(_))).collect::<Vec<_>>()
    };
    assert_eq!(visible(true), [], "the first frame has told it");
    assert_eq!(visible(false), [], "nothing has changed");
    let mut mended = workload(deployment("shop", "search-indexer"), 1, "1.9.3", 12, 60);
    mended.rollout = Rollout::plain(RolloutState::Complete);
    robot.rows.apply(vec![Change::Workload(mended)], now());
    let effects = robot.state.update(Message::RowsChanged, &robot.rows, now());
    let Some(Effect::Visible(left)) = effects.into_iter().find(|effect| matches!(effect, Effect::Visible(_))) else {
        panic!("what has recovered is no longer asked for")
    };
    assert!(left.contains(&deployment("shop", "checkout")) && !left.contains(&deployment("shop", "search-indexer")));
}

#[test]
fn what_others_left_is_told_once_shown_first_and_cannot_be_resumed_from_here() {
    let mut rows = rows();
    others(&mut rows, 90);
    let mut robot = Robot::new(session(false, false), rows, (120, 40));
    assert!(!robot.sees("orphaned"), "before the journals were read nothing is known to be somebody else's");
    robot.tell(Message::Operations(journaled()));
    assert!(robot.sees("! 2 orphaned"), "{}", robot.screen());
    assert!(
        robot.sees("left migrate payments/ledger at step 2 of 2") && robot.sees("(and 1 more)"),
        "{}",
        robot.screen()
    );
    robot.press("j");
    robot.tell(Message::RowsChanged);
    assert!(!robot.sees("(and 1 more)"), "it is told once");
    robot.press(": o p e r enter / a n a enter");
    assert!(robot.selected().contains("orphaned") && robot.selected().contains("ana@laptop"), "{}", robot.screen());
    assert_eq!(robot.press("c"), []);
    assert!(robot.sees("its journal is on laptop"), "{}", robot.screen());
    robot.press("enter");
    assert!(robot.sees("release 3.0, CHG-4711") && robot.sees("pilothouse operations resume 20261121-030044-kxw"));
    assert_eq!(robot.press("a"), [], "nor can it be aborted");
    let lease = ObjectRef::new(Kind::Lease, "shop", "pilothouse-httproute-checkout");
    robot.watch(vec![Change::Gone(lease)]);
    assert!(robot.sees("is over, or its Lease is gone"), "{}", robot.screen());
}

#[test]
fn a_journal_of_this_machine_knows_better_than_a_lease() {
    let mut rows = rows();
    let known = journaled().remove(0);
    rows.apply(
        vec![Change::Claim(claim(&known.id.0, "me@here", known.verb, known.target, "step 1 of 2, undo", 4_000))],
        now(),
    );
    let mut robot = Robot::new(session(false, false), rows, (120, 40));
    robot.tell(Message::Operations(journaled()));
    robot.press(": o p e r enter");
    assert!(robot.sees("Operations 4") && !robot.sees("may be gone"), "{}", robot.screen());
}
