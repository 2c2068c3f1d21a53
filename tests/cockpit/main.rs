//! The cockpit as its user meets it: the real binary in a pseudo-terminal, on the embedded world.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fleet;
mod incidents;
mod logs;
mod manners;
mod others;
mod svg;
mod terminal;
mod views;
mod workload;
mod world;

use terminal::Terminal;

/// The demo, once its first screen is populated.
fn demo(columns: u16, rows: u16) -> Terminal {
    let mut terminal = Terminal::start(columns, rows, &["demo"]);
    terminal.shows("shop/checkout");
    terminal
}

/// The demo with the broken workload on top and selected: pods are looked at one workload after the other, and rows move until
/// that is done.
fn broken(columns: u16, rows: u16) -> Terminal {
    let mut terminal = demo(columns, rows);
    terminal.shows("✗ shop/checkout").press("g").shows("▸ ✗ shop/checkout");
    terminal
}

#[test]
fn what_broke_lately_is_rolled_back_with_two_keys_and_the_confirmation() {
    let mut terminal = broken(80, 24);
    terminal.press("!").shows("Broke within 30 min").shows("[x] ✗ shop/checkout").shows("known good: ");
    terminal.press("r").shows("Roll back one workload").press("\r").shows("1 healthy");
    terminal.shows("shop/checkout runs the template of revision 4 again");
    terminal.press("\r").shows("✓ done").press("\x1b").shows("1 healthy");
    terminal.press("\x1b").shows("┌ Workloads ").press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_broken_rollout_is_repaired_with_three_keys() {
    let mut terminal = broken(80, 24);
    let is_whole =
        |s: &str| s.contains("Roll back shop/checkout") && s.contains("enter run") && !s.contains("reading Git");
    terminal.press("r").until("the plan, with what Git says", is_whole).press("\r").shows("✓ done");
    terminal.shows("shop/checkout runs the template of revision 4 again");
    terminal.press("\x1b").until("the place where it began", |s| {
        s.contains("┌ Workloads ") && s.lines().any(|line| line.contains("▸ ") && line.contains("shop/checkout"))
    });
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn help_filter_and_palette_answer() {
    let mut terminal = demo(80, 24);
    terminal
        .press("?")
        .press("filter")
        .shows("/                  filter")
        .press("\x1b")
        .shows("On workloads and routes")
        .press("\x1b")
        .until("the help closed", |s| !s.contains("Keys"));
    terminal.press("/chk").until("the filter narrowing", |s| s.contains("shop/checkout") && !s.contains("gateway"));
    terminal.press("\x1b").shows("edge/gateway");
    terminal.press("\x0c").press(":routes\r").shows("checkout-v2");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn any_size_is_survived() {
    let mut terminal = demo(200, 60);
    for (columns, rows) in [(1, 1), (3, 2), (20, 5), (500, 3), (80, 24)] {
        terminal.resize(columns, rows);
    }
    terminal.shows("shop/checkout").press("q");
    assert_eq!(terminal.end(), 0);
}

/// Terminal multiplexers resize while somebody types.
#[test]
fn a_key_that_comes_with_a_resize_is_heard() {
    let mut terminal = demo(120, 40);
    for round in 0..40 {
        terminal.resize(if round % 2 == 0 { 100 } else { 120 }, 40).press("?").shows("On workloads and routes");
        terminal.press("\x1b").until("the help closed", |s| !s.contains("On workloads and routes"));
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

/// With `UPDATE_ASSETS` set, writes the README's pictures; always checks that they could be made.
#[test]
fn the_pictures_of_the_readme() {
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut terminal = broken(140, 40);
    terminal.until("everything loaded", |s| !s.contains("loading…"));
    let cockpit = terminal.svg();
    terminal.press("r").shows("Roll back");
    let sheet = terminal.svg();
    for (name, picture, shows) in [("cockpit.svg", cockpit, "checkout"), ("rollback.svg", sheet, "Roll back")] {
        assert!(picture.contains(shows), "{name}");
        if std::env::var_os("UPDATE_ASSETS").is_some() {
            std::fs::write(assets.join(name), picture).unwrap();
        }
    }
}
