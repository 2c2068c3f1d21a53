//! Stops where a hand is needed. Taking the operation up again is the operator's word that it was lent.

use super::Ended;
use crate::operate::{journal::Record, run::Run, stop::Stop};
use serde_json::json;

pub(super) async fn run(run: &mut Run, index: usize, owner: &str, todo: &str) -> Result<Ended, Stop> {
    if run.history.steps[index].intent.is_some() {
        return Ok(Ended::done("the operator says that it is done"));
    }
    run.record(Record::Intent { step: index, before: json!({"todo": todo}) }).await?;
    let id = &run.plan().operation;
    Err(Stop::Interrupted(format!(
        "{owner} is held off until somebody says otherwise: {todo}, then `pilothouse operations resume {id}` lets it go"
    )))
}
