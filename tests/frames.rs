//! Golden frames: every screen at three sizes, without colour, from one believable moment.

mod fixture;

use fixture::{journaled, logs, migration_view, robot::Robot, rows, session, shift_view, sights, told};
use pilothouse::{
    model::{Aspect, Change, Intent, Kind, LogState, Rows, Sync},
    ui::{Choice, Failure, Message, Session},
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Compares the frames of one screen at every size.
fn golden(name: &str, session: impl Fn() -> Session, rows: &Rows, prepare: impl Fn(&mut Robot)) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for size in SIZES {
            let mut robot = Robot::new(session(), rows.clone(), size);
            prepare(&mut robot);
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), robot.screen());
        }
    });
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
    let all = [
        sights::overview(),
        sights::pods(),
        sights::events(),
        sights::history(),
        sights::origin(),
        sights::scaling(),
        sights::manifest(),
        sights::traffic(),
    ];
    all.into_iter().for_each(|sight| robot.see(sight));
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
        ("workload-autoscaler", "5"),
        ("workload-yaml", "6 / c h e c enter"),
        ("workload-traffic", "7"),
        ("workload-git", "8"),
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
