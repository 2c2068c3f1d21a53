//! Rows of what runs pods, and of what scales and protects them.

use super::{
    age::{age, between, moment},
    condition, joined, labels,
};
use crate::sim::selector::LabelSelector;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The cells of a workload, an autoscaler or a disruption budget.
pub fn cells(kind: &str, o: &Value, now: Timestamp) -> Vec<Value> {
    let (name, spec, status) = (o["metadata"]["name"].clone(), &o["spec"], &o["status"]);
    let old = json!(age(&o["metadata"]["creationTimestamp"], now));
    let count = |v: &Value| json!(v.as_i64().unwrap_or(0));
    let text = |v: &Value, none: &str| match v {
        Value::String(text) => json!(text),
        Value::Number(number) => json!(number.to_string()),
        _ => json!(none),
    };
    let wide = |spec: &Value| vec![json!(containers(spec, "name")), json!(containers(spec, "image"))];
    let selector = || match LabelSelector::of_object(&spec["selector"]).to_string() {
        none if none.is_empty() => json!("<none>"),
        some => json!(some),
    };
    let ready = || json!(format!("{}/{}", count(&status["readyReplicas"]), count(&spec["replicas"])));
    match kind {
        "Deployment" => {
            let counts =
                vec![name, ready(), count(&status["updatedReplicas"]), count(&status["availableReplicas"]), old];
            [counts, wide(spec), vec![selector()]].concat()
        }
        "ReplicaSet" => {
            let counts = [&spec["replicas"], &status["replicas"], &status["readyReplicas"]].map(count).to_vec();
            [vec![name], counts, vec![old], wide(spec), vec![selector()]].concat()
        }
        "StatefulSet" => [vec![name, ready(), old], wide(spec)].concat(),
        "DaemonSet" => {
            let fields = [
                "desiredNumberScheduled",
                "currentNumberScheduled",
                "numberReady",
                "updatedNumberScheduled",
                "numberAvailable",
            ];
            let counts = fields.map(|f| count(&status[f])).to_vec();
            let nodes = json!(labels(&spec["template"]["spec"]["nodeSelector"]));
            [vec![name], counts, vec![nodes, old], wide(spec), vec![selector()]].concat()
        }
        "ControllerRevision" => {
            let owners = o["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            let owner = owners.filter(|owner| owner["controller"] == true).find_map(|owner| {
                let group = owner["apiVersion"].as_str()?.split('/').next()?;
                Some(format!("{}.{group}/{}", owner["kind"].as_str()?.to_lowercase(), owner["name"].as_str()?))
            });
            vec![name, json!(owner.unwrap_or_else(|| "<none>".into())), o["revision"].clone(), old]
        }
        "Job" => [vec![name], job(o, now), vec![old], wide(spec), vec![selector()]].concat(),
        "CronJob" => {
            let active = json!(status["active"].as_array().map_or(0, Vec::len));
            let last = match moment(&status["lastScheduleTime"]) {
                Some(then) => between(then, now),
                None => "<none>".to_owned(),
            };
            let suspended = json!(if spec["suspend"] == true { "True" } else { "False" });
            let zone = text(&spec["timeZone"], "<none>");
            let cells = vec![name, spec["schedule"].clone(), zone, suspended, active, json!(last), old];
            [cells, wide(&spec["jobTemplate"]["spec"]), vec![json!("<none>")]].concat()
        }
        "HorizontalPodAutoscaler" => {
            let target = &spec["scaleTargetRef"];
            let part = |f: &str| target[f].as_str().unwrap_or_default().to_owned();
            let reference = json!(format!("{}/{}", part("kind"), part("name")));
            let (least, most) = (text(&spec["minReplicas"], "<unset>"), text(&spec["maxReplicas"], "0"));
            vec![name, reference, json!(targets(spec, status)), least, most, count(&status["currentReplicas"]), old]
        }
        "PodDisruptionBudget" => {
            let (least, most) = (text(&spec["minAvailable"], "N/A"), text(&spec["maxUnavailable"], "N/A"));
            vec![name, least, most, count(&status["disruptionsAllowed"]), old]
        }
        _ => vec![name, old],
    }
}

fn containers(spec: &Value, field: &str) -> String {
    joined(spec["template"]["spec"]["containers"].as_array().into_iter().flatten().filter_map(|c| c[field].as_str()))
}

/// Status, completions and duration.
fn job(o: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&o["spec"], &o["status"]);
    let is = |kind: &str| condition(o, kind).is_some_and(|c| c["status"] == "True");
    let word = if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if o["metadata"]["deletionTimestamp"].is_string() {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else if is("FailureTarget") {
        "FailureTarget"
    } else if is("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    let done = status["succeeded"].as_i64().unwrap_or(0);
    let completions = match (spec["completions"].as_i64(), spec["parallelism"].as_i64().unwrap_or(0)) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
        (None, _) => format!("{done}/1"),
    };
    let end = moment(&status["completionTime"]).unwrap_or(now);
    let duration = moment(&status["startTime"]).map(|start| between(start, end)).unwrap_or_default();
    vec![json!(word), json!(completions), json!(duration)]
}

/// `cpu: 55%/80%`, `<unknown>` where there is no measurement.
fn targets(spec: &Value, status: &Value) -> String {
    let metrics = spec["metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |(i, metric): (usize, &Value)| {
        let current = &status["currentMetrics"][i];
        let (source, name) = match metric["type"].as_str() {
            Some("Resource") => ("resource", format!("{}: ", metric["resource"]["name"].as_str().unwrap_or_default())),
            Some("ContainerResource") => {
                ("containerResource", format!("{}: ", metric["containerResource"]["name"].as_str().unwrap_or_default()))
            }
            Some("Pods") => ("pods", String::new()),
            Some("Object") => ("object", String::new()),
            _ => ("external", String::new()),
        };
        let (wanted, has) = (&metric[source]["target"], &current[source]["current"]);
        let show = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let known =
            |v: &Value, unit: &str| if v.is_null() { "<unknown>".to_owned() } else { format!("{}{unit}", show(v)) };
        if !wanted["averageUtilization"].is_null() {
            format!("{name}{}/{}%", known(&has["averageUtilization"], "%"), wanted["averageUtilization"])
        } else if !wanted["averageValue"].is_null() {
            format!("{name}{}/{} (avg)", known(&has["averageValue"], ""), show(&wanted["averageValue"]))
        } else {
            format!("{name}{}/{}", known(&has["value"], ""), show(&wanted["value"]))
        }
    };
    let shown: Vec<String> = metrics.iter().enumerate().take(2).map(one).collect();
    match (shown.len(), metrics.len()) {
        (0, _) => "<none>".to_owned(),
        (n, all) if all > n => format!("{} + {} more...", shown.join(", "), all - n),
        _ => shown.join(", "),
    }
}
