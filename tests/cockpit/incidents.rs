//! What goes wrong while the cockpit is open, on the served world: it is killed, its terminal goes, the API server does not
//! answer. Nothing is lost, and nothing is shown that is not so.

use crate::{terminal::Terminal, world::World};
use rustix::process::Signal;

const SMALL: (u16, u16) = (80, 24);

fn cockpit(world: &World) -> Terminal {
    let mut terminal = Terminal::at_home(&world.home(), SMALL, &["--kubeconfig", &world.kubeconfig()]);
    // What is broken is known once its pods were looked at; until then other rows may be on top.
    terminal.shows("▸ ✗ shop/checkout").press("g");
    terminal
}

/// Begins a shift of the route of `shop/checkout` with these steps, each held for an hour.
fn shift(terminal: &mut Terminal, steps: &str) {
    terminal.press("t").shows("Shift traffic of shop/checkout");
    terminal.press("\t\x15").press(steps).press("\t\x15").press("1h\r").shows("risk:");
    terminal.press("\r").shows("left");
}

#[test]
fn a_shift_outlives_its_process_and_its_terminal_and_is_finished_by_keys() {
    let world = World::start();
    let mut terminal = cockpit(&world);
    shift(&mut terminal, "50,100");
    terminal.signal(Signal::KILL);
    terminal.end();

    let mut terminal = cockpit(&world);
    terminal.shows("! 1 interrupted (o)").shows("shift shop/checkout interrupted at step 3 of 6");
    terminal.press("o").shows("Operations 1").press("c").shows("gate open");
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.end(), 0, "it ends by itself and in order");

    let mut terminal = cockpit(&world);
    terminal.shows("! 1 interrupted (o)").press("o").shows("Operations 1").press("c").shows("gate open");
    terminal.press("n").shows("op: shift checkout 6/6 hold");
    terminal.press("n").shows("checkout-v2 takes 100 % of shop/checkout").shows("esc back   : command   ? help");
    terminal.press("\x1b").shows("Operations 1");
    assert!(!terminal.text().contains("interrupted"), "{}", terminal.text());
    terminal.press("q");
    assert_eq!(terminal.end(), 0, "nothing is asked, because nothing runs");

    quitting_asks_while_an_operation_runs(&world);
}

/// On the same world, whose route is at the other end by now.
fn quitting_asks_while_an_operation_runs(world: &World) {
    let mut terminal = cockpit(world);
    shift(&mut terminal, "25,100");
    terminal.press("\x1b").shows("┌ Workloads ").shows("op: shift checkout 3/6 hold");
    terminal.press("q").shows("An operation is under way: shift shop/checkout.");
    terminal.press("\r").until("the question answered", |s| !s.contains("under way")).shows("op: shift checkout 3/6");
    terminal.press("\x03").shows("step back").press("jj\r");
    assert_eq!(terminal.end(), 0);

    let mut terminal = cockpit(world);
    terminal.press(":routes\r").shows("checkout-v2 100 %").press("o").shows("stepped back");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn in_a_protected_context_the_name_is_typed_and_a_lost_connection_is_told_until_it_is_back() {
    let world = World::start();
    world.configure("[contexts.pilothouse-sim]\nprotected = true\n");
    let mut terminal = cockpit(&world);
    terminal.shows("PROTECTED");

    world.cut();
    terminal.shows("the connection is gone, trying again").until("the age of what is shown", |s| s.contains(" stale "));
    assert!(terminal.text().contains("shop/checkout"), "what was known stays in sight");
    world.mend();
    terminal.shows("connected again").until("live data", |s| !s.contains(" stale "));

    terminal.press("r").shows("PROTECTED: type checkout to confirm").press("\r").shows("type checkout first");
    terminal.press("chekout\r").shows("`chekout` is not `checkout`");
    terminal.press("\x15checkout\r").shows("held off until somebody says otherwise");
    terminal.press("\x1b").until("the place where it began", |s| {
        s.lines().any(|line| line.contains("▸ ") && line.contains("shop/checkout"))
    });
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
