//! What the terminal can show, as its environment tells: colours, characters, the way to its clipboard.
//!
//! Nothing is asked of the terminal itself: over a slow line an answer comes late or into the operator's keys.

use super::colour::Depth;

/// What a terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// How many colours it shows.
    pub depth: Depth,
    /// Whether only ASCII may be written to it.
    pub ascii: bool,
    /// Whether the mouse is taken; without it the terminal selects text by itself.
    pub mouse: bool,
    /// What stands between the program and the terminal.
    pub through: Multiplexer,
}

/// What passes a terminal's bytes on, and changes some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing.
    #[default]
    None,
    /// tmux, which passes unknown sequences on only when they are wrapped for it.
    Tmux,
    /// GNU screen, likewise.
    Screen,
}

impl Default for Terminal {
    /// A terminal that can do everything.
    fn default() -> Self {
        Self { depth: Depth::True, ascii: false, mouse: true, through: Multiplexer::None }
    }
}

impl Terminal {
    /// What the environment says; `variable` gives a variable's value.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_else(|| "dumb".to_owned());
        let through = match (set("TMUX"), set("STY")) {
            (Some(_), _) => Multiplexer::Tmux,
            (None, Some(_)) => Multiplexer::Screen,
            (None, None) => Multiplexer::None,
        };
        let depth =
            if set("NO_COLOR").is_some() { Depth::Monochrome } else { depth(&term, set("COLORTERM").as_deref()) };
        // The kernel's console and older hardware have no font for our signs: all of them would look the same.
        let plain_font = matches!(&*term, "dumb" | "linux") || term.starts_with("vt");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let ascii = plain_font || locale.is_some_and(|locale| !is_unicode(&locale));
        Self { depth, ascii, mouse: true, through }
    }
}

fn depth(term: &str, colorterm: Option<&str>) -> Depth {
    let modern = ["kitty", "alacritty", "ghostty", "wezterm", "foot", "-direct", "truecolor", "24bit"];
    match colorterm {
        _ if term == "dumb" || term.starts_with("vt") || term.ends_with("-mono") || term.ends_with("-m") => {
            Depth::Monochrome
        }
        // The console takes the sequences of others and shows its sixteen all the same.
        _ if term == "linux" => Depth::Sixteen,
        Some("truecolor" | "24bit") => Depth::True,
        _ if modern.iter().any(|name| term.contains(name)) => Depth::True,
        _ if term.contains("256") => Depth::Indexed,
        _ => Depth::Sixteen,
    }
}

/// Whether a locale's characters are Unicode. One that names no set of characters counts so, but for the plain `C`.
fn is_unicode(locale: &str) -> bool {
    let (name, rest) = locale.split_once('.').unwrap_or((locale, ""));
    let characters = rest.split('@').next().unwrap_or_default().replace('-', "");
    match &*characters {
        "" => !matches!(name, "C" | "POSIX"),
        characters => characters.eq_ignore_ascii_case("utf8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(variables: &[(&str, &str)]) -> Terminal {
        Terminal::of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        let depth = |variables: &[(&str, &str)]| terminal(variables).depth;
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "linux"), ("COLORTERM", "truecolor")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "dumb")]), Depth::Monochrome);
        assert_eq!(depth(&[]), Depth::Monochrome);
        assert_eq!(depth(&[("TERM", "xterm-kitty")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::Monochrome);
        assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen);
    }

    #[test]
    fn only_what_is_known_to_have_no_unicode_gets_ascii() {
        let ascii = |variables: &[(&str, &str)]| terminal(&[&[("TERM", "xterm-256color")], variables].concat()).ascii;
        assert!(ascii(&[("LC_ALL", "C")]) && ascii(&[("LANG", "POSIX")]) && ascii(&[("LC_CTYPE", "de_DE.ISO-8859-1")]));
        assert!(
            !ascii(&[("LC_ALL", "C.UTF-8")])
                && !ascii(&[("LANG", "en_GB.utf8")])
                && !ascii(&[("LANG", "ca_ES.UTF-8@valencia")])
        );
        // Containers name no locale, and are looked at through terminals that have Unicode.
        assert!(!ascii(&[]));
        assert!(!ascii(&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]));
        assert!(terminal(&[("TERM", "linux")]).ascii && terminal(&[("TERM", "dumb")]).ascii);
    }

    #[test]
    fn what_stands_between_is_known() {
        assert_eq!(terminal(&[("TMUX", "/tmp/x")]).through, Multiplexer::Tmux);
        assert_eq!(terminal(&[("STY", "1.x")]).through, Multiplexer::Screen);
        assert_eq!(terminal(&[]).through, Multiplexer::None);
    }
}
