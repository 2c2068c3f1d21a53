//! When the current revision of a workload first served all its pods.

use crate::model::{Kind, Revision};
use jiff::Timestamp;
use serde_json::Value;

/// The numbers that a ReplicaSet had before its template was returned to.
const BEFORE: &str = "deployment.kubernetes.io/revision-history";

/// When a Deployment's controller saw the rollout of its current revision complete. It writes the condition once and lets it
/// stand. None for another kind or revision, and for a template that was returned to: it served before.
pub fn served(workload: &Value, revision: &Revision) -> Option<Timestamp> {
    let returned = revision.annotations.iter().any(|(key, value)| key == BEFORE && !value.is_empty());
    if !revision.current || returned || revision.source.kind != Kind::ReplicaSet || workload["kind"] != "Deployment" {
        return None;
    }
    if workload["status"]["observedGeneration"].as_i64() < workload["metadata"]["generation"].as_i64() {
        return None;
    }
    let conditions = workload["status"]["conditions"].as_array()?;
    let progressing = conditions.iter().find(|condition| condition["type"] == "Progressing")?;
    let complete = progressing["reason"] == "NewReplicaSetAvailable" && progressing["status"] == "True";
    // Its message names the ReplicaSet that came up.
    let ours =
        progressing["message"].as_str().is_some_and(|said| said.contains(&format!("\"{}\"", revision.source.name)));
    (complete && ours).then(|| progressing["lastUpdateTime"].as_str()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RevisionSource;
    use serde_json::json;

    fn revision(annotations: &[(&str, &str)]) -> Revision {
        Revision {
            revision: 2,
            current: true,
            source: RevisionSource { kind: Kind::ReplicaSet, name: "web-5f".into(), uid: "u".into() },
            created: None,
            template: Value::Null,
            annotations: annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            containers: Vec::new(),
            cause: None,
            replicas: 1,
            ready: 1,
            failing: None,
            proven: None,
            missing: Vec::new(),
        }
    }

    fn deployment(reason: &str, set: &str) -> Value {
        json!({"kind": "Deployment", "metadata": {"generation": 2}, "status": {"observedGeneration": 2, "conditions": [
            {"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": "2026-11-21T12:00:00Z",
                "message": format!("ReplicaSet \"{set}\" has successfully progressed.")}]}})
    }

    #[test]
    fn the_controllers_word_counts_for_the_revision_that_it_names() {
        let complete = deployment("NewReplicaSetAvailable", "web-5f");
        assert_eq!(served(&complete, &revision(&[])), Some("2026-11-21T12:00:00Z".parse().unwrap()));
        assert_eq!(served(&complete, &revision(&[(BEFORE, "1")])), None, "it served before");
        assert_eq!(served(&complete, &Revision { current: false, ..revision(&[]) }), None);
        assert_eq!(served(&deployment("ReplicaSetUpdated", "web-5f"), &revision(&[])), None);
        assert_eq!(served(&deployment("NewReplicaSetAvailable", "web-4a"), &revision(&[])), None);
        let mut behind = complete;
        behind["metadata"]["generation"] = json!(3);
        assert_eq!(served(&behind, &revision(&[])), None, "the controller has not seen the change");
    }
}
