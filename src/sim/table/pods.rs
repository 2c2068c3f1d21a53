//! A pod's row: the reason that matters most, restarts and readiness.

use super::age::{age, moment};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The cells of a pod.
pub fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let statuses = list(&pod["status"]["containerStatuses"]);
    let total = list(&pod["spec"]["containers"]).len();
    let ready = statuses.iter().filter(|s| s["ready"] == true && !s["state"]["running"].is_null()).count();
    let restarts: i64 = statuses.iter().filter_map(|s| s["restartCount"].as_i64()).sum();
    let last = statuses.iter().filter_map(|s| moment(&s["lastState"]["terminated"]["finishedAt"])).max();
    let restarts = match last {
        Some(then) if restarts > 0 => format!("{restarts} ({} ago)", super::age::between(then, now)),
        _ => restarts.to_string(),
    };
    let or_none = |v: &Value| json!(v.as_str().filter(|s| !s.is_empty()).unwrap_or("<none>"));
    vec![
        pod["metadata"]["name"].clone(),
        json!(format!("{ready}/{total}")),
        json!(reason(pod)),
        json!(restarts),
        json!(age(&pod["metadata"]["creationTimestamp"], now)),
        or_none(&pod["status"]["podIP"]),
        or_none(&pod["spec"]["nodeName"]),
        or_none(&pod["status"]["nominatedNodeName"]),
        json!("<none>"),
    ]
}

/// The word in the Status column.
fn reason(pod: &Value) -> String {
    let status = &pod["status"];
    let text = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let mut reason = text(&status["reason"]).or_else(|| text(&status["phase"])).unwrap_or_else(|| "Unknown".to_owned());
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let (inits, init_total) = (list(&status["initContainerStatuses"]), list(&pod["spec"]["initContainers"]).len());
    let terminated = |state: &Value| {
        let code = state["exitCode"].as_i64().unwrap_or_default();
        text(&state["reason"]).unwrap_or_else(|| match state["signal"].as_i64() {
            Some(signal) if signal != 0 => format!("Signal:{signal}"),
            _ => format!("ExitCode:{code}"),
        })
    };
    let mut initializing = false;
    for (i, one) in inits.iter().enumerate() {
        let (ended, waiting) = (&one["state"]["terminated"], text(&one["state"]["waiting"]["reason"]));
        if ended["exitCode"] == 0 {
            continue;
        }
        initializing = true;
        reason = match (ended.is_object(), waiting) {
            (true, _) => format!("Init:{}", terminated(ended)),
            (false, Some(why)) if why != "PodInitializing" => format!("Init:{why}"),
            _ => format!("Init:{i}/{init_total}"),
        };
        break;
    }
    if !initializing {
        let mut running = false;
        for one in list(&status["containerStatuses"]).iter().rev() {
            if let Some(why) = text(&one["state"]["waiting"]["reason"]) {
                reason = why;
            } else if one["state"]["terminated"].is_object() {
                reason = terminated(&one["state"]["terminated"]);
            } else if one["ready"] == true && one["state"]["running"].is_object() {
                running = true;
            }
        }
        if reason == "Completed" && running {
            let ready = list(&status["conditions"]).iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
            reason = if ready { "Running" } else { "NotReady" }.to_owned();
        }
    }
    let deleted = pod["metadata"]["deletionTimestamp"].is_string();
    match (deleted, status["reason"] == "NodeLost") {
        (true, true) => "Unknown".to_owned(),
        (true, false) => "Terminating".to_owned(),
        (false, _) => reason,
    }
}
