//! Owners of rows, from the few labels and annotations that a slim object keeps.

use crate::{
    formats,
    model::{Kind, Owner},
    wire::Metadata,
};
use serde_json::{Map, Value, json};

/// Who else writes the object of this kind.
pub(super) fn owner(kind: Kind, metadata: &Metadata) -> Option<Owner> {
    // Most objects of most clusters bear no mark at all: they cost nothing.
    let marked = |key: &str| key.contains("toolkit.fluxcd.io/") || key.starts_with("meta.helm.sh/");
    let argo = metadata.annotations.contains_key("argocd.argoproj.io/tracking-id");
    if !argo && !metadata.labels.keys().chain(metadata.annotations.keys()).any(|key| marked(key)) {
        return None;
    }
    let map = |from: &std::collections::BTreeMap<Box<str>, Box<str>>| -> Map<String, Value> {
        from.iter().map(|(key, value)| (key.to_string(), Value::from(&**value))).collect()
    };
    formats::owner::owner(&json!({
        "apiVersion": kind.api_version(), "kind": kind.as_str(),
        "metadata": {
            "name": metadata.name, "namespace": metadata.namespace,
            "labels": map(&metadata.labels), "annotations": map(&metadata.annotations),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_survive_slimming() {
        let of = |labels: Value, annotations: Value| {
            let metadata = json!({"name": "a", "namespace": "b", "labels": labels, "annotations": annotations});
            owner(Kind::Deployment, &serde_json::from_value(metadata).unwrap()).map(|owner| owner.to_string())
        };
        let flux = json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "apps"});
        assert_eq!(of(flux, json!(null)).as_deref(), Some("flux apps/shop"));
        let helm = json!({"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"});
        assert_eq!(of(json!({"app.kubernetes.io/managed-by": "Helm"}), helm).as_deref(), Some("helm prod/shop"));
        let argo = json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:b/a"});
        assert_eq!(of(json!({}), argo).as_deref(), Some("argo shop"));
        assert_eq!(of(json!({"app": "a"}), json!({})), None);
    }
}
