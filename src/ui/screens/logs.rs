//! The screen of logs: lines of many containers, what is looked for in them, and how far they can be trusted.

use crate::{
    config::Meaning,
    model::{Held, LOG_COLOURS, LogSince, LogState, LogSubject, LogVoice},
    ui::{
        input,
        logs::{At, Geometry, Look, Open, Stamps, Typed, columns, from_column, level, segments, spoken, stamp},
        pen::Pen,
        scene::Scene,
        tables,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};
use std::ops::Range;

/// What tells pods apart beside their names.
const COLOURS: [Meaning; LOG_COLOURS] = [
    Meaning::Series1,
    Meaning::Series2,
    Meaning::Series3,
    Meaning::Series4,
    Meaning::Series5,
    Meaning::Series6,
    Meaning::Series7,
    Meaning::Series8,
];

/// Draws the screen.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, subject: &LogSubject) {
    let look = &scene.state.logs.look;
    let Some(open) = &scene.state.logs.open else {
        let inside = scene.pane(buffer, area, &title(subject, None), true);
        scene.pen(buffer, inside, 0).skip(1).write("loading the logs…", Meaning::Progressing);
        return;
    };
    scene.pane(buffer, area, &title(subject, Some(open)), scene.state.layers.is_empty());
    let geometry = Geometry::new(open, look, scene.state.size);
    foot(scene, buffer, area, open, look);
    bar(scene, buffer, geometry.bar, open, look);
    if open.buffer.shown() == 0 {
        return nothing(scene, buffer, geometry.lines, open, look);
    }
    let here = match open.at {
        At::End => None,
        At::Line(..) => open.here(),
    };
    for (row, (index, part)) in geometry.rows(open).into_iter().enumerate() {
        let Some(held) = open.buffer.get(index) else { continue };
        let row = row as u16;
        let line = Line { scene, open, look, geometry: &geometry };
        line.draw(scene.pen(buffer, geometry.lines, row), held, part);
        if here == Some(index) {
            if part == 0 {
                tables::mark(scene, buffer, geometry.lines, row, true);
            } else {
                let area = Rect { y: geometry.lines.y + row, height: 1, ..geometry.lines };
                buffer.set_style(area, scene.style(Meaning::Selected));
            }
        }
    }
}

fn title(subject: &LogSubject, open: Option<&Open>) -> String {
    let mut title = match subject {
        LogSubject::Pod(pod, Some(container)) => format!("Logs {} {container}", pod.path()),
        subject => format!("Logs {} {}", subject.object().kind.short(), subject.object().path()),
    };
    let Some(open) = open else { return title };
    if let Some((_, Some(revision))) = &open.listed {
        title += &format!("  revision {revision}");
    }
    if open.request.choice.every_revision && open.request.choice.pod.is_none() {
        title += "  every revision";
    }
    if let Some(pod) = &open.request.choice.pod {
        title += &format!("  {pod}");
    }
    if let Some(container) = &open.request.choice.container {
        title += &format!("  {container}");
    }
    if open.request.previous {
        title += "  the run before";
    }
    title += match open.request.since {
        LogSince::Tail => "",
        LogSince::Minute => "  last minute",
        LogSince::Quarter => "  last 15 minutes",
        LogSince::Hour => "  last hour",
        LogSince::All => "  all",
    };
    title
}

/// How many lines of how many, what is read, and whether the end is followed: on the lower border.
fn foot(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, open: &Open, look: &Look) {
    if area.height < 3 || area.width < 6 {
        return;
    }
    let line = Rect { x: area.x + 2, y: area.bottom() - 1, width: area.width - 4, height: 1 };
    let mut pen = scene.pen(buffer, line, 0);
    let (followed, meaning) = match open.at {
        _ if open.is_loading() => (" loading… ", Meaning::Progressing),
        At::End if open.request.previous => (" at the end ", Meaning::Muted),
        At::End => (" following ", Meaning::Healthy),
        At::Line(..) if open.request.previous => (" G to the end ", Meaning::Key),
        At::Line(..) => (" stays here, G follows ", Meaning::Key),
    };
    pen.write(followed, meaning).skip(1);
    let (shown, held) = (open.buffer.shown(), open.buffer.len());
    let lines = if look.filter.is_empty() { format!(" {held} lines") } else { format!(" {shown} of {held} lines") };
    pen.write(&lines, Meaning::Muted);
    let (read, all) = open.counts();
    if all > 1 {
        let text =
            if read == all { format!(" · {all} containers") } else { format!(" · {read} of {all} containers") };
        pen.write(&text, Meaning::Muted);
    }
    for (text, meaning) in troubles(open) {
        pen.write(" · ", Meaning::Muted).write(&text, meaning);
    }
    if open.buffer.dropped() > 0 {
        let text = format!(" · the oldest {} dropped", open.buffer.dropped());
        pen.write(&text, Meaning::Warning);
    }
    pen.write(" ", Meaning::Muted);
}

/// What is not as it should be, counted.
fn troubles(open: &Open) -> impl Iterator<Item = (String, Meaning)> {
    let count = |of: fn(&LogState) -> bool| open.sources.iter().filter(|source| of(&source.state)).count();
    let unlisted = open.unlisted.as_ref().map(|_| ("pods not listed".to_owned(), Meaning::Broken));
    let counted = [
        (count(|state| matches!(state, LogState::Waiting(_))), "waiting", Meaning::Progressing),
        (count(|state| matches!(state, LogState::Broken(_))), "disconnected", Meaning::Warning),
        (count(|state| matches!(state, LogState::Forbidden(_))), "forbidden", Meaning::Broken),
        (count(|state| matches!(state, LogState::Ended(_))), "ended", Meaning::Muted),
    ];
    let counted =
        counted.into_iter().filter(|(n, ..)| *n > 0).map(|(n, what, meaning)| (format!("{n} {what}"), meaning));
    unlisted.into_iter().chain(counted)
}

/// What is looked for, and what is being typed.
fn bar(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, open: &Open, look: &Look) {
    if area.is_empty() {
        return;
    }
    let mut pen = scene.pen(buffer, area, 0);
    pen.skip(2);
    let typed = open.typing.as_ref().map(|typing| typing.what);
    if typed != Some(Typed::Filter) && !look.filter.is_empty() {
        pen.write("/", Meaning::Key).write(look.filter.text(), Meaning::Input).skip(3);
    }
    if typed != Some(Typed::Search) && !look.search.is_empty() {
        pen.write("search ", Meaning::Key).write(look.search.text(), Meaning::Input).skip(3);
    }
    let Some(typing) = &open.typing else { return };
    pen.write(if typing.what == Typed::Filter { "/" } else { "search " }, Meaning::Key);
    let (x, _) = pen.position();
    let hint = match &typing.wrong {
        Some(why) => (why.as_str(), Meaning::Warning),
        None if !typing.input.value().is_empty() => ("", Meaning::Muted),
        None if typing.what == Typed::Search => ("text, /regex", Meaning::Muted),
        None => ("words, !not, /regex", Meaning::Muted),
    };
    let left = Rect { x, width: area.right().saturating_sub(x), ..area };
    let wide = columns(typing.input.value()) as u16 + 3;
    scene.pen(buffer, left, 0).skip(wide).write(hint.0, hint.1);
    input::draw(scene, buffer, Rect { width: left.width.min(wide), ..left }, &typing.input);
}

/// Why there is no line.
fn nothing(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, open: &Open, look: &Look) {
    let mut lines: Vec<(String, Meaning)> = Vec::new();
    if !open.buffer.is_empty() {
        let text = format!("none of {} lines matches {}", open.buffer.len(), look.filter.text());
        lines.push((text, Meaning::Muted));
    } else if let Some(why) = &open.unlisted {
        lines.push((format!("the pods are not known: {why}"), Meaning::Broken));
    } else {
        match &open.listed {
            None => lines.push(("loading the pods…".into(), Meaning::Progressing)),
            Some((0, _)) => lines.push(("there are no pods; the first one's log is shown".into(), Meaning::Muted)),
            Some((pods, Some(revision))) if open.counts().0 == 0 => {
                let text = format!("no pod of revision {revision}; there are {pods} of others: v shows them");
                lines.push((text, Meaning::Warning));
            }
            Some(_) if open.cleared => lines.push(("nothing was written since".into(), Meaning::Muted)),
            Some(_) => lines.push(("nothing was written".into(), Meaning::Muted)),
        }
    }
    for (row, (text, meaning)) in lines.iter().enumerate() {
        scene.pen(buffer, area, row as u16 + u16::from(area.height > 6)).skip(2).write(text, *meaning);
    }
    let first = lines.len() as u16 + 1 + u16::from(area.height > 6);
    let read = open.sources.iter().filter(|source| source.state != LogState::Left);
    for (row, source) in read.take(area.height.saturating_sub(first).into()).enumerate() {
        let meaning = match source.state {
            LogState::Forbidden(_) | LogState::Broken(_) => Meaning::Broken,
            LogState::Waiting(_) | LogState::Opening => Meaning::Progressing,
            LogState::Left | LogState::Following | LogState::Ended(_) => Meaning::Muted,
        };
        let mut pen = scene.pen(buffer, area, first + row as u16);
        pen.skip(2).write(&format!("{}/{}  ", source.pod, source.container), Meaning::Text);
        pen.write(&source.state.to_string(), meaning);
    }
}

/// One line on its way to the screen.
struct Line<'a> {
    scene: &'a Scene<'a>,
    open: &'a Open,
    look: &'a Look,
    geometry: &'a Geometry,
}

impl Line<'_> {
    fn draw(&self, mut pen: Pen<'_>, held: &Held, part: usize) {
        let (line, geometry) = (&held.line, self.geometry);
        pen.skip(geometry.mark as u16);
        if part > 0 {
            pen.skip((geometry.stamp + geometry.name) as u16);
        } else {
            if self.look.stamps != Stamps::Off {
                let text = stamp(line.at, self.look.stamps, self.scene.now, &self.scene.state.session.zone);
                pen.write(&text, Meaning::Muted);
            }
            self.name(&mut pen, held);
        }
        let text = match line.cut {
            0 => std::borrow::Cow::Borrowed(&*line.text),
            _ => std::borrow::Cow::Owned(spoken(line)),
        };
        let ground = match line.voice {
            LogVoice::Output => Meaning::Text,
            LogVoice::Note => Meaning::Muted,
            LogVoice::Trouble => Meaning::Warning,
        };
        let marks = self.marks(&text, line.voice);
        let own = if line.voice == LogVoice::Output { "" } else { "— " };
        if self.look.wrap {
            let Some(piece) = segments(&text, geometry.text).nth(part) else { return };
            let last = part + 1 == geometry.rows && piece.end < text.len();
            if part == 0 {
                pen.write(own, ground);
            }
            self.pieces(&mut pen, &text, piece, &marks, ground);
            if last {
                pen.at_right(1).write("…", Meaning::Key);
            }
        } else {
            pen.write(own, ground);
            let from = text.len() - from_column(&text, self.open.left).len();
            self.pieces(&mut pen, &text, from..text.len(), &marks, ground);
        }
    }

    /// The container's name, as wide as all of them.
    fn name(&self, pen: &mut Pen<'_>, held: &Held) {
        let width = self.geometry.name;
        let Some(name) = self.open.names.get(held.line.source).filter(|_| width > 0) else { return };
        // What distinguishes names is at their end.
        let over = name.text.chars().count().saturating_sub(width - 1);
        let from = name.text.char_indices().nth(over).map_or(0, |(at, _)| at);
        let text = format!("{:<width$}", &name.text[from..]);
        pen.write(&text, COLOURS[name.colour]);
    }

    /// Bytes of the text that are not like the rest: its level, what the filter found, what is searched for.
    fn marks(&self, text: &str, voice: LogVoice) -> Vec<(Range<usize>, Meaning, bool)> {
        let mut marks: Vec<(Range<usize>, Meaning, bool)> = Vec::new();
        if voice == LogVoice::Output {
            marks.extend(level(text).map(|(range, meaning)| (range, meaning, false)));
        }
        marks.extend(self.look.filter.found(text).into_iter().map(|range| (range, Meaning::Input, false)));
        marks.extend(self.look.search.found(text).into_iter().map(|range| (range, Meaning::Input, true)));
        marks
    }

    fn pieces(
        &self,
        pen: &mut Pen<'_>,
        text: &str,
        piece: Range<usize>,
        marks: &[(Range<usize>, Meaning, bool)],
        ground: Meaning,
    ) {
        let inside = |at: &usize| *at > piece.start && *at < piece.end;
        let mut cuts: Vec<usize> =
            marks.iter().flat_map(|(range, ..)| [range.start, range.end]).filter(inside).collect();
        cuts.extend([piece.start, piece.end]);
        cuts.sort_unstable();
        cuts.dedup();
        for pair in cuts.windows(2) {
            let part = pair[0]..pair[1];
            // The last mark that covers it counts: what is searched for is seen best.
            let mark = marks.iter().rev().find(|(range, ..)| range.start <= part.start && part.end <= range.end);
            let mut style = self.scene.style(mark.map_or(ground, |(_, meaning, _)| *meaning));
            if mark.is_some_and(|(.., searched)| *searched) {
                style = style.add_modifier(Modifier::REVERSED);
            }
            if pen.room() == 0 {
                return;
            }
            if let Some(text) = text.get(part) {
                pen.styled(text, style);
            }
        }
    }
}
