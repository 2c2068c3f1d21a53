//! What a workload's own settings make of replacing its pods: whether requests can be lost, said before it is done.

use crate::formats::template;
use crate::model::Risk;
use serde_json::Value;

/// One reason why replacing the pods may be noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disruption {
    /// How much it matters.
    pub risk: Risk,
    /// What happens, as a sentence.
    pub note: String,
}

/// Every such reason, worst first.
pub(super) fn of(object: &Value) -> Vec<Disruption> {
    let spec = &object["spec"];
    let replicas = spec["replicas"].as_u64().unwrap_or(1);
    let mut found = Vec::new();
    let mut say = |risk, note: String| found.push(Disruption { risk, note });
    match object["kind"].as_str().unwrap_or_default() {
        "Deployment" if spec["strategy"]["type"] == "Recreate" => {
            say(Risk::High, "strategy Recreate: every pod stops before the first new one starts".into());
        }
        "Deployment" => {
            let rolling = &spec["strategy"]["rollingUpdate"];
            let (surge, unavailable) =
                (amount(&rolling["maxSurge"], replicas, true), amount(&rolling["maxUnavailable"], replicas, false));
            // Kubernetes makes room for one when both round to nothing.
            let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
            if replicas > 0 && unavailable >= replicas {
                say(Risk::High, format!("maxUnavailable lets all {replicas} pods stop before new ones are ready"));
            } else if replicas == 1 {
                say(Risk::Medium, "one replica: while it is replaced there is nothing to spare".into());
            }
        }
        "StatefulSet" if replicas == 1 => {
            say(Risk::High, "one replica: it stops before its successor starts".into());
        }
        _ => {}
    }
    let containers = template::of(object)["spec"]["containers"].as_array();
    if containers.is_some_and(|all| all.iter().all(|container| !container["readinessProbe"].is_object())) {
        say(Risk::Medium, "no readiness probe: new pods get requests before they can answer".into());
    }
    if template::of(object)["spec"]["terminationGracePeriodSeconds"] == 0 {
        say(Risk::Medium, "no grace period: pods are killed with the requests that they are answering".into());
    }
    found
}

/// Whether pods are replaced only once somebody deletes them.
pub(super) fn only_on_delete(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

/// A number of pods, or a percentage of them, as Deployments count: surge is rounded up, unavailability down; 25 % where unset.
fn amount(value: &Value, replicas: u64, up: bool) -> u64 {
    let percent = match value {
        Value::Number(number) => return number.as_u64().unwrap_or(0),
        Value::String(text) => text.trim_end_matches('%').parse().unwrap_or(25),
        _ => 25,
    };
    let scaled: u64 = replicas.saturating_mul(percent);
    if up { scaled.div_ceil(100) } else { scaled / 100 }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::good("Deployment", json!({"replicas": 4}), true, &[])]
    #[case::no_probe("Deployment", json!({"replicas": 4}), false, &[Risk::Medium])]
    #[case::one("Deployment", json!({"replicas": 1}), true, &[Risk::Medium])]
    #[case::one_without_surge("Deployment", json!({"replicas": 1, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}}), true, &[Risk::High])]
    #[case::all_at_once("Deployment", json!({"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "100%"}}}), true, &[Risk::High])]
    #[case::recreate("Deployment", json!({"replicas": 4, "strategy": {"type": "Recreate"}}), false, &[Risk::High, Risk::Medium])]
    #[case::stateful("StatefulSet", json!({"replicas": 3}), true, &[])]
    #[case::stateful_one("StatefulSet", json!({"replicas": 1}), true, &[Risk::High])]
    #[case::daemons("DaemonSet", json!({}), true, &[])]
    fn of_settings(#[case] kind: &str, #[case] settings: Value, #[case] probe: bool, #[case] expected: &[Risk]) {
        let mut object = fixtures::deployment("app:1");
        object["kind"] = json!(kind);
        for (key, value) in settings.as_object().unwrap() {
            object["spec"][key] = value.clone();
        }
        if !probe {
            let container = &mut object["spec"]["template"]["spec"]["containers"][0];
            container.as_object_mut().unwrap().remove("readinessProbe");
        }
        let found = of(&object);
        assert_eq!(found.iter().map(|d| d.risk).collect::<Vec<_>>(), expected, "{found:?}");
    }

    #[test]
    fn pods_that_are_killed_at_once_take_their_requests_along() {
        let mut object = fixtures::deployment("app:1");
        object["spec"]["replicas"] = json!(4);
        let seconds = |object: &mut Value, seconds: u64| {
            object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(seconds);
        };
        seconds(&mut object, 0);
        assert_eq!(of(&object).iter().map(|d| d.risk).collect::<Vec<_>>(), [Risk::Medium]);
        seconds(&mut object, 30);
        assert!(of(&object).is_empty());
    }
}
