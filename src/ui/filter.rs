//! The filter of a table: fuzzy words that must match, and `!words` that must not occur.

use fuzzy_matcher::{FuzzyMatcher, skim::SkimMatcherV2};

/// Decides which rows a filter's text lets through.
pub struct Filter {
    matcher: SkimMatcherV2,
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Filter {
    /// Reads a filter's text: words apart by spaces, each to be found fuzzily; with `!` before it, not to be found at all.
    pub fn new(text: &str) -> Self {
        let (unwanted, wanted): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('!'));
        let unwanted = unwanted.iter().map(|word| word[1..].to_lowercase()).filter(|word| !word.is_empty());
        Self {
            matcher: SkimMatcherV2::default(),
            unwanted: unwanted.collect(),
            wanted: wanted.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether a row of this text is let through.
    pub fn passes(&self, text: &str) -> bool {
        self.wanted.iter().all(|word| in_order(text, word) && self.matcher.fuzzy_match(text, word).is_some())
            && !self.unwanted.iter().any(|word| contains(text, word))
    }

    /// How well a text matches, higher is better; None where it does not.
    pub fn score(&self, text: &str) -> Option<i64> {
        self.wanted.iter().map(|word| self.matcher.fuzzy_match(text, word)).sum()
    }
}

/// Whether the characters of `word` occur in `text` in this order: cheap, and true of everything that matches fuzzily.
fn in_order(text: &str, word: &str) -> bool {
    let mut characters = text.chars();
    word.chars().all(|wanted| characters.any(|c| c.eq_ignore_ascii_case(&wanted) || !c.is_ascii()))
}

/// Whether the lowercase `word` occurs in `text`, whatever its case.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
    } else {
        text.to_lowercase().contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_fuzzy_and_exclamation_marks_exclude() {
        let passes = |filter: &str, text: &str| Filter::new(filter).passes(text);
        assert!(passes("chk", "shop/checkout") && passes("", "shop/checkout"));
        assert!(!passes("ckh", "shop/checkout"));
        assert!(passes("!ledger", "shop/checkout") && !passes("!Check", "shop/checkout"));
        assert!(passes("shop !checkout", "shop/search") && !passes("shop !checkout", "shop/checkout"));
        assert!(passes("!", "shop/checkout"), "an exclamation mark alone is the beginning of a word");
    }
}
