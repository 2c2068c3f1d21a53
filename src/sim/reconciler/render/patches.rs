//! Patches: strategic merge documents and JSON patches, in files or inline.
//!
//! Invariant: a patch that matches nothing is an error.

use super::{failed, resolve, text_of};
use crate::sim::{
    controllers::object::{name, namespace},
    reconciler::{Error, merge, source::Files},
};
use serde::Deserialize;
use serde_json::Value;

/// Applies the entries of `patches` or `patchesStrategicMerge`.
pub fn apply(files: &Files, folder: &str, path: &str, entries: &Value, objects: &mut Vec<Value>) -> Result<(), Error> {
    for entry in entries.as_array().into_iter().flatten() {
        let (text, target) = read(files, folder, path, entry)?;
        for document in serde_yaml::Deserializer::from_str(&text) {
            let patch = Value::deserialize(document).map_err(|e| failed(path, e.to_string()))?;
            if patch.is_array() {
                json_patch(path, &patch, target, objects)?;
            } else if patch.is_object() {
                strategic(path, &patch, target, objects)?;
            }
        }
    }
    Ok(())
}

fn read<'a>(files: &Files, folder: &str, path: &str, entry: &'a Value) -> Result<(String, Option<&'a Value>), Error> {
    let file = |relative: &str| {
        let found = resolve(folder, relative).and_then(|p| files.get(&p)).cloned();
        found.ok_or_else(|| failed(path, format!("patch file '{relative}': no such file or directory")))
    };
    match entry.as_str() {
        Some(inline) if inline.contains('\n') => Ok((inline.to_owned(), None)),
        Some(relative) => Ok((file(relative)?, None)),
        None => {
            let target = entry.get("target");
            match entry["patch"].as_str() {
                Some(inline) => Ok((inline.to_owned(), target)),
                None => Ok((file(text_of(entry, "path"))?, target)),
            }
        }
    }
}

fn selects(target: &Value, object: &Value) -> bool {
    let field = |key: &str, value: &str| target[key].as_str().is_none_or(|wanted| wanted == value);
    let group = text_of(object, "apiVersion").split_once('/').map_or("", |(g, _)| g);
    field("kind", text_of(object, "kind"))
        && field("name", name(object))
        && field("namespace", namespace(object))
        && field("group", group)
}

fn strategic(path: &str, patch: &Value, target: Option<&Value>, objects: &mut Vec<Value>) -> Result<(), Error> {
    let mut hit = false;
    let matches = |object: &Value| match target {
        Some(target) => selects(target, object),
        None => text_of(patch, "kind") == text_of(object, "kind") && name(patch) == name(object),
    };
    if patch["$patch"] == "delete" {
        let before = objects.len();
        objects.retain(|o| !matches(o));
        hit = objects.len() < before;
    } else {
        let mut change = patch.clone();
        if let Some(map) = change.as_object_mut().filter(|_| target.is_some()) {
            // With a target, the patch's own name is only a placeholder.
            map.shift_remove("kind");
            map.shift_remove("apiVersion");
            if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.shift_remove("name");
            }
        }
        for object in objects.iter_mut().filter(|o| matches(o)) {
            hit = true;
            merge::patch(object, &change);
        }
    }
    if hit {
        Ok(())
    } else {
        Err(failed(path, format!("no matches for patch of {} {}", text_of(patch, "kind"), name(patch))))
    }
}

fn json_patch(path: &str, patch: &Value, target: Option<&Value>, objects: &mut [Value]) -> Result<(), Error> {
    let target = target.ok_or_else(|| failed(path, "a JSON patch needs a target"))?;
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(|e| failed(path, e.to_string()))?;
    let mut hit = false;
    for object in objects.iter_mut().filter(|o| selects(target, o)) {
        hit = true;
        json_patch::patch(object, &patch).map_err(|e| failed(path, e.to_string()))?;
    }
    if hit { Ok(()) } else { Err(failed(path, format!("no matches for patch target {target}"))) }
}
