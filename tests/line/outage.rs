//! The API server ends, in both ways that it can, and comes back.

use crate::{named, on_real, terminal::Terminal};
use std::process::{Child, Command, Stdio};

fn script(name: &str, arguments: &[&str]) -> Child {
    let path = format!("{}/tests/control-plane/{name}", env!("CARGO_MANIFEST_DIR"));
    Command::new(path).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Ends the API server that `stop` ends in its way, and starts it again once the cockpit has said so.
fn outage(stop: impl Fn()) {
    on_real(|place| {
        if named("PILOTHOUSE_TEST_CONTROL_PLANE").is_none() {
            return;
        }
        place.deployment("kept");
        let kubeconfig = place.kubeconfig.display().to_string();
        let mut terminal = Terminal::start(120, 30, &["--kubeconfig", &kubeconfig, "--namespace", &place.namespace]);
        let header = |s: &str| s.lines().next().unwrap_or_default().to_owned();
        let kept = |s: &str| assert!(s.contains("kept"), "it flickered:\n{s}");
        terminal.until("the row, and all of it live", |s| s.contains("kept") && header(s).contains("live"));
        stop();
        terminal.until("that nobody is there, and how old what is shown is", |s| {
            kept(s);
            header(s).contains("stale") && s.contains("cannot be reached: Connection refused")
        });
        // Whatever is left of it goes now, whether it was asked to end or not.
        let _ = script("stop-apiserver", &["--now"]).wait().unwrap();
        assert!(script("start-apiserver", &[]).wait().unwrap().success());
        place.deployment("later");
        terminal.until("what came meanwhile", |s| {
            kept(s);
            s.contains("later") && header(s).contains("live")
        });
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
    });
}

#[test]
fn an_api_server_that_is_killed_is_said_to_be_gone_and_met_again() {
    outage(|| assert!(script("stop-apiserver", &["--now"]).wait().unwrap().success()));
}

/// It takes no more connections and keeps those it has, for as long as somebody watches.
#[test]
fn an_api_server_that_is_asked_to_end_is_said_to_be_gone_before_its_watches_end() {
    outage(|| {
        let folder = std::env::var("PILOTHOUSE_TEST_CONTROL_PLANE").unwrap();
        let number = std::fs::read_to_string(format!("{folder}/pids/kube-apiserver")).unwrap();
        let process = rustix::process::Pid::from_raw(number.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    });
}
