//! Restarts a workload's pods by the annotation that kubectl uses.

use super::Ended;
use crate::{
    formats::template,
    model::ObjectRef,
    operate::{
        run::Run,
        stop::Stop,
        write::{Effect, Patch, Probe},
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    uid: &str,
    at: Timestamp,
) -> Result<Ended, Stop> {
    let value = template::restart_value(at);
    let judge = |found: &Value| match template::restarted_at(found) {
        Some(now) if now == value => Probe::Done,
        _ if template::is_paused(found) => Probe::Diverged(format!(
            "{object} was paused since the plan was confirmed; resume its rollout, then plan again"
        )),
        // A later restart than ours has replaced these pods already.
        Some(now) if now.parse::<Timestamp>().is_ok_and(|now| now > at) => {
            Probe::Diverged(format!("{object} was restarted at {now} by somebody else"))
        }
        _ => Probe::NotDone,
    };
    let patch = |found: &Value| template::restart(found, at).map(Patch::Json).map_err(|error| error.to_string());
    let effect = Effect { object, uid, judge: &judge, patch: &patch, before: Value::Null, rehearse: true };
    let applied = run.apply(index, &effect).await?;
    let result = json!({"generation": applied.object["metadata"]["generation"]});
    Ok(Ended::Done { detail: format!("told to restart at {value}"), result })
}
