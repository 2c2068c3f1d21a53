//! What a tag tells of the version behind it: its order among others, and how far it is from the one that runs.
//!
//! Two ways to write versions are understood: semantic versions (`v1.4.0`, `2.1`, `3.0.0-rc.1`), and a line of development with a
//! build and a commit (`412-1733-9f3c1e2`, `main-1733-9f3c1e2`). Anything else has no order, and nothing is guessed.

use semver::Version;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt};

/// Fewer hexadecimal digits than this are no abbreviated commit.
const SHORTEST_COMMIT: usize = 6;

/// What a tag says about its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagVersion {
    /// A semantic version.
    Semantic(Version),
    /// A build of a line of development: `LINE-BUILD-COMMIT`.
    Build {
        /// The line: a major version's number, or a branch.
        line: String,
        /// The build's number, which grows.
        build: u64,
    },
}

/// How far it is from one version to another, whichever of them is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Jump {
    /// Major and minor version stay.
    Patch,
    /// The major version stays; or another build of the same major version.
    Minor,
    /// Another major version.
    Major,
}

impl Jump {
    /// As one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TagVersion {
    /// Reads a tag; None where it is neither a version nor a build.
    pub fn of(tag: &str) -> Option<Self> {
        build(tag).or_else(|| version_of(tag).map(Self::Semantic))
    }

    /// The order of two versions; None where they are of different lines or different ways to write one.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Semantic(left), Self::Semantic(right)) => Some(left.cmp(right)),
            (Self::Build { line, build }, Self::Build { line: other_line, build: other_build }) => {
                let by_build = build.cmp(other_build);
                match (number(line), number(other_line)) {
                    (Some(left), Some(right)) => Some(left.cmp(&right).then(by_build)),
                    _ => (line == other_line).then_some(by_build),
                }
            }
            _ => None,
        }
    }

    /// How far it is to another; None where that cannot be told.
    pub fn jump(&self, other: &Self) -> Option<Jump> {
        match (self, other) {
            (Self::Semantic(left), Self::Semantic(right)) => Some(match () {
                () if left.major != right.major => Jump::Major,
                () if left.minor != right.minor => Jump::Minor,
                () => Jump::Patch,
            }),
            (Self::Build { line, .. }, Self::Build { line: other, .. }) => {
                let same = number(line)? == number(other)?;
                Some(if same { Jump::Minor } else { Jump::Major })
            }
            _ => None,
        }
    }
}

/// Orders two tags; None where either is something else than a version, such as a branch or a commit.
pub fn compare_tags(left: &str, right: &str) -> Option<Ordering> {
    TagVersion::of(left)?.compare(&TagVersion::of(right)?)
}

/// How far it is from one tag to another; None where that cannot be told.
pub fn jump(from: &str, to: &str) -> Option<Jump> {
    TagVersion::of(from)?.jump(&TagVersion::of(to)?)
}

/// The semantic version that a tag stands for, with or without a leading `v`, missing minor and patch numbers being 0. Build
/// metadata after `+` cannot occur in a tag.
fn version_of(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    let core_end = text.find('-').unwrap_or(text.len());
    let (core, suffix) = text.split_at(core_end);
    let padded = match core.matches('.').count() {
        0 => format!("{core}.0.0{suffix}"),
        1 => format!("{core}.0{suffix}"),
        _ => return Version::parse(text).ok(),
    };
    Version::parse(&padded).ok()
}

fn build(tag: &str) -> Option<TagVersion> {
    let (rest, commit) = tag.rsplit_once('-')?;
    let (line, build) = rest.rsplit_once('-')?;
    let is_commit = commit.len() >= SHORTEST_COMMIT && commit.bytes().all(|b| b.is_ascii_hexdigit());
    // `1.4.0-2-g9f3c1e2` has a version before its build: its order is a semantic version's.
    if !is_commit || line.is_empty() || line.contains('.') || build.starts_with('+') {
        return None;
    }
    Some(TagVersion::Build {
        line: line.strip_prefix(['v', 'V']).unwrap_or(line).to_owned(),
        build: build.parse().ok()?,
    })
}

fn number(line: &str) -> Option<u64> {
    line.bytes().all(|b| b.is_ascii_digit()).then(|| line.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("v1.9.0", "v1.10.0", Some(Ordering::Less))]
    #[case("1.2", "v1.2.0", Some(Ordering::Equal))]
    #[case("2", "1.99.99", Some(Ordering::Greater))]
    #[case("1.0.0-rc.1", "1.0.0", Some(Ordering::Less))]
    #[case("1.0-rc.2", "1.0.0-rc.10", Some(Ordering::Less))]
    #[case("main", "1.0.0", None)]
    #[case("1.2.3.4", "1.0.0", None)]
    #[case("412-999-9f3c1e2", "412-1000-0a1b2c3", Some(Ordering::Less))]
    #[case("411-2000-9f3c1e2", "412-1-0a1b2c3", Some(Ordering::Less))]
    #[case("v412-1-9f3c1e2", "412-1-9f3c1e2", Some(Ordering::Equal))]
    #[case("main-12-9f3c1e2", "main-9-0a1b2c3", Some(Ordering::Greater))]
    #[case("main-12-9f3c1e2", "next-9-0a1b2c3", None)]
    #[case("412-17-9f3c1e2", "412.0.0", None)]
    fn tags_in_order(#[case] left: &str, #[case] right: &str, #[case] expected: Option<Ordering>) {
        assert_eq!(compare_tags(left, right), expected);
        assert_eq!(compare_tags(right, left), expected.map(Ordering::reverse));
    }

    #[rstest]
    #[case("2.4.0", "2.4.1", Some(Jump::Patch))]
    #[case("2.4.1", "2.4.0", Some(Jump::Patch))]
    #[case("2.4.0-rc.1", "2.4.0", Some(Jump::Patch))]
    #[case("2.4.9", "v2.5", Some(Jump::Minor))]
    #[case("2.4.9", "3.0.0-rc.1", Some(Jump::Major))]
    #[case("412-17-9f3c1e2", "412-18-0a1b2c3", Some(Jump::Minor))]
    #[case("412-17-9f3c1e2", "413-1-0a1b2c3", Some(Jump::Major))]
    #[case("main-17-9f3c1e2", "main-18-0a1b2c3", None)]
    #[case("2.4.0", "main", None)]
    fn how_far(#[case] from: &str, #[case] to: &str, #[case] expected: Option<Jump>) {
        assert_eq!(jump(from, to), expected);
    }
}
