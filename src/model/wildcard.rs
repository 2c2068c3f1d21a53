//! Patterns of names and tags, as a team writes them: `*` stands for anything, `?` for one character; between slashes it is a
//! regular expression that the whole text must match.

use regex::Regex;

/// A pattern. Two are equal where they were written the same.
#[derive(Clone, Debug)]
pub struct Wildcard {
    text: String,
    expression: Regex,
}

impl Wildcard {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty or no regular expression; says why in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty pattern fits nothing".into());
        }
        let inner = match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            Some(expression) => expression.to_owned(),
            None => regex::escape(text).replace("\\*", ".*").replace("\\?", "."),
        };
        let expression = Regex::new(&format!("^(?:{inner})$"));
        let first = |error: regex::Error| match error {
            regex::Error::Syntax(told) => told.lines().last().unwrap_or_default().trim_start_matches("error: ").into(),
            other => other.to_string(),
        };
        Ok(Self { text: text.to_owned(), expression: expression.map_err(first)? })
    }

    /// Whether a text fits it, all of it.
    pub fn fits(&self, text: &str) -> bool {
        self.expression.is_match(text)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Wildcard {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("prod-*", "prod-eu", true)]
    #[case("prod-*", "preprod-eu", false)]
    #[case("v?.*", "v2.4.1", true)]
    #[case("v?.*", "v12.4.1", false)]
    #[case("a.b", "aXb", false)]
    #[case("/\\d+\\.\\d+/", "2.4", true)]
    #[case("/\\d+|x/", "2.4", false)]
    fn what_fits(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(Wildcard::parse(pattern).unwrap().fits(text), expected);
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        assert!(Wildcard::parse("").is_err());
        assert_eq!(Wildcard::parse("/(a/").unwrap_err(), "unclosed group");
    }
}
