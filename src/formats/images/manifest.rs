//! Containers of plain manifests: every kind that embeds a pod template, and lists of them.

use super::{Document, Format, Found, MAX_PER_FILE, ObjectContainer};
use crate::formats::yaml::{NodeId, Pointer};
use crate::model::image::ImageReference;

/// Lists within lists deeper than this are not written by anybody.
const MAX_LIST_DEPTH: usize = 3;

/// Where a kind keeps its pod spec; `None` for kinds without containers.
fn pod_spec_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" | "Rollout" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        "PodTemplate" => Some(&["template", "spec"]),
        _ => None,
    }
}

/// Reads the containers of an object, or of the objects in a list.
pub(super) fn find(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    object(place, root, &Pointer::root(), MAX_LIST_DEPTH, found);
}

fn object(place: &Document<'_, '_>, id: NodeId, at: &Pointer, depth: usize, found: &mut Vec<Found>) {
    let tree = place.tree;
    let Some(kind) = tree.get_scalar(id, "kind") else { return };
    if kind == "List" || kind.strip_suffix("List").is_some_and(|item| pod_spec_path(item).is_some()) {
        let (Some(depth), Some(items)) = (depth.checked_sub(1), tree.get(id, "items")) else { return };
        for (index, item) in tree.items(items).iter().enumerate() {
            if found.len() >= MAX_PER_FILE {
                return;
            }
            object(place, *item, &at.child("items").child(index), depth, found);
        }
        return;
    }
    let Some(path) = pod_spec_path(kind) else { return };
    let mut spec = id;
    let mut pointer = at.clone();
    for step in path {
        let Some(next) = tree.get(spec, step) else { return };
        spec = next;
        pointer = pointer.child(step);
    }
    let metadata = tree.get(id, "metadata");
    let text = |key: &str| metadata.and_then(|metadata| tree.get_scalar(metadata, key)).filter(|text| !text.is_empty());
    let name = text("name").or_else(|| text("generateName")).unwrap_or_default();
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let Some(containers) = tree.get(spec, list) else { continue };
        for (index, container) in tree.items(containers).iter().enumerate() {
            let Some(value) = tree.get(*container, "image") else { continue };
            let Some(Ok(image)) = tree.scalar(value).map(|text| ImageReference::parse(text.trim())) else { continue };
            found.push(Found {
                file: place.path.to_owned(),
                document: place.document,
                pointer: pointer.child(list).child(index).child("image"),
                format: Format::Manifest,
                image,
                matches: None,
                object: Some(ObjectContainer {
                    kind: kind.to_owned(),
                    namespace: text("namespace").map(str::to_owned),
                    name: name.to_owned(),
                    container: tree.get_scalar(*container, "name").unwrap_or_default().to_owned(),
                }),
                line: tree.node(value).line,
            });
            if found.len() >= MAX_PER_FILE {
                return;
            }
        }
    }
}
