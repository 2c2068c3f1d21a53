//! 429 with Retry-After, and versions that the API server no longer keeps.

use crate::{
    front::{Deed, Front},
    on_both, on_real,
    place::Place,
    terminal::Terminal,
};
use serde_json::json;

/// The cockpit on the namespace of `place`, behind a front, with one row on it.
fn before(place: &Place) -> (Front, Terminal) {
    let front = Front::before(&place.kubeconfig);
    place.deployment("kept");
    let arguments = ["--kubeconfig", &front.kubeconfig(), "--namespace", &place.namespace];
    let mut terminal = Terminal::start(120, 30, &arguments);
    terminal.until("the row, and all of it live", |s| s.contains("kept") && header(s).contains("live"));
    front.take();
    (front, terminal)
}

fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}

fn about_deployments(requests: &[String]) -> Vec<&String> {
    requests.iter().filter(|path| path.contains("/deployments?")).collect()
}

/// Whether a request asks for everything there is.
fn is_list(path: &str) -> bool {
    !path.contains("watch=true")
}

#[test]
fn a_busy_api_server_is_given_the_time_that_it_asks_for() {
    on_both(|place| {
        let (front, mut terminal) = before(&place);
        let busy = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "TooManyRequests", "code": 429,
            "message": "storage is (re)initializing", "details": {"retryAfterSeconds": 1}});
        front.next(4, "/deployments?", Deed::Refuse(429, Some(1), busy));
        front.cut();
        place.deployment("later");
        let kept = |s: &str| assert!(s.contains("kept"), "it flickered:\n{s}");
        terminal.until("the age of what is shown", |s| {
            kept(s);
            header(s).contains("stale") && s.contains("storage is (re)initializing")
        });
        terminal.until("what came meanwhile", |s| {
            kept(s);
            s.contains("later") && header(s).contains("live")
        });
        let (seen, refused) = front.take();
        let asked = about_deployments(&seen);
        assert_eq!(refused, 4);
        assert!(asked.len() <= 7, "asked more often than it was told to: {asked:#?}");
        assert!(!asked.iter().any(|path| is_list(path)), "nothing had to be listed again: {asked:#?}");
    });
}

#[test]
fn a_version_that_is_no_longer_kept_is_no_outage() {
    on_real(|place| {
        let (front, mut terminal) = before(&place);
        // The API server itself then says, within the stream, that this version is too old.
        front.next(1, "/deployments?", Deed::From("1"));
        front.cut();
        place.deployment("later");
        terminal.until("what came meanwhile", |s| {
            assert!(s.contains("kept"), "it flickered:\n{s}");
            assert!(header(s).contains("live"), "a relist is no outage:\n{s}");
            s.contains("later")
        });
        let (seen, _) = front.take();
        let asked = about_deployments(&seen);
        let lists = asked.iter().filter(|path| is_list(path)).count();
        assert_eq!(lists, 1, "one list, and no more: {asked:#?}");
    });
}
