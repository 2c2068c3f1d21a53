//! Why an edit is refused, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A refused edit: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What stands in the way.
    pub reason: Reason,
    /// Document in the file, counted from 0 as the parser counts them (an empty document counts).
    pub document: usize,
    /// JSON pointer of the value; empty where the whole file is meant.
    pub pointer: String,
    /// Line in the file, counted from 1, where it is known.
    pub line: Option<usize>,
}

/// What stands in the way of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The file is not UTF-8.
    NotUtf8,
    /// The file does not parse; the parser's words.
    NotYaml(String),
    /// The file is an unrendered template and no YAML.
    TemplatedFile,
    /// The file holds a top-level `sops:` block, whose MAC an edit would break.
    Encrypted,
    /// No document with that number.
    NoSuchDocument,
    /// No value at that path.
    NoSuchPath,
    /// The value is an alias, or the path leads through one, or through a merge key.
    Alias,
    /// A mapping on the path has the key twice.
    DuplicateKey(String),
    /// The value has an explicit tag such as `!!str`.
    ExplicitTag,
    /// A plain or quoted scalar over several lines.
    MultiLine,
    /// A block scalar with more than one line of content, or whose value ends with a line break.
    BlockScalar,
    /// The document inside the value is folded or escaped, so that its text is not the file's own.
    NotEmbedded,
    /// Nothing is written there: an implicit null has no bytes.
    ImplicitNull,
    /// The value holds `{{ … }}`.
    Template,
    /// The value holds `${VAR}`, which something substitutes later.
    Variable,
    /// The value is a mapping or a sequence.
    NotAScalar,
    /// The value is no plain decimal integer.
    NotAnInteger,
    /// The value holds no image reference that can be taken apart.
    NotAnImage,
    /// The new value has line breaks or control characters.
    Unwritable,
    /// The value is no longer the one that the edit was made for.
    Changed {
        /// What the edit expected.
        expected: String,
        /// What stands there now.
        found: String,
    },
    /// The key to insert is already there.
    AlreadyThere,
    /// The layout around the place leaves no safe way to insert or remove.
    Layout(String),
    /// After the edit more than the intended value would differ.
    WouldChangeMore,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("the file is not UTF-8"),
            Self::NotYaml(detail) => write!(f, "the file does not parse as YAML: {detail}"),
            Self::TemplatedFile => f.write_str("the file is a template ({{ … }}) and no YAML: edit its values instead"),
            Self::Encrypted => {
                f.write_str("the file is encrypted by sops, whose checksum an edit would break: use sops to edit it")
            }
            Self::NoSuchDocument => f.write_str("the file has no such document"),
            Self::NoSuchPath => f.write_str("nothing is at this path"),
            Self::Alias => {
                f.write_str("the value comes through an alias or merge key: edit the anchor, which others share")
            }
            Self::DuplicateKey(key) => write!(f, "the key `{key}` stands there twice: remove one"),
            Self::ExplicitTag => f.write_str("the value has an explicit tag"),
            Self::MultiLine => f.write_str("the value spans several lines"),
            Self::BlockScalar => {
                f.write_str("the value is a block scalar of more than one line or with a line break at its end")
            }
            Self::NotEmbedded => f.write_str(
                "the document inside this value is folded or escaped, so that its lines are not the file's own: write it as `|`",
            ),
            Self::ImplicitNull => f.write_str("no value is written there"),
            Self::Template => f.write_str("the value is a template ({{ … }})"),
            Self::Variable => {
                f.write_str("the value holds a variable (${…}) that is substituted later: edit where it is set")
            }
            Self::NotAScalar => f.write_str("the value is a mapping or a sequence"),
            Self::NotAnInteger => f.write_str("the value is no plain integer"),
            Self::NotAnImage => f.write_str("the value is no image reference"),
            Self::Unwritable => f.write_str("the new value has line breaks or control characters"),
            Self::Changed { expected, found } => write!(f, "expected `{expected}`, found `{found}`"),
            Self::AlreadyThere => f.write_str("the key is already there"),
            Self::Layout(detail) => f.write_str(detail),
            Self::WouldChangeMore => f.write_str("more than the intended value would change"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        self.reason.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// A refusal of the whole file.
    pub fn of_file(reason: Reason) -> Self {
        Self { reason, document: 0, pointer: String::new(), line: None }
    }
}

/// What an accepted edit also does, to be shown before it is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warning {
    /// The scalar carries an anchor: its aliases change with it.
    Anchored {
        /// JSON pointer of the anchored scalar.
        pointer: String,
        /// How many aliases refer to it.
        aliases: usize,
    },
    /// A comment behind a removed entry went with it.
    CommentRemoved(String),
    /// The line carries a Flux setter marker: image automation will overwrite a manual bump.
    SetterMarker {
        /// JSON pointer of the marked scalar.
        pointer: String,
        /// The image policy as the marker names it, `namespace:name` and an optional part.
        policy: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchored { pointer, aliases } => {
                write!(
                    f,
                    "{pointer} is an anchor: {aliases} {} with it",
                    if *aliases == 1 { "alias changes" } else { "aliases change" }
                )
            }
            Self::CommentRemoved(comment) => write!(f, "the comment `{comment}` goes with the removed line"),
            Self::SetterMarker { pointer, policy } => {
                write!(
                    f,
                    "{pointer} is set by Flux image automation (policy {policy}), which will overwrite a manual change"
                )
            }
        }
    }
}
