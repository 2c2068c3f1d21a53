//! Objects as rows, with the columns that kubectl shows for each kind.
//!
//! Invariant: a kind's cells are as many as its columns. Never writes; ages come from the clock that is handed in.

mod age;
mod network;
mod others;
mod pods;
mod workloads;

use super::resource::Resource;
use age::age;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A column: heading, type, and 0 for always or 1 for wide output only.
type Column = (&'static str, &'static str, u8);

/// How much of the object goes along with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
    /// Nothing.
    None,
}

const S: &str = "string";
const I: &str = "integer";

const NAME: Column = ("Name", S, 0);
const AGE: Column = ("Age", S, 0);
/// As a CustomResourceDefinition declares it.
const DATE: Column = ("Age", "date", 0);
const CONTAINERS: Column = ("Containers", S, 1);
const IMAGES: Column = ("Images", S, 1);
const SELECTOR: Column = ("Selector", S, 1);

/// The columns of a resource.
fn columns(r: &Resource) -> &'static [Column] {
    match (r.group, r.kind) {
        ("", "Pod") => &[
            NAME,
            ("Ready", S, 0),
            ("Status", S, 0),
            ("Restarts", S, 0),
            AGE,
            ("IP", S, 1),
            ("Node", S, 1),
            ("Nominated Node", S, 1),
            ("Readiness Gates", S, 1),
        ],
        ("apps", "Deployment") => {
            &[NAME, ("Ready", S, 0), ("Up-to-date", S, 0), ("Available", S, 0), AGE, CONTAINERS, IMAGES, SELECTOR]
        }
        ("apps", "ReplicaSet") => {
            &[NAME, ("Desired", I, 0), ("Current", I, 0), ("Ready", I, 0), AGE, CONTAINERS, IMAGES, SELECTOR]
        }
        ("apps", "StatefulSet") => &[NAME, ("Ready", S, 0), AGE, CONTAINERS, IMAGES],
        ("apps", "DaemonSet") => &[
            NAME,
            ("Desired", I, 0),
            ("Current", I, 0),
            ("Ready", I, 0),
            ("Up-to-date", I, 0),
            ("Available", I, 0),
            ("Node Selector", S, 0),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        ("apps", "ControllerRevision") => &[NAME, ("Controller", S, 0), ("Revision", S, 0), AGE],
        ("batch", "Job") => {
            &[NAME, ("Status", S, 0), ("Completions", S, 0), ("Duration", S, 0), AGE, CONTAINERS, IMAGES, SELECTOR]
        }
        ("batch", "CronJob") => &[
            NAME,
            ("Schedule", S, 0),
            ("Timezone", S, 0),
            ("Suspend", "boolean", 0),
            ("Active", I, 0),
            ("Last Schedule", S, 0),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        ("autoscaling", _) => &[
            NAME,
            ("Reference", S, 0),
            ("Targets", S, 0),
            ("MinPods", S, 0),
            ("MaxPods", S, 0),
            ("Replicas", S, 0),
            AGE,
        ],
        ("policy", _) => {
            &[NAME, ("Min Available", S, 0), ("Max Unavailable", S, 0), ("Allowed Disruptions", I, 0), AGE]
        }
        ("", "Service") => {
            &[NAME, ("Type", S, 0), ("Cluster-IP", S, 0), ("External-IP", S, 0), ("Port(s)", S, 0), AGE, SELECTOR]
        }
        ("", "Endpoints") => &[NAME, ("Endpoints", S, 0), AGE],
        ("discovery.k8s.io", _) => &[NAME, ("AddressType", S, 0), ("Ports", S, 0), ("Endpoints", S, 0), AGE],
        ("networking.k8s.io", _) => &[NAME, ("Class", S, 0), ("Hosts", S, 0), ("Address", S, 0), ("Ports", S, 0), AGE],
        (_, "HTTPRoute") => &[NAME, ("Hostnames", S, 0), DATE],
        (_, "Gateway") => &[NAME, ("Class", S, 0), ("Address", S, 0), ("Programmed", S, 0), DATE],
        (_, "GatewayClass") => &[NAME, ("Controller", S, 0), ("Accepted", S, 0), DATE, ("Description", S, 1)],
        ("", "Namespace") => &[NAME, ("Status", S, 0), AGE],
        ("", "Node") => &[
            NAME,
            ("Status", S, 0),
            ("Roles", S, 0),
            AGE,
            ("Version", S, 0),
            ("Internal-IP", S, 1),
            ("External-IP", S, 1),
            ("OS-Image", S, 1),
            ("Kernel-Version", S, 1),
            ("Container-Runtime", S, 1),
        ],
        ("", "ConfigMap") => &[NAME, ("Data", S, 0), AGE],
        ("", "Secret") => &[NAME, ("Type", S, 0), ("Data", S, 0), AGE],
        ("", "ServiceAccount") => &[NAME, AGE],
        (_, "Event") => &[
            ("Last Seen", S, 0),
            ("Type", S, 0),
            ("Reason", S, 0),
            ("Object", S, 0),
            ("Subobject", S, 1),
            ("Source", S, 1),
            ("Message", S, 0),
            ("First Seen", S, 1),
            ("Count", S, 1),
            ("Name", S, 1),
        ],
        ("", "PersistentVolumeClaim") => &[
            NAME,
            ("Status", S, 0),
            ("Volume", S, 0),
            ("Capacity", S, 0),
            ("Access Modes", S, 0),
            ("StorageClass", S, 0),
            ("VolumeAttributesClass", S, 0),
            AGE,
            ("VolumeMode", S, 1),
        ],
        ("", "ResourceQuota") => &[NAME, ("Request", S, 0), ("Limit", S, 0), AGE],
        (_, "Lease") => &[NAME, ("Holder", S, 0), AGE],
        (_, "Kustomization") => &[NAME, DATE, ("Ready", S, 0), ("Status", S, 0)],
        (_, "GitRepository") => &[NAME, ("URL", S, 0), DATE, ("Ready", S, 0), ("Status", S, 0)],
        (_, "CustomResourceDefinition") => &[NAME, ("Created At", "date", 0)],
        _ => &[NAME, AGE],
    }
}

/// The cells of an object, one for each column.
fn cells(r: &Resource, o: &Value, now: Timestamp) -> Vec<Value> {
    let name = o["metadata"]["name"].clone();
    let age = json!(age(&o["metadata"]["creationTimestamp"], now));
    match (r.group, r.kind) {
        ("", "Pod") => pods::cells(o, now),
        ("apps" | "batch" | "autoscaling" | "policy", _) => workloads::cells(r.kind, o, now),
        ("" | "discovery.k8s.io" | "networking.k8s.io" | "gateway.networking.k8s.io", kind) if network::knows(kind) => {
            network::cells(kind, o, name, age)
        }
        _ => others::cells(r.kind, o, now),
    }
}

/// `metav1.Table` of some objects; without column definitions when they were already sent.
pub fn table<'a>(
    r: &Resource,
    objects: impl Iterator<Item = &'a Value>,
    include: Include,
    headings: bool,
    metadata: Value,
    now: Timestamp,
) -> Value {
    let definitions = if headings { define(columns(r)) } else { Value::Null };
    let rows: Value = objects.map(|o| json!({ "cells": cells(r, o, now), "object": included(o, include) })).collect();
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows })
}

fn define(columns: &[Column]) -> Value {
    let define = |(name, kind, priority): &Column| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({ "name": name, "type": kind, "format": format, "description": "", "priority": priority })
    };
    columns.iter().map(define).collect()
}

fn included(object: &Value, include: Include) -> Value {
    match include {
        Include::None => Value::Null,
        Include::Object => object.clone(),
        Include::Metadata => partial(object),
    }
}

/// `metav1.Table` of a workload's Scale.
pub fn scale(scale: &Value, include: Include, now: Timestamp) -> Value {
    let metadata = &scale["metadata"];
    let count = |part: &str| json!(scale[part]["replicas"].as_i64().unwrap_or(0));
    let age = age(&metadata["creationTimestamp"], now);
    let cells = json!([metadata["name"], count("spec"), count("status"), age]);
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": metadata["resourceVersion"] },
        "columnDefinitions": define(&[NAME, ("Desired", I, 0), ("Available", I, 0), AGE]),
        "rows": [{ "cells": cells, "object": included(scale, include) }],
    })
}

/// The object's metadata alone, as `metav1.PartialObjectMetadata`.
pub fn partial(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}

/// The texts of a list, joined; `<none>` when there are none.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let list: Vec<&str> = texts.collect();
    if list.is_empty() { "<none>".to_owned() } else { list.join(",") }
}

/// `a=b,c=d`; `<none>` when empty.
fn labels(map: &Value) -> String {
    let pairs: Vec<String> = (map.as_object().into_iter().flatten())
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    joined(pairs.iter().map(String::as_str))
}

/// The condition of that type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resources::ALL;

    #[test]
    fn every_kind_has_as_many_cells_as_columns() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for r in ALL {
            assert_eq!(
                cells(r, &json!({ "metadata": { "name": "x" } }), now).len(),
                columns(r).len(),
                "{}",
                r.qualified()
            );
        }
    }
}
