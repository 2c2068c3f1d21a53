//! A table as a file: the rows that are shown, or those that are marked, with the columns that are shown, as CSV, Markdown or JSON.
//!
//! What a cell says is what it says on the screen, bars and sparklines left out; how well a row is has a column of its own instead of
//! a sign before its name. What is not known is empty.

use super::{
    layers::{Answer, Layer, Question, Then},
    look::Look,
    message::Effect,
    scene::Scene,
    state::State,
    tables::{Row, columns},
};
use crate::model::Rows;
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::{Map, Value};

/// The widest that a cell is written.
const ROOM: u16 = 200;

/// A format of such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, as spreadsheets read them.
    Csv,
    /// A table for a ticket or a chat.
    Markdown,
    /// A list of objects.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Markdown, Self::Json];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Json => "json",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Csv => "for a spreadsheet",
            Self::Markdown => "for a ticket",
            Self::Json => "for a program",
        }
    }
}

/// A table as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// These rows, with the columns of this look.
    pub fn of<'r, R: Row>(scene: &Scene<'_>, look: &Look, rows: impl Iterator<Item = &'r R>) -> Self {
        let look = Look { shift: 0, ..look.clone() };
        let columns = columns(R::COLUMNS, &look);
        let headings = columns.iter().map(|column| column.title.trim().to_lowercase());
        let sight = scene.sight();
        let area = Rect::new(0, 0, ROOM, 1);
        let mut buffer = Buffer::empty(area);
        let row = |row: &R| {
            let cells = columns.iter().enumerate().map(|(at, column)| {
                buffer.reset();
                (column.cell)(&mut scene.pen(&mut buffer, area, 0), row, scene);
                let text = text(&buffer);
                // A name begins with a sign for what the first column says.
                let named = if at == 0 { text.trim_start_matches(|c: char| !c.is_alphanumeric()) } else { &text };
                named.to_owned()
            });
            std::iter::once(row.health(&sight).to_string()).chain(cells).collect()
        };
        Self { headings: std::iter::once("health".to_owned()).chain(headings).collect(), rows: rows.map(row).collect() }
    }

    /// It as a file of this format.
    fn written(&self, format: Format) -> String {
        match format {
            Format::Csv => {
                let line =
                    |cells: &Vec<String>| cells.iter().map(|cell| field(cell)).collect::<Vec<_>>().join(",") + "\r\n";
                std::iter::once(&self.headings).chain(&self.rows).map(line).collect()
            }
            Format::Markdown => {
                let line = |cells: &Vec<String>| format!("| {} |\n", cells.join(" | "));
                let escaped = |row: &Vec<String>| row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
                let rule = vec!["---".to_owned(); self.headings.len()];
                let rows = self.rows.iter().map(|row| line(&escaped(row)));
                [line(&self.headings), line(&rule)].into_iter().chain(rows).collect()
            }
            Format::Json => {
                let object = |row: &Vec<String>| {
                    let value = |cell: &String| if cell.is_empty() { Value::Null } else { Value::from(&**cell) };
                    let pairs = self.headings.iter().cloned().zip(row.iter().map(value));
                    Value::Object(pairs.collect::<Map<_, _>>())
                };
                let all: Vec<Value> = self.rows.iter().map(object).collect();
                format!("{:#}\n", Value::Array(all))
            }
        }
    }
}

/// What a line of a buffer says, without what is drawn.
fn text(buffer: &Buffer) -> String {
    let drawn = |c: &char| matches!(c, '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}');
    let signs = buffer.content.iter().flat_map(|cell| cell.symbol().chars()).filter(|c| !drawn(c)).collect::<String>();
    let words = signs.split_whitespace().collect::<Vec<_>>().join(" ");
    if words == "–" || words == "?" { String::new() } else { words }
}

/// A field of CSV. What a spreadsheet would take for a formula is made plain text: names come from whoever may create objects.
fn field(cell: &str) -> String {
    let plain = if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if plain.contains([',', '"', '\n', '\r']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

impl State {
    /// Asks in which format the table on the screen is wanted.
    pub(super) fn ask_export(&mut self) -> Vec<Effect> {
        let answer = |format: Format| Answer::new(format.name(), format.meaning(), Then::Export(format));
        let answers = Format::ALL.map(answer).into();
        let message = "The rows that are shown, or those that are marked, in the columns that are shown; to a file in this folder.";
        self.layers.push(Layer::Question(Question::new("Export", message, answers)));
        Vec::new()
    }

    /// Exports the table on the screen.
    pub(super) fn export_table(&self, rows: &Rows, now: Timestamp, format: Format) -> Vec<Effect> {
        let Some(kind) = self.screen().table() else { return Vec::new() };
        let scene = Scene { state: self, rows, now };
        let sheet = kind.table().export(&scene, &self.table(kind).list, &self.scope);
        let name = format!("pilothouse-{}", kind.action().name());
        let (extension, text) = (format.extension(), sheet.written(format));
        vec![Effect::SaveTable { name, extension, rows: sheet.rows.len(), text }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_written_so_that_others_read_the_same() {
        let cells = |row: [&str; 3]| row.map(str::to_owned).to_vec();
        let sheet = Sheet {
            headings: cells(["health", "name", "verdict"]),
            rows: vec![
                cells(["broken", "a/b", "says \"no\", twice"]),
                cells(["healthy", "=1+1", "x|y"]),
                cells(["healthy", "c", ""]),
            ],
        };
        assert_eq!(
            sheet.written(Format::Csv),
            "health,name,verdict\r\nbroken,a/b,\"says \"\"no\"\", twice\"\r\nhealthy,'=1+1,x|y\r\nhealthy,c,\r\n"
        );
        assert!(
            sheet.written(Format::Markdown).starts_with("| health | name | verdict |\n| --- | --- | --- |\n| broken |")
        );
        assert!(sheet.written(Format::Markdown).contains("x\\|y"));
        let json: Value = serde_json::from_str(&sheet.written(Format::Json)).unwrap();
        assert_eq!((&json[0]["name"], &json[2]["verdict"]), (&Value::from("a/b"), &Value::Null));
    }
}
