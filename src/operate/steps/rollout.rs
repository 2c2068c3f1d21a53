//! Waits for a rollout's verdict, by kubectl's rules: the generation first, then the numbers.

use super::Ended;
use crate::{
    formats::template,
    model::{ObjectRef, RolloutState},
    observe,
    operate::{run::Run, stop::Stop},
    wire::Workload,
};
use serde::Deserialize as _;
use serde_json::json;
use std::time::Duration;

/// How often the object is looked at.
const LOOK: Duration = Duration::from_secs(2);

pub(super) async fn run(run: &mut Run, index: usize, object: &ObjectRef, uid: &str) -> Result<Ended, Stop> {
    let mut said = None;
    loop {
        let Some(found) = run.find(index, object).await? else {
            return Err(Stop::Failed(format!("{object} was deleted while its rollout was waited for")));
        };
        if found["metadata"]["uid"] != uid {
            return Err(Stop::Failed(format!(
                "{object} was deleted and created again while its rollout was waited for"
            )));
        }
        let workload = Workload::deserialize(&found)
            .map_err(|error| Stop::Failed(format!("{object} is not what the API promises: {error}")))?;
        let rollout = observe::verdict(object.kind, &workload);
        let reason = rollout.reason.clone().unwrap_or_else(|| rollout.state.to_string());
        match rollout.state {
            RolloutState::Complete => {
                // The hash is the evidence by which a later rollback calls this template known good.
                let result = json!({
                    "template": template::hash(template::of(&found)),
                    "generation": found["metadata"]["generation"],
                });
                return Ok(Ended::Done { detail: "rolled out and available".into(), result });
            }
            RolloutState::Failed => return Err(Stop::Failed(reason)),
            RolloutState::Unknown => {
                return Ok(Ended::Skipped(format!("there is no verdict to wait for: {reason}")));
            }
            RolloutState::Paused | RolloutState::Progressing if said.as_ref() != Some(&reason) => {
                run.note(index, reason.clone()).await;
                said = Some(reason);
            }
            RolloutState::Paused | RolloutState::Progressing => {}
        }
        run.wait(LOOK).await?;
    }
}
