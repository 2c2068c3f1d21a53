//! Migration Jobs made from a workload's own pod template.
//!
//! A template copied blindly would take live traffic, be counted by disruption budgets, be pruned by a reconciler, or never
//! end. So nothing is copied but what a one-off command needs: see [`manifest`]. The Job's name is a function of workload and
//! image, so that the API server itself refuses to create the same migration twice.

use super::{FormatError, template};
use crate::model::{JobRecipe, Kind, ObjectRef, OperationId};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// How long a migration may run before Kubernetes ends it, in seconds.
pub const DEADLINE_SECONDS: u64 = 3600;
/// How long an ended Job and its logs are kept, in seconds: a week.
pub const KEPT_SECONDS: u64 = 7 * 86_400;
/// The label of every migration Job and its pods. Its domain is ours alone, so that nothing else selects by it.
pub const LABEL: &str = "pilothouse.io/migration";
/// The annotation that names the operation that created the Job.
pub const OPERATION: &str = "pilothouse.io/operation";
/// The annotation that names the workload whose template was used.
pub const WORKLOAD: &str = "pilothouse.io/workload";
/// The annotation that holds the image reference as the name hashes it.
pub const IMAGE: &str = "pilothouse.io/image";

/// Pod fields that say where and as whom the command runs and how it resolves names.
const POD_FIELDS: [&str; 16] = [
    "serviceAccountName",
    "automountServiceAccountToken",
    "imagePullSecrets",
    "securityContext",
    "nodeSelector",
    "tolerations",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "os",
    "hostNetwork",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
    "enableServiceLinks",
    "terminationGracePeriodSeconds",
];
/// Container fields that make up the command's environment.
const CONTAINER_FIELDS: [&str; 7] =
    ["workingDir", "env", "envFrom", "volumeMounts", "volumeDevices", "securityContext", "imagePullPolicy"];

/// The Job of a workload's migration to an image: `<app>-migrate-<12 hex of the image reference's SHA-256>`. A pod's labels
/// carry the Job's name, so that it is kept within 63 characters; a long workload name is cut and told apart by its own hash.
pub fn name(workload: &ObjectRef, image: &str) -> ObjectRef {
    const ROOM: usize = 63 - "-migrate-".len() - 12;
    let mut app = workload.name.replace('.', "-");
    if app.len() > ROOM {
        // Names of Kubernetes objects are ASCII; anything else never gets this far, and is not cut within a character.
        let end = (0..=ROOM - 9).rev().find(|at| app.is_char_boundary(*at)).unwrap_or(0);
        app = format!("{}-{}", app[..end].trim_end_matches('-'), hex(&workload.name, 8));
    }
    ObjectRef::new(Kind::Job, workload.namespace.clone(), format!("{app}-migrate-{}", hex(image, 12)))
}

fn hex(text: &str, digits: usize) -> String {
    let mut hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(digits);
    hex
}

/// What [`manifest`] takes from a template and what it leaves, for a plan to say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cleaning {
    /// Init containers kept, because they fill a volume that the container reads.
    pub init_kept: Vec<String>,
    /// Init containers and other containers left out.
    pub left_out: Vec<String>,
    /// Volumes of volumeClaimTemplates, which belong to one pod each, that are not mounted.
    pub unmounted: Vec<String>,
    /// PersistentVolumeClaims mounted: a ReadWriteOnce one can be in use elsewhere.
    pub claims: Vec<String>,
}

/// What a migration Job of this container would take and leave.
pub fn cleaning(workload: &Value, container: &str) -> Result<Cleaning, FormatError> {
    let parts = Parts::of(workload, container)?;
    let names = |items: &[&Value]| items.iter().filter_map(|item| item["name"].as_str()).map(str::to_owned).collect();
    let pod = &template::of(workload)["spec"];
    let left_out = items(&pod["initContainers"])
        .filter(|init| !parts.init.contains(init))
        .chain(items(&pod["containers"]).filter(|other| other["name"] != container));
    Ok(Cleaning {
        init_kept: names(&parts.init),
        left_out: names(&left_out.collect::<Vec<_>>()),
        unmounted: mounts(parts.container).filter(|name| !parts.volume_exists(name)).map(str::to_owned).collect(),
        claims: parts
            .volumes
            .iter()
            .filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str())
            .map(str::to_owned)
            .collect(),
    })
}

/// The Job's manifest. It keeps the container (environment, mounts, security context, resources), the volumes it mounts and
/// where, as whom and with what name resolution its pods run. It drops every label and annotation, probes, lifecycle hooks,
/// ports, pod affinities, spread constraints, host names and all other containers. An init container is kept only where it
/// writes an `emptyDir` that the container mounts, for then the command depends on it; one of the app's own image follows to
/// the new one. Whether `workload` is still what was confirmed is the caller's to check.
pub fn manifest(workload: &Value, recipe: &JobRecipe, operation: &OperationId) -> Result<Value, FormatError> {
    if recipe.command.is_empty() {
        return Err(FormatError::Unsupported {
            object: recipe.workload.to_string(),
            why: "a migration needs a command; the image's own would start the service".into(),
        });
    }
    let parts = Parts::of(workload, &recipe.container)?;
    let mut container = pick(parts.container, &CONTAINER_FIELDS);
    container.insert("name".into(), json!(recipe.container));
    container.insert("image".into(), json!(recipe.image));
    container.insert("command".into(), json!(recipe.command));
    container.insert("terminationMessagePolicy".into(), json!("FallbackToLogsOnError"));
    tidy(&mut container, &parts);
    resources(&mut container, parts.container);

    let pod = &template::of(workload)["spec"];
    let mut spec = pick(pod, &POD_FIELDS);
    spec.insert("restartPolicy".into(), json!("Never"));
    if pod["affinity"]["nodeAffinity"].is_object() {
        spec.insert("affinity".into(), json!({"nodeAffinity": pod["affinity"]["nodeAffinity"]}));
    }
    let init: Vec<Value> = parts.init.iter().map(|init| init_container(init, &parts, recipe)).collect();
    if !init.is_empty() {
        spec.insert("initContainers".into(), Value::Array(init));
    }
    spec.insert("containers".into(), json!([container]));
    if !parts.volumes.is_empty() {
        spec.insert("volumes".into(), json!(parts.volumes));
    }
    let object = name(&recipe.workload, &recipe.image);
    let annotations = json!({
        OPERATION: operation.0,
        WORKLOAD: recipe.workload.to_string(),
        IMAGE: recipe.image,
    });
    // A mesh's sidecar, injected, would keep the pod from ever ending.
    let pod_labels = json!({LABEL: "true", "sidecar.istio.io/inject": "false"});
    let mut pod_annotations = annotations.clone();
    pod_annotations["linkerd.io/inject"] = json!("disabled");
    Ok(json!({
        "apiVersion": Kind::Job.api_version(), "kind": Kind::Job.as_str(),
        "metadata": {
            "name": &*object.name, "namespace": &*object.namespace,
            "labels": {LABEL: "true"}, "annotations": annotations,
        },
        "spec": {
            "backoffLimit": 0, "parallelism": 1, "completions": 1,
            "activeDeadlineSeconds": DEADLINE_SECONDS, "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": pod_labels, "annotations": pod_annotations}, "spec": spec},
        },
    }))
}

/// The parts of a template that a migration needs.
struct Parts<'a> {
    container: &'a Value,
    init: Vec<&'a Value>,
    volumes: Vec<&'a Value>,
}

impl<'a> Parts<'a> {
    fn of(workload: &'a Value, name: &str) -> Result<Self, FormatError> {
        let pod = &template::of(workload)["spec"];
        let missing =
            || FormatError::Missing { object: template::describe(workload), field: format!("container {name}") };
        let container = items(&pod["containers"]).find(|c| c["name"] == name).ok_or_else(missing)?;
        let all: Vec<&Value> = items(&pod["volumes"]).collect();
        let filled: Vec<&str> = mounts(container)
            .filter(|mount| all.iter().any(|v| v["name"] == *mount && v["emptyDir"].is_object()))
            .collect();
        let init: Vec<&Value> = items(&pod["initContainers"])
            .filter(|init| init["restartPolicy"] != "Always" && writes(init).any(|mount| filled.contains(&mount)))
            .collect();
        let mounted = |name: &Value| {
            let name = name.as_str().unwrap_or_default();
            mounts(container).any(|m| m == name) || init.iter().any(|init| mounts(init).any(|m| m == name))
        };
        let volumes = all.into_iter().filter(|volume| mounted(&volume["name"])).collect();
        Ok(Self { container, init, volumes })
    }

    fn volume_exists(&self, name: &str) -> bool {
        self.volumes.iter().any(|volume| volume["name"] == name)
    }
}

fn init_container(init: &Value, parts: &Parts<'_>, recipe: &JobRecipe) -> Value {
    let mut kept = pick(init, &["name", "image", "command", "args"]);
    kept.extend(pick(init, &CONTAINER_FIELDS));
    if init["image"] == parts.container["image"] {
        kept.insert("image".into(), json!(recipe.image));
    }
    tidy(&mut kept, parts);
    resources(&mut kept, init);
    Value::Object(kept)
}

/// Drops mounts of volumes that only a StatefulSet's own pods have.
fn tidy(container: &mut Map<String, Value>, parts: &Parts<'_>) {
    for field in ["volumeMounts", "volumeDevices"] {
        if let Some(mounts) = container.get_mut(field).and_then(Value::as_array_mut) {
            mounts.retain(|mount| mount["name"].as_str().is_some_and(|name| parts.volume_exists(name)));
        }
    }
}

/// Copies requests and limits, but no device claims: they name pod-level claims that are not kept.
fn resources(kept: &mut Map<String, Value>, container: &Value) {
    let resources = pick(&container["resources"], &["requests", "limits"]);
    if !resources.is_empty() {
        kept.insert("resources".into(), Value::Object(resources));
    }
}

fn pick(object: &Value, fields: &[&str]) -> Map<String, Value> {
    let found = fields.iter().filter_map(|field| Some(((*field).to_owned(), object.get(*field)?.clone())));
    found.filter(|(_, value)| !value.is_null()).collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn mounts(container: &Value) -> impl Iterator<Item = &str> {
    items(&container["volumeMounts"]).chain(items(&container["volumeDevices"])).filter_map(|m| m["name"].as_str())
}

fn writes(container: &Value) -> impl Iterator<Item = &str> {
    items(&container["volumeMounts"]).filter(|mount| mount["readOnly"] != true).filter_map(|m| m["name"].as_str())
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
