//! States as glyphs, so that a screen without colour says the same.

use crate::{
    config::Meaning,
    model::{Health, JobState, OperationState, RolloutState, StepState, Workload},
};

/// The glyph and the meaning of a health.
pub const fn health(health: Health) -> (&'static str, Meaning) {
    match health {
        Health::Broken => ("✗", Meaning::Broken),
        Health::Degraded => ("!", Meaning::Degraded),
        Health::Progressing => ("◐", Meaning::Progressing),
        Health::Unknown => ("?", Meaning::Unknown),
        Health::Healthy => ("✓", Meaning::Healthy),
    }
}

/// The glyph of a workload: a paused rollout shows as such unless something worse is to say.
pub fn workload(row: &Workload, health: Health) -> (&'static str, Meaning) {
    match (row.rollout.state, health) {
        (RolloutState::Paused, Health::Progressing | Health::Healthy | Health::Unknown) => ("‖", Meaning::Degraded),
        _ => self::health(health),
    }
}

/// The glyph of a Job.
pub const fn job(state: &JobState) -> (&'static str, Meaning) {
    match state {
        JobState::Suspended => ("‖", Meaning::Degraded),
        JobState::Running => ("◐", Meaning::Progressing),
        JobState::Complete => ("✓", Meaning::Healthy),
        JobState::Failed(_) => ("✗", Meaning::Broken),
    }
}

/// The glyph of an operation.
pub const fn operation(state: OperationState) -> (&'static str, Meaning) {
    match state {
        OperationState::Running => ("◐", Meaning::Progressing),
        OperationState::Paused => ("‖", Meaning::Degraded),
        OperationState::Interrupted => ("!", Meaning::Broken),
        OperationState::Done => ("✓", Meaning::Healthy),
        OperationState::Failed => ("✗", Meaning::Broken),
        OperationState::SteppedBack => ("↶", Meaning::Degraded),
    }
}

/// The glyph of a step.
pub const fn step(state: StepState) -> (&'static str, Meaning) {
    match state {
        StepState::Pending => ("·", Meaning::Muted),
        StepState::Started | StepState::Progress => ("◐", Meaning::Progressing),
        StepState::Done => ("✓", Meaning::Healthy),
        StepState::Skipped => ("–", Meaning::Muted),
        StepState::Failed => ("✗", Meaning::Broken),
    }
}

/// A bar of `width` cells: how much of `whole` there is. Something is never shown as nothing, nor less as all.
pub fn bar(part: u64, whole: u64, width: usize) -> (String, String) {
    if whole == 0 || width == 0 {
        return (String::new(), "▁".repeat(width));
    }
    let cells = width as u64;
    let mut filled = (part.min(whole) * cells + whole / 2) / whole;
    if part > 0 {
        filled = filled.max(1);
    }
    if part < whole {
        filled = filled.min(cells - 1);
    }
    ("▆".repeat(filled as usize), "▁".repeat((cells - filled) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_neither_hides_the_first_nor_the_last_missing_one() {
        let bar = |part, whole, width| {
            let (full, empty) = bar(part, whole, width);
            full + &empty
        };
        assert_eq!(bar(4, 6, 6), "▆▆▆▆▁▁");
        assert_eq!(bar(1, 100, 4), "▆▁▁▁");
        assert_eq!(bar(99, 100, 4), "▆▆▆▁");
        assert_eq!(bar(9, 8, 4), "▆▆▆▆");
        assert_eq!(bar(0, 1, 1), "▁");
        assert_eq!(bar(0, 0, 2), "▁▁");
    }
}
