//! Helm values: `image: string`, `image.{registry,repository,tag,version,digest}`, flat keys such as `webImageTag`, at any depth and
//! in lists. The same reading serves a values file, the values in a HelmRelease or an Application, and custom resources.
//!
//! A tag may stand alone: the repository is then in the chart's own values, and the reference has an empty one until they are joined.

use std::borrow::Cow;

use super::parts::{self, Group, Leaf};
use super::{Document, Format, Found, Keys, MAX_PER_FILE, ObjectContainer, Written};
use crate::formats::yaml::{Kind, Nested, NodeId, Pointer, Style, Tree};
use crate::model::image::ImageReference;

/// Deeper values than these are not written by anybody.
const MAX_DEPTH: usize = 48;

/// What is known of values before they are read.
pub(super) struct Scope<'p> {
    /// What the references are found as.
    pub format: Format,
    /// Where the values begin in the document.
    pub base: Pointer,
    /// The object they are of: its kind, namespace and name.
    pub object: Option<&'p ObjectContainer>,
    /// Whether a tag alone counts, as the chart may have its repository.
    pub lone_tags: bool,
}

/// Reads the references below `id`.
pub(super) fn find(place: &Document<'_, '_>, id: NodeId, scope: &Scope<'_>, found: &mut Vec<Found>) {
    let mut reader = Reader { place, scope, steps: Vec::new(), found };
    reader.walk(id, MAX_DEPTH);
}

/// Reads the references of a document that stands in the scalar at `pointer`.
pub(super) fn find_nested(
    place: &Document<'_, '_>,
    scalar: NodeId,
    pointer: &Pointer,
    scope: &Scope<'_>,
    found: &mut Vec<Found>,
) {
    let Some(scalar) = place.tree.follow(scalar) else { return };
    let text = place.tree.scalar(scalar).unwrap_or_default();
    if !super::might_hold(text.as_bytes()) {
        return;
    }
    let Ok(inner) = Tree::parse(text.as_bytes()) else { return };
    let Some(root) = inner.root(0) else { return };
    let from = found.len();
    let scope = Scope { format: scope.format, base: Pointer::root(), object: scope.object, lone_tags: scope.lone_tags };
    find(&Document { path: place.path, tree: &inner, document: 0 }, root, &scope, found);
    embedded(place, scalar, pointer, found, from);
}

/// Tells of references, from number `from` on, that they were read in the document inside a scalar.
pub(super) fn embedded(place: &Document<'_, '_>, scalar: NodeId, pointer: &Pointer, found: &mut [Found], from: usize) {
    let (tree, nested) = (place.tree, Nested::read(place.tree, scalar));
    for found in found.iter_mut().skip(from) {
        found.document = place.document;
        found.within = Some(pointer.clone());
        found.line = nested.as_ref().map_or(tree.node(scalar).line, |nested| nested.line_of(tree.source(), found.line));
    }
}

struct Reader<'r, 't, 'a> {
    place: &'r Document<'t, 'a>,
    scope: &'r Scope<'r>,
    steps: Vec<Cow<'t, str>>,
    found: &'r mut Vec<Found>,
}

impl<'t> Reader<'_, 't, '_> {
    fn walk(&mut self, id: NodeId, depth: usize) {
        let tree = self.place.tree;
        let Some(depth) = depth.checked_sub(1).filter(|_| self.found.len() < MAX_PER_FILE) else { return };
        match &tree.node(id).kind {
            Kind::Mapping(entries, _) => {
                self.mapping(id);
                for (key, value) in entries {
                    let Some(key) = tree.scalar(*key) else { continue };
                    self.steps.push(Cow::Borrowed(key));
                    match tree.node(*value).kind {
                        // What an alias refers to is read where it stands; only an image by another name is read here as well.
                        Kind::Alias(_) if parts::names_image(key) => self.mapping(*value),
                        _ => self.walk(*value, depth),
                    }
                    self.steps.pop();
                }
            }
            Kind::Sequence(items, _) => {
                let named = self.is_named();
                for (index, item) in items.iter().enumerate() {
                    self.steps.push(Cow::Owned(index.to_string()));
                    match &tree.node(*item).kind {
                        Kind::Scalar(text, _) if named => self.listed(*item, text),
                        _ => self.walk(*item, depth),
                    }
                    self.steps.pop();
                }
            }
            Kind::Scalar(..) | Kind::Alias(_) => {}
        }
    }

    /// Whether the mapping that is being read is named as an image, or stands among `images`.
    fn is_named(&self) -> bool {
        let mut names = self.steps.iter().rev().filter(|step| !step.bytes().all(|byte| byte.is_ascii_digit()));
        let named = |step: Option<&Cow<'_, str>>| step.is_some_and(|step| parts::names_image(step));
        named(names.next()) || named(names.next())
    }

    /// A string in a list of images.
    fn listed(&mut self, item: NodeId, text: &str) {
        if let Some(image) = parts::read(text).filter(|_| text.contains('/') || text.contains(':')) {
            let pointer = self.pointer(&[]);
            let slot = self.slot("");
            self.push(image, Written::Scalar(pointer.clone()), pointer, slot, item);
        }
    }

    fn mapping(&mut self, id: NodeId) {
        let tree = self.place.tree;
        let leaves: Vec<(NodeId, Leaf<'t>)> = tree
            .entries(id)
            .iter()
            .filter_map(|(key, value)| {
                let (key, text) = (tree.scalar(*key)?, tree.scalar(*value)?);
                Some((*value, Leaf { key, value: known(tree, *value, text) }))
            })
            .collect();
        let (nodes, leaves): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
        if leaves.is_empty() {
            return;
        }
        for group in parts::groups(&leaves, self.is_named()) {
            let pointer = |reader: &Self, at: Option<usize>| at.map(|at| reader.pointer(&[leaves[at].key]));
            let keys = Keys {
                registry: pointer(self, group.registry),
                repository: pointer(self, group.repository.or(group.image)),
                tag: pointer(self, group.tag),
                digest: pointer(self, group.digest),
            };
            let Some((image, whole)) = reference(&group, &leaves) else { continue };
            let is_part = image.repository.is_empty() || keys.is_registry_only();
            if is_part && !self.scope.lone_tags {
                continue;
            }
            let written = match (&keys.repository, whole) {
                (Some(scalar), true) => Written::Scalar(scalar.clone()),
                _ => Written::Keys(keys),
            };
            let at = match &written {
                Written::Scalar(scalar) => scalar.clone(),
                _ => self.pointer(&[]),
            };
            let line =
                [group.tag, group.digest, group.image, group.repository, group.registry].into_iter().flatten().next();
            let Some(node) = line.and_then(|at| nodes.get(at)) else { continue };
            let slot = self.slot(&group.stem);
            self.push(image, written, at, slot, *node);
        }
    }

    fn pointer(&self, more: &[&str]) -> Pointer {
        let steps = self.steps.iter().map(AsRef::as_ref).chain(more.iter().copied());
        steps.fold(self.scope.base.clone(), |pointer, step| pointer.child(step))
    }

    fn slot(&self, stem: &str) -> Vec<String> {
        let steps = self.steps.iter().map(ToString::to_string);
        steps.chain((!stem.is_empty()).then(|| stem.to_owned())).collect()
    }

    fn push(&mut self, image: ImageReference, written: Written, pointer: Pointer, slot: Vec<String>, node: NodeId) {
        let node = self.place.tree.node(node);
        self.found.push(Found {
            file: self.place.path.to_owned(),
            document: self.place.document,
            pointer,
            format: self.scope.format,
            image,
            matches: None,
            object: self.scope.object.map(|object| ObjectContainer { container: slot.join("."), ..object.clone() }),
            line: node.line,
            written,
            slot,
            within: None,
        });
    }
}

/// The text of a scalar; nothing for an explicit null.
fn known<'t>(tree: &'t Tree<'_>, id: NodeId, text: &'t str) -> &'t str {
    let plain = tree.follow(id).map(|id| &tree.node(id).kind);
    match plain {
        Some(Kind::Scalar(_, Style::Plain)) if matches!(text, "null" | "~" | "Null" | "NULL") => "",
        _ => text,
    }
}

/// The image that a group says, and whether all of it stands in one scalar. None where the values make none.
pub(super) fn reference(group: &Group, leaves: &[Leaf<'_>]) -> Option<(ImageReference, bool)> {
    let value = |at: Option<usize>| at.map(|at| leaves[at].value.trim()).unwrap_or_default();
    let (registry, tag, digest) = (value(group.registry), value(group.tag), value(group.digest));
    let named = group.repository.or(group.image);
    let repository = value(named);
    if let Some(at) = named {
        let readable = parts::is_likely(repository).then(|| parts::read(repository)).flatten();
        let Some(image) = readable else {
            let alone = repository.is_empty() && (group.tag.is_some() || group.digest.is_some());
            return alone.then(|| (parts::joined_image("", "", tag, digest), false));
        };
        let apart = group.tag.is_some() || group.digest.is_some() || group.registry.is_some();
        let whole = group.tag.is_none() && (image.tag.is_some() || image.digest.is_some() || !apart);
        // `repository:` without a tag is not where a tag is written, `image:` is.
        if whole && (group.image == Some(at) || image.tag.is_some() || image.digest.is_some()) {
            let joined = parts::joined_image(registry, repository, "", digest);
            return Some((joined, digest.is_empty()));
        }
        return Some((parts::joined_image(registry, repository, tag, digest), false));
    }
    if group.tag.is_none() && group.digest.is_none() {
        // A registry for all images.
        let image = ImageReference { repository: registry.to_owned(), tag: None, digest: None };
        return (!registry.is_empty()).then_some((image, false));
    }
    let plausible = tag.is_empty() || parts::is_open(tag) || parts::joined_image("", "", tag, "").tag.is_some();
    plausible.then(|| (parts::joined_image("", "", tag, digest), false))
}

#[cfg(test)]
mod tests {
    use crate::formats::images::{Edit, Format, Found, NewVersion, bump, find};
    use crate::formats::yaml::{Reason, Tree};
    use rstest::rstest;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn all(path: &str, text: &str) -> Vec<Found> {
        find(path, &Tree::parse(text.as_bytes()).unwrap())
    }

    fn edits(path: &str, text: &str, to: &str) -> Vec<Edit> {
        let tree = Tree::parse(text.as_bytes()).unwrap();
        find(path, &tree).iter().filter_map(|found| bump(found, &tree, &NewVersion::parse(to).unwrap()).ok()).collect()
    }

    #[rstest]
    #[case::mapping("image:\n  repository: r/a\n  tag: v1 # c\n", "r/a:v1")]
    #[case::registry("image:\n  registry: r:5000\n  repository: a/b\n  tag: 'v1'\n", "r:5000/a/b:v1")]
    #[case::string("web:\n  image: \"r/a:v1\"\n", "r/a:v1")]
    #[case::name_and_version("image: {name: r/a, version: v1}\n", "r/a:v1")]
    #[case::beside("web:\n  image: r/a\n  tag: v1\n", "r/a:v1")]
    #[case::flat("imageRepository: r/a\nimageTag: v1\n", "r/a:v1")]
    #[case::prefixed("webImage: r/a\nwebTag: v1\n", "r/a:v1")]
    #[case::listed("containers:\n- name: x\n  image: {repository: r/a, tag: v1}\n", "r/a:v1")]
    #[case::of_many("images:\n  Checker:\n    repository: r/a\n    tag: v1\n", "r/a:v1")]
    #[case::strings("images:\n- r/a:v1\n", "r/a:v1")]
    #[case::other_key("redis:\n  enabled: true\n  repository: r/a\n  tag: v1\n", "r/a:v1")]
    #[case::alone("image:\n  tag: v1\n", ":v1")]
    #[case::global("global:\n  image:\n    tag: v1\n", ":v1")]
    #[case::number("image: {repository: r/a, tag: v1, pullPolicy: Always}\n", "r/a:v1")]
    #[case::sub_chart("shop:\n  web:\n    image:\n      repository: r/a\n      tag: v1\n", "r/a:v1")]
    fn each_way_to_say_it(#[case] before: &str, #[case] image: &str) {
        let found = all("values.yaml", before);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].image.to_string(), found[0].format), (image.to_owned(), Format::Values));
        let applied = edits("values.yaml", before, "v2")[0].apply(before.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(applied.bytes).unwrap(), before.replace("v1", "v2"));
    }

    #[rstest]
    #[case::emptied(
        "image:\n  repository: r/a\n  tag: v1\n  digest: DIGEST\n",
        "v2",
        "image:\n  repository: r/a\n  tag: v2\n  digest: \"\"\n"
    )]
    #[case::replaced(
        "image: {repository: r/a, tag: v1, digest: DIGEST}\n",
        "v2@DIGEST",
        "image: {repository: r/a, tag: v2, digest: DIGEST}\n"
    )]
    #[case::sha(
        "image:\n  repository: r/a\n  tag: v1\n  sha: '0123'\n",
        "v2",
        "image:\n  repository: r/a\n  tag: v2\n  sha: ''\n"
    )]
    #[case::nothing(
        "image:\n  repository: r/a\n  tag: v1\n  digest: null\n",
        "v2",
        "image:\n  repository: r/a\n  tag: v2\n  digest: null\n"
    )]
    #[case::a_digest_where_nothing_was(
        "image:\n  repository: r/a\n  tag: v1\n  digest: ~\n",
        "v2@DIGEST",
        "image:\n  repository: r/a\n  tag: v2\n  digest: DIGEST\n"
    )]
    #[case::in_the_tag("image:\n  repository: r/a\n  tag: v1@DIGEST\n", "v2", "image:\n  repository: r/a\n  tag: v2\n")]
    #[case::only_a_digest(
        "image:\n  repository: r/a\n  digest: DIGEST\n",
        "v2",
        "image:\n  repository: r/a\n  digest: \"\"\n  tag: v2\n"
    )]
    #[case::no_tag_yet(
        "image:\n  repository: r/a\n  pullPolicy: Always\n",
        "v2",
        "image:\n  repository: r/a\n  pullPolicy: Always\n  tag: v2\n"
    )]
    #[case::empty_tag("image:\n  repository: r/a\n  tag: \"\"\n", "v2", "image:\n  repository: r/a\n  tag: \"v2\"\n")]
    #[case::a_number("image:\n  repository: r/a\n  tag: 41\n", "42", "image:\n  repository: r/a\n  tag: \"42\"\n")]
    #[case::whole_with_digest("image: r/a:v1@DIGEST\n", "v2", "image: r/a:v2\n")]
    fn digests_go_with_their_tag(#[case] before: &str, #[case] to: &str, #[case] after: &str) {
        let full = |text: &str| text.replace("DIGEST", DIGEST);
        let before = full(before);
        let edits = edits("values.yaml", &before, &full(to));
        assert_eq!(edits.len(), 1);
        let applied = edits[0].apply(before.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(applied.bytes.clone()).unwrap(), full(after));
        assert!(edits[0].is_applied(&applied.bytes));
    }

    #[rstest]
    #[case("image: logo.png\n")]
    #[case("image: true\npullPolicy: Always\n")]
    #[case("chart:\n  repository: https://charts.example.com\n  version: 1.0.0\n")]
    #[case("source: {repository: team/repo, branch: main}\n")]
    #[case("imagePullPolicy: Always\nimagePullSecrets: [a]\n")]
    #[case("service: {name: web, version: v1}\n")]
    fn what_is_none(#[case] text: &str) {
        assert_eq!(all("values.yaml", text), []);
    }

    #[test]
    fn open_values_are_found_and_refused() {
        for (text, repository) in [
            ("image: r/a:${TAG}\n", "r/a"),
            ("image: ${REPO}:${TAG}\n", "${REPO}:${TAG}"),
            ("image: {repository: r/a, tag: '{{ .tag }}'}\n", "r/a"),
        ] {
            let found = all("values.yaml", text);
            assert_eq!(found[0].image.repository, repository, "{text}");
            let refused = edits("values.yaml", text, "v2")[0].apply(text.as_bytes()).unwrap_err();
            assert!(matches!(refused.reason, Reason::Variable | Reason::Template), "{text}: {refused}");
        }
    }

    #[test]
    fn an_image_by_another_name_is_found_there_and_edited_at_its_anchor() {
        let text = "common: &image\n  repository: r/a\n  tag: v1\nweb:\n  image: *image\n";
        let found = all("values.yaml", text);
        assert_eq!(found.iter().map(|found| found.slot.join(".")).collect::<Vec<_>>(), ["common", "web.image"]);
        let edits = edits("values.yaml", text, "v2");
        assert!(edits[0].apply(text.as_bytes()).is_ok());
        assert_eq!(edits[1].apply(text.as_bytes()).unwrap_err().reason, Reason::Alias);
    }

    #[test]
    fn pipelines_are_no_values_and_custom_resources_name_themselves() {
        assert_eq!(
            all(".github/workflows/ci.yaml", "jobs: {a: {container: {image: r/a:v1}}}\n")[0].format,
            Format::Other
        );
        let custom = "apiVersion: example.org/v1\nkind: Tenant\nmetadata: {name: store, namespace: s}\nspec:\n  image: r/a:v1\n  git: {tag: v3}\nstatus: {image: r/b:v1}\n";
        let found = all("tenant.yaml", custom);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            (found[0].format, found[0].object.as_ref().map(|o| o.name.as_str())),
            (Format::Custom, Some("store"))
        );
        let map = "kind: ConfigMap\nmetadata: {name: web-values}\ndata:\n  values.yaml: |\n    image:\n      repository: r/a\n      tag: v1\n";
        let found = all("map.yaml", map);
        assert_eq!((found.len(), found[0].line), (1, 7));
        let applied = edits("map.yaml", map, "v2")[0].apply(map.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(applied.bytes).unwrap(), map.replace("v1", "v2"));
    }

    #[test]
    fn deep_values_end() {
        let text = format!("a: {}image: r/a:v1{}\n", "{b: {".repeat(200), "}}".repeat(200));
        let _ = Tree::parse(text.as_bytes()).map(|tree| find("values.yaml", &tree).len());
    }
}
