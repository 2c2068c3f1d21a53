//! Reading what was typed into a form: percentages, durations, commands, tags. Errors are sentences for the line below.

use crate::model::image::ImageReference;

/// A revision's number, or none.
pub fn revision(text: &str) -> Result<Option<u64>, String> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{text}` is no revision's number")),
    }
}

/// The shares of a shift's steps: `25,50,75,100`.
pub fn steps(text: &str) -> Result<Vec<u32>, String> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let steps = words
        .map(|word| {
            let number = word.strip_suffix('%').unwrap_or(word);
            number.parse().ok().filter(|n| *n <= 100).ok_or_else(|| format!("`{word}` is no share from 0 to 100"))
        })
        .collect::<Result<Vec<u32>, String>>()?;
    if steps.is_empty() { Err("name at least one share, such as 25,50,75,100".into()) } else { Ok(steps) }
}

/// A duration in seconds: `5m`, `90s`, `1h30m`, `0`.
pub fn duration(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no duration; write 30s, 5m or 1h30m");
    if text == "0" {
        return Ok(0);
    }
    let mut total: u64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        total = number.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        digits.clear();
    }
    if text.is_empty() || !digits.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// A tag, as registries accept them.
pub fn tag(text: &str) -> Result<String, String> {
    let text = text.trim();
    let any = ImageReference { repository: "any".into(), tag: None, digest: None };
    match any.with_tag(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) if text.is_empty() => Err("type the new tag".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A command and its arguments, apart by blanks; quotes keep blanks, a backslash keeps the next character.
pub fn command(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match (quote, words.is_empty()) {
        (Some(open), _) => Err(format!("the quote {open} is not closed")),
        (None, true) => Err("type the command that migrates, such as ./manage migrate".into()),
        (None, false) => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_a_number_or_left_open() {
        assert_eq!((revision(" 40 "), revision("")), (Ok(Some(40)), Ok(None)));
        assert!(revision("v40").is_err() && revision("-1").is_err());
    }

    #[test]
    fn shares_and_durations_are_read_as_people_write_them() {
        assert_eq!(steps("25, 50%,100"), Ok(vec![25, 50, 100]));
        assert!(steps("25,101").is_err() && steps(" ").is_err() && steps("a").is_err());
        assert_eq!(duration("1h30m"), Ok(5400));
        assert_eq!((duration("90s"), duration("0")), (Ok(90), Ok(0)));
        assert!(duration("5").is_err() && duration("m").is_err() && duration("").is_err());
        assert!(duration("99999999999999999999h").is_err());
    }

    #[test]
    fn commands_keep_what_is_quoted() {
        let words = |text: &str| command(text).map(|w| w.join("|"));
        assert_eq!(words("./manage migrate --yes").as_deref(), Ok("./manage|migrate|--yes"));
        assert_eq!(words("sh -c 'a b' \"c \\\" d\" e\\ f ''").as_deref(), Ok("sh|-c|a b|c \" d|e f|"));
        assert!(words("sh -c 'a").is_err() && words("  ").is_err());
    }

    #[test]
    fn tags_follow_the_registrys_rule() {
        assert_eq!(tag(" 2.4.1 ").as_deref(), Ok("2.4.1"));
        assert!(tag("").is_err() && tag("a b").is_err() && tag("-x").is_err());
    }
}
