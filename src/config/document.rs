//! Reading TOML with every value's place kept, so that each complaint names file, line and column.
//!
//! Complaints are collected, not thrown: one start shows everything that is wrong.

use super::error::{ConfigError, Place, suggestion};
use std::{ops::Range, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One file being read, with what was wrong so far.
pub struct Document<'i> {
    file: &'i Path,
    text: &'i str,
    /// What was wrong so far.
    pub errors: Vec<ConfigError>,
}

/// A value with its place.
pub type Value<'i> = Spanned<DeValue<'i>>;

impl<'i> Document<'i> {
    /// Parses `text`; a file that is no TOML gives an empty table and an error.
    pub fn parse(file: &'i Path, text: &'i str) -> (Self, DeTable<'i>) {
        let mut document = Self { file, text, errors: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            document.complain(error.span().unwrap_or_default(), error.message().trim().to_owned(), None);
        }
        (document, table.into_inner())
    }

    /// Notes that something at `span` is wrong.
    pub fn complain(&mut self, span: Range<usize>, message: String, hint: Option<String>) {
        let place = Some(Place::of(self.text, span.start));
        self.errors.push(ConfigError { file: self.file.to_owned(), place, message, hint });
    }

    /// Notes an unknown key, with the key that was probably meant.
    pub fn unknown(&mut self, what: &str, key: &str, span: Range<usize>, known: &[&str]) {
        self.complain(span, format!("unknown {what} `{key}`"), Some(suggestion(key, known.iter().copied())));
    }

    /// Everything that was wrong, in the order of the file.
    pub fn finish(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|error| error.place.map(|place| (place.line, place.column)));
        self.errors
    }

    /// A boolean, or a complaint.
    pub fn boolean(&mut self, key: &str, value: &Value<'_>) -> Option<bool> {
        self.expect(key, value, "true or false", value.get_ref().as_bool())
    }

    /// A text, or a complaint.
    pub fn text(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        self.expect(key, value, "a text in quotes", value.get_ref().as_str().map(str::to_owned))
    }

    /// A list of texts; what is none is complained about.
    pub fn texts(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let Some(list) = self.expect(key, value, "a list of texts", value.get_ref().as_array()) else {
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for item in list.iter() {
            texts.extend(self.text(key, item));
        }
        texts
    }

    /// A table, or a complaint.
    pub fn table<'v, 'd>(&mut self, key: &str, value: &'v Value<'d>) -> Option<&'v DeTable<'d>> {
        self.expect(key, value, "a table", value.get_ref().as_table())
    }

    fn expect<T>(&mut self, key: &str, value: &Value<'_>, wanted: &str, found: Option<T>) -> Option<T> {
        if found.is_none() {
            let message = format!("`{key}` must be {wanted}, not {}", article(value.get_ref().type_str()));
            self.complain(value.span(), message, None);
        }
        found
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
