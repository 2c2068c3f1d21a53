//! Bringing rendered objects into the store, and taking away what is no longer rendered.
//!
//! Invariant: an object that says `reconcile: disabled` or `ssa: Ignore`, by a label or an annotation, is left alone, and nothing without this Kustomization's
//! labels is pruned.

use super::{Error, merge, resource_of};
use crate::sim::{
    controllers::object::{annotation, flag, label, name, namespace, set, terminating, text},
    resource::{Propagation, Resource},
    store::{DeleteOptions, Part, Store},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

const NAME: &str = "kustomize.toolkit.fluxcd.io/name";
const NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// The object as this Kustomization wants it: in its target namespace and with its labels.
pub fn owned(mut object: Value, kustomization: &Value) -> Value {
    let target = text(kustomization, "/spec/targetNamespace");
    let namespaced = resource_of(&object).is_ok_and(|r| r.namespaced);
    if namespaced && !target.is_empty() {
        set(&mut object, &["metadata", "namespace"], target);
    } else if namespaced && namespace(&object).is_empty() {
        set(&mut object, &["metadata", "namespace"], "default");
    }
    set(&mut object, &["metadata", "labels", NAME], name(kustomization));
    set(&mut object, &["metadata", "labels", NAMESPACE], namespace(kustomization));
    object
}

/// `<namespace>_<name>_<group>_<kind>`, as inventories write it.
fn identifier(resource: &Resource, object: &Value) -> String {
    format!("{}_{}_{}_{}", namespace(object), name(object), resource.group, resource.kind)
}

/// Namespaces and definitions first, then what others refer to, then the rest, routes last.
fn rank(object: &Value) -> u8 {
    match text(object, "/kind") {
        "Namespace" | "CustomResourceDefinition" => 0,
        "ResourceQuota" | "ServiceAccount" | "Secret" | "ConfigMap" | "PersistentVolumeClaim" => 1,
        "Service" => 2,
        "HTTPRoute" | "HorizontalPodAutoscaler" | "PodDisruptionBudget" => 4,
        _ => 3,
    }
}

/// Applies all objects; answers their identifiers. Refused objects are reported together, the others are applied.
pub fn apply(
    store: &Store,
    kustomization: &Value,
    objects: &[Arc<Value>],
    applied: &mut BTreeMap<String, Arc<Value>>,
) -> Result<Vec<String>, Error> {
    let mut sorted: Vec<_> = objects.iter().collect();
    sorted.sort_by_key(|o| rank(o));
    let (mut inventory, mut refused) = (Vec::new(), Vec::new());
    for object in sorted {
        let resource = resource_of(object)?;
        let id = identifier(resource, object);
        match write(store, resource, object, applied.get(&id).map(|a| &**a)) {
            Ok(written) => {
                if written {
                    applied.insert(id.clone(), Arc::clone(object));
                }
            }
            Err(why) => {
                refused.push(format!("{}/{}/{} dry-run failed: {why}", resource.kind, namespace(object), name(object)))
            }
        }
        inventory.push(id);
    }
    inventory.sort();
    inventory.dedup();
    if flag(kustomization, "/spec/prune") && refused.is_empty() {
        for id in known(kustomization).into_iter().chain(applied.keys().cloned()).filter(|id| !inventory.contains(id)) {
            prune(store, kustomization, &id);
        }
        applied.retain(|id, _| inventory.contains(id));
    }
    if refused.is_empty() { Ok(inventory) } else { Err(Error::Apply(refused.join("\n"))) }
}

/// The identifiers in the Kustomization's inventory.
fn known(kustomization: &Value) -> Vec<String> {
    let entries = crate::sim::controllers::object::items(kustomization, "/status/inventory/entries");
    entries.iter().map(|e| text(e, "/id").to_owned()).collect()
}

/// Creates or merges one object; false when it is told to leave it alone.
fn write(store: &Store, resource: &'static Resource, wanted: &Value, before: Option<&Value>) -> Result<bool, String> {
    let Some(live) = store.get(resource, namespace(wanted), name(wanted)) else {
        return store.create(resource, wanted.clone()).map(|_| true).map_err(|status| status.message);
    };
    // Labels and annotations are looked at alike.
    let says = |o: &Value, key: &str, value: &str| {
        [label(o, key), annotation(o, key)].into_iter().flatten().any(|said| said.eq_ignore_ascii_case(value))
    };
    let disabled = |o: &Value| {
        says(o, "kustomize.toolkit.fluxcd.io/reconcile", "disabled")
            || ["Ignore", "IfNotPresent"].iter().any(|value| says(o, "kustomize.toolkit.fluxcd.io/ssa", value))
    };
    if disabled(&live) || disabled(wanted) || terminating(&live) {
        return Ok(false);
    }
    let edit = |o: &mut Value| {
        merge::apply(o, before, wanted);
        Ok(())
    };
    store
        .update(resource, namespace(wanted), name(wanted), Part::Whole, None, edit)
        .map(|_| true)
        .map_err(|s| s.message)
}

fn prune(store: &Store, kustomization: &Value, id: &str) {
    let parts: Vec<&str> = id.split('_').collect();
    let [space, own, group, kind] = parts.as_slice() else { return };
    let resources = crate::sim::resource::resources::ALL.iter().copied();
    let Some(resource) = resources.into_iter().find(|r| r.group == *group && r.kind == *kind) else { return };
    let Some(live) = store.get(resource, space, own) else { return };
    let ours =
        label(&live, NAME) == Some(name(kustomization)) && label(&live, NAMESPACE) == Some(namespace(kustomization));
    let kept = annotation(&live, "kustomize.toolkit.fluxcd.io/prune") == Some("disabled");
    if ours && !kept {
        let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
        // Gone already is as good.
        let _ = store.delete(resource, space, own, options);
    }
}
