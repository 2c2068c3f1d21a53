//! A second, independent YAML engine, to check ours against.

use libyaml_safer::{EventData, Parser};

/// Scalars, aliases and collection borders in order, as both parsers can tell them.
pub type Spelling = Vec<(char, String)>;

/// What a text says to the other engine; None where it does not parse there.
pub fn through_the_oracle(text: &str) -> Option<Spelling> {
    // The oracle panics on a block scalar at the end of a file without a final newline.
    let text = format!("{text}\n");
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut spelling = Vec::new();
    loop {
        match parser.parse().ok()?.data {
            EventData::StreamEnd => return Some(spelling),
            EventData::DocumentStart { .. } => spelling.push(('d', String::new())),
            EventData::Scalar { value, style, .. } => {
                let kind = match style {
                    libyaml_safer::ScalarStyle::Plain => 'p',
                    libyaml_safer::ScalarStyle::SingleQuoted => 's',
                    libyaml_safer::ScalarStyle::DoubleQuoted => 'q',
                    _ => 'b',
                };
                spelling.push((kind, if kind == 'b' { value.trim_end_matches('\n').to_owned() } else { value }));
            }
            EventData::SequenceStart { .. } => spelling.push(('[', String::new())),
            EventData::MappingStart { .. } => spelling.push(('{', String::new())),
            EventData::Alias { .. } => spelling.push(('*', String::new())),
            _ => {}
        }
    }
}
