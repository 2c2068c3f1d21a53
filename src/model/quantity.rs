//! Quantities as Kubernetes writes them: `250m`, `1.5`, `512Mi`, `123456789n`.

/// The value in thousandths, rounded up as the API server rounds; None where it is no quantity, or below zero.
pub fn milli(text: &str) -> Option<u64> {
    scaled(text, 1000.0)
}

/// The value in whole units, rounded up.
pub fn whole(text: &str) -> Option<u64> {
    scaled(text, 1.0)
}

fn scaled(text: &str, scale: f64) -> Option<u64> {
    let value = value(text)? * scale;
    // What is smaller than the precision of the multiplication is no part of a unit more.
    let value = (value - value.abs() * 1e-12).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within the range")]
    (0.0..1.8e19).contains(&value).then_some(value as u64)
}

/// The number that it stands for.
pub fn value(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("250m", Some(250), Some(1))]
    #[case("2", Some(2000), Some(2))]
    #[case("1.5", Some(1500), Some(2))]
    #[case("123456789n", Some(124), Some(1))]
    #[case("0", Some(0), Some(0))]
    #[case("512Mi", Some(536_870_912_000), Some(536_870_912))]
    #[case("100M", Some(100_000_000_000), Some(100_000_000))]
    #[case("1e3", Some(1_000_000), Some(1000))]
    #[case("lots", None, None)]
    #[case("", None, None)]
    #[case("-1", None, None)]
    fn quantities(#[case] text: &str, #[case] thousandths: Option<u64>, #[case] units: Option<u64>) {
        assert_eq!((milli(text), whole(text)), (thousandths, units));
    }
}
