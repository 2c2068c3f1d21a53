//! Several clusters on one screen, credentials that must be fetched, and a kubeconfig that changes: the real binary, on served
//! worlds.

use crate::{terminal::Terminal, world::World};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const WIDE: (u16, u16) = (160, 40);

/// The kubeconfig of a world as data, its context and user named anew.
fn kubeconfig(world: &World, name: &str) -> Value {
    let text = std::fs::read_to_string(world.kubeconfig()).unwrap();
    let text = text.replace("pilothouse-sim", name).replace("pilothouse-admin", &format!("{name}-admin"));
    serde_yaml::from_str(&text).unwrap()
}

/// Writes one kubeconfig of several; the first context is selected.
fn write(file: &Path, configs: &[Value]) {
    let mut all = configs[0].clone();
    for config in &configs[1..] {
        for list in ["clusters", "users", "contexts"] {
            let more = config[list].as_array().unwrap().clone();
            all[list].as_array_mut().unwrap().extend(more);
        }
    }
    // In one step, as kubectl writes it.
    let draft = file.with_extension("draft");
    std::fs::write(&draft, all.to_string()).unwrap();
    std::fs::rename(draft, file).unwrap();
}

fn two() -> (World, World, PathBuf) {
    let (east, west) = (World::start(), World::start());
    let file = east.home().join("two");
    write(&file, &[kubeconfig(&east, "east"), kubeconfig(&west, "west")]);
    (east, west, file)
}

fn line_with<'s>(screen: &'s str, parts: &[&str]) -> Option<&'s str> {
    screen.lines().find(|line| parts.iter().all(|part| line.contains(part)))
}

#[test]
fn a_dead_cluster_delays_no_other_and_says_how_old_it_is() {
    let (east, west, file) = two();
    let config = file.display().to_string();
    let mut terminal = Terminal::at_home(&east.home(), WIDE, &["--kubeconfig", &config, "--context", "east,west"]);
    terminal.until("what is broken in both", |s| {
        line_with(s, &["shop/checkout", "east"]).is_some() && line_with(s, &["shop/checkout", "west"]).is_some()
    });

    west.cut();
    terminal.until("the age of west's rows", |s| line_with(s, &["shop/checkout", "west stale"]).is_some());
    terminal.press("C").until("one live, one stale", |s| {
        line_with(s, &["east (here)", "live", "34"]).is_some() && line_with(s, &["west", "stale", "34"]).is_some()
    });

    // The living one answers as ever: a restart runs to its end meanwhile.
    terminal.press(":workloads\r").shows("edge/status-page").press("/status\r");
    terminal.shows("▸ ✓ edge/status-page").press("R").shows("Restart edge/status-page").press("\r").shows("✓ done");

    west.mend();
    terminal.press("C").until("both live", |s| line_with(s, &["west", "live", "34"]).is_some());
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn an_operation_goes_on_in_its_own_cluster_whatever_is_looked_at() {
    let (east, _west, file) = two();
    let config = file.display().to_string();
    let start = |context: &str| Terminal::at_home(&east.home(), WIDE, &["--kubeconfig", &config, "--context", context]);
    let mut terminal = start("east");
    terminal.shows("▸ ✗ shop/checkout").press("g");
    terminal.press("t").shows("Shift traffic of shop/checkout");
    terminal.press("\t\x15").press("50,100").press("\t\x15").press("1h\r").shows("risk:").press("\r").shows("left");

    // A context is connected to when it is entered, and not before.
    terminal.press("C").until("west not opened", |s| line_with(s, &["west", "not opened"]).is_some());
    terminal.press("j\r").until("west's workloads", |s| s.starts_with(" west") && s.contains("shop/checkout"));
    terminal.shows("op: shift checkout 3/6 hold");
    terminal.press(":routes\r").shows("┌ Routes 1").shows("checkout-v2 0 %").press("\x1b").shows("┌ Workloads ");
    terminal.press("q").shows("under way").press("j\r");
    assert_eq!(terminal.end(), 0, "left paused");

    // Taken up from the other context, it goes to the cluster it was made for.
    let mut terminal = start("west");
    terminal.until("west", |s| s.starts_with(" west") && s.contains("shop/checkout"));
    terminal.press("o").shows("in east").press("c").shows("gate open");
    terminal.press("n").shows("op: shift checkout 6/6 hold");
    terminal.press("n").shows("checkout-v2 takes 100 % of shop/checkout");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    for (context, share) in [("east", "checkout-v2 100 %"), ("west", "checkout-v2 0 %")] {
        let mut terminal = start(context);
        terminal.shows("shop/checkout").press(":routes\r");
        terminal.until(share, |s| s.contains("Routes 1") && s.contains(share));
    }
}

/// A credential plugin that does what the file `mode` in its folder says: grant, ask for a password, or fail.
fn with_plugin(world: &World, interactive: &str, mode: &str) -> PathBuf {
    let mut config = kubeconfig(world, "guarded");
    let token = config["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    let folder = world.home();
    std::fs::write(folder.join("mode"), mode).unwrap();
    let plugin = folder.join("plugin.sh");
    let script = r#"cd "$(dirname "$0")"
grant() { echo "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"$TOKEN\"}}"; exit 0; }
case "$(cat mode)" in
grant) grant ;;
wait) while [ "$(cat mode)" = wait ]; do sleep 0.1; done; grant ;;
ask) case "$KUBERNETES_EXEC_INFO" in
  *'"interactive":true'*)
    printf 'Password: ' >&2; read -r word
    if [ "$word" = sesame ]; then echo grant >mode; grant; fi
    echo 'that is not the word' >&2; exit 1 ;;
  *) echo 'the session has expired, log in again' >&2; exit 1 ;;
  esac ;;
esac
"#;
    std::fs::write(&plugin, script).unwrap();
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [plugin.display().to_string()],
        "interactiveMode": interactive, "env": [{"name": "TOKEN", "value": token}]
    }});
    let file = folder.join("guarded");
    write(&file, &[config]);
    file
}

#[test]
fn a_slow_plugin_does_not_keep_the_screen_waiting() {
    let world = World::start();
    let file = with_plugin(&world, "IfAvailable", "wait").display().to_string();
    let mut terminal = Terminal::at_home(&world.home(), WIDE, &["--kubeconfig", &file]);
    terminal.shows("loading deployments").press("C").shows("connecting…");
    std::fs::write(world.home().join("mode"), "grant").unwrap();
    terminal.until("the cluster", |s| line_with(s, &["guarded (here)", "live", "34"]).is_some());
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_plugin_that_asks_is_lent_the_terminal_by_a_key_and_the_screen_comes_back() {
    let world = World::start();
    let file = with_plugin(&world, "IfAvailable", "ask").display().to_string();
    let mut terminal = Terminal::at_home(&world.home(), WIDE, &["--kubeconfig", &file]);
    terminal.shows("login needed (L)").shows("login for user `guarded-admin`: the session has expired");
    assert!(!terminal.text().contains("Password:"), "nothing asks by surprise");

    terminal.press("L").shows("Password:").press("wrong\r").shows("that is not the word");
    terminal.shows("press enter to go back").press("\r").shows("login needed (L)");

    // What was asked before still stands there.
    terminal.press("L").until("asked again", |s| s.matches("Password:").count() == 2).press("sesame\r");
    terminal.shows("shop/checkout").until("no login needed", |s| !s.contains("login needed"));
    terminal
        .press("?")
        .shows("On workloads and routes")
        .press("\x1b")
        .until("the help closed", |s| !s.contains("On workloads and routes"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn ctrl_c_ends_the_login_and_not_the_cockpit() {
    let world = World::start();
    let file = with_plugin(&world, "Always", "ask").display().to_string();
    let mut terminal = Terminal::at_home(&world.home(), WIDE, &["--kubeconfig", &file]);
    terminal.shows("login needed (L)").press("L").shows("Password:").press("\x03");
    terminal.shows("press enter to go back").press("\r").shows("login needed (L)").press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_kubeconfig_that_changes_is_said_and_never_followed_by_itself() {
    let (east, west, file) = two();
    let config = file.display().to_string();
    let mut terminal = Terminal::at_home(&east.home(), WIDE, &["--kubeconfig", &config]);
    terminal.until("east", |s| s.starts_with(" east") && s.contains("shop/checkout"));

    let mut other = kubeconfig(&west, "west");
    other["current-context"] = "west".into();
    write(&file, &[other.clone(), kubeconfig(&east, "east"), kubeconfig(&east, "north")]);
    terminal.shows("kubeconfig changed (K)").shows("north added, current-context is west now");
    assert!(terminal.text().starts_with(" east"), "one stays where one is:\n{}", terminal.text());
    terminal.press("K").shows("was taken over").press("C").shows("north");
    assert!(line_with(&terminal.text(), &["east (here)", "live"]).is_some(), "{}", terminal.text());

    // The context itself now leads elsewhere: what is shown is still the cluster that was entered.
    write(&file, &[other, kubeconfig(&west, "east")]);
    terminal.shows("north removed, east changed");
    assert!(line_with(&terminal.text(), &["east (here)", "live", "34"]).is_some(), "{}", terminal.text());
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
