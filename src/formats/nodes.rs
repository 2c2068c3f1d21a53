//! What a pod asks of its node: its `nodeSelector` and its required node affinity, in words and against a node's labels.
//!
//! Preferences are no demands, so they are not looked at; taints speak for nodes, not for pods.

use crate::wire::{NodeSelectorTerm, PlacedPodSpec, SelectorRule};

/// What it asks for as selectors write it; empty where any node will do.
pub fn demands(spec: &PlacedPodSpec) -> String {
    let mut all: Vec<String> = spec.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let terms = &terms(spec).iter().map(term).filter(|term| !term.is_empty()).collect::<Vec<_>>();
    match terms.as_slice() {
        [] => {}
        [one] => all.push(one.clone()),
        several => all.push(several.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" or ")),
    }
    all.join(", ")
}

/// Whether a node with these labels is what it asks for; `get` gives the value of a label.
pub fn fits<'n>(spec: &PlacedPodSpec, get: impl Fn(&str) -> Option<&'n str>) -> bool {
    let terms = terms(spec);
    let holds = |term: &NodeSelectorTerm| {
        // A term without anything in it selects nothing; by the node's name a pod is where it was meant to be.
        let empty = term.match_expressions.is_empty() && term.match_fields.is_empty();
        !empty && term.match_expressions.iter().all(|rule| self::holds(rule, get(&rule.key)))
    };
    spec.node_selector.iter().all(|(key, value)| get(key) == Some(&**value))
        && (terms.is_empty() || terms.iter().any(holds))
}

fn terms(spec: &PlacedPodSpec) -> &[NodeSelectorTerm] {
    &spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
}

fn term(term: &NodeSelectorTerm) -> String {
    term.match_expressions.iter().map(rule).collect::<Vec<_>>().join(", ")
}

fn rule(SelectorRule { key, operator, values }: &SelectorRule) -> String {
    let values = values.join(", ");
    match &**operator {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} not in ({values})"),
        "Exists" => key.to_string(),
        "DoesNotExist" => format!("no {key}"),
        "Gt" => format!("{key} > {values}"),
        "Lt" => format!("{key} < {values}"),
        other => format!("{key} {other} {values}"),
    }
}

fn holds(rule: &SelectorRule, value: Option<&str>) -> bool {
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = || rule.values.first().and_then(|bound| number(bound)).zip(value.and_then(number));
    match &*rule.operator {
        "In" => value.is_some_and(|value| rule.values.iter().any(|wanted| **wanted == *value)),
        "NotIn" => value.is_none_or(|value| !rule.values.iter().any(|wanted| **wanted == *value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => bound().is_some_and(|(bound, value)| value > bound),
        "Lt" => bound().is_some_and(|(bound, value)| value < bound),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case(json!({}), "", true)]
    #[case(json!({"nodeSelector": {"client": "acme"}}), "client=acme", true)]
    #[case(json!({"nodeSelector": {"client": "globex"}}), "client=globex", false)]
    #[case(required(json!([{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]}])),
        "zone in (a, b), no old", true)]
    #[case(required(json!([{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]}])),
        "(zone not in (a)) or (cores > 4)", true)]
    #[case(required(json!([{"matchExpressions": [{"key": "cores", "operator": "Lt", "values": ["8"]}]}])), "cores < 8", false)]
    #[case(required(json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-a"]}]}])), "", true)]
    #[case(required(json!([{}])), "", false)]
    fn demands_are_read_and_judged(#[case] spec: Value, #[case] words: &str, #[case] expected: bool) {
        let spec: PlacedPodSpec = serde_json::from_value(spec).unwrap();
        let labels = [("client", "acme"), ("zone", "a"), ("cores", "8")];
        let get = |key: &str| labels.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        assert_eq!((demands(&spec).as_str(), fits(&spec, get)), (words, expected));
    }

    fn required(terms: Value) -> Value {
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}}})
    }
}
