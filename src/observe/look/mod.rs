//! Looks at one workload from one side, for a screen that shows it: whole where the rows are slim.
//!
//! Invariant: bounded, and never wider than the workload's namespace: label and field selectors name what belongs to it. One
//! file a side; what is seen is a value of the model, with whatever may be secret hidden.

mod autoscaler;
mod events;
mod manifest;
mod members;
mod origin;
mod overview;
mod placement;
mod pods;
mod reconciliations;
mod served;
mod tags;
mod traffic;
mod usage;

pub use autoscaler::autoscaler;
pub use events::events;
pub use manifest::manifest;
pub use origin::origin;
pub use overview::overview;
pub use placement::placement;
pub use pods::pods;
pub use reconciliations::reconciliations;
pub use served::served;
pub use tags::{GitTags, git_tags, tags_wanted};
pub use traffic::traffic;
pub use usage::usage;

use crate::{model, wire};

/// A condition with its values hidden.
fn condition(wire: &wire::Condition) -> model::Condition {
    model::Condition {
        kind: wire.kind.clone(),
        status: wire.status.clone(),
        reason: wire.reason.clone(),
        message: crate::formats::redact::text(&wire.message).into(),
        since: wire.last_transition_time,
    }
}
