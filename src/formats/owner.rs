//! Who else writes an object, read from the marks that reconcilers and release managers leave on it.
//!
//! Only marks that name the object beyond doubt count: a copied tracking annotation or the ambiguous label
//! `app.kubernetes.io/instance` proves nothing.

use crate::model::{Owner, OwnerKind};
use serde_json::Value;

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const HELM_CONTROLLER: &str = "helm.toolkit.fluxcd.io";

/// The owner of an object; where several left marks, the one that writes it again soonest.
pub fn owner(object: &Value) -> Option<Owner> {
    let flux = |kind, domain: &str| {
        let name = label(object, &format!("{domain}/name"))?;
        Some(named(kind, label(object, &format!("{domain}/namespace")).unwrap_or_default(), name))
    };
    flux(OwnerKind::Kustomization, KUSTOMIZE)
        .or_else(|| argo(object))
        .or_else(|| flux(OwnerKind::HelmRelease, HELM_CONTROLLER))
        .or_else(|| helm(object))
}

/// Whether the object tells its Flux Kustomization to leave it alone. Flux looks at labels and annotations alike.
pub fn exempt(object: &Value) -> bool {
    let marked = |key: &str, values: &[&str]| {
        let key = format!("{KUSTOMIZE}/{key}");
        [label(object, &key), annotation(object, &key)]
            .into_iter()
            .flatten()
            .any(|found| values.iter().any(|value| found.eq_ignore_ascii_case(value)))
    };
    marked("reconcile", &["disabled"]) || marked("ssa", &["Ignore", "IfNotPresent"])
}

/// Argo CD's tracking annotation: `application:group/Kind:namespace/name`. It is copied along with manifests, so that it
/// counts only where it names this very object.
fn argo(object: &Value) -> Option<Owner> {
    let mut parts = annotation(object, "argocd.argoproj.io/tracking-id")?.splitn(3, ':');
    let (application, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
    let api_version = object["apiVersion"].as_str()?;
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let itself = kind == format!("{group}/{}", object["kind"].as_str()?)
        && name
            == format!(
                "{}/{}",
                object["metadata"]["namespace"].as_str().unwrap_or_default(),
                object["metadata"]["name"].as_str()?
            );
    // An Application outside Argo CD's own namespace is written `namespace_name`; a name has no underscore.
    let (namespace, application) = application.split_once('_').unwrap_or(("", application));
    itself.then(|| named(OwnerKind::Application, namespace, application))
}

fn helm(object: &Value) -> Option<Owner> {
    let managed = label(object, "app.kubernetes.io/managed-by") == Some("Helm");
    let release = annotation(object, "meta.helm.sh/release-name")?;
    let namespace = annotation(object, "meta.helm.sh/release-namespace").unwrap_or_default();
    managed.then(|| named(OwnerKind::Helm, namespace, release))
}

fn named(kind: OwnerKind, namespace: &str, name: &str) -> Owner {
    Owner { kind, namespace: namespace.into(), name: name.into() }
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"].get(key)?.as_str()
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn deployment(labels: Value, annotations: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "checkout", "namespace": "shop", "labels": labels, "annotations": annotations}})
    }

    #[rstest]
    #[case(json!({}), json!({}), None)]
    #[case(json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "apps"}), json!({}), Some("flux apps/shop"))]
    #[case(json!({"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "apps", "app.kubernetes.io/managed-by": "Helm"}),
        json!({"meta.helm.sh/release-name": "shop"}), Some("flux apps/shop"))]
    #[case(json!({"app.kubernetes.io/managed-by": "Helm"}), json!({"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"}), Some("helm prod/shop"))]
    #[case(json!({}), json!({"meta.helm.sh/release-name": "shop"}), None)]
    #[case(json!({"app.kubernetes.io/instance": "shop"}), json!({}), None)]
    #[case(json!({}), json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/checkout"}), Some("argo shop"))]
    #[case(json!({}), json!({"argocd.argoproj.io/tracking-id": "team_shop:apps/Deployment:shop/checkout"}), Some("argo team/shop"))]
    #[case(json!({}), json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/cart"}), None)]
    #[case(json!({}), json!({"argocd.argoproj.io/tracking-id": "shop:apps/StatefulSet:shop/checkout"}), None)]
    #[case(json!({}), json!({"argocd.argoproj.io/tracking-id": "nonsense"}), None)]
    fn marks(#[case] labels: Value, #[case] annotations: Value, #[case] expected: Option<&str>) {
        let found = owner(&deployment(labels, annotations)).map(|owner| owner.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn objects_of_the_core_group_and_without_metadata() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b",
            "annotations": {"argocd.argoproj.io/tracking-id": "shop:/Service:b/a"}}});
        assert_eq!(owner(&service).map(|o| o.kind), Some(OwnerKind::Application));
        assert_eq!(owner(&json!({})), None);
        assert!(!exempt(&json!(null)));
    }

    #[rstest]
    #[case("reconcile", "disabled", true)]
    #[case("reconcile", "Disabled", true)]
    #[case("reconcile", "enabled", false)]
    #[case("ssa", "Ignore", true)]
    #[case("ssa", "IfNotPresent", true)]
    #[case("ssa", "Merge", false)]
    fn told_to_leave_it_alone(#[case] key: &str, #[case] value: &str, #[case] expected: bool) {
        let mark = json!({format!("kustomize.toolkit.fluxcd.io/{key}"): value});
        assert_eq!(exempt(&deployment(json!({}), mark.clone())), expected);
        assert_eq!(exempt(&deployment(mark, json!({}))), expected);
    }
}
