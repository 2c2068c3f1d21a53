//! When a scalar needs quotes, and how it is written in each style.
//!
//! A value is left plain only when every reader in use takes it for a string: YAML 1.1 (PyYAML, SnakeYAML, older Go), YAML 1.2
//! and Go's resolvers, which strip every `_` before they look for a number.

use super::tree::Style;

/// Writes `value` in `style`. `flow`: inside `[…]` or `{…}`, where more characters end a plain scalar.
/// `None` when the value cannot be written on one line.
pub(super) fn written(value: &str, style: Style, flow: bool) -> Option<String> {
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return None;
    }
    match style {
        Style::Plain => Some(plain_or_quoted(value, flow)),
        Style::Single => Some(format!("'{}'", value.replace('\'', "''"))),
        Style::Double => Some(double_quoted(value)),
        // A content line of a block scalar: no escapes exist there, and outer blanks would not survive folding.
        Style::Block => (!value.is_empty() && value.trim() == value).then(|| value.to_owned()),
    }
}

/// `value` as it is written where nothing was before: plain, or in double quotes where plain would not read as this string.
pub fn as_plain_or_quoted(value: &str, flow: bool) -> Option<String> {
    written(value, Style::Plain, flow)
}

fn plain_or_quoted(value: &str, flow: bool) -> String {
    if reads_as_string(value) && is_plain_text(value, flow) { value.to_owned() } else { double_quoted(value) }
}

fn double_quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether the text, written plain, is one scalar with exactly this text.
fn is_plain_text(value: &str, flow: bool) -> bool {
    let indicator = |c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c);
    !value.is_empty()
        && value.trim() == value
        && !value.starts_with(indicator)
        && !value.ends_with(':')
        && !value.contains(": ")
        && !value.contains(" #")
        && !(flow && value.contains([',', '[', ']', '{', '}']))
        && !value.starts_with("...")
}

/// Whether the plain text is a string to every YAML reader, and no number, date, boolean or null to any of them.
pub fn reads_as_string(plain: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "y", "n", "yes", "no", "on", "off", "true", "false"];
    if matches!(plain, "" | "~" | "=" | "<<" | ".") {
        return false;
    }
    let lower = plain.to_ascii_lowercase();
    let stripped: String = lower.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let is_word = WORDS.contains(&lower.as_str());
    !(is_word || is_number(&stripped) || is_date(&lower))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    let signed = text.starts_with(['+', '-']);
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    match text {
        ".inf" | ".nan" => return true,
        "inf" | "infinity" | "nan" => return signed,
        _ => {}
    }
    if let Some(hex) = text.strip_prefix("0x") {
        let (mantissa, exponent) = hex.split_once('p').map_or((hex, None), |(m, e)| (m, Some(e)));
        let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
        let fraction_fits = !mantissa.contains('.') || exponent.is_some();
        return exponent_fits
            && fraction_fits
            && mantissa.bytes().any(|b| b.is_ascii_hexdigit())
            && mantissa.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.');
    }
    if let Some(other) = text.strip_prefix("0o").or_else(|| text.strip_prefix("0b")) {
        return digits(other);
    }
    is_decimal(text) || is_sexagesimal(text)
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once('e').map_or((text, None), |(m, e)| (m, Some(e)));
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    exponent_fits && all_digits && !(whole.is_empty() && fraction.is_empty())
}

/// `12:30`, `190:20:30.15`: base 60 in YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first_fits = parts.next().is_some_and(digits);
    let mut rest = parts.peekable();
    first_fits
        && rest.peek().is_some()
        && rest.all(|part| digits(part) && part.len() <= 2)
        && fraction.bytes().all(|b| b.is_ascii_digit())
}

/// `2024-01-02`, alone or with a time of day behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let day_end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    let (day, time) = rest.split_at(day_end);
    let number = |part: &str, most: usize| digits(part) && part.len() <= most;
    let time_fits = time.is_empty()
        || time
            .strip_prefix(['t', ' ', '\t'])
            .is_some_and(|time| time.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    year.len() == 4 && digits(year) && number(month, 2) && number(day, 2) && time_fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn quoted(
        #[values(
            "1.10",
            "1e3",
            "123e456",
            "0x10",
            "010",
            "0o17",
            "12:30",
            "12:30:45",
            "190:20:30.15",
            "0_x77",
            "1_000",
            "2024-01-02",
            "2024-1-2",
            "2024-01-02T10:00:00Z",
            "~",
            "null",
            "Null",
            "y",
            "n",
            "YES",
            "no",
            "On",
            "off",
            "True",
            "false",
            "=",
            "<<",
            ".5",
            "5.",
            "-1",
            "+1",
            ".inf",
            "-.INF",
            ".NaN",
            "0b101",
            "0x1p-2",
            "",
            " a",
            "a ",
            "- a",
            "#a",
            "*a",
            "&a",
            "!a",
            "a: b",
            "a #b",
            "a:",
            "@a",
            "1,000",
            "12345e7",
            "`a",
            "{a",
            "%a",
            "_1"
        )]
        value: &str,
    ) {
        assert!(written(value, Style::Plain, false).unwrap().starts_with('"'), "{value} was left plain");
    }

    #[rstest]
    fn left_plain(
        #[values(
            "v1",
            "1.2.3",
            "1.10-alpine",
            "sha-0a1b2c3",
            "nginx:1.10",
            "a/b:v1",
            "registry:5000/a:v1",
            "0a1b2c3",
            "deadbeef",
            "1e",
            "e3",
            "0xzz",
            "2024-01",
            "2024-01-02-build",
            "main",
            "yesterday",
            "nothing",
            "1.2.3e4",
            "12:345",
            "10.0.0.1",
            "v2024.01.02",
            "nan",
            "a,b"
        )]
        value: &str,
    ) {
        assert_eq!(written(value, Style::Plain, false).unwrap(), value);
    }

    #[test]
    fn styles() {
        assert_eq!(written("it's", Style::Single, false).unwrap(), "'it''s'");
        assert_eq!(written(r#"a"\b"#, Style::Double, false).unwrap(), r#""a\"\\b""#);
        assert_eq!(written("a,b", Style::Plain, true).unwrap(), "\"a,b\"");
        assert_eq!(written("a\nb", Style::Double, false), None);
        assert_eq!(written("", Style::Block, false), None);
    }
}
