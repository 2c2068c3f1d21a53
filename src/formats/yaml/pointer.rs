//! JSON pointers (RFC 6901) as lists of steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A path into a document. Displayed, parsed and serialised as `/images/0/newTag`, with `~1` for a slash in a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// The root of a document.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a pointer. Any text is one: what stands before the first slash is ignored.
    pub fn parse(text: &str) -> Self {
        Self(text.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
    }

    /// The steps, unescaped.
    pub fn steps(&self) -> &[String] {
        &self.0
    }

    /// This path and one step more.
    pub fn child(&self, step: impl ToString) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.to_string());
        Self(steps)
    }

    /// The path one step up, and the last step. `None` at the root.
    pub fn split_last(&self) -> Option<(Self, &str)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.to_vec()), last))
    }

    /// The same path with the step at `position` replaced.
    pub fn with_step(&self, position: usize, step: impl ToString) -> Self {
        let mut steps = self.0.clone();
        if let Some(place) = steps.get_mut(position) {
            *place = step.to_string();
        }
        Self(steps)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.to_string()
    }
}

impl From<String> for Pointer {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_survive() {
        let pointer = Pointer::root().child("metadata").child("a~/b").child(0);
        assert_eq!(pointer.to_string(), "/metadata/a~0~1b/0");
        assert_eq!(Pointer::parse("/metadata/a~0~1b/0"), pointer);
        assert_eq!(Pointer::parse(""), Pointer::root());
    }
}
