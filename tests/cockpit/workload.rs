//! The workload screen, tab by tab, in the real binary on the embedded world: an operator finds out what broke and when.
//!
//! After `esc` the screen is waited for: in a terminal, a key that follows it at once would be another key with alt.

use crate::broken;

#[test]
fn every_tab_answers_and_a_revision_is_rolled_back_to() {
    let mut terminal = broken(120, 40);
    terminal.press("\r").shows("1 Overview").shows("missing environment variable DB_URL").shows("last events");
    terminal.shows("minAvailable 2").shows("CrashLoopBackOff");
    terminal.press("2").shows("production: checkout 2.4.0").shows("5 known bad");
    terminal.press("d").shows("revision 4 (✓) → 5 (✗, current)").shows("shop/checkout:2.4.0 →");
    terminal.press("\x1b").shows("5 known bad");
    terminal.press("3").shows("revision 5 current").shows("revision 4 old").shows("last exit code 1");
    terminal.press("\r").shows("waiting: CrashLoopBackOff").shows("takes no traffic");
    terminal.press("\x1b").shows("revision 4 old");
    terminal.press("4").shows("BackOff").press("/warning\r").shows("events match /warning");
    terminal.press("\x1b").shows("ScalingReplicaSet");
    terminal.press("6").shows("headroom").shows("ScalingActive");
    terminal.press("7").shows("kind: Deployment").press("/image:\r").shows("└─/image: ─").press("n");
    terminal.until("the line that was searched for", |s| {
        s.lines().nth(4).is_some_and(|line| line.contains(" image:") && line.contains("checkout:2.4.1-broken"))
    });
    terminal.press("\x1b").until("the search is over", |s| !s.contains("/image:"));
    terminal.press("8").shows("HTTPRoute shop/checkout").shows("endpoints ready").shows("t shifts traffic");
    terminal.press("9").shows("kustomization.yaml:").shows("production: checkout 2.4.0").shows("b bumps it here");
    terminal.press("\t").shows("can do").press("\x1b[Z").shows("b bumps it here");
    terminal.press("3").shows("revision 5 current").press("g").press("l").shows("missing environment variable DB_URL");
    terminal.press("\x1b").shows("revision 5 current");
    terminal
        .press("2")
        .shows("5 known bad")
        // From the end, where no sync is added any more: 1, a sync, 2, a sync, 3.
        .press("Gkkkk")
        .until("an older revision is selected", |s| s.lines().any(|line| line.contains('▸') && line.contains(" 3 ")));
    terminal.press("r").shows("5 → 3").press("\x1b").until("the sheet closed", |s| !s.contains("5 → 3"));
    terminal.press("\x1b").shows("┌ Workloads ");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
