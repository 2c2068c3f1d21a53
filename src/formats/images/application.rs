//! Argo CD: the sources of an Application or an ApplicationSet's template, and the overrides that its Image Updater writes.
//!
//! Of each source: `helm.values` (a document inside a scalar), `helm.valuesObject`, `helm.parameters`, and `kustomize.images` as
//! `[old=]new:tag`. What a later one of these says wins.

use super::parts::{self, Leaf};
use super::values::{self, Scope};
use super::{Document, Format, Found, Keys, MAX_PER_FILE, ObjectContainer, Written};
use crate::formats::yaml::{NodeId, Pointer};

/// Whether a file's name makes it a file of overrides for an application, and for which: `.argocd-source-NAME.yaml`, or for all.
pub fn overrides(path: &str) -> Option<Option<&str>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.strip_prefix(".argocd-source")?.strip_suffix(".yaml")? {
        "" => Some(None),
        named => named.strip_prefix('-').map(Some),
    }
}

/// The places of the sources in an Application's or an ApplicationSet's document.
pub(in crate::formats) fn sources(
    place: &Document<'_, '_>,
    root: NodeId,
    kind: &str,
    at: &Pointer,
) -> Vec<(NodeId, Pointer)> {
    let tree = place.tree;
    let Some(mut spec) = tree.get(root, "spec") else { return Vec::new() };
    let mut pointer = at.child("spec");
    if kind == "ApplicationSet" {
        for step in ["template", "spec"] {
            let Some(next) = tree.get(spec, step) else { return Vec::new() };
            spec = next;
            pointer = pointer.child(step);
        }
    }
    let mut sources = Vec::new();
    if let Some(source) = tree.get(spec, "source") {
        sources.push((source, pointer.child("source")));
    }
    if let Some(list) = tree.get(spec, "sources") {
        let items = tree.items(list).iter().enumerate();
        sources.extend(items.map(|(index, source)| (*source, pointer.child("sources").child(index))));
    }
    sources
}

/// Reads all sources of an object.
pub(super) fn find(
    place: &Document<'_, '_>,
    root: NodeId,
    object: &ObjectContainer,
    at: &Pointer,
    found: &mut Vec<Found>,
) {
    for (source, pointer) in sources(place, root, &object.kind, at) {
        find_source(place, source, &pointer, Some(object), Format::Application, found);
    }
}

/// Reads what one source sets; a file of overrides has the same form.
pub(super) fn find_source(
    place: &Document<'_, '_>,
    source: NodeId,
    at: &Pointer,
    object: Option<&ObjectContainer>,
    format: Format,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    if let Some(helm) = tree.get(source, "helm") {
        let at = at.child("helm");
        let scope = |base: Pointer| Scope { format, base, object, lone_tags: true };
        if let Some(values) = tree.get(helm, "values") {
            let pointer = at.child("values");
            values::find_nested(place, values, &pointer, &scope(pointer.clone()), found);
        }
        if let Some(values) = tree.get(helm, "valuesObject").and_then(|values| tree.follow(values)) {
            values::find(place, values, &scope(at.child("valuesObject")), found);
        }
        if let Some(list) = tree.get(helm, "parameters") {
            parameters(place, list, &at.child("parameters"), object, format, found);
        }
    }
    let images = tree.get(source, "kustomize").and_then(|kustomize| tree.get(kustomize, "images"));
    if let Some(images) = images {
        // As kustomize has them, instead of `old=new:tag`.
        super::kustomize::entries(place, images, &at.child("kustomize").child("images"), object, found);
    }
    for (index, item) in images.map(|images| tree.items(images)).unwrap_or_default().iter().enumerate() {
        let Some(text) = tree.scalar(*item) else { continue };
        let (old, new) = text.split_once('=').map_or((None, text), |(old, new)| (Some(old), new));
        let Some(image) = parts::read(new) else { continue };
        let pointer = at.child("kustomize").child("images").child(index);
        found.push(Found {
            file: place.path.to_owned(),
            document: place.document,
            pointer: pointer.clone(),
            format,
            matches: Some(old.unwrap_or(&image.repository).to_owned()),
            object: object.cloned(),
            line: tree.node(*item).line,
            image,
            written: Written::Scalar(pointer),
            slot: Vec::new(),
            within: None,
        });
    }
}

/// One of `helm.parameters`.
struct Parameter<'t> {
    path: Vec<String>,
    value: &'t str,
    pointer: Pointer,
    line: usize,
}

/// Reads parameters as the values that they stand for: those of one mapping make one reference.
fn parameters(
    place: &Document<'_, '_>,
    list: NodeId,
    at: &Pointer,
    object: Option<&ObjectContainer>,
    format: Format,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    let read = |(index, item): (usize, &NodeId)| {
        let path = path_of(tree.get_scalar(*item, "name")?);
        let value = tree.get(*item, "value")?;
        let pointer = at.child(index).child("value");
        Some(Parameter { path, value: tree.scalar(value)?, pointer, line: tree.node(value).line })
    };
    let all: Vec<Parameter<'_>> = tree.items(list).iter().take(MAX_PER_FILE).enumerate().filter_map(read).collect();
    let mut parents: Vec<&[String]> = all.iter().filter_map(|one| Some(one.path.split_last()?.1)).collect();
    parents.sort();
    parents.dedup();
    for parent in parents {
        let of_parent: Vec<&Parameter<'_>> =
            all.iter().filter(|one| one.path.split_last().is_some_and(|(_, above)| above == parent)).collect();
        let leaves: Vec<Leaf<'_>> = of_parent
            .iter()
            .map(|one| Leaf { key: one.path.last().map_or("", String::as_str), value: one.value })
            .collect();
        let named = parent.iter().rev().take(2).any(|step| parts::names_image(step));
        for group in parts::groups(&leaves, named) {
            let Some((image, whole)) = values::reference(&group, &leaves) else { continue };
            let pointer = |at: Option<usize>| at.and_then(|at| Some(of_parent.get(at)?.pointer.clone()));
            let keys = Keys {
                registry: pointer(group.registry),
                repository: pointer(group.repository.or(group.image)),
                tag: pointer(group.tag),
                digest: pointer(group.digest),
            };
            let main =
                [group.tag, group.digest, group.image, group.repository, group.registry].into_iter().flatten().next();
            let Some(main) = main.and_then(|at| of_parent.get(at)) else { continue };
            let slot: Vec<String> =
                parent.iter().cloned().chain((!group.stem.is_empty()).then(|| group.stem.clone())).collect();
            let written = match (&keys.repository, whole) {
                (Some(scalar), true) => Written::Scalar(scalar.clone()),
                _ => Written::Keys(keys),
            };
            found.push(Found {
                file: place.path.to_owned(),
                document: place.document,
                pointer: main.pointer.clone(),
                format,
                image,
                matches: None,
                object: object.map(|object| ObjectContainer { container: slot.join("."), ..object.clone() }),
                line: main.line,
                written,
                slot,
                within: None,
            });
        }
    }
}

/// The path that a parameter's name stands for: `a.b[0].c\.d` is a, b, 0, c.d.
fn path_of(name: &str) -> Vec<String> {
    let (mut path, mut step, mut escaped) = (Vec::new(), String::new(), false);
    for c in name.chars() {
        match c {
            _ if escaped => {
                step.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' | ']' => {
                if !step.is_empty() {
                    path.push(std::mem::take(&mut step));
                }
            }
            _ => step.push(c),
        }
    }
    if !step.is_empty() {
        path.push(step);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::images::{NewVersion, bump, find};
    use crate::formats::yaml::Tree;
    use rstest::rstest;

    fn application(helm: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n  source:\n    path: charts/web\n{helm}"
        )
    }

    fn bumped(path: &str, before: &str) -> String {
        let tree = Tree::parse(before.as_bytes()).unwrap();
        let all = find(path, &tree);
        assert_eq!(all.len(), 1, "{all:#?}");
        let edit = bump(&all[0], &tree, &NewVersion::parse("v2").unwrap()).unwrap();
        let applied = edit.apply(before.as_bytes()).unwrap();
        assert!(edit.is_applied(&applied.bytes) && !edit.is_applied(before.as_bytes()));
        let text = serde_json::to_string(&edit).unwrap();
        assert_eq!(serde_json::from_str::<crate::formats::images::Edit>(&text).unwrap(), edit);
        String::from_utf8(applied.bytes).unwrap()
    }

    #[rstest]
    #[case::values(
        "    helm:\n      values: |\n        # the image\n        image:\n          repository: r/web\n          tag: v1 # c\n        replicas: 2\n"
    )]
    #[case::values_string("    helm:\n      values: |-\n        web:\n          image: \"r/web:v1\"\n")]
    #[case::object("    helm:\n      valuesObject:\n        image:\n          tag: 'v1'\n")]
    #[case::parameters(
        "    helm:\n      parameters:\n      - name: replicas\n        value: \"2\"\n      - name: image.tag\n        value: v1\n      - {name: image.repository, value: r/web}\n"
    )]
    #[case::whole_parameter("    helm:\n      parameters:\n      - name: web.image\n        value: r/web:v1\n")]
    #[case::images("    kustomize:\n      images:\n      - web=r/web:v1\n")]
    #[case::image("    kustomize:\n      images: [\"r:5000/web:v1\"]\n")]
    fn each_way_to_say_it(#[case] source: &str) {
        let before = application(source);
        assert_eq!(
            bumped("app.yaml", &before),
            before.replace("v1\n", "v2\n").replace("v1 #", "v2 #").replace("v1\"", "v2\"").replace("v1'", "v2'")
        );
    }

    #[test]
    fn sources_and_sets_and_overrides() {
        let many = application("").replace(
            "  source:\n    path: charts/web\n",
            "  sources:\n  - ref: values\n  - chart: web\n    helm:\n      valuesObject: {image: {repository: r/web, tag: v1}}\n",
        );
        assert!(bumped("app.yaml", &many).contains("tag: v2"));
        let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: web}\nspec:\n  template:\n    metadata: {name: '{{name}}-web'}\n    spec:\n      source:\n        helm:\n          parameters:\n          - name: image.tag\n            value: v1\n";
        assert!(bumped("set.yaml", set).contains("value: v2"));
        let over = "helm:\n  parameters:\n  - name: image.name\n    value: r/web\n    forcestring: true\n  - name: image.tag\n    value: v1\n    forcestring: true\n";
        assert_eq!(bumped("charts/web/.argocd-source-web.yaml", over), over.replace("v1", "v2"));
        let images = "kustomize:\n  images:\n  - r/web:v1\n";
        assert_eq!(bumped("web/.argocd-source-web.yaml", images), images.replace("v1", "v2"));
        assert_eq!(overrides("a/.argocd-source.yaml"), Some(None));
        assert_eq!(overrides("a/.argocd-source-web.yaml"), Some(Some("web")));
        assert_eq!(overrides("a/values.yaml"), None);
    }

    #[test]
    fn names_of_parameters_are_paths() {
        assert_eq!(path_of("a.b[0].c\\.d"), ["a", "b", "0", "c.d"]);
        assert!(path_of("..").is_empty());
    }
}
