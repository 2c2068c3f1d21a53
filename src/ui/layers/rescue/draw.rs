//! What broke, drawn: two or three lines a workload, so that all of a bad night fits on a small terminal.

use super::{
    Rescue, Stage, WINDOWS,
    entry::{Entry, Found},
};
use crate::{
    config::{Action, Meaning, Where},
    model::{Durability, Kind, Plan, Precondition, Rows, Sync},
    time::age,
    ui::{
        glyph, input, layout,
        page::{Page, Piece},
        scene::Scene,
    },
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// Lines below the workloads: what is to be known, the name, the keys.
const FOOT: u16 = 3;
/// Columns before a workload's second line.
const INDENT: usize = 8;

impl Rescue {
    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, whole: Rect) {
        let whole = layout::below_header(scene.state.size).intersection(whole);
        let inside = scene.sheet(buffer, whole, (whole.width.min(140), whole.height), &self.title());
        let body = Rect { height: inside.height.saturating_sub(FOOT + 1), ..inside };
        let (page, starts) = self.page(scene, body.width);
        let first = starts.get(self.chosen).copied().unwrap_or(0);
        let after = starts.get(self.chosen + 1).copied().unwrap_or(page.len());
        // The chosen workload is in sight, all of it.
        let scroll = after.saturating_sub(body.height.into()).min(first);
        page.draw(scene, buffer, body, scroll);
        self.foot(scene, buffer, inside);
    }

    fn title(&self) -> String {
        let marked = self.shown().filter(|entry| self.is_marked(entry)).count();
        let all = self.shown().count();
        match (&self.stage, &self.only) {
            (Stage::Confirming(_), _) if marked == 1 => "Roll back one workload".into(),
            (Stage::Confirming(_), _) => format!("Roll back {marked} side by side"),
            (Stage::Choosing, Some(_)) => format!("Roll back {marked} of {all} marked"),
            (Stage::Choosing, None) => format!("Broke {}: {all}, {marked} to roll back", self.window_words()),
        }
    }

    /// How far back is looked: `within 30 min`.
    fn window_words(&self) -> String {
        match WINDOWS.get(self.window) {
            Some(minutes @ 60..) => format!("within {} h", minutes / 60),
            Some(minutes) => format!("within {minutes} min"),
            None => "at any time".into(),
        }
    }

    /// The lines, and where each workload begins.
    fn page(&self, scene: &Scene<'_>, width: u16) -> (Page, Vec<usize>) {
        let mut page = Page::new(width);
        let mut starts = Vec::new();
        let confirming = matches!(self.stage, Stage::Confirming(_));
        let since = self.since();
        for entry in self.shown().filter(|entry| !confirming || self.is_marked(entry)) {
            let chosen = starts.len() == self.chosen && !confirming;
            starts.push(page.len());
            self.headline(&mut page, entry, chosen, scene.now);
            if let (Some(cause), Some(_), false) = (&entry.casualty.incident.cause, entry.plan(), confirming) {
                page.line(vec![(Meaning::Text, format!("{}{cause}", " ".repeat(INDENT)))]);
            }
            match &entry.found {
                Found::Pending => {}
                Found::Plan(plan) => in_short(&mut page, plan, entry.doubt(since), confirming),
                Found::Nothing(failure) => {
                    under(&mut page, Meaning::Warning, &failure.message);
                    if let Some(hint) = &failure.hint {
                        under(&mut page, Meaning::Muted, &format!("→ {hint}"));
                    } else if !failure.choices.is_empty() {
                        under(&mut page, Meaning::Muted, "→ enter: choose a revision");
                    }
                }
            }
        }
        if !confirming {
            self.remarks(&mut page, scene.rows, starts.is_empty());
        }
        (page, starts)
    }

    fn headline(&self, page: &mut Page, entry: &Entry, chosen: bool, now: Timestamp) {
        let casualty = &entry.casualty;
        let mark = match &entry.found {
            _ if self.is_marked(entry) => "[x]",
            Found::Pending => " ◐ ",
            Found::Plan(_) if entry.refusal().is_none() => "[ ]",
            Found::Plan(_) | Found::Nothing(_) => " – ",
        };
        let (sign, meaning) = glyph::health(casualty.health);
        let began = casualty.incident.began().map_or_else(String::new, |at| format!("  {}", age(at, now)));
        let mut pieces: Vec<Piece> = vec![
            (Meaning::Focus, if chosen { "▸ " } else { "  " }.to_owned()),
            (Meaning::Key, format!("{mark} ")),
            (meaning, format!("{sign} ")),
            (if chosen { Meaning::Title } else { Meaning::Text }, casualty.object.path()),
            (Meaning::Muted, began),
        ];
        if let Some(plan) = entry.plan() {
            pieces.push((Meaning::Title, format!("  {}", plan.summary)));
            let lasts = if plan.durability == Durability::Sticks { Meaning::Healthy } else { Meaning::Warning };
            pieces.push((lasts, format!("  {}", plan.durability.badge())));
            if let Some((from, to)) = plan.versions() {
                pieces.push((Meaning::Text, format!("  {from} → {to}")));
            }
        } else if let Some(cause) = &casualty.incident.cause {
            pieces.push((Meaning::Muted, format!("  {cause}")));
        }
        page.line(pieces);
    }

    /// What else there is to know: what is not seen, and what a key would show.
    fn remarks(&self, page: &mut Page, rows: &Rows, empty: bool) {
        let workload = |kind: &Kind| kind.is_workload();
        let loading = rows.syncs().any(|(kind, _, sync)| workload(&kind) && matches!(sync, Sync::Loading));
        if empty && (loading || rows.syncs().next().is_none()) {
            page.text(Meaning::Progressing, "◐ the workloads are still loading…");
        } else if empty {
            page.text(Meaning::Healthy, &format!("✓ nothing that is seen broke {}", self.window_words()));
        }
        let older = self.entries.iter().filter(|entry| !self.shows(entry)).count();
        if older > 0 {
            page.blank();
            page.text(Meaning::Muted, &format!("{older} more broke before that; s looks further back"));
        }
        for (kind, namespace, sync) in rows.syncs().filter(|(kind, ..)| workload(kind)) {
            let why = match sync {
                Sync::Forbidden { why } | Sync::Stale { why, .. } => why,
                Sync::Live { .. } | Sync::Loading | Sync::Absent => continue,
            };
            let place = namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
            page.text(Meaning::Warning, &format!("! {}{place} are not seen: {why}", kind.plural()));
        }
    }

    fn foot(&self, scene: &Scene<'_>, buffer: &mut Buffer, inside: Rect) {
        let session = &scene.state.session;
        let Some(first) = inside.height.checked_sub(FOOT) else { return };
        let at = Rect { y: inside.y + first, height: 1, ..inside };
        let mut pen = scene.pen(buffer, at, 0);
        match (&self.error, &self.reason, &self.why) {
            (Some(error), ..) => {
                pen.write("✗ ", Meaning::Broken).write(error, Meaning::Broken);
            }
            (None, Some(reason), _) => {
                pen.write("why ", Meaning::Key);
                let (x, y) = pen.position();
                input::draw(scene, buffer, Rect { x, width: at.right().saturating_sub(x), y, height: 1 }, reason);
            }
            (None, None, Some(why)) => {
                pen.write("why ", Meaning::Muted).write(why, Meaning::Text);
            }
            (None, None, None) => {
                pen.write("nothing has changed yet", Meaning::Muted);
            }
        }
        let line = Rect { y: at.y + 1, ..at };
        let key = |action| session.keymap.key(&[Where::Panic, Where::Moving, Where::Everywhere], action);
        let named = |action| key(action).map(|chord| chord.to_string()).unwrap_or_default();
        let hints: Vec<(String, &str)> = match &self.stage {
            _ if self.reason.is_some() => vec![("enter".into(), " keep this reason"), ("esc".into(), " leave it")],
            Stage::Confirming(typed) => {
                if self.asks(session) {
                    let mut pen = scene.pen(buffer, line, 0);
                    let why = if session.protected { "PROTECTED: " } else { "THE TEAM'S RULES: " };
                    pen.write(&format!("{why}type {} to confirm ", self.name(session)), Meaning::Warning);
                    let (x, y) = pen.position();
                    let typing = Rect { x, y, width: line.right().saturating_sub(x), height: 1 };
                    input::draw(scene, buffer, typing, typed);
                }
                let reason = if session.protected { "ctrl-r".into() } else { named(Action::Reason) };
                vec![("enter".into(), " begin"), (reason, " say why"), ("esc".into(), " choose again")]
            }
            Stage::Choosing => vec![
                (named(Action::Run), " roll back marked"),
                (named(Action::Mark), " mark"),
                (named(Action::Open), " plan"),
                (named(Action::Since), " since"),
                (named(Action::Reason), " why"),
                ("esc".into(), " cancel"),
            ],
        };
        let width: usize = hints.iter().map(|(key, text)| key.width() + text.width() + 3).sum::<usize>() - 3;
        let mut pen = scene.pen(buffer, Rect { y: at.y + 2, ..at }, 0);
        pen.at_right(width);
        for (key, text) in hints {
            pen.write(&key, Meaning::Key).write(text, Meaning::Muted).skip(3);
        }
    }
}

/// A plan in short: what speaks for it, and what against. What is confirmed was read before: then only what speaks against it.
fn in_short(page: &mut Page, plan: &Plan, doubt: Option<String>, confirming: bool) {
    match plan.preconditions.iter().find(|check| check.what == "known good") {
        Some(check) if check.ok && confirming => {}
        Some(check) if check.ok => under(page, Meaning::Muted, &format!("known good: {}", check.detail)),
        Some(check) => under(page, Meaning::Warning, &format!("! not known to be good: {}", check.detail)),
        None => {}
    }
    if let Some(doubt) = doubt {
        under(page, Meaning::Warning, &format!("! {doubt}"));
    }
    if let (Durability::Reverted(how) | Durability::Unknown(how), true) = (&plan.durability, confirming) {
        under(page, Meaning::Warning, &format!("! {how}"));
    }
    let warnings = || plan.preconditions.iter().filter(|check| check.warning && check.what != "known good");
    if !confirming {
        // One line each: the plan has the rest.
        let told = |check: &Precondition| format!("{}! {}: {}", " ".repeat(INDENT), check.what, check.detail);
        warnings().for_each(|check| page.line(vec![(Meaning::Warning, told(check))]));
        return;
    }
    let mut names: Vec<&str> = warnings().map(|check| check.what.as_str()).collect();
    names.dedup();
    if !names.is_empty() {
        under(page, Meaning::Warning, &format!("! look at: {}", names.join(", ")));
    }
}

fn under(page: &mut Page, meaning: Meaning, text: &str) {
    page.hanging(vec![(Meaning::Text, " ".repeat(INDENT))], meaning, text);
}
