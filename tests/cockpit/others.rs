//! What a colleague does on another machine, seen in a cockpit that has no journal of it: it runs, is left, is taken up again, and
//! its process is killed.

use crate::{terminal::Terminal, world::World};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// A colleague at a machine of their own. What the program says must have somewhere to go, or it ends.
struct Colleague {
    process: Child,
    _output: Lines,
}

type Lines = std::io::Lines<BufReader<ChildStdout>>;

impl Colleague {
    /// Starts `pilothouse` there and waits for the first line that says all of this.
    fn start(world: &World, home: &Path, arguments: &[&str], says: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pilothouse"));
        command.args(arguments).args(["--yes", "-o", "json", "--kubeconfig", &world.kubeconfig()]);
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "KUBECONFIG"] {
            command.env_remove(variable);
        }
        let mut child = command.env("HOME", home).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        while let Some(Ok(line)) = output.next() {
            if says.iter().all(|part| line.contains(part)) {
                return Self { process: child, _output: output };
            }
            seen.push(line);
        }
        panic!("it never said {says:?}:\n{}", seen.join("\n"));
    }

    /// Asks it to end, and waits until it has.
    fn leaves(mut self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap();
    }

    fn is_killed(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn what_a_colleague_does_and_leaves_is_seen_without_the_journal() {
    let world = World::start();
    let elsewhere = tempfile::tempdir().unwrap();
    let shift = ["shift", "httproute/checkout", "-n", "shop", "--to", "checkout-v2", "--hold", "10m"];
    let holds = [r#""step":"hold""#, r#""state":"started""#];
    let run = Colleague::start(&world, elsewhere.path(), &shift, &holds);

    let config = world.kubeconfig();
    let mut terminal = Terminal::at_home(&world.home(), (160, 40), &["--kubeconfig", &config]);
    terminal.shows("op: shift checkout by ").press("o");
    let listed = |state: &'static str| {
        move |s: &str| {
            let parts = ["shift shop/checkout", state, "@", "hold"];
            s.lines().any(|line| parts.iter().all(|part| line.contains(part)))
        }
    };
    terminal.until("the shift that runs elsewhere", listed("running")).press("c").shows("carries it out, elsewhere");

    run.leaves();
    terminal
        .until("the orphan", listed("orphaned"))
        .shows("! 1 orphaned (o)")
        .shows("left shift shop/checkout at step");
    terminal
        .press("\r")
        .shows("left unfinished")
        .shows("HTTPRoute shop/checkout")
        .shows("pilothouse operations resume");
    terminal.press("c").shows("its journal is on");

    // Its operator goes on with it, and this time the process dies without a word: nobody can know that yet.
    let operations = Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .args(["operations", "-o", "json"])
        .env("HOME", elsewhere.path())
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    let operations: serde_json::Value = serde_json::from_slice(&operations.stdout).unwrap();
    let id = operations["operations"][0]["id"].as_str().unwrap();
    let resumed = Colleague::start(&world, elsewhere.path(), &["operations", "resume", id], &holds);
    terminal.until("that it goes on", |s| s.contains("◐ running") && !s.contains("orphaned"));
    resumed.is_killed();
    let mut fresh = Terminal::start(160, 40, &["--kubeconfig", &config]);
    fresh.shows("shop/checkout").press("o").until("it still listed with its step", listed("running"));
    for terminal in [&mut terminal, &mut fresh] {
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
    }
}
