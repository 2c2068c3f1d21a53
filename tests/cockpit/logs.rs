//! Logs as an operator reads them: a crash loop's, those of pods that are replaced while one looks, through a connection that
//! breaks.

use crate::{terminal::Terminal, world::World};
use std::{collections::BTreeSet, process::Command};

const LARGE: (u16, u16) = (140, 40);

fn cockpit(world: &World) -> Terminal {
    let mut terminal = Terminal::at_home(&world.home(), LARGE, &["--kubeconfig", &world.kubeconfig()]);
    terminal.shows("▸ ✗ shop/checkout").press("g");
    terminal
}

/// The logs of `shop/cart`, whose pods serve.
fn cart(terminal: &mut Terminal) {
    terminal.press("/cart\r").until("the one workload", |s| s.contains("shop/cart") && !s.contains("shop/search"));
    terminal.press("l").shows("Logs deploy shop/cart  revision").shows("following").shows("INFO  GET");
}

/// The lines of the screen that containers wrote.
fn written(screen: &str) -> Vec<String> {
    screen.lines().filter(|line| line.contains(" GET ")).map(|line| line.trim_matches(['│', ' ']).to_owned()).collect()
}

/// The names before the lines.
fn pods(screen: &str) -> BTreeSet<String> {
    written(screen).iter().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn a_crash_loop_tells_how_it_ended_and_what_its_run_before_said() {
    let world = World::start();
    let mut terminal = cockpit(&world);
    terminal.press("l").shows("Logs deploy shop/checkout  revision");
    terminal.shows("fatal: missing environment variable DB_URL").shows("— ended: exit 1 (Error)");
    terminal.press("p").shows("the run before").shows("fatal: missing environment variable DB_URL");
    terminal.press("p/fatal\r").until("the lines that match", |s| {
        s.contains(" of ") && s.contains("fatal: missing") && !s.contains("loading configuration")
    });
    terminal.press("\x1b").shows("loading configuration");
    terminal.press("\x13").shows("saved ").shows(".log");
    terminal.press("\x1b").shows("┌ Workloads ");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn pods_that_are_replaced_hand_over_to_the_next_ones() {
    let world = World::start();
    let mut terminal = cockpit(&world);
    cart(&mut terminal);
    terminal.until("lines of all three pods", |s| pods(s).len() == 3);
    let before = pods(&terminal.text());
    let restarted = Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .args(["restart", "deploy/cart", "--namespace", "shop", "--yes", "--kubeconfig", &world.kubeconfig()])
        .env("HOME", world.home())
        .output()
        .unwrap();
    assert!(restarted.status.success(), "{restarted:?}");
    terminal.until("lines of three new pods", |s| pods(s).difference(&before).count() == 3);
    // What the old ones said is still there, and how they went.
    terminal
        .press("/ended\r")
        .shows("— ended: ")
        .press("\x1b")
        .press("g")
        .until("the old pods' lines", |s| pods(s).intersection(&before).count() > 0);
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_connection_that_breaks_costs_no_line_and_repeats_none() {
    let world = World::start();
    let mut terminal = cockpit(&world);
    cart(&mut terminal);
    let last = written(&terminal.text()).last().unwrap().clone();
    world.cut();
    terminal.shows("connection lost, trying again");
    world.mend();
    terminal.until("lines written since", |s| {
        let lines = written(s);
        let at = lines.iter().position(|line| *line == last);
        at.is_some_and(|at| lines.len() > at + 3) || lines.len() > 30
    });
    terminal.press("/GET\r").until("the lines alone", |s| !s.contains("connection lost"));
    let lines = written(&terminal.text());
    let distinct: BTreeSet<&String> = lines.iter().collect();
    assert_eq!(distinct.len(), lines.len(), "{lines:#?}");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
