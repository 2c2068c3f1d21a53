//! A small kustomize: folders of manifests to objects.
//!
//! It knows resources (files, folders, relative bases), namespace, images, labels, annotations, replicas and patches. A field that
//! it does not know is an error, because a render that silently leaves something out would be a lie.
//!
//! Invariant: pure; the same files give the same objects in the same order. It reads nothing outside the given files.

mod images;
mod patches;

use super::{Error, source::Files};
use crate::sim::controllers::object::{items, name, set, text};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Names of a kustomization file.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Deeper bases are a cycle.
const DEPTH: usize = 20;

/// The objects of a folder, whether it has a kustomization or not.
pub fn render(files: &Files, path: &str) -> Result<Vec<Value>, Error> {
    let folder = resolve("", path).ok_or_else(|| failed(path, "the path leaves the repository"))?;
    let inside = |file: &str| folder.is_empty() || file.starts_with(&format!("{folder}/"));
    if !files.keys().any(|f| inside(f)) {
        return Err(Error::Source {
            what: format!("path ./{folder}"),
            why: "kustomization path not found: no such file or directory".into(),
        });
    }
    if kustomization(files, &folder).is_some() { build(files, &folder, 0) } else { scan(files, &folder) }
}

fn failed(path: &str, why: impl Into<String>) -> Error {
    Error::Build { path: path.to_owned(), why: why.into() }
}

fn kustomization<'a>(files: &'a Files, folder: &str) -> Option<(String, &'a String)> {
    KUSTOMIZATIONS.iter().map(|n| join(folder, n)).find_map(|path| files.get(&path).map(|text| (path, text)))
}

/// Every manifest below a folder without a kustomization; folders that have one are built.
fn scan(files: &Files, folder: &str) -> Result<Vec<Value>, Error> {
    let mut objects = Vec::new();
    let mut built: Vec<String> = Vec::new();
    for (path, text) in files.iter().filter(|(f, _)| folder.is_empty() || f.starts_with(&format!("{folder}/"))) {
        let parent = path.rsplit_once('/').map_or("", |(p, _)| p);
        if built.iter().any(|b| parent == b || parent.starts_with(&format!("{b}/"))) {
            continue;
        }
        if kustomization(files, parent).is_some() {
            built.push(parent.to_owned());
            objects.extend(build(files, parent, 0)?);
        } else {
            objects.extend(manifests(path, text)?);
        }
    }
    Ok(objects)
}

/// The objects of one file.
fn manifests(path: &str, text: &str) -> Result<Vec<Value>, Error> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(|e| failed(path, e.to_string()))?;
        if value.is_null() {
            continue;
        }
        if text_of(&value, "kind").is_empty() || text_of(&value, "apiVersion").is_empty() {
            return Err(failed(path, "missing Resource metadata: apiVersion and kind are needed"));
        }
        if text_of(&value, "kind").ends_with("List") && value["items"].is_array() {
            objects.extend(items(&value, "/items").iter().cloned());
        } else if name(&value).is_empty() {
            return Err(failed(path, "missing metadata.name in object"));
        } else {
            objects.push(value);
        }
    }
    Ok(objects)
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn build(files: &Files, folder: &str, depth: usize) -> Result<Vec<Value>, Error> {
    let Some((path, source)) = kustomization(files, folder).filter(|_| depth < DEPTH) else {
        return Err(failed(
            folder,
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization'",
        ));
    };
    let file: Value = serde_yaml::from_str(source).map_err(|e| failed(&path, e.to_string()))?;
    let fields = file.as_object().ok_or_else(|| failed(&path, "the file is no map"))?;
    let mut objects = Vec::new();
    for entry in items(&file, "/resources").iter().chain(items(&file, "/bases")) {
        let entry = entry.as_str().unwrap_or_default();
        let target = resolve(folder, entry).ok_or_else(|| failed(&path, format!("'{entry}' leaves the repository")))?;
        let found = match files.get(&target) {
            Some(text) => manifests(&target, text)?,
            None if kustomization(files, &target).is_some() => build(files, &target, depth + 1)?,
            None => {
                let why = format!("accumulating resources from '{entry}': no such file or directory");
                return Err(failed(&path, why));
            }
        };
        objects.extend(found);
    }
    for (field, value) in fields {
        let known = ["apiVersion", "kind", "metadata", "resources", "bases", "patches", "patchesStrategicMerge"];
        if !known.contains(&field.as_str()) && !SIMPLE.contains(&field.as_str()) {
            return Err(failed(&path, format!("field '{field}' is not supported here")));
        }
        if matches!(field.as_str(), "patches" | "patchesStrategicMerge") {
            patches::apply(files, folder, &path, value, &mut objects)?;
        }
    }
    for object in &mut objects {
        transform(object, &file);
    }
    Ok(objects)
}

/// Fields that change each object by itself.
const SIMPLE: [&str; 6] = ["namespace", "images", "commonLabels", "commonAnnotations", "labels", "replicas"];

fn transform(object: &mut Value, file: &Value) {
    let namespaced = crate::sim::resource::resource_of_kind(text(object, "/apiVersion"), text(object, "/kind"));
    if let Some(space) = file["namespace"].as_str()
        && namespaced.is_none_or(|r| r.namespaced)
    {
        set(object, &["metadata", "namespace"], space);
    }
    let pairs = |v: &Value| v.as_object().cloned().unwrap_or_default();
    label(object, &pairs(&file["commonLabels"]), true, true);
    for entry in items(file, "/labels") {
        let selectors = entry["includeSelectors"] == true;
        label(object, &pairs(&entry["pairs"]), selectors, selectors || entry["includeTemplates"] == true);
    }
    for (key, value) in pairs(&file["commonAnnotations"]) {
        set(object, &["metadata", "annotations", key.as_str()], value.clone());
        if object["spec"]["template"].is_object() {
            set(object, &["spec", "template", "metadata", "annotations", key.as_str()], value);
        }
    }
    for entry in items(file, "/replicas") {
        let scalable = matches!(text(object, "/kind"), "Deployment" | "StatefulSet" | "ReplicaSet");
        if scalable && text_of(entry, "name") == name(object) {
            set(object, &["spec", "replicas"], entry["count"].clone());
        }
    }
    for entry in items(file, "/images") {
        images::replace(object, entry);
    }
}

fn label(object: &mut Value, pairs: &Map<String, Value>, selectors: bool, templates: bool) {
    for (key, value) in pairs {
        set(object, &["metadata", "labels", key.as_str()], value.clone());
        if templates && object["spec"]["template"].is_object() {
            set(object, &["spec", "template", "metadata", "labels", key.as_str()], value.clone());
        }
        if selectors && object["spec"]["selector"].is_object() {
            let plain = text(object, "/kind") == "Service";
            let path: &[&str] =
                if plain { &["spec", "selector", key] } else { &["spec", "selector", "matchLabels", key] };
            set(object, path, value.clone());
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path relative to a folder, without `.` and `..`; `None` when it leaves the repository.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect()
    }

    const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: app\n        image: registry.example/shop/web:0\n";

    #[test]
    fn an_overlay_sets_namespace_image_labels_and_patches() {
        let files = files(&[
            ("apps/web/deployment.yaml", BASE),
            ("apps/web/kustomization.yaml", "resources: [deployment.yaml]\ncommonLabels: {team: a}\n"),
            (
                "env/prod/kustomization.yaml",
                "namespace: shop\nresources:\n- ../../apps/web\nimages:\n- name: registry.example/shop/web\n  newTag: 1.2.3\nreplicas:\n- {name: web, count: 4}\npatches:\n- path: more.yaml\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {by: patch}\n",
            ),
            (
                "env/prod/more.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        env: [{name: A, value: b}]\n",
            ),
        ]);
        let objects = render(&files, "./env/prod").unwrap();
        let web = &objects[0];
        assert_eq!(text(web, "/metadata/namespace"), "shop");
        assert_eq!(text(web, "/spec/template/spec/containers/0/image"), "registry.example/shop/web:1.2.3");
        assert_eq!(text(web, "/spec/template/spec/containers/0/env/0/value"), "b");
        assert_eq!(text(web, "/spec/selector/matchLabels/team"), "a");
        assert_eq!(text(web, "/metadata/annotations/by"), "patch");
        assert_eq!(web["spec"]["replicas"], json!(4));
    }

    #[test]
    fn a_plain_folder_is_all_its_manifests() {
        let files = files(&[
            ("plain/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# nothing\n"),
            ("plain/b.yml", BASE),
        ]);
        assert_eq!(render(&files, "plain").unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_built_says_why() {
        let bad = |text: &str| render(&files(&[("a/kustomization.yaml", text)]), "a").unwrap_err().to_string();
        assert!(bad("resources: [gone.yaml]").contains("accumulating resources from 'gone.yaml'"));
        assert!(bad("helmCharts: []").contains("'helmCharts' is not supported"));
        assert!(bad("resources: [../../x]").contains("leaves the repository"));
        assert!(render(&files(&[]), "nowhere").unwrap_err().to_string().contains("path not found"));
    }
}
