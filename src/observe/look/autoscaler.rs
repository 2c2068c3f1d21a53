//! What scales a workload, at length.

use crate::{
    connect::kube::{ApiError, Cluster},
    formats::redact,
    model::{AutoscalerCondition, Behaviour, Kind, ObjectRef, Scaling},
};
use jiff::Timestamp;
use serde_json::Value;

/// The autoscaler of a workload; None where nothing scales it.
pub async fn autoscaler(cluster: &Cluster, target: &ObjectRef) -> Result<Option<Scaling>, ApiError> {
    let kind = Kind::HorizontalPodAutoscaler;
    let all = cluster.reader().list(kind, Some(&target.namespace), None).await?;
    let ours = all.iter().find(|object| {
        let scaled = &object["spec"]["scaleTargetRef"];
        scaled["kind"] == target.kind.as_str() && scaled["name"] == *target.name
    });
    Ok(ours.map(|object| scaling(object, target)))
}

fn scaling(object: &Value, target: &ObjectRef) -> Scaling {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let time = |value: &Value| value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let text = |value: &Value| -> Box<str> { value.as_str().unwrap_or_default().into() };
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten().map(|condition| {
        let told = AutoscalerCondition {
            kind: text(&condition["type"]),
            status: text(&condition["status"]),
            reason: text(&condition["reason"]),
            message: redact::text(condition["message"].as_str().unwrap_or_default()).into(),
        };
        (told, time(&condition["lastTransitionTime"]))
    });
    let seen = object["status"]["observedGeneration"].as_i64();
    Scaling {
        object: ObjectRef::new(Kind::HorizontalPodAutoscaler, target.namespace.clone(), name),
        last_scaled: time(&object["status"]["lastScaleTime"]),
        behaviour: [("up", "scaleUp"), ("down", "scaleDown")]
            .into_iter()
            .map(|(direction, field)| behaviour(direction, &object["spec"]["behavior"][field]))
            .collect(),
        conditions: conditions.collect(),
        unobserved: seen.zip(object["metadata"]["generation"].as_i64()).is_some_and(|(seen, now)| seen < now),
    }
}

/// The limits in one direction; Kubernetes' own where none are set.
fn behaviour(direction: &'static str, rules: &Value) -> Behaviour {
    let window = rules["stabilizationWindowSeconds"].as_u64().unwrap_or(if direction == "up" { 0 } else { 300 });
    let policy = |policy: &Value| {
        let value = policy["value"].as_u64().unwrap_or(0);
        let amount = if policy["type"] == "Percent" { format!("{value} %") } else { format!("{value} pods") };
        format!("{amount} in {} s", policy["periodSeconds"].as_u64().unwrap_or(15))
    };
    let policies: Vec<String> = rules["policies"].as_array().into_iter().flatten().map(policy).collect();
    let policies = match (policies.is_empty(), direction) {
        (false, _) => policies,
        (true, "up") => vec!["4 pods in 15 s".into(), "100 % in 15 s".into()],
        (true, _) => vec!["100 % in 15 s".into()],
    };
    let mut words = match (rules["selectPolicy"].as_str(), policies.as_slice()) {
        (Some("Disabled"), _) => "never".to_owned(),
        (_, [only]) => format!("at most {only}"),
        (Some("Min"), several) => format!("at most {}, whichever is less", several.join(" or ")),
        (_, several) => format!("at most {}, whichever is more", several.join(" or ")),
    };
    if window > 0 {
        words.push_str(&format!(
            "; the {} wish of the last {window} s counts",
            if direction == "up" { "least" } else { "highest" }
        ));
    }
    Behaviour { direction, rules: words, set: rules.is_object() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_told_in_words_and_defaults_are_kubernetes_own() {
        let down = json!({"stabilizationWindowSeconds": 60, "selectPolicy": "Min", "policies": [
            {"type": "Pods", "value": 1, "periodSeconds": 30}, {"type": "Percent", "value": 10, "periodSeconds": 60}]});
        let told = behaviour("down", &down);
        assert_eq!(
            told.rules,
            "at most 1 pods in 30 s or 10 % in 60 s, whichever is less; the highest wish of the last 60 s counts"
        );
        let default = behaviour("up", &Value::Null);
        assert_eq!(
            (&*default.rules, default.set),
            ("at most 4 pods in 15 s or 100 % in 15 s, whichever is more", false)
        );
        assert_eq!(
            behaviour("down", &json!({"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0})).rules,
            "never"
        );
    }

    #[test]
    fn an_autoscaler_tells_since_when() {
        let object = json!({"metadata": {"name": "web", "generation": 2}, "status": {"observedGeneration": 1,
            "lastScaleTime": "2026-01-01T00:00:00Z", "conditions": [
                {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics",
                 "lastTransitionTime": "2026-01-01T00:05:00Z"}]}});
        let told = scaling(&object, &ObjectRef::new(Kind::Deployment, "shop", "web"));
        assert!(told.unobserved && told.last_scaled.is_some());
        assert_eq!(told.conditions[0].1, "2026-01-01T00:05:00Z".parse().ok());
    }
}
