//! What teams write on a namespace of a client or a pull request: whose it is, and which commit it was made from.
//!
//! There is no convention that all follow, so the last part of a key counts, whatever its domain: `owner`, `example.com/owner`.
//! What does not look like a commit is not taken for one.

use crate::wire::Metadata;

/// Last parts of the keys that say who answers for a namespace; the first that is there counts.
const CONTACTS: [&str; 3] = ["owner", "team", "requester"];
/// Last parts of the keys that name a commit.
const COMMITS: [&str; 6] =
    ["commit", "commit-sha", "git-commit", "git-sha", "head-sha", "org.opencontainers.image.revision"];

/// The longest contact that is kept, in characters: an annotation may hold a page.
const LONGEST: usize = 60;

/// Who answers for it, in one line.
pub fn contact(metadata: &Metadata) -> Option<String> {
    let text = said(metadata, &CONTACTS, |text| !text.is_empty())?;
    Some(text.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
}

/// The commit that it was made from, as it is written.
pub fn commit(metadata: &Metadata) -> Option<&str> {
    said(metadata, &COMMITS, |text| sha(text).is_some()).and_then(sha)
}

/// The commit that a text ends with: itself, or that of a revision as Flux writes it (`main@sha1:9f3c…`, `main/9f3c…`).
pub fn sha(text: &str) -> Option<&str> {
    let end = text.rsplit([':', '/']).next().unwrap_or(text);
    let legal = (7..=64).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    legal.then_some(end)
}

/// The first line of the first of these keys that is there and means something, labels first.
fn said<'m>(metadata: &'m Metadata, names: &[&str], means: impl Fn(&str) -> bool) -> Option<&'m str> {
    let last = |key: &'m str| key.rsplit_once('/').map_or(key, |(_, last)| last);
    let all = || metadata.labels.iter().chain(&metadata.annotations);
    names.iter().find_map(|name| {
        let named = all().filter(|(key, _)| last(key) == *name);
        named.map(|(_, value)| value.trim().lines().next().unwrap_or_default()).find(|text| means(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn metadata(labels: Value, annotations: Value) -> Metadata {
        serde_json::from_value(json!({"name": "pr-482", "labels": labels, "annotations": annotations})).unwrap()
    }

    #[rstest]
    #[case(json!({"owner": "ana"}), json!({"team": "shop"}), Some("ana"))]
    #[case(json!({"team": "shop"}), json!({"example.com/owner": "Ana Lopes <ana@example.com>\nor Mei"}), Some("Ana Lopes <ana@example.com>"))]
    #[case(json!({}), json!({"openshift.io/requester": "mei"}), Some("mei"))]
    #[case(json!({"owner": ""}), json!({"downer": "no"}), None)]
    fn whose_it_is(#[case] labels: Value, #[case] annotations: Value, #[case] expected: Option<&str>) {
        assert_eq!(contact(&metadata(labels, annotations)).as_deref(), expected);
    }

    #[rstest]
    #[case(json!({"commit": "9f3c1e2"}), json!({}), Some("9f3c1e2"))]
    #[case(json!({"commit": "latest"}), json!({"example.com/git-sha": "9f3c1e2d9f3c1e2d9f3c1e2d9f3c1e2d9f3c1e2d"}), Some("9f3c1e2d9f3c1e2d9f3c1e2d9f3c1e2d9f3c1e2d"))]
    #[case(json!({"commit": "abc"}), json!({"deployment.kubernetes.io/revision": "1234567"}), None)]
    fn which_commit(#[case] labels: Value, #[case] annotations: Value, #[case] expected: Option<&str>) {
        assert_eq!(commit(&metadata(labels, annotations)), expected);
    }

    #[test]
    fn flux_names_a_commit_behind_its_branch() {
        assert_eq!(sha("main@sha1:9f3c1e2d"), Some("9f3c1e2d"));
        assert_eq!(sha("feature/x/9f3c1e2d"), Some("9f3c1e2d"));
        assert_eq!((sha("v1.2.3"), sha("main")), (None, None));
    }
}
