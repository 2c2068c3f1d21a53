//! Where the pods of a namespace or of a group of them run, by a label of the nodes, and which are not where they belong.

use crate::{
    config::Meaning,
    model::{Astray, Domain, Kind, ObjectRef, Placement},
    time::age,
    ui::{
        groups,
        page::{Page, Piece},
        scene::Scene,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::collections::BTreeMap;

/// Pods that are named one by one in a place; the others are counted.
const NAMED: usize = 12;

/// Draws the screen.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, object: &ObjectRef) {
    let title = format!("Where the pods of {} run", scene.state.placed_name(object));
    let inside = scene.pane(buffer, area, &title, true);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    page(scene, object, inside.width).draw(scene, buffer, inside, scene.state.scroll);
}

/// What it says, as a page.
pub fn page(scene: &Scene<'_>, object: &ObjectRef, width: u16) -> Page {
    let mut page = Page::new(width);
    let namespaces = scene.state.namespaces_of(object);
    let row = |name: &str| scene.rows.namespaces.get(&ObjectRef::new(Kind::Namespace, "", name));
    let mut contacts: Vec<String> =
        namespaces.iter().filter_map(|name| row(name).and_then(groups::owner)).map(|owner| owner.to_string()).collect();
    contacts.dedup();
    if namespaces.len() > 1 {
        page.labelled("spaces", Meaning::Text, &namespaces.join(", "));
    }
    if !contacts.is_empty() {
        page.labelled("owner", Meaning::Text, &contacts.join(", "));
    }
    for name in &namespaces {
        if let Some(commit) = row(name).and_then(|namespace| namespace.commit.as_ref()) {
            page.labelled("commit", Meaning::Text, &format!("{commit} ({name})"));
        }
    }
    let Some((placement, at)) = scene.state.placing.of(object) else {
        page.blank();
        let text = if namespaces.is_empty() {
            "there is no such namespace any more"
        } else {
            "looking at its pods and their nodes…"
        };
        page.text(Meaning::Muted, text);
        return page;
    };
    applied(&mut page, scene, placement);
    let label = scene.state.node_label(placement);
    let domains = placement.by(label, |name| row(name).and_then(|namespace| namespace.labels.get(label)));
    summary(&mut page, placement, &domains, label, &age(at, scene.now));
    for domain in &domains {
        of_domain(&mut page, domain, label);
    }
    rest(&mut page, placement);
    demands(&mut page, placement);
    page
}

fn applied(page: &mut Page, scene: &Scene<'_>, placement: &Placement) {
    for (owner, done) in &placement.applied {
        let (meaning, text) = match done {
            Ok(Some(done)) => {
                let revision = done.revision.as_deref().unwrap_or("a revision that it does not tell");
                (Meaning::Text, format!("{owner} applied {revision} {} ago", age(done.at, scene.now)))
            }
            Ok(None) => (Meaning::Warning, format!("{owner} has not applied anything that it tells of")),
            Err(why) => (Meaning::Muted, format!("{owner}: {why}")),
        };
        page.labelled("applied", meaning, &text);
    }
}

fn summary(page: &mut Page, placement: &Placement, domains: &[Domain<'_>], label: &str, seen: &str) {
    let astray: usize = domains.iter().map(|domain| domain.astray.len()).sum();
    let (pods, waiting) = (placement.pods.len(), placement.waiting().count());
    page.blank();
    let mut line: Vec<Piece> = vec![(Meaning::Text, format!("{pods} pods by "))];
    line.push((Meaning::Title, label.to_owned()));
    line.push((Meaning::Muted, format!(", seen {seen} ago")));
    page.line(line);
    if placement.cut {
        page.text(Meaning::Warning, "these are not all: there are too many namespaces or pods to look at each");
    }
    for (namespace, why) in &placement.refused {
        page.text(Meaning::Warning, &format!("the pods of {namespace} are not known: {why}"));
    }
    if let Some(why) = &placement.nodes_unknown {
        page.text(Meaning::Warning, &format!("labels of nodes are not known: {why}"));
    }
    match astray {
        0 if pods == 0 => {}
        0 if placement.nodes.is_empty() => {}
        0 => page.text(Meaning::Healthy, "✓ none runs where it does not belong"),
        1 => page.text(Meaning::Broken, "✗ 1 pod runs where it does not belong"),
        some => page.text(Meaning::Broken, &format!("✗ {some} pods run where they do not belong")),
    }
    if waiting > 0 {
        page.text(Meaning::Broken, &format!("✗ {waiting} without a node"));
    }
}

fn of_domain(page: &mut Page, domain: &Domain<'_>, label: &str) {
    let (pods, ready) = domain.pods();
    let (sign, meaning) = if domain.astray.is_empty() { ("✓ ", Meaning::Healthy) } else { ("✗ ", Meaning::Broken) };
    page.blank();
    let value = domain.value.map_or_else(|| format!("no {label}"), str::to_owned);
    let counts = format!("  {} on {}, {ready} ready", count(pods, "pod"), count(domain.nodes.len(), "node"));
    page.line(vec![(meaning, sign.into()), (Meaning::Title, value), (Meaning::Text, counts)]);
    for (node, (pods, ready)) in &domain.nodes {
        let numbers = format!("  {}, {ready} ready", count(*pods, "pod"));
        page.line(vec![(Meaning::Text, format!("    {node}")), (Meaning::Muted, numbers)]);
    }
    for (pod, why) in domain.astray.iter().take(NAMED) {
        let why = match why {
            Astray::Label(wanted) => format!("its namespace has {label}={wanted}"),
            Astray::Demands(wanted) => format!("it asks for {wanted}"),
        };
        let name = format!("    ✗ {}/{}", pod.namespace, pod.name);
        let node = pod.node.as_deref().unwrap_or_default();
        page.line(vec![(Meaning::Broken, name), (Meaning::Text, format!("  on {node}: {why}"))]);
    }
    if let Some(more) = domain.astray.len().checked_sub(NAMED + 1) {
        page.line(vec![(Meaning::Broken, format!("    ✗ and {} more", more + 1))]);
    }
}

/// What is on no node, or on one of which nothing is known.
fn rest(page: &mut Page, placement: &Placement) {
    let unknown = placement.unknown();
    if !unknown.is_empty() {
        page.blank();
        page.line(vec![(Meaning::Unknown, "? ".into()), (Meaning::Title, "nodes of which no label is known".into())]);
        for (node, pods) in unknown {
            page.line(vec![
                (Meaning::Text, format!("    {node}")),
                (Meaning::Muted, format!("  {}", count(pods, "pod"))),
            ]);
        }
    }
    let mut waiting: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for pod in placement.waiting() {
        let why = pod.waits.as_deref().unwrap_or("the scheduler has not said why");
        waiting.entry(why).or_default().push(format!("{}/{}", pod.namespace, pod.name));
    }
    for (why, pods) in waiting {
        page.blank();
        page.line(vec![
            (Meaning::Broken, "✗ ".into()),
            (Meaning::Title, format!("{} without a node", count(pods.len(), "pod"))),
        ]);
        page.hanging(vec![(Meaning::Text, "    ".into())], Meaning::Broken, why);
        for pod in pods.iter().take(NAMED) {
            page.line(vec![(Meaning::Text, format!("    {pod}"))]);
        }
    }
}

/// What templates ask of nodes.
fn demands(page: &mut Page, placement: &Placement) {
    if placement.pods.is_empty() {
        return;
    }
    page.blank();
    page.line(vec![(Meaning::Title, "What pods ask of their nodes".into())]);
    for ((namespace, demand), pods) in placement.demands() {
        let (meaning, text) =
            if demand.is_empty() { (Meaning::Muted, "nothing: any node will do") } else { (Meaning::Text, demand) };
        let line: Piece = (Meaning::Muted, format!("    {namespace}, {}: ", count(pods, "pod")));
        page.hanging(vec![line], meaning, text);
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
