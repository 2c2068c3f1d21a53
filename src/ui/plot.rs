//! Numbers over time, for those who would rather look than read: a sparkline for a cell, a chart for a pane.
//!
//! Invariants: what is not known is a gap and never zero; every scale begins at zero, so that twice as high is twice as much;
//! and nothing is drawn between two samples that was not so: a sample holds until the next one.

use super::{pen::Pen, scene::Scene};
use crate::config::Meaning;
use jiff::{SignedDuration, Timestamp};
use ratatui::{buffer::Buffer, layout::Rect};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// The last `width` values as one line of bars, the newest at the right; a value that is not known is a blank. Scaled from zero
/// to the largest value shown.
pub fn sparkline(values: impl Iterator<Item = Option<f64>>, width: usize, ascii: bool) -> String {
    let values: Vec<Option<f64>> = values.map(|value| value.filter(|value| value.is_finite())).collect();
    let shown = &values[values.len().saturating_sub(width)..];
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bars = if ascii { ASCII_BARS } else { BARS };
    let blank = std::iter::repeat_n(' ', width - shown.len());
    let bar = |value: &Option<f64>| match value {
        Some(value) if most > 0.0 => bars[((value.max(0.0) / most * 7.0).round() as usize).min(7)],
        Some(_) => bars[0],
        None => ' ',
    };
    blank.chain(shown.iter().map(bar)).collect()
}

/// The most that was true in each of `buckets` equal parts of the time from `from` to `to`. `samples` are in order of time; each
/// holds until the next one, the last until `to`, and a value that is not a number says that from then on nothing is known.
pub fn resample(samples: &[(Timestamp, f64)], from: Timestamp, to: Timestamp, buckets: usize) -> Vec<Option<f64>> {
    spans(samples, from, to, buckets).map(|span| span.map(|(_, most)| most)).collect()
}

/// The least and the most of each bucket.
fn spans(
    samples: &[(Timestamp, f64)],
    from: Timestamp,
    to: Timestamp,
    buckets: usize,
) -> impl Iterator<Item = Option<(f64, f64)>> {
    let whole = to.duration_since(from).max(SignedDuration::ZERO);
    let end = move |bucket: usize| {
        let part = whole.as_secs_f64() * (bucket + 1) as f64 / buckets.max(1) as f64;
        SignedDuration::try_from_secs_f64(part).ok().and_then(|part| from.checked_add(part).ok()).unwrap_or(to)
    };
    let known = |value: f64| Some(value).filter(|value| value.is_finite());
    let mut next = samples.partition_point(|(at, _)| *at <= from);
    let mut held = next.checked_sub(1).and_then(|at| known(samples[at].1));
    (0..buckets).map(move |bucket| {
        let end = end(bucket);
        let mut span = held.map(|value| (value, value));
        while let Some((_, value)) = samples.get(next).filter(|(at, _)| *at <= end) {
            held = known(*value);
            if let Some(value) = held {
                let (least, most) = span.unwrap_or((value, value));
                span = Some((least.min(value), most.max(value)));
            }
            next += 1;
        }
        span
    })
}

/// What a chart shows.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// Samples in order of time: each holds until the next; a value that is not a number begins a gap.
    pub samples: &'a [(Timestamp, f64)],
    /// The time at the left edge.
    pub from: Timestamp,
    /// The time at the right edge.
    pub to: Timestamp,
    /// Values to mark with a line across, such as least and most replicas.
    pub marks: &'a [f64],
    /// How the line looks.
    pub meaning: Meaning,
}

/// Columns and rows below which a chart says nothing: one row of axis below at least two of line.
const LEAST: (u16, u16) = (12, 3);

/// Draws the chart into `area`: values at the left, times below. Where there is no room for axes a sparkline is drawn.
pub fn chart(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, chart: &Chart<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let ascii = scene.state.session.terminal.ascii;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let values = resample(chart.samples, chart.from, chart.to, area.width.into());
        let line = sparkline(values.into_iter(), area.width.into(), ascii);
        scene.pen(buffer, area, area.height - 1).write(&line, chart.meaning);
        return;
    }
    let finite = chart.samples.iter().map(|(_, value)| *value).chain(chart.marks.iter().copied());
    let most = finite.filter(|value| value.is_finite()).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    let (top, bottom) = (number(most), "0".to_owned());
    let axis = top.len().max(bottom.len()) as u16 + 1;
    let plot = Rect { x: area.x + axis, width: area.width - axis, height: area.height - 1, ..area };
    scene.pen(buffer, area, 0).skip(axis - 1 - top.len() as u16).write(&top, Meaning::Muted);
    scene.pen(buffer, area, plot.height - 1).skip(axis - 1 - bottom.len() as u16).write(&bottom, Meaning::Muted);
    let marked = chart.marks.iter().filter(|mark| mark.is_finite() && **mark > 0.0);
    for mark in marked {
        let row = plot.height - 1 - ((mark / most * f64::from(plot.height - 1)).round() as u16).min(plot.height - 1);
        let line = if ascii { "." } else { "┈" }.repeat(plot.width.into());
        scene.pen(buffer, plot, row).write(&line, Meaning::Border);
    }
    line(scene, buffer, plot, chart, most, ascii);
    let times = Rect { x: plot.x, width: plot.width, ..area };
    let start = format!("-{}", crate::time::age(chart.from, chart.to));
    let mut pen: Pen<'_> = scene.pen(buffer, times, area.height - 1);
    pen.write(&start, Meaning::Muted);
    if usize::from(pen.room()) > 4 {
        pen.at_right(3).write("now", Meaning::Muted);
    }
    if chart.samples.iter().all(|(_, value)| !value.is_finite()) {
        let text = "no data yet";
        let middle = plot.width.saturating_sub(text.len() as u16) / 2;
        scene.pen(buffer, plot, plot.height / 2).skip(middle).write(text, Meaning::Muted);
    }
}

/// The line itself: eight dots a cell in braille, three heights a cell in ASCII. A jump is drawn as what it is, upright.
fn line(scene: &Scene<'_>, buffer: &mut Buffer, plot: Rect, chart: &Chart<'_>, most: f64, ascii: bool) {
    let (across, up) = if ascii { (1, 3) } else { (2, 4) };
    let levels = usize::from(plot.height) * up;
    let level = |value: f64| ((value.max(0.0) / most * (levels - 1) as f64).round() as usize).min(levels - 1);
    let mut cells = vec![0_u8; usize::from(plot.width) * usize::from(plot.height)];
    for (column, span) in spans(chart.samples, chart.from, chart.to, usize::from(plot.width) * across).enumerate() {
        let Some((least, most)) = span else { continue };
        for dot in level(least)..=level(most) {
            let (row, inside) = (usize::from(plot.height) - 1 - dot / up, dot % up);
            cells[row * usize::from(plot.width) + column / across] |= 1 << (inside * across + column % across);
        }
    }
    let style = scene.style(chart.meaning);
    for (at, bits) in cells.iter().enumerate().filter(|(_, bits)| **bits > 0) {
        let (x, y) = (at % usize::from(plot.width), at / usize::from(plot.width));
        if let Some(cell) = buffer.cell_mut((plot.x + x as u16, plot.y + y as u16)) {
            cell.set_char(if ascii { stroke(*bits) } else { braille(*bits) }).set_style(style);
        }
    }
}

/// Three heights of one cell as the character that comes nearest.
const fn stroke(bits: u8) -> char {
    match bits {
        0b001 => '_',
        0b010 => '-',
        0b100 => '\'',
        _ => '|',
    }
}

/// Dots counted from the lower left, two a row, as Unicode numbers them.
fn braille(bits: u8) -> char {
    const DOTS: [u32; 8] = [0x40, 0x80, 0x04, 0x20, 0x02, 0x10, 0x01, 0x08];
    let dots = (0..8).filter(|dot| bits & (1 << dot) != 0).map(|dot| DOTS[dot]).sum::<u32>();
    char::from_u32(0x2800 + dots).unwrap_or(' ')
}

/// A number in as few characters as tell it: `8`, `0.25`, `1.5k`, `3M`.
fn number(value: f64) -> String {
    let (value, unit) = match value.abs() {
        large if large >= 1e9 => (value / 1e9, "G"),
        large if large >= 1e6 => (value / 1e6, "M"),
        large if large >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    text + unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn a_sparkline_is_as_wide_as_asked_and_shows_gaps_as_gaps() {
        let values = [Some(0.0), Some(5.0), None, Some(10.0), Some(f64::NAN)];
        assert_eq!(sparkline(values.into_iter(), 5, false), "▁▅ █ ");
        assert_eq!(sparkline(values.into_iter(), 7, true), "  _= # ");
        assert_eq!(sparkline(values.into_iter(), 2, false), "█ ");
        assert_eq!(sparkline([Some(0.0); 2].into_iter(), 2, false), "▁▁");
        assert_eq!(sparkline([].into_iter(), 3, false), "   ");
    }

    #[test]
    fn a_sample_holds_until_the_next_and_nothing_is_known_before_the_first() {
        let samples = [(at(10), 2.0), (at(25), 6.0), (at(26), 3.0), (at(35), f64::NAN)];
        let buckets = resample(&samples, at(0), at(50), 5);
        assert_eq!(buckets, [Some(2.0), Some(2.0), Some(6.0), Some(3.0), None]);
        assert_eq!(resample(&samples, at(12), at(20), 2), [Some(2.0), Some(2.0)]);
        assert_eq!(resample(&samples, at(20), at(20), 0), []);
    }

    #[test]
    fn braille_dots_lie_where_they_are_counted() {
        assert_eq!(braille(0b0000_0001), '⡀');
        assert_eq!(braille(0b1000_0000), '⠈');
        assert_eq!(braille(0xff), '⣿');
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([8.0, 0.25, 15_000.0, 3e6, 2.5].map(number), ["8", "0.25", "15k", "3M", "2.5"]);
    }
}
