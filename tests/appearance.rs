//! What must hold on every screen whatever is shown there and whatever the terminal: it fits, it stays in its columns, nothing
//! steers the terminal, ASCII stays ASCII, and themes can be read by everybody.
#![allow(clippy::unwrap_used, reason = "what fails in a test fails it")]

mod fixture;

use fixture::{
    robot::{PLACES, Robot},
    rows, session, sights,
};
use pilothouse::{
    config::{Config, Depth, Meaning, Terminal, Theme},
    model::{
        Account, Aspect, Batch, Cause, Change, Fleet, JobState, LogNews, LogState, ObjectRef, Rows, Sight, Standing,
        clean,
    },
    ui::{self, Failure, Message, Notice, Session},
};
use proptest::prelude::*;
use ratatui::{backend::CrosstermBackend, layout::Rect, style::Color};

fn ascii_session() -> Session {
    let terminal = Terminal { ascii: true, ..Terminal::default() };
    let config = Config { theme: Theme::monochrome(), terminal, ..Config::default() };
    Session::new("prod-eu", false, false, jiff::tz::TimeZone::UTC, config)
}

/// The bytes that go to the terminal for one frame.
fn bytes(robot: &Robot) -> Vec<u8> {
    let mut written = Vec::new();
    let viewport = ratatui::Viewport::Fixed(Rect::new(0, 0, robot.size.0, robot.size.1));
    let options = ratatui::TerminalOptions { viewport };
    let mut terminal = ratatui::Terminal::with_options(CrosstermBackend::new(&mut written), options).unwrap();
    terminal.draw(|frame| ui::draw(&robot.state, &robot.rows, frame, fixture::now())).unwrap();
    drop(terminal);
    written
}

/// What is left of `bytes` without the sequences that move the cursor and set colours.
fn without_sequences(bytes: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\x1b[") {
            at += 2;
            while !(0x40..=0x7e).contains(&bytes[at]) {
                assert!(bytes[at].is_ascii_digit() || b";:?".contains(&bytes[at]), "no sequence of ours");
                at += 1;
            }
            assert!(matches!(bytes[at], b'H' | b'm' | b'h' | b'l'), "a sequence that ends in {}", bytes[at] as char);
        } else {
            left.push(bytes[at]);
        }
        at += 1;
    }
    left
}

/// The rows with `text` wherever an API server, a registry or a program could put one of its own.
fn hostile(text: &str) -> Rows {
    let mut rows = rows();
    let mut batch: Batch = Vec::new();
    for row in rows.workloads.iter() {
        let mut row = row.clone();
        for container in &mut row.containers {
            container.image = format!("{text}:{text}").into();
        }
        row.rollout.reason = Some(text.to_owned());
        if let Some(owner) = &mut row.owner {
            owner.name = text.into();
        }
        if &*row.object.name == "cart" {
            row.object = ObjectRef::new(row.object.kind, text, text);
        }
        batch.push(Change::Workload(row));
    }
    for (object, inspection) in &rows.inspections {
        let mut inspection = inspection.clone();
        if let Some(blocker) = &mut inspection.blocker {
            (blocker.cause, blocker.evidence) = (Cause::Refused { told: text.into() }, vec![text.to_owned()]);
        }
        for pod in &mut inspection.pods {
            (pod.status, pod.node, pod.image) = (text.into(), Some(text.into()), text.into());
        }
        batch.push(Change::Inspected(object.clone(), inspection));
    }
    for route in rows.routes.iter() {
        let mut route = route.clone();
        (route.hosts, route.reason) = (vec![text.into()], Some(text.to_owned()));
        for backend in &mut route.backends {
            backend.name = text.into();
        }
        batch.push(Change::Route(route));
    }
    for job in rows.jobs.iter() {
        let mut job = job.clone();
        (job.image, job.state) = (text.into(), JobState::Failed(text.to_owned()));
        batch.push(Change::Job(job));
    }
    rows.apply(batch, fixture::now());
    for news in &mut rows.news {
        news.text = text.to_owned();
    }
    rows
}

/// What was seen of a workload, with `text` wherever others write.
fn hostile_sights(text: &str) -> Vec<Sight> {
    let all = sights::all().into_iter().map(|mut sight| {
        match &mut sight {
            Sight::Overview(overview) => {
                (overview.strategy, overview.service_account) = (text.into(), Some(text.into()));
                for condition in &mut overview.conditions {
                    (condition.reason, condition.message) = (text.into(), text.into());
                }
                overview.containers[0].image = text.into();
                overview.containers[0].probes[0].1 = text.into();
            }
            Sight::Pods(pods) => {
                for pod in pods.groups.iter_mut().flat_map(|group| &mut group.pods) {
                    (pod.status, pod.node, pod.ip) = (text.into(), Some(text.into()), Some(text.into()));
                    for container in &mut pod.containers {
                        (container.state, container.message, container.image) = (text.into(), text.into(), text.into());
                        if let Some(last) = &mut container.last {
                            (last.reason, last.message) = (text.into(), text.into());
                        }
                    }
                    for condition in &mut pod.conditions {
                        condition.message = text.into();
                    }
                }
            }
            // Numbers, and names that the API server checks.
            Sight::Usage(_) => {}
            Sight::Events(events, _) => {
                for event in events {
                    (event.reason, event.message) = (text.into(), text.into());
                }
            }
            Sight::Revisions(history) => {
                for revision in &mut history.revisions {
                    (revision.evidence, revision.cause) = (text.into(), Some(text.into()));
                    revision.containers[0].image = text.into();
                    for shown in revision.traits.0.values_mut() {
                        shown.text = text.into();
                    }
                }
                for reconciliation in history.reconciliations.iter_mut().flatten().flatten() {
                    reconciliation.message = text.into();
                }
            }
            Sight::Git(origin) => {
                (origin.branch, origin.places[0].place) = (text.into(), text.into());
                origin.unplaced = vec![(text.into(), text.into())];
                for commit in origin.places.iter_mut().flat_map(|placed| &mut placed.commits) {
                    (commit.author, commit.subject, commit.to) = (text.into(), text.into(), Some(text.into()));
                }
            }
            Sight::Autoscaler(scaling) => {
                for (condition, _) in scaling.iter_mut().flat_map(|scaling| &mut scaling.conditions) {
                    (condition.reason, condition.message) = (text.into(), text.into());
                }
            }
            Sight::Manifest(manifest) => {
                manifest.lines.iter_mut().for_each(|line| *line = format!("  key: {text}"));
                manifest.managers = vec![text.into()];
            }
            Sight::Traffic(traffic) => {
                (traffic.services[0].kind, traffic.services[0].ports) = (text.into(), vec![text.into()]);
            }
        }
        sight
    });
    all.collect()
}

/// Opens shop/checkout with `text` on every side, and presses these keys.
fn look_round(robot: &mut Robot, text: &str, keys: &str) {
    robot.press("enter");
    hostile_sights(text).into_iter().for_each(|sight| robot.see(sight));
    robot.press(keys);
}

/// Every context with `text` wherever it is told of.
fn hostile_fleet(text: &str) -> Fleet {
    let mut fleet = fixture::fleet::fleet();
    for context in &mut fleet.contexts {
        if &*context.name != "prod-eu" {
            context.name = format!("{text} {}", context.name).into();
        }
        (context.server, context.user) = (text.into(), text.into());
        for troubled in &mut context.summary.troubled {
            (troubled.reason, troubled.image) = (Some(text.into()), Some(text.into()));
        }
        context.summary.standing = match &context.summary.standing {
            Standing::Stale { since, .. } => Standing::Stale { since: *since, why: text.into() },
            Standing::Login { .. } => Standing::Login { why: text.into() },
            Standing::Unreachable { since, .. } => Standing::Unreachable { since: *since, why: text.into() },
            Standing::Forbidden { .. } => Standing::Forbidden { why: text.into() },
            other => other.clone(),
        };
    }
    fleet
}

/// Every account of the journal with `text` in it.
fn hostile_journal(text: &str) -> Vec<Account> {
    let mut accounts = fixture::told();
    for account in &mut accounts {
        (account.summary, account.who, account.why) = (text.into(), vec![text.into()], Some(text.into()));
        (account.result, account.durability, account.diff) = (Some(text.into()), text.into(), text.into());
        account.timeline[0].what = text.into();
        account.commands = vec![text.into()];
    }
    accounts
}

/// Opens logs that say `text` in lines, in a pod's name and in what became of a container.
fn open_logs(robot: &mut Robot, text: &str) {
    let ticket = fixture::logs::open(robot);
    robot.tell(fixture::logs::source(ticket, LogState::Waiting(text.into())));
    let line = |source| fixture::logs::line(source, fixture::now(), &clean(text.as_bytes()));
    robot.tell(Message::Logs(ticket, vec![LogNews::Lines(vec![line(0), line(1)])]));
}

/// The way to a place where others have written a text.
type Told = fn(&mut Robot, &str);

/// Places that show what is not among the rows.
const TOLD: &[(&str, Told)] = &[
    ("overview", |robot, text| look_round(robot, text, "1")),
    ("revisions", |robot, text| look_round(robot, text, "2")),
    ("two revisions compared", |robot, text| look_round(robot, text, "2 d")),
    ("pods", |robot, text| look_round(robot, text, "3")),
    ("pod", |robot, text| look_round(robot, text, "3 enter")),
    ("events", |robot, text| look_round(robot, text, "4")),
    ("autoscaler", |robot, text| look_round(robot, text, "6")),
    ("yaml", |robot, text| look_round(robot, text, "7")),
    ("traffic", |robot, text| look_round(robot, text, "8")),
    ("git", |robot, text| look_round(robot, text, "9")),
    ("events that cannot be seen", |robot, text| {
        robot.press("enter 4");
        robot.unseen(Aspect::Events, false, text);
    }),
    ("logs", open_logs),
    ("logs, broken lines", |robot, text| {
        open_logs(robot, text);
        robot.press("w t");
    }),
    ("contexts", |robot, text| {
        robot.tell(Message::Fleet(hostile_fleet(text)));
        robot.press("C");
    }),
    ("fleet", |robot, text| {
        robot.tell(Message::Fleet(hostile_fleet(text)));
        robot.press(": f l e e t enter");
    }),
    ("palette with contexts", |robot, text| {
        robot.tell(Message::Fleet(hostile_fleet(text)));
        robot.press(": c o n t e x t");
    }),
    ("journal", |robot, text| {
        robot.tell(Message::Journal(hostile_journal(text)));
        robot.press("J");
    }),
    ("journal's account", |robot, text| {
        robot.tell(Message::Journal(hostile_journal(text)));
        robot.press("J enter");
    }),
];

/// Every screen with `text` on it, also where programs and people put theirs.
fn everywhere(text: &str, session: fn() -> Session, size: (u16, u16), check: impl Fn(&str, &Robot)) {
    let rows = hostile(text);
    for (place, go) in PLACES {
        let mut robot = Robot::new(session(), rows.clone(), size);
        go(&mut robot);
        check(place, &robot);
    }
    for (place, go) in TOLD {
        let mut robot = Robot::new(session(), rows.clone(), size);
        go(&mut robot, text);
        check(place, &robot);
    }
    let mut robot = Robot::new(session(), rows.clone(), size);
    robot.tell(Message::Notice(Notice::error(text).hint(text)));
    check("notice", &robot);
    let failure = Failure { title: text.into(), message: text.into(), hint: Some(text.into()), choices: vec![] };
    robot.tell(Message::Failed(failure));
    check("failure", &robot);
    let mut robot = Robot::new(session(), rows.clone(), size);
    let mut view = fixture::migration_view();
    view.log = vec![text.to_owned(); 3];
    (view.message, view.summary, view.holder) = (Some(text.into()), text.into(), text.into());
    robot.start(view);
    check("operation", &robot);
    let mut robot = Robot::new(session(), rows, size);
    let mut plan = fixture::rollback_plan();
    (plan.summary, plan.diff, plan.reasons) = (text.into(), text.into(), vec![text.into()]);
    plan.steps[0].detail = text.into();
    robot.plan("r", plan);
    check("plan", &robot);
    robot.press("tab");
    check("diff", &robot);
}

#[test]
fn what_others_write_is_on_the_screen_where_these_tests_look_for_it() {
    for (place, go) in TOLD {
        let mut robot = Robot::new(coloured(), rows(), (200, 50));
        go(&mut robot, "zebra");
        assert!(robot.sees("zebra"), "{place}:\n{}", robot.screen());
    }
}

/// Text as others might write it: words, escape sequences, wide and combining characters, marks of direction.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,8}",
        Just("\u{1b}[31m\u{1b}]0;title\u{7}".to_owned()),
        Just("\u{9b}2J\r\n\t\u{8}".to_owned()),
        Just("界面测试".to_owned()),
        Just("👩‍👩‍👧‍👦❤️🇦🇶1️⃣".to_owned()),
        Just("a\u{301}\u{302}\u{303}\u{200d}".to_owned()),
        Just("\u{202e}drow\u{2066}".to_owned()),
        Just("\u{200b}\u{ad}\u{feff}\u{fffd}".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn coloured() -> Session {
    Session::new("prod-eu", false, false, jiff::tz::TimeZone::UTC, Config::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_others_write_steers_the_terminal(text in text(), wide in any::<bool>()) {
        let size = if wide { (200, 50) } else { (80, 24) };
        everywhere(&text, coloured, size, |place, robot| {
            let left = String::from_utf8(without_sequences(&bytes(robot))).unwrap();
            let bad = left.chars().find(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c));
            assert_eq!(bad, None, "{place}");
        });
    }

    #[test]
    fn no_column_is_broken_by_what_others_write(text in text(), wide in any::<bool>()) {
        let size = if wide { (200, 50) } else { (80, 24) };
        let frame = |text: &str| {
            let mut frames = Vec::new();
            let collected = std::cell::RefCell::new(&mut frames);
            everywhere(text, coloured, size, |place, robot| {
                // A terminal of another make reads the bytes: what it shows in each column is what was drawn there.
                let mut terminal = vt100::Parser::new(size.1, size.0, 0);
                terminal.process(&bytes(robot));
                let drawn = robot.screen_cells();
                for (at, symbol) in drawn.iter().enumerate() {
                    let (row, column) = (at as u16 / size.0, at as u16 % size.0);
                    let Some(cell) = terminal.screen().cell(row, column) else { panic!("no cell") };
                    if cell.is_wide_continuation() {
                        continue;
                    }
                    let shown = if cell.contents().is_empty() { " " } else { cell.contents() };
                    assert_eq!(shown, symbol, "{place}: line {row}, column {column}");
                }
                collected.borrow_mut().push(place.to_owned());
            });
            frames.len()
        };
        prop_assert!(frame(&text) > 20);
    }

    #[test]
    fn ascii_means_ascii(text in text()) {
        everywhere(&text, ascii_session, (120, 40), |place, robot| {
            let left = without_sequences(&bytes(robot));
            let bad = left.iter().find(|byte| !(b' '..=b'~').contains(*byte));
            assert_eq!(bad, None, "{place}");
        });
    }

    #[test]
    fn every_screen_fits_every_size_at_any_moment(
        sizes in prop::collection::vec((1_u16..=500, 1_u16..=200), 1..4),
        small in prop::collection::vec((1_u16..=30, 1_u16..=12), 1..4),
        place in 0..PLACES.len(),
        keys in prop::collection::vec(prop::sample::select(&["j", "k", "G", "g", "tab", "enter", "esc", "?", ":", "/", "d", "ctrl-d"][..]), 0..6),
    ) {
        let mut robot = Robot::new(session(true, false), rows(), (80, 24));
        PLACES[place].1(&mut robot);
        let mut keys = keys.into_iter();
        for size in sizes.into_iter().chain(small) {
            robot.size = size;
            robot.tell(Message::Resize(size.0, size.1));
            robot.screen();
            if let Some(key) = keys.next() {
                robot.press(key);
                robot.screen();
            }
            robot.click(size.0 / 2, size.1 / 2);
            robot.screen();
        }
    }
}

/// Red, green and blue as the eye weighs them, of a colour with a value of its own.
fn linear(colour: Color) -> [f64; 3] {
    let rgb = match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(grey @ 232..) => [8 + 10 * (grey - 232); 3],
        Color::Indexed(cube @ 16..) => {
            [(cube - 16) / 36, (cube - 16) / 6 % 6, (cube - 16) % 6].map(|n| if n == 0 { 0 } else { 55 + 40 * n })
        }
        other => panic!("{other:?} looks different on every terminal"),
    };
    rgb.map(|c| f64::from(c) / 255.0).map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) })
}

/// The contrast of two colours by WCAG 2: from 1 to 21.
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (one, other): (f64, f64) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// Meanings that are written, other than on grounds of their own.
const WRITTEN: [Meaning; 16] = [
    Meaning::Text,
    Meaning::Muted,
    Meaning::Title,
    Meaning::Focus,
    Meaning::Key,
    Meaning::Healthy,
    Meaning::Progressing,
    Meaning::Degraded,
    Meaning::Broken,
    Meaning::Unknown,
    Meaning::Warning,
    Meaning::Added,
    Meaning::Removed,
    Meaning::Input,
    Meaning::Protected,
    Meaning::ReadOnly,
];

#[test]
fn every_theme_can_be_read() {
    // The grounds that terminals come with, for themes that leave them as they are.
    let dark = [Color::Rgb(0, 0, 0), Color::Rgb(0x1e, 0x1e, 0x1e)];
    let light = [Color::Rgb(255, 255, 255), Color::Rgb(0xf5, 0xf5, 0xf5)];
    let mut checked = 0;
    for (name, grounds) in [("dark", dark), ("colour-blind", dark), ("high-contrast", dark), ("light", light)] {
        for depth in [Depth::True, Depth::Indexed] {
            let theme = Theme::built_in(name).unwrap().at(depth);
            let own = theme.of(Meaning::Text).bg;
            let grounds = own.map_or(grounds.to_vec(), |own| vec![own]).into_iter();
            let bands = [Meaning::Selected, Meaning::Header].map(|m| theme.of(m).bg.expect("a ground of its own"));
            for ground in grounds.chain(bands) {
                for meaning in WRITTEN {
                    let style = theme.of(meaning);
                    let Some(text) = style.fg else { continue };
                    let ground = style.bg.unwrap_or(ground);
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{name} at {depth:?}: {meaning:?} on {ground:?} has {ratio:.2}");
                    checked += 1;
                }
            }
            let header = theme.of(Meaning::Header);
            assert!(contrast(header.fg.unwrap(), header.bg.unwrap()) >= 4.5, "{name}: header");
        }
    }
    assert!(checked > 300, "{checked}");
}

/// A colour as somebody without one sort of cones sees it (Machado, Oliveira and Fernandes 2009), in OKLab.
fn seen(colour: Color, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
    let rgb = linear(colour);
    let [r, g, b] = eyes.map(|row| row.iter().zip(rgb).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
    let l = (0.4122 * r + 0.5363 * g + 0.0514 * b).cbrt();
    let m = (0.2119 * r + 0.6807 * g + 0.1074 * b).cbrt();
    let s = (0.0883 * r + 0.2817 * g + 0.6300 * b).cbrt();
    [0.2105 * l + 0.7936 * m - 0.0041 * s, 1.9780 * l - 2.4286 * m + 0.4506 * s, 0.0259 * l + 0.7828 * m - 0.8087 * s]
}

#[test]
fn the_colour_blind_theme_tells_states_apart_to_everybody() {
    const EYES: [(&str, [[f64; 3]; 3]); 3] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        ),
        (
            "deuteranopia",
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        ),
    ];
    let states = [Meaning::Healthy, Meaning::Progressing, Meaning::Degraded, Meaning::Broken];
    let least = |name: &str, depth| {
        let theme = Theme::built_in(name).unwrap().at(depth);
        let mut least = f64::MAX;
        for (_, eyes) in &EYES {
            for (at, one) in states.iter().enumerate() {
                for other in &states[..at] {
                    let [a, b] = [*one, *other].map(|state| seen(theme.of(state).fg.unwrap(), eyes));
                    least = least.min(a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt());
                }
            }
        }
        least
    };
    for depth in [Depth::True, Depth::Indexed] {
        assert!(least("colour-blind", depth) >= 0.1, "{}", least("colour-blind", depth));
    }
    assert!(least("dark", Depth::True) < 0.05, "the check can tell: red and green are not apart to everybody");
}

#[test]
fn the_monochrome_theme_tells_everything_without_colour() {
    for (place, go) in PLACES.iter().filter(|(place, _)| !place.contains("theme")) {
        let mut robot = Robot::new(session(true, false), rows(), (120, 40));
        go(&mut robot);
        let written = String::from_utf8_lossy(&bytes(&robot)).into_owned();
        let coloured = written.split("\u{1b}[").filter_map(|rest| rest.split_once('m').map(|(sequence, _)| sequence));
        let coloured = coloured.filter(|s| s.chars().all(|c| c.is_ascii_digit() || c == ';'));
        for sequence in coloured {
            let numbers: Vec<u16> = sequence.split(';').filter_map(|n| n.parse().ok()).collect();
            let colour = numbers.iter().any(|n| matches!(n, 30..=38 | 40..=48 | 90..=107));
            assert!(!colour, "{place}: {sequence}");
        }
    }
}
