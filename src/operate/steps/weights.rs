//! Writes a route's weights, and waits until the gateway has taken them up.
//!
//! Invariant: weights that somebody else changed are never overwritten, and a rule's weights are written together.

use super::Ended;
use crate::{
    formats::route,
    model::{ObjectRef, Weight},
    operate::{
        run::Run,
        stop::Stop,
        write::{Effect, Patch, Probe},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the gateway's verdict is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How many looks in a row must find the route refused before the operator is asked.
const REFUSALS: u32 = 3;

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    uid: &str,
    before: &[Weight],
    after: &[Weight],
) -> Result<Ended, Stop> {
    let ours = set(run, index, object, uid, before, after, true).await?;
    let text = describe(after);
    if !ours {
        return Err(Stop::Conflict(format!(
            "somebody else set the weights to {text} already; look who, then plan again"
        )));
    }
    let settled = settle(run, index, object, uid).await?;
    Ok(Ended::Done { detail: format!("{text}{settled}"), result: json!({ "weights": after }) })
}

/// Takes the route from `before` to `after`. Whether this operation did it.
pub(in crate::operate) async fn set(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    uid: &str,
    before: &[Weight],
    after: &[Weight],
    rehearse: bool,
) -> Result<bool, Stop> {
    let judge = |found: &Value| judge(found, before, after);
    let patch =
        |found: &Value| route::set_weights(found, before, after).map(Patch::Json).map_err(|error| error.to_string());
    let effect = Effect { object, uid, judge: &judge, patch: &patch, before: json!({ "weights": before }), rehearse };
    Ok(run.apply(index, &effect).await?.ours)
}

/// What a look at the route says about going from `before` to `after`.
pub(in crate::operate) fn judge(found: &Value, before: &[Weight], after: &[Weight]) -> Probe {
    match route::weights(found) {
        Ok(now) if now == after => Probe::Done,
        Ok(now) if now == before => Probe::NotDone,
        Ok(now) => Probe::Diverged(format!(
            "the weights are {}, and {} was confirmed: somebody else changed them; look who, then plan again",
            describe(&now),
            describe(before)
        )),
        Err(error) => Probe::Diverged(error.to_string()),
    }
}

/// Waits until every parent has accepted the route as it stands.
async fn settle(run: &mut Run, index: usize, object: &ObjectRef, uid: &str) -> Result<&'static str, Stop> {
    let mut refusals = 0;
    loop {
        let found = run.confirmed_object(index, object, uid).await?;
        match route::accepted(&found) {
            Ok(true) => return Ok(", accepted by the gateway"),
            Ok(false) if !route::has_controller(&found) => {
                return Ok("; no gateway controller reports on this route, so nobody confirms that they are in force");
            }
            Ok(false) => run.note(index, "waiting for the gateway to take the weights up").await,
            Err(why) => {
                refusals += 1;
                run.note(index, format!("the gateway refuses the route: {why}")).await;
                if refusals == REFUSALS {
                    run.pause(format!("the gateway refuses the route: {why}")).await?;
                    refusals = 0;
                }
            }
        }
        run.wait(LOOK).await?;
    }
}

/// Weights as an operator reads them: `checkout 75, checkout-v2 25`; of several rules, each.
pub(in crate::operate) fn describe(weights: &[Weight]) -> String {
    let mut rules: Vec<String> = Vec::new();
    let mut last = None;
    for weight in weights {
        let text = format!("{} {}", weight.name, weight.weight);
        match rules.last_mut() {
            Some(rule) if last == Some(weight.rule) => *rule = format!("{rule}, {text}"),
            _ => rules.push(text),
        }
        last = Some(weight.rule);
    }
    rules.dedup();
    rules.join("; ")
}
