//! The `images` transformer: new names, tags and digests.
//!
//! Invariant: an image matches by its whole name, registry and port included; a digest wins over a tag.

use serde_json::Value;

/// Rewrites every matching image below an object.
pub fn replace(object: &mut Value, entry: &Value) {
    match object {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if matches!(key.as_str(), "containers" | "initContainers")
                    && let Some(list) = value.as_array_mut()
                {
                    for image in list.iter_mut().filter_map(|c| c.get_mut("image")) {
                        if let Some(new) = image.as_str().and_then(|old| rewritten(old, entry)) {
                            *image = new.into();
                        }
                    }
                } else {
                    replace(value, entry);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| replace(v, entry)),
        _ => {}
    }
}

fn rewritten(image: &str, entry: &Value) -> Option<String> {
    let (name, suffix) = split(image);
    if entry["name"] != name {
        return None;
    }
    let name = entry["newName"].as_str().unwrap_or(name);
    // A tag such as 1.10 is a number in YAML unless it is quoted; kustomize takes it as it is written.
    let tag =
        entry["newTag"].as_str().map(str::to_owned).or_else(|| entry["newTag"].as_number().map(ToString::to_string));
    Some(match (entry["digest"].as_str(), tag) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, Some(tag)) => format!("{name}:{tag}"),
        (None, None) => format!("{name}{suffix}"),
    })
}

/// The name, and `:tag` or `@digest` with what leads to it.
fn split(image: &str) -> (&str, &str) {
    let end = image.find('@').unwrap_or(image.len());
    let slash = image[..end].rfind('/').map_or(0, |at| at + 1);
    let at = image[slash..end].find(':').map_or(end, |colon| slash + colon);
    image.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_keep_their_ports() {
        let entry = json!({"name": "localhost:5000/shop/web", "newTag": "2"});
        assert_eq!(rewritten("localhost:5000/shop/web:1", &entry).as_deref(), Some("localhost:5000/shop/web:2"));
        assert_eq!(rewritten("shop/web:1", &entry), None);
        let digest = json!({"name": "web", "newName": "other/web", "digest": "sha256:ab"});
        assert_eq!(rewritten("web:1@sha256:cd", &digest).as_deref(), Some("other/web@sha256:ab"));
    }
}
