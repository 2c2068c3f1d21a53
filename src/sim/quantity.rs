//! Quantities (`500m`, `1Gi`): their value, and the one spelling that an API server keeps.
//!
//! Invariant: the canonical spelling has the same value; text that is no quantity is left as it is.

/// The decimal units above one, each a thousand times the one before.
const DECIMAL: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
/// The binary units, each 1024 times the one before.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Thousandths of the value, and whether the unit is binary; `None` when it is no such quantity or too fine.
fn parse(text: &str) -> Option<(i128, bool)> {
    let split = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let power = |units: &[&str], base: i128| {
        let position = units.iter().position(|u| *u == unit)?;
        base.checked_pow(u32::try_from(position).ok()?)
    };
    let (factor, binary) = match (unit, power(&DECIMAL, 1000), power(&BINARY, 1024)) {
        ("m", ..) => (1, false),
        (_, Some(factor), _) => (factor.checked_mul(1000)?, false),
        (_, _, Some(factor)) => (factor.checked_mul(1000)?, true),
        _ => return None,
    };
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let value = digits.checked_mul(factor)?;
    (value % scale == 0).then_some((value / scale, binary))
}

/// The spelling that an API server keeps: `0.5` is `500m`, `1024Mi` is `1Gi`.
pub fn canonical(text: &str) -> String {
    let Some((thousandths, binary)) = parse(text) else { return text.to_owned() };
    if thousandths % 1000 != 0 {
        return format!("{thousandths}m");
    }
    let (mut value, mut unit) = (thousandths / 1000, 0);
    let (units, base) = if binary { (BINARY, 1024) } else { (DECIMAL, 1000) };
    while value != 0 && value % base == 0 && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    format!("{value}{}", units[unit])
}

/// The value as a plain number; 0 when it cannot be read.
pub fn value(text: &str) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "quotas compare far smaller numbers")]
    parse(text).map_or(0.0, |(thousandths, _)| thousandths as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_spelling() {
        let cases = [
            ("0.5", "500m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("1", "1"),
            ("2000", "2k"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("1.5Gi", "1536Mi"),
            ("0", "0"),
            ("100M", "100M"),
            ("nonsense", "nonsense"),
        ];
        for (text, kept) in cases {
            assert_eq!(canonical(text), kept, "{text}");
        }
        assert!((value("250m") - 0.25).abs() < 1e-9 && (value("1Ki") - 1024.0).abs() < 1e-9);
    }
}
