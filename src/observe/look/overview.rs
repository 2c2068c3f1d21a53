//! The workload's own object at length, and the budgets that cover its pods.

use super::condition;
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    formats::{container, template},
    model::{Budget, Kind, ObjectRef, Overview},
    wire::{Selector, Workload},
};
use serde::Deserialize as _;
use serde_json::Value;

/// The workload at length.
pub async fn overview(cluster: &Cluster, target: &ObjectRef) -> Result<Overview, ApiError> {
    let reader = cluster.reader();
    let namespace = Some(&*target.namespace);
    let (object, budgets) = tokio::join!(reader.get(target), reader.list(Kind::PodDisruptionBudget, namespace, None));
    let object = object?;
    let slim = Workload::deserialize(&object).unwrap_or_default();
    let pods = template::of(&object);
    let labels = &pods["metadata"]["labels"];
    let budgets = match budgets {
        Ok(all) => Some(Ok(all.iter().filter(|one| covers(one, labels)).map(budget).collect())),
        Err(error) if error.kind == ApiErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
    };
    Ok(Overview {
        strategy: strategy(target.kind, &object["spec"]),
        unobserved: slim.metadata.generation > slim.status.observed_generation,
        containers: container::details(pods),
        conditions: slim.status.conditions.iter().map(condition).collect(),
        budgets,
        service_account: pods["spec"]["serviceAccountName"].as_str().map(str::to_owned),
    })
}

/// How a workload is rolled out, in words.
fn strategy(kind: Kind, spec: &Value) -> String {
    if kind == Kind::Rollout {
        return crate::observe::argo::strategy(spec);
    }
    let field = if kind == Kind::Deployment { "strategy" } else { "updateStrategy" };
    let (of, rolling) = (&spec[field], &spec[field]["rollingUpdate"]);
    let amount = |name: &str, default: &str| match &rolling[name] {
        Value::Null => default.to_owned(),
        value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    let mut words = match (of["type"].as_str().unwrap_or("RollingUpdate"), kind) {
        ("RollingUpdate", Kind::Deployment) => {
            format!(
                "rolling, {} unavailable and {} extra at most",
                amount("maxUnavailable", "25%"),
                amount("maxSurge", "25%")
            )
        }
        ("RollingUpdate", Kind::StatefulSet) => match rolling["partition"].as_u64().unwrap_or(0) {
            0 => "rolling, one pod after the other from the last".to_owned(),
            partition => format!("rolling, but pods below ordinal {partition} keep the old template (partition)"),
        },
        ("RollingUpdate", _) => format!("rolling, {} unavailable at most", amount("maxUnavailable", "1")),
        ("Recreate", _) => "recreate: all pods stop before new ones start".to_owned(),
        ("OnDelete", _) => "on delete: a pod gets the new template when somebody deletes it".to_owned(),
        (other, _) => other.to_owned(),
    };
    if kind == Kind::Deployment {
        words.push_str(&format!("; gives up after {} s", spec["progressDeadlineSeconds"].as_u64().unwrap_or(600)));
    }
    match spec["minReadySeconds"].as_u64().unwrap_or(0) {
        0 => words,
        seconds => format!("{words}; available once ready for {seconds} s"),
    }
}

/// Whether a budget's selector takes pods with these labels. A selector that is left out takes none, an empty one all.
fn covers(budget: &Value, labels: &Value) -> bool {
    let selector = &budget["spec"]["selector"];
    selector.is_object() && Selector::deserialize(selector).is_ok_and(|selector| takes(&selector, labels))
}

/// Whether a selector takes these labels.
fn takes(selector: &Selector, labels: &Value) -> bool {
    let value = |key: &str| labels.get(key).and_then(Value::as_str);
    selector.match_labels.iter().all(|(key, wanted)| value(key) == Some(&**wanted))
        && selector.match_expressions.iter().all(|rule| {
            let among = value(&rule.key).is_some_and(|value| rule.values.iter().any(|wanted| **wanted == *value));
            match &*rule.operator {
                "In" => among,
                "NotIn" => !among,
                "Exists" => value(&rule.key).is_some(),
                "DoesNotExist" => value(&rule.key).is_none(),
                _ => false,
            }
        })
}

fn budget(object: &Value) -> Budget {
    let number = |field: &str| object["status"][field].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let rule = ["minAvailable", "maxUnavailable"].into_iter().find_map(|field| {
        let value = object["spec"].get(field)?;
        Some(format!("{field} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    Budget {
        name: object["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        rule: rule.unwrap_or_else(|| "no rule".into()),
        allowed: number("disruptionsAllowed"),
        healthy: number("currentHealthy"),
        required: number("desiredHealthy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(Kind::Deployment, json!({}), "rolling, 25% unavailable and 25% extra at most; gives up after 600 s")]
    #[case(Kind::Deployment, json!({"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, "progressDeadlineSeconds": 60,
        "minReadySeconds": 5}), "rolling, 0 unavailable and 1 extra at most; gives up after 60 s; available once ready for 5 s")]
    #[case(Kind::Deployment, json!({"strategy": {"type": "Recreate"}}), "recreate: all pods stop before new ones start; gives up after 600 s")]
    #[case(Kind::StatefulSet, json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}),
        "rolling, but pods below ordinal 2 keep the old template (partition)")]
    #[case(Kind::DaemonSet, json!({"updateStrategy": {"type": "OnDelete"}}), "on delete: a pod gets the new template when somebody deletes it")]
    fn strategies_in_words(#[case] kind: Kind, #[case] spec: Value, #[case] expected: &str) {
        assert_eq!(strategy(kind, &spec), expected);
    }

    #[rstest]
    #[case(json!({"matchLabels": {"app": "web"}}), true)]
    #[case(json!({"matchLabels": {"app": "other"}}), false)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]}), true)]
    #[case(json!({}), true)]
    #[case(json!(null), false)]
    fn a_budget_covers_what_its_selector_takes(#[case] selector: Value, #[case] expected: bool) {
        assert_eq!(covers(&json!({"spec": {"selector": selector}}), &json!({"app": "web"})), expected);
    }

    #[test]
    fn a_budget_tells_its_rule_and_what_it_allows() {
        let told = budget(&json!({"metadata": {"name": "web"}, "spec": {"minAvailable": "50%"},
            "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2}}));
        assert_eq!((&*told.rule, told.allowed, told.healthy, told.required), ("minAvailable 50%", 0, 2, 2));
    }
}
