//! Objects: the containers of every kind that embeds a pod template, custom resources that name images, and lists of objects.

use super::values::{self, Scope};
use super::{Document, Format, Found, MAX_PER_FILE, ObjectContainer, Written, application, helm_release, parts};
use crate::formats::yaml::{Kind, NodeId, Pointer};

/// Lists within lists deeper than this are not written by anybody.
const MAX_LIST_DEPTH: usize = 3;

/// Kinds that name images or tags which nothing runs: what to scan, what to fetch, what to allow.
const NOT_RUN: [&str; 12] = [
    "CustomResourceDefinition",
    "ImageRepository",
    "ImagePolicy",
    "ImageUpdateAutomation",
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "HelmChart",
    "ImageStream",
    "ImageStreamTag",
    "ClusterImagePolicy",
    "Secret",
];

/// Where a kind keeps its pod spec; `None` for kinds without containers.
fn pod_spec_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" | "Rollout" => {
            Some(&["spec", "template", "spec"])
        }
        "DeploymentConfig" => Some(&["spec", "template", "spec"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        "PodTemplate" => Some(&["template", "spec"]),
        _ => None,
    }
}

/// The objects of a document: itself, or those in a list, with kind and place.
pub(in crate::formats) fn objects<'t>(place: &Document<'t, '_>, root: NodeId) -> Vec<(NodeId, &'t str, Pointer)> {
    let mut objects = Vec::new();
    object(place, root, &Pointer::root(), MAX_LIST_DEPTH, &mut objects);
    objects
}

fn object<'t>(
    place: &Document<'t, '_>,
    id: NodeId,
    at: &Pointer,
    depth: usize,
    objects: &mut Vec<(NodeId, &'t str, Pointer)>,
) {
    let tree = place.tree;
    let Some(kind) = tree.get_scalar(id, "kind") else { return };
    if kind == "List" || kind.strip_suffix("List").is_some_and(|item| pod_spec_path(item).is_some()) {
        let (Some(depth), Some(items)) = (depth.checked_sub(1), tree.get(id, "items")) else { return };
        for (index, item) in tree.items(items).iter().enumerate() {
            if objects.len() >= MAX_PER_FILE {
                return;
            }
            object(place, *item, &at.child("items").child(index), depth, objects);
        }
        return;
    }
    objects.push((id, kind, at.clone()));
}

/// Name and namespace of an object.
pub(in crate::formats) fn identity(place: &Document<'_, '_>, id: NodeId, kind: &str) -> ObjectContainer {
    let tree = place.tree;
    let metadata = tree.get(id, "metadata");
    let text = |key: &str| metadata.and_then(|metadata| tree.get_scalar(metadata, key)).filter(|text| !text.is_empty());
    ObjectContainer {
        kind: kind.to_owned(),
        namespace: text("namespace").map(str::to_owned),
        name: text("name").or_else(|| text("generateName")).unwrap_or_default().to_owned(),
        container: String::new(),
    }
}

/// Reads the objects of a document.
pub(super) fn find(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    for (id, kind, at) in objects(place, root) {
        if found.len() >= MAX_PER_FILE {
            return;
        }
        let identity = identity(place, id, kind);
        match (kind, pod_spec_path(kind)) {
            (_, Some(path)) => containers(place, id, &at, path, &identity, found),
            ("HelmRelease", _) => helm_release::find(place, id, &identity, &at, found),
            ("Application" | "ApplicationSet", _) if is_argo(place, id) => {
                application::find(place, id, &identity, &at, found);
            }
            ("ConfigMap", _) => data(place, id, &at, &identity, found),
            _ if NOT_RUN.contains(&kind) => {}
            _ => custom(place, id, &at, &identity, found),
        }
    }
}

/// Whether an object is Argo CD's.
pub(in crate::formats) fn is_argo(place: &Document<'_, '_>, id: NodeId) -> bool {
    place.tree.get_scalar(id, "apiVersion").is_some_and(|version| version.starts_with("argoproj.io/"))
}

fn containers(
    place: &Document<'_, '_>,
    id: NodeId,
    at: &Pointer,
    path: &[&str],
    identity: &ObjectContainer,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    let mut spec = id;
    let mut pointer = at.clone();
    for step in path {
        let Some(next) = tree.get(spec, step) else { return };
        spec = next;
        pointer = pointer.child(step);
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let Some(containers) = tree.get(spec, list) else { continue };
        for (index, container) in tree.items(containers).iter().enumerate() {
            let Some(value) = tree.get(*container, "image") else { continue };
            let Some(image) = tree.scalar(value).and_then(parts::read) else { continue };
            let pointer = pointer.child(list).child(index).child("image");
            let container = tree.get_scalar(*container, "name").unwrap_or_default().to_owned();
            found.push(Found {
                file: place.path.to_owned(),
                document: place.document,
                pointer: pointer.clone(),
                format: Format::Manifest,
                image,
                matches: None,
                object: Some(ObjectContainer { container, ..identity.clone() }),
                line: tree.node(value).line,
                written: Written::Scalar(pointer),
                slot: Vec::new(),
                within: None,
            });
            if found.len() >= MAX_PER_FILE {
                return;
            }
        }
    }
}

/// Values that a ConfigMap holds for a release.
fn data(place: &Document<'_, '_>, id: NodeId, at: &Pointer, identity: &ObjectContainer, found: &mut Vec<Found>) {
    let tree = place.tree;
    let Some(data) = tree.get(id, "data") else { return };
    for (key, value) in tree.entries(data) {
        let Some(key) = tree.scalar(*key).filter(|key| key.contains("values")) else { continue };
        let pointer = at.child("data").child(key);
        let scope = Scope { format: Format::Values, base: Pointer::root(), object: Some(identity), lone_tags: true };
        values::find_nested(place, *value, &pointer, &scope, found);
    }
}

/// Images that an object of some other kind names, wherever it does.
fn custom(place: &Document<'_, '_>, id: NodeId, at: &Pointer, identity: &ObjectContainer, found: &mut Vec<Found>) {
    let tree = place.tree;
    if let Some(("kustomize.toolkit.fluxcd.io", _)) = tree.get_scalar(id, "apiVersion").and_then(|v| v.split_once('/'))
    {
        if let Some(images) = tree.get(id, "spec").and_then(|spec| tree.get(spec, "images")) {
            super::kustomize::entries(place, images, &at.child("spec").child("images"), Some(identity), found);
        }
        return;
    }
    for (key, value) in tree.entries(id) {
        let Some(key) = tree.scalar(*key) else { continue };
        if matches!(key, "apiVersion" | "kind" | "metadata" | "status") {
            continue;
        }
        let base = at.child(key);
        let scope = Scope { format: Format::Custom, base: base.clone(), object: Some(identity), lone_tags: false };
        match tree.node(*value).kind {
            Kind::Mapping(..) | Kind::Sequence(..) => values::find(place, *value, &scope, found),
            Kind::Scalar(..) | Kind::Alias(_) => {}
        }
    }
}
