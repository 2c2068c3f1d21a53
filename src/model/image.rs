//! Image references: `registry:5000/team/app:v1@sha256:…` taken apart and put together again.
//!
//! The repository is kept as it was written; two spellings of one repository (`nginx`, `docker.io/library/nginx`) are
//! compared through [`ImageReference::familiar`]. Nothing here asks a registry whether an image exists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One image reference. Serialised as the string it displays as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ImageReference {
    /// Registry and repository exactly as written, for example `registry:5000/team/app` or `nginx`.
    pub repository: String,
    /// The tag without its colon.
    pub tag: Option<String>,
    /// The digest with its algorithm, for example `sha256:9f86…`.
    pub digest: Option<String>,
}

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The part before tag and digest is empty or has characters that no repository has.
    #[error(
        "`{0}` is not an image reference: the repository must be letters, digits and . _ - / (a registry may have a port)"
    )]
    Repository(String),
    /// The tag breaks the rule of the OCI distribution specification.
    #[error("`{0}` is not a tag: a tag has 1 to 128 letters, digits, _ . or -, and starts with none of . and -")]
    Tag(String),
    /// The digest is not `algorithm:hex`.
    #[error("`{0}` is not a digest: expected algorithm:hex, such as sha256: and 64 hexadecimal digits")]
    Digest(String),
}

impl ImageReference {
    /// Takes a reference apart. A colon before the last slash belongs to the registry's port, not to a tag.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(check_digest(digest)?)),
            None => (text, None),
        };
        let path_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[path_start..].find(':') {
            Some(colon) => (&rest[..path_start + colon], Some(check_tag(&rest[path_start + colon + 1..])?)),
            None => (rest, None),
        };
        check_repository(repository, text)?;
        Ok(Self { repository: repository.to_owned(), tag, digest })
    }

    /// The same repository with another tag and no digest: a digest left behind would win over the new tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ImageError> {
        Ok(Self { repository: self.repository.clone(), tag: Some(check_tag(tag)?), digest: None })
    }

    /// The repository as Docker shortens it, for comparing: `docker.io/library/nginx`, `library/nginx` and `nginx` are one.
    pub fn familiar(&self) -> &str {
        familiar(&self.repository)
    }

    /// Whether both name the same repository, whatever their tags and digests.
    pub fn same_repository(&self, other: &Self) -> bool {
        self.familiar() == other.familiar()
    }

    /// Tag and digest as one text, for tables: `v1`, `v1@sha256:…`, `@sha256:…`, or `latest` where neither is written.
    pub fn version(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), Some(digest)) => format!("{tag}@{digest}"),
            (Some(tag), None) => tag.clone(),
            (None, Some(digest)) => format!("@{digest}"),
            (None, None) => "latest".to_owned(),
        }
    }
}

/// A repository as Docker shortens it; see [`ImageReference::familiar`].
pub fn familiar(repository: &str) -> &str {
    let on_hub = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    let short = on_hub.iter().find_map(|hub| repository.strip_prefix(hub)).unwrap_or(repository);
    match short.strip_prefix("library/") {
        Some(official) if !official.contains('/') => official,
        _ => short,
    }
}

fn check_repository(repository: &str, whole: &str) -> Result<(), ImageError> {
    let wrong = || ImageError::Repository(whole.to_owned());
    let mut parts = repository.split('/');
    let first = parts.next().unwrap_or_default();
    let is_path = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && part.bytes().any(|b| b.is_ascii_alphanumeric())
    };
    let is_host = |part: &str| match part.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        }),
        None => match part.split_once(':') {
            Some((host, port)) => is_path(host) && is_port(port),
            None => is_path(part),
        },
    };
    let only_one = !repository.contains('/');
    let first_fits = if only_one { is_path(first) } else { is_host(first) };
    if first_fits && parts.all(is_path) { Ok(()) } else { Err(wrong()) }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|b| b.is_ascii_digit())
}

fn check_tag(tag: &str) -> Result<String, ImageError> {
    let bytes = tag.as_bytes();
    let first_fits = bytes.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let all_fit = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if first_fits && all_fit && bytes.len() <= 128 { Ok(tag.to_owned()) } else { Err(ImageError::Tag(tag.to_owned())) }
}

fn check_digest(digest: &str) -> Result<String, ImageError> {
    let wrong = || ImageError::Digest(digest.to_owned());
    let (algorithm, hex) = digest.split_once(':').ok_or_else(wrong)?;
    let algorithm_fits = algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
        && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'_' | b'-'));
    let hex_fits = hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let length_fits = match algorithm {
        "sha256" => hex.len() == 64,
        "sha512" => hex.len() == 128,
        _ => true,
    };
    if algorithm_fits && hex_fits && length_fits { Ok(digest.to_owned()) } else { Err(wrong()) }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageReference {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ImageReference {
    type Error = ImageError;

    fn try_from(text: String) -> Result<Self, ImageError> {
        Self::parse(&text)
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[rstest]
    #[case("nginx", "nginx", None, false)]
    #[case("nginx:1.27", "nginx", Some("1.27"), false)]
    #[case("localhost:5000/app", "localhost:5000/app", None, false)]
    #[case("localhost:5000/team/app:v1", "localhost:5000/team/app", Some("v1"), false)]
    #[case("[::1]:5000/app:v1", "[::1]:5000/app", Some("v1"), false)]
    #[case("ghcr.io/a/b:v1@DIGEST", "ghcr.io/a/b", Some("v1"), true)]
    #[case("registry:5000/b@DIGEST", "registry:5000/b", None, true)]
    fn taken_apart(#[case] text: &str, #[case] repository: &str, #[case] tag: Option<&str>, #[case] has_digest: bool) {
        let text = text.replace("DIGEST", DIGEST);
        let image = ImageReference::parse(&text).unwrap();
        assert_eq!(image.repository, repository);
        assert_eq!(image.tag.as_deref(), tag);
        assert_eq!(image.digest.as_deref(), has_digest.then_some(DIGEST));
        assert_eq!(image.to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case(":v1")]
    #[case("a:")]
    #[case("a b:v1")]
    #[case("a/:v1")]
    #[case("a//b")]
    #[case("a:-x")]
    #[case("a@sha256:12")]
    #[case("a@v1")]
    #[case("host:port/a:v1")]
    #[case("{{ .image }}:v1")]
    #[case("${REPO}:v1")]
    #[case("[zz]/a")]
    fn refused(#[case] text: &str) {
        assert!(ImageReference::parse(text).is_err(), "{text} was accepted");
    }

    #[test]
    fn a_new_tag_drops_the_digest() {
        let image = ImageReference::parse(&format!("registry:5000/a:v1@{DIGEST}")).unwrap();
        assert_eq!(image.with_tag("v2").unwrap().to_string(), "registry:5000/a:v2");
        assert!(image.with_tag("v2@x").is_err());
    }

    #[test]
    fn one_repository_in_several_spellings() {
        for text in
            ["nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx:1"]
        {
            assert_eq!(ImageReference::parse(text).unwrap().familiar(), "nginx", "{text}");
        }
        assert_eq!(ImageReference::parse("docker.io/shop/checkout").unwrap().familiar(), "shop/checkout");
        assert_eq!(ImageReference::parse("ghcr.io/library/nginx").unwrap().familiar(), "ghcr.io/library/nginx");
    }

    proptest! {
        #[test]
        fn never_panics_and_displays_as_written(text in "\\PC{0,60}") {
            if let Ok(image) = ImageReference::parse(&text) {
                prop_assert_eq!(image.to_string(), text);
            }
        }

        #[test]
        fn well_formed_references_survive(host in "([a-z]{1,5}(\\.[a-z]{2,4})?(:[1-9][0-9]{0,3})?/)?", path in "[a-z0-9]{1,8}(/[a-z0-9]{1,8})?", tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}") {
            let text = format!("{host}{path}:{tag}");
            let image = ImageReference::parse(&text).unwrap();
            prop_assert_eq!(image.tag.as_deref(), Some(tag.as_str()));
            prop_assert_eq!(image.to_string(), text);
        }
    }
}
