//! Golden frames: every screen at three sizes, without colour, from one believable moment; the main ones in ASCII and in the
//! dark theme's colours too.

mod fixture;

use fixture::{
    journaled, logs, migration_view, rescue,
    robot::{Robot, Way},
    rows, session, shift_view, sights, told,
};
use jiff::tz::TimeZone;
use pilothouse::{
    config::{Config, Terminal, Theme},
    model::{Aspect, Change, Intent, Kind, LogState, OperationState, Rows, Sync},
    ui::{Choice, Effect, Failure, Message, Session},
};
use ratatui::{
    buffer::Cell,
    style::{Color, Modifier, Style},
};
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Compares the frames of one screen at every size.
fn golden(name: &str, session: impl Fn() -> Session, rows: &Rows, prepare: impl Fn(&mut Robot)) {
    settings().bind(|| {
        for size in SIZES {
            let mut robot = Robot::new(session(), rows.clone(), size);
            prepare(&mut robot);
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), robot.screen());
        }
    });
}

/// The main screens.
const MAIN: [(&str, Way); 4] = [
    ("cockpit", |_| {}),
    ("workload", |robot| drop(robot.press("enter"))),
    ("plan", |robot| robot.roll_back()),
    ("operation", |robot| robot.start(shift_view())),
];

#[test]
fn the_main_screens_in_ascii() {
    let ascii = || {
        let terminal = Terminal { ascii: true, ..Terminal::default() };
        let config = Config { theme: Theme::monochrome(), terminal, ..Config::default() };
        Session::new("prod-eu", false, false, TimeZone::UTC, config)
    };
    let rows = rows();
    for (name, go) in MAIN {
        golden(&format!("{name}-ascii"), ascii, &rows, go);
    }
}

/// Below each line a letter for the style of each of its signs, below the frame what the letters stand for.
#[test]
fn the_main_screens_in_the_dark_theme() {
    let dark = || Session::new("prod-eu", false, false, TimeZone::UTC, Config::default());
    let rows = rows();
    for (name, go) in MAIN {
        for size in SIZES {
            let mut robot = Robot::new(dark(), rows.clone(), size);
            go(&mut robot);
            settings().bind(|| {
                insta::assert_snapshot!(format!("{name}-dark-{}x{}", size.0, size.1), styled(&robot));
            });
        }
    }
}

/// A frame with the style of each sign.
fn styled(robot: &Robot) -> String {
    let buffer = robot.buffer();
    let mut legend: Vec<Style> = Vec::new();
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let signs: String = row.iter().map(|cell| cell.symbol()).collect();
        let letter = |cell: &Cell| {
            let style = cell.style();
            let shows = cell.symbol() != " " || cell.bg != Color::Reset || cell.modifier.contains(Modifier::REVERSED);
            if !shows {
                return ' ';
            }
            let at = legend.iter().position(|known| *known == style).unwrap_or_else(|| {
                legend.push(style);
                legend.len() - 1
            });
            ('a'..='z').chain('A'..='Z').nth(at).unwrap_or('?')
        };
        let styles: String = row.iter().map(letter).collect();
        text += &format!("{}\n{}\n", signs.trim_end(), styles.trim_end());
    }
    for (letter, style) in ('a'..='z').chain('A'..='Z').zip(&legend) {
        let colour = |colour: Option<Color>| colour.unwrap_or_default().to_string();
        let (fg, bg, weight) = (colour(style.fg), colour(style.bg), style.add_modifier);
        text += &format!("\n{letter} = {fg} on {bg} {}", format!("{weight:?}").to_lowercase());
    }
    text
}

fn plain() -> Session {
    session(false, false)
}

#[test]
fn cockpit() {
    let rows = rows();
    golden(
        "cockpit",
        || session(true, false),
        &rows,
        |robot| {
            robot.start(shift_view());
            robot.press("esc");
        },
    );
}

#[test]
fn cockpit_filtered_with_namespaces() {
    let rows = rows();
    golden("cockpit-filtered", plain, &rows, |robot| {
        robot.press("/ c h k enter tab");
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
        fixture::now(),
    );
    golden("cockpit-stale", || session(true, true), &rows, |_| {});
}

/// The workload screen of shop/checkout with everything seen.
fn checkout(robot: &mut Robot) {
    robot.press("enter");
    sights::all().into_iter().for_each(|sight| robot.see(sight));
}

#[test]
fn workload() {
    let rows = rows();
    golden("workload-loading", plain, &rows, |robot| {
        robot.press("enter");
    });
    for (name, keys) in [
        ("workload-overview", "1"),
        ("workload-revisions", "2"),
        ("workload-compare", "2 d"),
        ("workload-pods", "3"),
        ("workload-pod", "3 enter"),
        ("workload-events", "4"),
        ("workload-autoscaler", "6"),
        ("workload-yaml", "7 / c h e c enter"),
        ("workload-traffic", "8"),
        ("workload-git", "9"),
    ] {
        golden(name, plain, &rows, |robot| {
            checkout(robot);
            robot.press(keys);
        });
    }
    golden("workload-forbidden", plain, &rows, |robot| {
        robot.press("enter 3");
        robot.unseen(Aspect::Pods, true, "list pods in shop: User \"ana\" cannot list resource \"pods\"");
    });
}

#[test]
fn plan() {
    let rows = rows();
    golden("plan", plain, &rows, |robot| robot.roll_back());
    golden(
        "plan-protected",
        || session(true, false),
        &rows,
        |robot| {
            robot.roll_back();
            robot.press("c h e c enter");
        },
    );
    golden("plan-refused", plain, &rows, |robot| robot.plan("R", fixture::policy::refused()));
    golden("plan-overriding", plain, &rows, |robot| {
        robot.plan("R", fixture::policy::refused());
        robot.press("o c e r t");
    });
    golden("plan-overridden", plain, &rows, |robot| {
        robot.plan("R", fixture::policy::overridden());
        robot.press("enter");
    });
    golden("plan-frozen", plain, &rows, |robot| robot.plan("r", fixture::policy::frozen()));
    // Of an Argo CD Application beneath another one, while Git is read.
    golden("plan-before-git", plain, &rows, |robot| robot.plan("r", fixture::held_plan()));
    golden("plan-diff", plain, &rows, |robot| {
        robot.roll_back();
        robot.press("d");
    });
}

#[test]
fn routes_jobs_and_operations() {
    let rows = rows();
    golden("routes", plain, &rows, |robot| {
        robot.press(": r o u t e s enter");
    });
    golden("jobs", plain, &rows, |robot| {
        robot.press(": j o b s enter");
    });
    golden("namespaces", plain, &rows, |robot| {
        robot.press(": n s enter");
        robot.press("j space j space");
    });
    golden("autoscalers", plain, &rows, |robot| {
        robot.press(": h p a enter");
    });
    golden("operations", plain, &rows, |robot| {
        robot.tell(Message::Operations(journaled()));
        robot.press(": o p e r enter");
    });
}

#[test]
fn namespaces_by_client_and_by_pull_request() {
    let rows = fixture::clients::clients();
    golden("namespaces-clients", plain, &rows, |robot| {
        robot.press(": g r o u p space c l i enter right j");
    });
    golden("namespaces-pull-requests", plain, &rows, |robot| {
        robot.press(": g r o u p space p u l l enter j");
    });
    golden("namespaces-group", plain, &rows, |robot| {
        robot.press(": n s enter v");
    });
    golden("placement", plain, &rows, |robot| {
        robot.press(": g r o u p space c l i enter");
        let effects = robot.press("n");
        let [Effect::Place { object, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let placement = Arc::new(fixture::clients::placement());
        robot.tell(Message::Placed { context: "prod-eu".into(), object: object.clone(), placement });
    });
}

#[test]
fn operations_of_others() {
    let mut rows = rows();
    fixture::others::others(&mut rows, 90);
    golden("operations-orphaned", plain, &rows, |robot| {
        robot.tell(Message::Operations(journaled()));
        robot.press(": o p e r enter g");
    });
    golden("operation-orphaned", plain, &rows, |robot| {
        robot.tell(Message::Operations(journaled()));
        robot.press(": o p e r enter / a n a enter enter");
    });
    let mut rows = fixture::rows();
    let why = "User \"ana\" cannot list resource \"leases\" in API group \"coordination.k8s.io\"".to_owned();
    rows.apply(vec![Change::Sync(Kind::Lease, None, Sync::Forbidden { why })], fixture::now());
    golden("operations-forbidden", plain, &rows, |robot| {
        robot.tell(Message::Operations(Vec::new()));
        robot.press(": o p e r enter");
    });
}

#[test]
fn tables_in_another_look() {
    let rows = rows();
    golden("table-sorted-and-filtered", plain, &rows, |robot| {
        robot.press("A A / : ! h e a enter j space");
    });
    golden("table-wide", plain, &rows, |robot| {
        robot.press("w right right");
    });
    golden("columns", plain, &rows, |robot| {
        robot.press("W j space j");
    });
}

#[test]
fn journal() {
    let rows = rows();
    golden("journal", plain, &rows, |robot| {
        robot.tell(Message::Journal(told()));
        robot.press("J");
    });
    golden("journal-account", plain, &rows, |robot| {
        robot.tell(Message::Journal(told()));
        robot.press("J enter");
    });
}

#[test]
fn operation() {
    let rows = rows();
    golden("operation-shift", plain, &rows, |robot| {
        robot.start(shift_view());
    });
    golden("operation-migrate", plain, &rows, |robot| {
        robot.start(migration_view());
    });
}

#[test]
fn forms() {
    let rows = rows();
    golden("form-shift", plain, &rows, |robot| {
        robot.press("t");
    });
    golden("form-bump", plain, &rows, |robot| {
        robot.press("b");
    });
    golden("form-migrate", plain, &rows, |robot| {
        robot.press("m enter");
    });
}

#[test]
fn layers() {
    let rows = rows();
    golden("help", plain, &rows, |robot| {
        robot.press("?");
    });
    golden("palette", plain, &rows, |robot| {
        robot.press(":");
    });
    golden("quit", plain, &rows, |robot| {
        robot.start(shift_view());
        robot.press("q");
    });
    golden("failure", plain, &rows, |robot| {
        let failure = Failure {
            title: "Roll back shop/checkout".into(),
            message: "no earlier revision is known good".into(),
            hint: Some("choose one, or give --to-revision".into()),
            choices: [40, 39, 37]
                .map(|revision| Choice {
                    label: format!("revision {revision}"),
                    detail: format!("2.4.0, ran {} days, nothing tells whether it worked", 41 - revision),
                    intent: Intent::Rollback {
                        target: fixture::deployment("shop", "checkout"),
                        revision: Some(revision),
                    },
                })
                .to_vec(),
        };
        robot.tell(Message::Failed(failure));
    });
}

#[test]
fn no_size_is_too_small() {
    let screens: [fn(&mut Robot); 9] = [
        |_| {},
        |robot| robot.roll_back(),
        |robot| drop(robot.press("enter")),
        |robot| drop(robot.press("t")),
        |robot| drop(robot.press("?")),
        |robot| drop(robot.press(":")),
        |robot| drop(robot.press("/ x")),
        |robot| robot.start(migration_view()),
        |robot| {
            robot.start(shift_view());
            robot.press("q");
        },
    ];
    let rows = rows();
    let sizes = (1..=24).flat_map(|height| [1, 2, 3, 5, 9, 14, 20, 33, 47, 80].map(|width| (width, height)));
    for size in sizes {
        for prepare in screens {
            let mut robot = Robot::new(session(true, false), rows.clone(), size);
            prepare(&mut robot);
            let text = robot.screen();
            assert!(size.0 < 5 || !text.trim().is_empty(), "{size:?} shows nothing");
        }
    }
}

#[test]
fn logs_of_two_pods() {
    let rows = rows();
    golden("logs", plain, &rows, |robot| {
        let ticket = logs::open(robot);
        robot.tell(logs::story(ticket));
    });
    golden("logs-filtered", plain, &rows, |robot| {
        let ticket = logs::open(robot);
        robot.tell(logs::story(ticket));
        robot.press("w t s");
        robot.write("status");
        robot.press("enter k k /");
        robot.write("orders !471");
    });
    golden("logs-waiting", plain, &rows, |robot| {
        let ticket = logs::open(robot);
        robot.tell(logs::source(ticket, LogState::Waiting("ImagePullBackOff: Back-off pulling image".into())));
    });
    golden("logs-chosen", plain, &rows, |robot| {
        let ticket = logs::open(robot);
        robot.tell(logs::story(ticket));
        robot.press("v j");
    });
}

#[test]
fn rollouts() {
    let rows = fixture::kinds::rollouts();
    golden("rollouts", plain, &rows, |_| {});
}

#[test]
fn nodes() {
    let rows = fixture::capacity::nodes();
    golden("nodes", plain, &rows, |robot| {
        robot.press(": n o d e s enter");
    });
    golden("nodes-wide", plain, &rows, |robot| {
        robot.press(": n o d e s enter w j");
    });
    let rows = fixture::capacity::unmeasured();
    golden("nodes-unmeasured", plain, &rows, |robot| {
        robot.press(": n o d e s enter");
    });
}

#[test]
fn cron_jobs() {
    let rows = fixture::kinds::cron_jobs();
    golden("cronjobs", plain, &rows, |robot| {
        robot.press(": c j enter");
    });
}

#[test]
fn helm_releases() {
    let rows = fixture::kinds::releases();
    golden("releases", plain, &rows, |robot| {
        robot.press(": h e l m enter");
    });
}

#[test]
fn helm_releases_that_may_not_be_listed() {
    let mut rows = fixture::rows();
    let why = "User \"ana\" cannot list resource \"secrets\" in API group \"\" at the cluster scope".into();
    rows.apply(vec![Change::Sync(Kind::Secret, None, Sync::Forbidden { why })], fixture::now());
    golden("releases-forbidden", plain, &rows, |robot| {
        robot.press(": h e l m enter");
    });
}

#[test]
fn what_broke() {
    let rows = rows();
    golden("panic", plain, &rows, |robot| {
        rescue::open(robot, "! s s s s s");
    });
    golden("panic-loading", plain, &Rows::default(), |robot| drop(robot.press("!")));
    let mut quiet = Rows::default();
    let forbidden = Sync::Forbidden { why: "User \"ana\" cannot list resource \"statefulsets\"".into() };
    let live = Sync::Live { heard: fixture::now() };
    let syncs = [(Kind::Deployment, live.clone()), (Kind::StatefulSet, forbidden), (Kind::DaemonSet, live)];
    quiet.apply(syncs.map(|(kind, sync)| Change::Sync(kind, None, sync)).to_vec(), fixture::now());
    golden("panic-nothing", plain, &quiet, |robot| drop(robot.press("!")));
    golden(
        "panic-confirm",
        || session(true, false),
        &rows,
        |robot| {
            rescue::open(robot, "! s s s s s");
            robot.press("r");
            robot.write("chec");
        },
    );
}

#[test]
fn rollbacks_side_by_side() {
    let rows = rows();
    golden("rollbacks", plain, &rows, |robot| {
        rescue::two_more(robot);
        let (ticket, wanted) = rescue::wanted(robot.press("!"));
        let plans: Vec<_> =
            wanted.iter().enumerate().map(|(at, (intent, _))| rescue::plan(intent.target(), at + 1)).collect();
        for plan in &plans {
            let (object, result) = (plan.target.clone(), Ok(std::sync::Arc::new(plan.clone())));
            robot.tell(Message::Mustered { ticket, object, result });
        }
        robot.press("r enter");
        let done = "shop/checkout runs the template of revision 40 again: rolled out and available";
        let states = [(OperationState::Running, "2 of 3 pods exist"), (OperationState::Done, done)];
        for (plan, (state, note)) in plans.iter().zip(states) {
            let view = rescue::view(plan, state, note);
            robot.tell(Message::Began(plan.operation.clone(), Ok(Box::new(view))));
        }
        if let Some(last) = plans.get(2) {
            let failure = Failure {
                title: "Not started".into(),
                message: "rollback deploy/search refused: you may not patch deployments in shop".into(),
                hint: Some("ask for this right, or use a context whose user has it".into()),
                choices: Vec::new(),
            };
            robot.tell(Message::Began(last.operation.clone(), Err(failure)));
        }
    });
}

#[test]
fn the_pods_of_a_rollback_that_is_waited_for() {
    let rows = rows();
    golden("rollback-waits", plain, &rows, |robot| {
        let plan = rescue::plan(&fixture::deployment("shop", "checkout"), 1);
        robot.start(rescue::view(&plan, OperationState::Running, "4 of 6 pods are available"));
    });
}
