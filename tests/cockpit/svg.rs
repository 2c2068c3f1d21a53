//! A terminal screen as an SVG picture, for the README.

use std::fmt::Write;
use vt100::{Color, Screen};

const CELL: (f32, f32) = (8.4, 17.0);
const FOREGROUND: &str = "#d0d0d0";
const BACKGROUND: &str = "#1c1c1c";
const BASE: [&str; 16] = [
    "#1c1c1c", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d0d0d0", "#7f848e", "#ff7b86",
    "#b5e890", "#ffd68a", "#84c7ff", "#e199f5", "#7fdbe6", "#ffffff",
];

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Default => default.to_owned(),
        Color::Idx(i @ 0..=15) => BASE[usize::from(i)].to_owned(),
        Color::Idx(i @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = i - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Idx(i) => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (i - 232)),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

/// The picture: one text element for each run of cells of one style.
pub fn picture(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (f32::from(columns) * CELL.0 + 16.0, f32::from(rows) * CELL.1 + 16.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', \
         Menlo, Consolas, monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let (text, next, style) = run(screen, row, column, columns);
            draw(&mut svg, (column, row), next - column, &text, &style);
            column = next;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[derive(PartialEq)]
struct Style {
    foreground: String,
    background: String,
    bold: bool,
}

fn style(screen: &Screen, row: u16, column: u16) -> Option<(String, Style)> {
    let cell = screen.cell(row, column)?;
    let (mut foreground, mut background) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
    if cell.inverse() {
        std::mem::swap(&mut foreground, &mut background);
    }
    if cell.dim() {
        foreground = BASE[8].to_owned();
    }
    let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
    Some((text, Style { foreground, background, bold: cell.bold() }))
}

fn run(screen: &Screen, row: u16, from: u16, columns: u16) -> (String, u16, Style) {
    let (mut text, first) = style(screen, row, from).expect("within the screen");
    let mut column = from + 1;
    while column < columns {
        match style(screen, row, column) {
            Some((more, same)) if same == first => text.push_str(&more),
            _ => break,
        }
        column += 1;
    }
    (text, column, first)
}

fn draw(svg: &mut String, (column, row): (u16, u16), cells: u16, text: &str, style: &Style) {
    let (x, y) = (f32::from(column) * CELL.0 + 8.0, f32::from(row) * CELL.1 + 8.0);
    let width = f32::from(cells) * CELL.0;
    if style.background != BACKGROUND {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"/>",
            CELL.1, style.background
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{}\"{weight}>{escaped}</text>",
        y + 13.0,
        style.foreground
    );
}
