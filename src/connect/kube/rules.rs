//! What RBAC allows in one namespace, asked once for everything: SelfSubjectRulesReview.

use super::{ApiError, Reader, reader::invalid};
use crate::model::Kind;
use ::kube::core::params::PostParams;
use serde::Deserialize;
use serde_json::json;

/// What the API server says that this user may do in a namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    resource_rules: Vec<Rule>,
    /// Whether an authorizer could not tell all of its rules.
    incomplete: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    verbs: Option<Vec<String>>,
    api_groups: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    resource_names: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    status: Rules,
}

impl Rules {
    /// Whether objects of this kind may all be read so; None where the API server could not tell.
    pub fn allow(&self, verb: &str, kind: Kind) -> Option<bool> {
        let has = |list: &Option<Vec<String>>, wanted: &str| {
            list.iter().flatten().any(|entry| entry == "*" || entry == wanted)
        };
        let allowed = self.resource_rules.iter().any(|rule| {
            // A right to single objects is no right to a list.
            let all = rule.resource_names.iter().flatten().next().is_none();
            all && has(&rule.verbs, verb) && has(&rule.api_groups, kind.group()) && has(&rule.resources, kind.plural())
        });
        (allowed || !self.incomplete).then_some(allowed)
    }
}

impl Reader {
    /// What this user may do in a namespace.
    ///
    /// # Errors
    /// When the question itself is refused or not answered.
    pub async fn rules(&self, namespace: &str) -> Result<Rules, ApiError> {
        let action = format!("ask what you may do in {namespace}");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace},
        });
        let collection = ::kube::core::Request::new("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews");
        let request = collection.create(&PostParams::default(), review.to_string().into_bytes());
        let request = request.map_err(|error| invalid(&action, &error))?;
        Ok(self.ask::<Review>(request, &action).await?.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: serde_json::Value) -> Rules {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_list_needs_a_rule_for_all_objects() {
        let some = rules(json!({"incomplete": false, "nonResourceRules": [], "resourceRules": [
            {"verbs": ["get", "list", "watch"], "apiGroups": ["apps"], "resources": ["deployments"]},
            {"verbs": ["*"], "apiGroups": ["batch"], "resources": ["*"], "resourceNames": ["one"]},
            {"verbs": ["list"], "apiGroups": ["*"], "resources": ["horizontalpodautoscalers"], "resourceNames": null},
        ]}));
        assert_eq!(some.allow("list", Kind::Deployment), Some(true));
        assert_eq!(some.allow("list", Kind::StatefulSet), Some(false));
        assert_eq!(some.allow("list", Kind::Job), Some(false));
        assert_eq!(some.allow("list", Kind::HorizontalPodAutoscaler), Some(true));
        assert_eq!(some.allow("watch", Kind::HorizontalPodAutoscaler), Some(false));
    }

    #[test]
    fn what_is_incomplete_says_yes_or_nothing() {
        let rule = json!({"verbs": ["list"], "apiGroups": ["apps"], "resources": ["deployments"]});
        let part = rules(json!({"incomplete": true, "resourceRules": [rule]}));
        assert_eq!(part.allow("list", Kind::Deployment), Some(true));
        assert_eq!(part.allow("list", Kind::Job), None);
    }
}
