//! How many colours a terminal has, and which of them comes nearest to one it has not.
//!
//! Nearness is measured in OKLab, where equal distances look equally far apart. A colour that is the terminal's own (a name)
//! stays what it is: the operator chose it.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: states are told by glyphs, weight and reversal.
    Monochrome,
    /// The sixteen that every colour terminal has.
    Sixteen,
    /// The palette of 256.
    Indexed,
    /// Any.
    #[default]
    True,
}

/// The sixteen colours as xterm shows them, in the order of their numbers.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// `colour` as a terminal of this depth can show it; None where it shows none.
pub fn at(colour: Color, depth: Depth) -> Option<Color> {
    match (colour, depth) {
        (_, Depth::Monochrome) => None,
        (Color::Rgb(r, g, b), Depth::Indexed) => Some(Color::Indexed(nearest_index([r, g, b]))),
        (Color::Rgb(..) | Color::Indexed(16..), Depth::Sixteen) => rgb(colour).map(nearest_of_sixteen),
        (Color::Indexed(index @ ..16), Depth::Sixteen) => Some(SIXTEEN[usize::from(index)].0),
        _ => Some(colour),
    }
}

/// Red, green and blue of a colour, where it is not the terminal's own default; the sixteen as xterm shows them.
pub fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index @ ..16) => Some(SIXTEEN[usize::from(index)].1),
        Color::Indexed(index) => Some(indexed(index)),
        named => SIXTEEN.iter().find(|(colour, _)| *colour == named).map(|(_, rgb)| *rgb),
    }
}

/// Black or white: whichever is easier to read on `ground`.
pub fn readable_on(ground: Color) -> Color {
    let Some(ground) = rgb(ground) else { return Color::Reset };
    let luminance = luminance(ground);
    // Where both contrasts are equal, by WCAG's formula.
    if (luminance + 0.05).powi(2) > 0.0525 { Color::Black } else { Color::White }
}

/// A colour of the palette's cube or of its ramp of greys.
fn indexed(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let cube = index.saturating_sub(16);
    [cube / 36, cube / 6 % 6, cube % 6].map(|step| if step == 0 { 0 } else { 55 + 40 * step })
}

fn nearest_index(rgb: [u8; 3]) -> u8 {
    let wanted = oklab(rgb);
    (16..=255).min_by(|a, b| distance(wanted, indexed(*a)).total_cmp(&distance(wanted, indexed(*b)))).unwrap_or(16)
}

fn nearest_of_sixteen(rgb: [u8; 3]) -> Color {
    let wanted = oklab(rgb);
    let nearest = SIXTEEN.iter().min_by(|a, b| distance(wanted, a.1).total_cmp(&distance(wanted, b.1)));
    nearest.map_or(Color::Reset, |(colour, _)| *colour)
}

fn distance(wanted: [f64; 3], rgb: [u8; 3]) -> f64 {
    wanted.iter().zip(oklab(rgb)).map(|(a, b)| (a - b).powi(2)).sum()
}

fn linear(rgb: [u8; 3]) -> [f64; 3] {
    rgb.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = linear(rgb);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Lightness and the two axes of colour, as Björn Ottosson defines OKLab.
fn oklab(rgb: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = linear(rgb);
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_a_palette_has_is_found_in_it() {
        for index in 16..=255 {
            let [r, g, b] = indexed(index);
            let Some(Color::Indexed(found)) = at(Color::Rgb(r, g, b), Depth::Indexed) else { panic!("no colour") };
            assert_eq!(indexed(found), [r, g, b], "{index}");
        }
        for (colour, [r, g, b]) in SIXTEEN {
            assert_eq!(at(Color::Rgb(r, g, b), Depth::Sixteen), Some(colour));
        }
    }

    #[test]
    fn what_is_the_terminals_own_stays_so_and_without_colours_there_is_none() {
        assert_eq!(at(Color::Reset, Depth::Sixteen), Some(Color::Reset));
        assert_eq!(at(Color::LightRed, Depth::Indexed), Some(Color::LightRed));
        assert_eq!(at(Color::Indexed(9), Depth::Sixteen), Some(Color::LightRed));
        assert_eq!(at(Color::Red, Depth::Monochrome), None);
    }

    #[test]
    fn text_on_a_ground_is_the_easier_one_to_read() {
        assert_eq!(readable_on(Color::Indexed(124)), Color::White);
        assert_eq!(readable_on(Color::Yellow), Color::Black);
        assert_eq!(readable_on(Color::Rgb(255, 140, 66)), Color::Black);
    }
}
