//! What a filter or a search looks for in lines.
//!
//! In a filter words apart by blanks must all occur, a word after `!` must not; a search looks for its text as it is. What begins
//! with `/` is one regular expression. Capitals count where there are any.

use regex::{Regex, RegexBuilder};
use std::ops::Range;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    text: String,
    wanted: Vec<Regex>,
    unwanted: Vec<Regex>,
}

impl Pattern {
    /// Reads what was typed to be searched for: as it is.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn phrase(text: &str) -> Result<Self, String> {
        match text.strip_prefix('/') {
            Some(_) => Self::new(text),
            None => {
                let wanted = compile(&regex::escape(text))?.into_iter().collect();
                Ok(Self { text: text.to_owned(), wanted, unwanted: Vec::new() })
            }
        }
    }

    /// Reads what was typed as a filter.
    ///
    /// # Errors
    /// When it is no regular expression; says why.
    pub fn new(text: &str) -> Result<Self, String> {
        let mut pattern = Self { text: text.to_owned(), ..Self::default() };
        if let Some(expression) = text.strip_prefix('/') {
            pattern.wanted.extend(compile(expression)?);
            return Ok(pattern);
        }
        for word in text.split_whitespace() {
            match word.strip_prefix('!') {
                Some(word) => pattern.unwanted.extend(compile(&regex::escape(word))?),
                None => pattern.wanted.extend(compile(&regex::escape(word))?),
            }
        }
        Ok(pattern)
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it looks for nothing, and so matches everything.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether a line matches.
    pub fn matches(&self, line: &str) -> bool {
        self.wanted.iter().all(|wanted| wanted.is_match(line))
            && !self.unwanted.iter().any(|unwanted| unwanted.is_match(line))
    }

    /// The bytes of a line that match, in order and apart from each other.
    pub fn found(&self, line: &str) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> =
            self.wanted.iter().flat_map(|wanted| wanted.find_iter(line).map(|m| m.range())).collect();
        all.retain(|range| !range.is_empty());
        all.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        all.retain_mut(|range| {
            range.start = range.start.max(end);
            end = end.max(range.end);
            range.start < range.end
        });
        all
    }
}

/// A regular expression that minds capitals where it has any; None where it is empty.
fn compile(expression: &str) -> Result<Option<Regex>, String> {
    if expression.is_empty() {
        return Ok(None);
    }
    let mut builder = RegexBuilder::new(expression);
    // A pattern must not become a way to run out of memory.
    builder.case_insensitive(!expression.chars().any(char::is_uppercase)).size_limit(1 << 20);
    builder.build().map(Some).map_err(|error| {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
        format!("`{expression}` is no regular expression: {why}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "anything", true)]
    #[case("error", "an ERROR line", true)]
    #[case("Error", "an error line", false)]
    #[case("order fail", "failed to order", true)]
    #[case("order fail", "order placed", false)]
    #[case("!health", "GET /healthz", false)]
    #[case("!health get", "GET /orders", true)]
    #[case("a.b", "axb", false)]
    #[case("/a.b", "AXB", true)]
    #[case("/5\\d\\d$", "status 503", true)]
    #[case("/", "anything", true)]
    #[case("!", "anything", true)]
    fn words_exclusions_and_expressions(#[case] pattern: &str, #[case] line: &str, #[case] matches: bool) {
        assert_eq!(Pattern::new(pattern).unwrap().matches(line), matches);
    }

    #[test]
    fn a_phrase_is_one_piece() {
        let matches = |phrase: &str, line: &str| Pattern::phrase(phrase).unwrap().matches(line);
        assert!(matches("line 2", "Line 23") && !matches("line 2", "2 of line 3") && matches("/l.*3", "line 23"));
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let why = Pattern::new("/(a").unwrap_err();
        assert_eq!(why, "`(a` is no regular expression: unclosed group");
    }

    #[test]
    fn what_is_found_is_marked_once() {
        let found = |pattern: &str, line: &str| Pattern::new(pattern).unwrap().found(line);
        assert_eq!(found("ab bc", "xabcx"), [1..3, 3..4]);
        assert_eq!(found("!ab", "cd"), Vec::<Range<usize>>::new());
        assert_eq!(found("/x*", "axxb"), std::slice::from_ref(&(1..3)));
    }

    proptest! {
        #[test]
        fn marks_are_in_order_and_on_characters(pattern in "[a-c ü!]{0,6}", line in "[a-cü ]{0,30}") {
            let found = Pattern::new(&pattern).unwrap().found(&line);
            prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
            prop_assert!(found.iter().all(|range| line.get(range.clone()).is_some_and(|text| !text.is_empty())));
        }
    }
}
