//! Which keys of a mapping are parts of an image reference: `image`, `repository`, `tag`, `sidecarImageTag` and their kin.
//!
//! Keys are compared without case, `_` and `-`. The parts of one reference share a stem: `webImage` and `webTag` are `web`'s;
//! `repository` and `tag` have none and are the mapping's own. Nothing is decided here about what a value means elsewhere.

use crate::model::image::ImageReference;

/// What a key says of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Image,
    Registry,
    Repository,
    Tag,
    Digest,
}

/// A key of a mapping and its scalar.
pub(super) struct Leaf<'t> {
    /// The key.
    pub key: &'t str,
    /// The scalar's text; empty where it is null.
    pub value: &'t str,
}

/// The parts of one reference: positions in the list of leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// What the keys have in common; empty for the mapping's own.
    pub stem: String,
    /// The whole reference, or its repository where the tag has a key of its own.
    pub image: Option<usize>,
    /// `registry`.
    pub registry: Option<usize>,
    /// `repository`.
    pub repository: Option<usize>,
    /// `tag`.
    pub tag: Option<usize>,
    /// `digest`.
    pub digest: Option<usize>,
}

/// Whether a key names an image, as `image`, `sidecarImage`, `images` do.
pub(super) fn names_image(key: &str) -> bool {
    let key = bare(key);
    key.ends_with("image") || key.ends_with("images") || key == "img"
}

fn bare(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// A cheap test: the last letters of every word that [`part`] knows.
fn might_be_part(key: &str) -> bool {
    let Some(last) = key.bytes().last().map(|byte| byte.to_ascii_lowercase()) else { return false };
    matches!(last, b'e' | b'g' | b'n' | b'o' | b'y' | b't' | b'a' | b'6' | b'b' | b'h' | b'l') && key.len() < 80
}

/// The stem and the part that a key names.
fn part(key: &str) -> Option<(String, Part)> {
    const SUFFIXES: [(&str, Part); 16] = [
        ("tagoverride", Part::Tag),
        ("newtag", Part::Tag),
        ("tag", Part::Tag),
        ("version", Part::Tag),
        ("repository", Part::Repository),
        ("repo", Part::Repository),
        ("imagename", Part::Repository),
        ("imagepath", Part::Repository),
        ("imageurl", Part::Repository),
        ("registry", Part::Registry),
        ("hub", Part::Registry),
        ("digest", Part::Digest),
        ("sha256", Part::Digest),
        ("sha", Part::Digest),
        ("image", Part::Image),
        ("img", Part::Image),
    ];
    if !might_be_part(key) {
        return None;
    }
    let key = bare(key);
    if key.contains("imagepull") {
        return None;
    }
    if key == "name" || key == "newname" {
        return Some((String::new(), Part::Repository));
    }
    let (suffix, part) = SUFFIXES.iter().find(|(suffix, _)| key.ends_with(suffix))?;
    let stem = match part {
        Part::Image => key.as_str(),
        _ if suffix.starts_with("image") => &key[..key.len() - suffix.len() + "image".len()],
        _ => &key[..key.len() - suffix.len()],
    };
    Some((stem.to_owned(), *part))
}

/// Words that are weaker than another key for the same part.
fn is_weak(key: &str) -> bool {
    let key = bare(key);
    key.ends_with("version") || key == "name" || key == "newname" || key == "sha"
}

/// The references among the scalars of one mapping. `own` tells whether the mapping itself is named as an image.
pub(super) fn groups(leaves: &[Leaf<'_>], own: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, leaf) in leaves.iter().enumerate() {
        let Some((stem, part)) = part(leaf.key) else { continue };
        let position = groups.iter().position(|group| group.stem == stem).unwrap_or_else(|| {
            groups.push(Group { stem, ..Group::default() });
            groups.len() - 1
        });
        let group = &mut groups[position];
        let place = match part {
            Part::Image => &mut group.image,
            Part::Registry => &mut group.registry,
            Part::Repository => &mut group.repository,
            Part::Tag => &mut group.tag,
            Part::Digest => &mut group.digest,
        };
        match *place {
            Some(known) if is_weak(leaf.key) || !is_weak(leaves[known].key) => {}
            _ => *place = Some(at),
        }
    }
    joined(&mut groups, leaves);
    groups.retain(|group| is_reference(group, leaves, own || group.stem.ends_with("image")));
    groups
}

/// Gives `webImage` the tag of `webTag`, and `image` that of `tag`.
fn joined(groups: &mut Vec<Group>, leaves: &[Leaf<'_>]) {
    for at in 0..groups.len() {
        let Some(stem) = groups[at].stem.strip_suffix("image").map(str::to_owned) else { continue };
        let Some(named) = groups[at].repository.or(groups[at].image) else { continue };
        // `image: a:v1` says all of it; a version beside it is something else.
        if read(leaves[named].value).is_none_or(|image| image.tag.is_some() || image.digest.is_some()) {
            continue;
        }
        let Some(other) = groups.iter().position(|group| group.stem == stem) else { continue };
        let lent = groups[other].clone();
        if lent.image.is_some() || lent.repository.is_some_and(|_| lent.tag.is_some()) {
            continue;
        }
        let own = &mut groups[at];
        let takes = own.tag.is_none() && lent.tag.is_some();
        if takes || (own.registry.is_none() && lent.registry.is_some()) {
            own.tag = own.tag.or(lent.tag);
            own.registry = own.registry.or(lent.registry);
            own.digest = own.digest.or(lent.digest);
            if takes {
                own.stem = stem;
            }
            groups[other] = Group { stem: "-".into(), ..Group::default() };
        }
    }
    groups.retain(|group| group.stem != "-");
}

/// Whether the keys found make a reference: `version` and `name` alone are words of everybody.
fn is_reference(group: &Group, leaves: &[Leaf<'_>], named: bool) -> bool {
    let weak = |at: Option<usize>| at.is_some_and(|at| is_weak(leaves[at].key));
    let value = |at: Option<usize>| at.map(|at| leaves[at].value).unwrap_or_default();
    if group.image.is_some() {
        return true;
    }
    let pathlike = value(group.repository).contains('/');
    match (group.repository, group.tag, group.digest) {
        (Some(_), Some(_), _) => {
            named
                || !(weak(group.repository) || weak(group.tag))
                || (pathlike && !(weak(group.repository) && weak(group.tag)))
        }
        (Some(_), None, Some(_)) => named || (pathlike && !weak(group.repository)),
        (Some(_), None, None) => named && (pathlike || !weak(group.repository)),
        // A tag alone: its repository may stand in the chart's own values.
        (None, Some(_), _) => named || (!weak(group.tag) && group.stem.is_empty()),
        (None, None, Some(_)) => named,
        (None, None, None) => group.registry.is_some() && (named || group.stem == "global"),
    }
}

/// Whether the text holds what is put in later: a template, a variable.
pub(super) fn is_open(text: &str) -> bool {
    text.contains("{{") || text.contains("${") || text.contains("$(")
}

/// A reference as it is written; where parts of it are templates or variables, with what is known of it.
pub(super) fn read(text: &str) -> Option<ImageReference> {
    let text = text.trim();
    if let Ok(image) = ImageReference::parse(text) {
        return Some(image);
    }
    if !is_open(text) {
        return None;
    }
    // The repository may be plain, and only the tag be put in later.
    let open = text.find(['{', '$']).unwrap_or(text.len());
    let plain = text[..open].trim_end_matches([':', '@']);
    let whole = || ImageReference { repository: text.to_owned(), tag: None, digest: None };
    let ends_repository = text[plain.len()..].starts_with([':', '@']);
    Some(ImageReference::parse(plain).ok().filter(|_| ends_repository).unwrap_or_else(whole))
}

/// Whether a scalar under a key such as `image` is likely a reference: a picture has such a key too.
pub(super) fn is_likely(text: &str) -> bool {
    const PICTURES: [&str; 13] =
        [".png", ".jpg", ".jpeg", ".svg", ".gif", ".ico", ".webp", ".iso", ".qcow2", ".raw", ".vmdk", ".ova", ".tar"];
    const WORDS: [&str; 8] = ["true", "false", "null", "~", "none", "yes", "no", "enabled"];
    let lower = text.to_ascii_lowercase();
    !text.is_empty()
        && !WORDS.contains(&lower.as_str())
        && !PICTURES.iter().any(|ending| lower.ends_with(ending))
        && !text.starts_with(['.', '/'])
        && !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The reference that registry, repository, tag and digest make together. Parts that cannot be read are left out; the
/// repository is empty where none is written.
pub(super) fn joined_image(registry: &str, repository: &str, tag: &str, digest: &str) -> ImageReference {
    let named = read(repository);
    let mut image = named.unwrap_or_else(|| ImageReference { repository: String::new(), tag: None, digest: None });
    let registry = registry.trim_end_matches('/');
    if !(registry.is_empty() || image.repository.is_empty() || image.repository.starts_with(&format!("{registry}/"))) {
        image.repository = format!("{registry}/{}", image.repository);
    }
    let separator = if tag.starts_with('@') { "" } else { ":" };
    if let Ok(version) = ImageReference::parse(&format!("x{separator}{tag}")) {
        image.tag = version.tag.or(image.tag);
        image.digest = version.digest.or(image.digest);
    }
    let digest = if digest.contains(':') || digest.is_empty() { digest.to_owned() } else { format!("sha256:{digest}") };
    if let Ok(version) = ImageReference::parse(&format!("x@{digest}")) {
        image.digest = version.digest;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn said(pairs: &[(&str, &str)], own: bool) -> Vec<String> {
        let leaves: Vec<Leaf<'_>> = pairs.iter().map(|(key, value)| Leaf { key, value }).collect();
        let key = |at: Option<usize>| at.map_or("-", |at| pairs[at].0);
        let told = |g: &Group| {
            format!(
                "{}: {} {} {} {} {}",
                g.stem,
                key(g.image),
                key(g.registry),
                key(g.repository),
                key(g.tag),
                key(g.digest)
            )
        };
        groups(&leaves, own).iter().map(told).collect()
    }

    #[rstest]
    #[case(&[("repository", "a/b"), ("tag", "v1"), ("pullPolicy", "Always")], true, &[": - - repository tag -"])]
    #[case(&[("registry", "r"), ("repository", "a"), ("tag", ""), ("sha", "")], true, &[": - registry repository tag sha"])]
    #[case(&[("image", "a/b:v1"), ("imagePullPolicy", "Always")], false, &["image: image - - - -"])]
    #[case(&[("image", "a/b"), ("tag", "v1")], false, &[": image - - tag -"])]
    #[case(&[("image", "a/b"), ("imageTag", "v1")], false, &["image: image - - imageTag -"])]
    #[case(&[("image_name", "a/b"), ("image_tag", "v1")], false, &["image: - - image_name image_tag -"])]
    #[case(&[("webImage", "a/b"), ("webTag", "v1"), ("workerImage", "c:1")], false, &["web: webImage - - webTag -", "workerimage: workerImage - - - -"])]
    #[case(&[("image", "a/b:v1"), ("version", "v1")], false, &["image: image - - - -"])]
    #[case(&[("name", "a/b"), ("version", "v1")], true, &[": - - name version -"])]
    #[case(&[("name", "a"), ("version", "v1")], false, &[])]
    #[case(&[("repository", "team/repo"), ("branch", "main")], false, &[])]
    #[case(&[("tag", "v1")], false, &[": - - - tag -"])]
    #[case(&[("version", "v1")], false, &[])]
    #[case(&[("version", "v1")], true, &[": - - - version -"])]
    #[case(&[("name", "x"), ("newName", "a/b"), ("newTag", "v1")], true, &[": - - name newTag -"])]
    #[case(&[("imageRegistry", "r")], false, &["image: - imageRegistry - - -"])]
    fn keys(#[case] pairs: &[(&str, &str)], #[case] own: bool, #[case] expected: &[&str]) {
        assert_eq!(said(pairs, own), expected);
    }

    #[test]
    fn parts_become_one_reference() {
        assert_eq!(joined_image("r:5000", "a/b", "v1", "").to_string(), "r:5000/a/b:v1");
        assert_eq!(joined_image("r", "r/b", "41", "").to_string(), "r/b:41");
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(joined_image("", "a", "", digest).to_string(), format!("a@sha256:{digest}"));
        assert_eq!(
            joined_image("", "a", &format!("v1@sha256:{digest}"), "").to_string(),
            format!("a:v1@sha256:{digest}")
        );
        assert_eq!(joined_image("", "", "v1", "").to_string(), ":v1");
        assert_eq!(joined_image("", "a/b", "{{ .tag }}", "").to_string(), "a/b");
        assert_eq!(read("r/a:${TAG}").unwrap().to_string(), "r/a");
        assert_eq!(read("${REPO}:${TAG}").unwrap().repository, "${REPO}:${TAG}");
        assert!(read("not an image").is_none());
    }
}
