//! Label and field selectors: which objects a list or a watch is about.
//!
//! Invariant: parsing fails rather than guesses; matching only reads.

use super::{resource::Resource, status::Status};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(i64),
    Less(i64),
}

/// Requirements on labels; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<(String, Operator)>);

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`.
    pub fn parse(text: &str) -> Result<Self, Status> {
        let wrong = |part: &str| Status::bad_request(format!("unable to parse requirement: {part}"));
        let mut requirements = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() {
                return Err(wrong("found ',', expected: identifier"));
            }
            let values = |list: &str| -> Option<Vec<String>> {
                let inner = list.trim().strip_prefix('(')?.strip_suffix(')')?;
                Some(inner.split(',').map(|v| v.trim().to_owned()).collect())
            };
            let open = || wrong("found '', expected: ',' or ')'");
            let words: Vec<&str> = part.splitn(2, char::is_whitespace).collect();
            let rest = words.get(1).map(|rest| rest.trim()).unwrap_or_default();
            let (key, operator) = if let Some(list) = rest.strip_prefix("notin") {
                (words[0], Operator::NotIn(values(list).ok_or_else(open)?))
            } else if let Some(list) = rest.strip_prefix("in").filter(|_| !rest.starts_with("in=")) {
                (words[0], Operator::In(values(list).ok_or_else(open)?))
            } else if let Some((key, value)) = part.split_once("!=") {
                (key, Operator::NotIn(vec![value.trim().to_owned()]))
            } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (key, Operator::In(vec![value.trim().to_owned()]))
            } else if let Some((key, value)) = part.split_once('>') {
                (key, Operator::Greater(value.trim().parse().map_err(|_| wrong(part))?))
            } else if let Some((key, value)) = part.split_once('<') {
                (key, Operator::Less(value.trim().parse().map_err(|_| wrong(part))?))
            } else if let Some(key) = part.strip_prefix('!') {
                (key, Operator::Absent)
            } else {
                (part, Operator::Exists)
            };
            let key = key.trim();
            let values = match &operator {
                Operator::In(values) | Operator::NotIn(values) => values.as_slice(),
                _ => &[],
            };
            if values.iter().any(|v| v.contains('=')) {
                return Err(wrong("found '=', expected: identifier"));
            }
            if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
                return Err(wrong(part));
            }
            requirements.push((key.to_owned(), operator));
        }
        Ok(Self(requirements))
    }

    /// From `metav1.LabelSelector` (`matchLabels`, `matchExpressions`).
    pub fn of_object(selector: &Value) -> Self {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let labels = selector["matchLabels"].as_object().into_iter().flatten();
        let mut all: Vec<_> = labels.map(|(key, value)| (key.clone(), Operator::In(vec![text(value)]))).collect();
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let values = || expression["values"].as_array().into_iter().flatten().map(text).collect();
            let operator = match expression["operator"].as_str() {
                Some("In") => Operator::In(values()),
                Some("NotIn") => Operator::NotIn(values()),
                Some("DoesNotExist") => Operator::Absent,
                _ => Operator::Exists,
            };
            all.push((text(&expression["key"]), operator));
        }
        Self(all)
    }

    /// Whether there is no requirement.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a map of labels fulfils all requirements.
    pub fn matches_labels(&self, labels: &Value) -> bool {
        self.0.iter().all(|(key, operator)| {
            let value = labels.get(key).and_then(Value::as_str);
            let number = || value.and_then(|v| v.parse::<i64>().ok());
            match operator {
                Operator::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
                Operator::NotIn(values) => !value.is_some_and(|v| values.iter().any(|w| w == v)),
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::Greater(bound) => number().is_some_and(|n| n > *bound),
                Operator::Less(bound) => number().is_some_and(|n| n < *bound),
            }
        })
    }
}

impl std::fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (key, operator)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match operator {
                Operator::In(values) if values.len() == 1 => write!(f, "{comma}{key}={}", values[0])?,
                Operator::In(values) => write!(f, "{comma}{key} in ({})", values.join(","))?,
                Operator::NotIn(values) if values.len() == 1 => write!(f, "{comma}{key}!={}", values[0])?,
                Operator::NotIn(values) => write!(f, "{comma}{key} notin ({})", values.join(","))?,
                Operator::Exists => write!(f, "{comma}{key}")?,
                Operator::Absent => write!(f, "{comma}!{key}")?,
                Operator::Greater(bound) => write!(f, "{comma}{key}>{bound}")?,
                Operator::Less(bound) => write!(f, "{comma}{key}<{bound}")?,
            }
        }
        Ok(())
    }
}

/// Splits at the commas that are not inside parentheses.
fn split(text: &str) -> Vec<&str> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Requirements on a few fields; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<(String, bool, String)>);

impl FieldSelector {
    /// Reads `metadata.name=a,status.phase!=Running`; a field that the resource does not index is 400.
    pub fn parse(r: &Resource, text: &str) -> Result<Self, Status> {
        let mut requirements = Vec::new();
        for part in text.split(',').filter(|p| !p.is_empty()) {
            let unequal = part.split_once("!=").map(|(key, value)| (key, false, value));
            let equal =
                || part.split_once("==").or_else(|| part.split_once('=')).map(|(key, value)| (key, true, value));
            let invalid = || Status::bad_request(format!("invalid selector: '{text}'; can't understand '{part}'"));
            let (key, equal, value) = unequal.or_else(equal).ok_or_else(invalid)?;
            if !indexed(r).contains(&key) && key != "metadata.name" && !(key == "metadata.namespace" && r.namespaced) {
                let why = if indexed(r).is_empty() {
                    format!("{key:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                } else {
                    format!("field label not supported: {key}")
                };
                return Err(Status::bad_request(why));
            }
            requirements.push((key.to_owned(), equal, value.to_owned()));
        }
        Ok(Self(requirements))
    }

    /// Whether there is no requirement.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object fulfils all requirements.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(key, equal, wanted)| {
            let value = key.split('.').try_fold(object, |v, part| v.get(part));
            let text = match value {
                Some(Value::String(text)) => text.clone(),
                None | Some(Value::Null) => {
                    if key == "status.successful" {
                        "0".to_owned()
                    } else {
                        String::new()
                    }
                }
                Some(other) => other.to_string(),
            };
            (text == *wanted) == *equal
        })
    }
}

/// The fields that a resource can be selected by, besides name and namespace.
fn indexed(r: &Resource) -> &'static [&'static str] {
    match (r.group, r.kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        (_, "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Namespace") => &["status.phase"],
        ("", "Secret") => &["type"],
        ("", "Node") => &["spec.unschedulable"],
        ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resources::PODS;
    use serde_json::json;

    #[test]
    fn labels_match_as_kubectl_expects() {
        let labels = json!({ "app": "web", "tier": "front", "n": "5" });
        let yes =
            ["app=web", "app==web,tier!=back", "app in (web, api),tier", "!gone", "x notin (a)", "x!=y", "", "n>4"];
        let no = ["app=api", "gone", "!app", "app notin (web)", "x in (a)", "n<5"];
        for text in yes {
            assert!(LabelSelector::parse(text).unwrap().matches_labels(&labels), "{text}");
        }
        for text in no {
            assert!(!LabelSelector::parse(text).unwrap().matches_labels(&labels), "{text}");
        }
        for text in ["=a", "a in b", "a,,b", "a b"] {
            assert_eq!(LabelSelector::parse(text).unwrap_err().code, 400, "{text}");
        }
    }

    #[test]
    fn only_indexed_fields_select() {
        let pod = json!({ "metadata": { "name": "p" }, "status": { "phase": "Running" } });
        assert!(FieldSelector::parse(&PODS, "metadata.name=p,status.phase!=Failed").unwrap().matches(&pod));
        assert!(!FieldSelector::parse(&PODS, "spec.nodeName=n").unwrap().matches(&pod));
        assert_eq!(FieldSelector::parse(&PODS, "spec.hostname=x").unwrap_err().code, 400);
    }
}
