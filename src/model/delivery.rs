//! How far an Argo Rollout has brought its new template.

use super::ObjectRef;
use jiff::Timestamp;

/// The way of an Argo Rollout from the template that is out to the one that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Whether it goes in one switch (blue-green) instead of by steps (canary).
    pub blue_green: bool,
    /// Whether a new template is on its way.
    pub under_way: bool,
    /// The step it is at, counted from 1, and how many there are. None where there are none, or nothing is under way.
    pub step: Option<(u32, u32)>,
    /// Percent of the traffic, or of the pods where no traffic is routed, that the new template is to have. None while nothing is
    /// under way.
    pub weight: Option<u32>,
    /// Whether it was aborted: the template that was out before serves, while the object still asks for the new one.
    pub aborted: bool,
    /// When a pause of limited length ends.
    pub resumes: Option<Timestamp>,
    /// The workload whose template it rolls out (`workloadRef`), where it has none of its own.
    pub template_of: Option<ObjectRef>,
}

impl Delivery {
    /// Where it stands in a few words: `step 2/6 25 %`; None while nothing is under way.
    pub fn progress(&self) -> Option<String> {
        let step = self.step.map(|(at, of)| format!("step {at}/{of}"));
        let weight = self.weight.map(|weight| format!("{weight} %"));
        match (step, weight) {
            _ if self.aborted => Some("aborted".into()),
            (Some(step), Some(weight)) => Some(format!("{step} {weight}")),
            (None, None) if self.under_way && self.blue_green => Some("preview".into()),
            (step, weight) => step.or(weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_a_few_words() {
        let at = |step, weight, aborted| Delivery { step, weight, aborted, ..Delivery::default() }.progress();
        assert_eq!(at(Some((2, 6)), Some(25), false).as_deref(), Some("step 2/6 25 %"));
        assert_eq!(at(None, Some(25), false).as_deref(), Some("25 %"));
        assert_eq!(at(Some((1, 6)), Some(0), true).as_deref(), Some("aborted"));
        assert_eq!(at(None, None, false), None);
        let preview = Delivery { blue_green: true, under_way: true, ..Delivery::default() };
        assert_eq!(preview.progress().as_deref(), Some("preview"));
    }
}
