//! Contexts: the table of all of them; and the fleet: what is not healthy in any that is watched.

use crate::{
    config::{Action, Meaning},
    model::{ContextView, Health, Login, Standing, Troubled},
    ui::{
        glyph,
        page::Page,
        panes::listing::{self, Listing},
        scene::Scene,
        tables,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// The contexts.
pub fn contexts(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let contexts = &scene.state.contexts;
    let listing = Listing {
        title: "Contexts",
        noun: "contexts",
        list: &contexts.shown.list,
        found: &contexts.shown.found,
        kinds: &[],
        focused: Some(true),
    };
    let selected = contexts.shown.list.selected().and_then(|name| contexts.get(name));
    let says = selected.map(|context| says(scene, context)).unwrap_or_default();
    let area = foot(scene, buffer, area, &says);
    listing::draw::<ContextView>(scene, buffer, area, &listing, |name| contexts.get(name));
}

/// What a context has to say beside its row.
fn says(scene: &Scene<'_>, context: &ContextView) -> Vec<(Meaning, String)> {
    let mut lines = vec![(Meaning::Muted, format!("{}  as {}", context.server, context.user))];
    match &context.summary.standing {
        Standing::Unopened => {
            let (open, watch) = (scene.state.key_of(Action::Open), scene.state.key_of(Action::WatchContext));
            lines.push((Meaning::Muted, format!("nothing is sent there: {open} goes there, {watch} watches it too")));
        }
        Standing::Connecting | Standing::Live { .. } => {}
        Standing::Forbidden { why } => lines.push((Meaning::Warning, format!("workloads may not be listed: {why}"))),
        Standing::Stale { why, .. } | Standing::Unreachable { why, .. } | Standing::Login { why } => {
            lines.push((Meaning::Broken, why.clone()));
        }
    }
    if let Login::Needed { hint, asks, .. } = &context.login {
        let key = scene.state.key_of(Action::LogIn);
        lines.push(match (asks, hint) {
            (true, _) => (Meaning::Text, format!("{key} lends the terminal to the login command")),
            (false, Some(hint)) => (Meaning::Text, format!("{hint}; {key} tries again now")),
            (false, None) => (Meaning::Text, format!("{key} tries again now")),
        });
    }
    if let Some(validity) = context.login.certificate() {
        let (left, meaning) = tables::expiry(&validity, scene.now);
        if meaning != Meaning::Muted {
            let day = validity.until.to_zoned(scene.state.session.zone.clone()).strftime("%Y-%m-%d %H:%M");
            lines.push((meaning, format!("the client certificate ends on {day} ({left})")));
        }
    }
    if context.removed {
        lines.push((Meaning::Warning, "the kubeconfig names it no more; the connection stays as it was".into()));
    }
    lines
}

/// What is not healthy in any watched context.
pub fn fleet(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let contexts = &scene.state.contexts;
    let silent = contexts.not_live().map(|context| {
        let (_, word, meaning) = tables::standing(&context.summary.standing, scene.now);
        let why = match &context.summary.standing {
            Standing::Stale { why, .. }
            | Standing::Unreachable { why, .. }
            | Standing::Login { why }
            | Standing::Forbidden { why } => format!(": {why}"),
            Standing::Unopened | Standing::Connecting | Standing::Live { .. } => String::new(),
        };
        (meaning, format!("{} {word}{why}", context.name))
    });
    let selected = contexts.ill.list.selected().and_then(|(context, object)| contexts.fleet.find(context, object));
    let says = selected.and_then(|row| Some((glyph::health(row.health).1, row.reason.clone()?)));
    let lines: Vec<(Meaning, String)> = says.into_iter().chain(silent).collect();
    let area = foot(scene, buffer, area, &lines);
    let total: usize = contexts.fleet.watched().map(|context| context.summary.tally.troubled()).sum();
    if total == 0 {
        return nothing(scene, buffer, area, !lines.is_empty());
    }
    let listing = Listing {
        title: "Fleet: not healthy",
        noun: "workloads",
        list: &contexts.ill.list,
        found: &contexts.ill.found,
        kinds: &[],
        focused: Some(true),
    };
    listing::draw::<Troubled>(scene, buffer, area, &listing, |(context, object)| contexts.fleet.find(context, object));
}

/// Says what is known where no row is to be shown: that nobody is ill is said of those only that were heard.
fn nothing(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, silent: bool) {
    let contexts = &scene.state.contexts;
    let inside = scene.pane(buffer, area, "Fleet: not healthy", true);
    let healthy = contexts.count(Health::Healthy);
    let live = contexts.fleet.watched().filter(|c| matches!(c.summary.standing, Standing::Live { .. })).count();
    let (meaning, text) = match (live, silent) {
        (0, _) => (Meaning::Progressing, "nothing is known yet".to_owned()),
        (1, false) => (Meaning::Healthy, format!("all {healthy} workloads of the one watched context are healthy")),
        (live, false) => (Meaning::Healthy, format!("all {healthy} workloads of {live} contexts are healthy")),
        (_, true) => (Meaning::Warning, format!("the {healthy} workloads that were heard of are healthy; see below")),
    };
    let key = scene.state.key_of(Action::Contexts);
    scene.pen(buffer, inside, u16::from(inside.height > 2)).skip(2).write(&text, meaning);
    let hint = format!("{key} shows all contexts, to watch more of them");
    scene.pen(buffer, inside, u16::from(inside.height > 2) + 1).skip(2).write(&hint, Meaning::Muted);
}

/// Shows lines at the foot of `area`; gives the room that is left.
fn foot(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, lines: &[(Meaning, String)]) -> Rect {
    if lines.is_empty() || area.height < 12 {
        return area;
    }
    let mut page = Page::new(area.width.saturating_sub(4));
    for (meaning, text) in lines {
        page.text(*meaning, text);
    }
    let height = (page.len() as u16).min(area.height / 3) + 2;
    let foot = Rect { y: area.bottom() - height, height, ..area };
    let inside = scene.pane(buffer, foot, "", false);
    page.draw(scene, buffer, Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }, 0);
    Rect { height: area.height - height, ..area }
}
