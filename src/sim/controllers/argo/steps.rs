//! The steps of a canary: weights that are reached, pauses that end by time or by hand.

use super::{super::cluster::after, Canary};
use crate::sim::controllers::object::{count, flag, int, items, moment, set, text, time, unset};
use jiff::Timestamp;
use serde_json::{Value, json};

impl Canary<'_> {
    /// The step it is at; the number of steps once all are done.
    pub fn index(&self) -> usize {
        let index = int(&self.status, "/currentStepIndex").and_then(|index| usize::try_from(index).ok());
        index.unwrap_or(0).min(self.steps().len())
    }

    pub fn set_index(&mut self, index: usize) {
        set(&mut self.status, &["currentStepIndex"], index);
    }

    /// The percentage of pods that the new template is to have now.
    pub fn weight(&self) -> i64 {
        let index = self.index();
        if self.is_promoted() || text(&self.status, "/stableRS").is_empty() {
            100
        } else if self.is_aborted() {
            0
        } else if index == self.steps().len() {
            100
        } else {
            self.steps()[..=index].iter().rev().find_map(|step| int(step, "/setWeight")).unwrap_or(0)
        }
    }

    /// Goes on as far as it can; answers when a pause ends by itself.
    pub fn advance(&mut self) -> Option<Timestamp> {
        if self.is_aborted() {
            for field in ["pauseConditions", "controllerPause"] {
                unset(&mut self.status, &[field]);
            }
            self.set_index(0);
            return None;
        }
        unset(&mut self.status, &["abortedAt"]);
        if flag(&self.status, "/promoteFull") {
            for field in ["pauseConditions", "controllerPause", "promoteFull"] {
                unset(&mut self.status, &[field]);
            }
            self.set_index(self.steps().len());
        }
        while self.index() < self.steps().len() {
            let step = self.steps()[self.index()].clone();
            if step["pause"].is_null() {
                if !self.is_reached() {
                    return None;
                }
            } else if let Some(until) = self.pause(&step) {
                return until;
            }
            self.set_index(self.index() + 1);
        }
        if self.is_out() {
            set(&mut self.status, &["stableRS"], self.hash.as_str());
        }
        None
    }

    /// Pauses at a step. None once the pause is over; else when it ends, where it does so by itself.
    fn pause(&mut self, step: &Value) -> Option<Option<Timestamp>> {
        let now = self.cluster.now();
        let begun = items(&self.status, "/pauseConditions").first().map(|pause| moment(pause, "/startTime"));
        let over = match begun {
            // Somebody took the condition away: that is how a pause is ended by hand.
            None if flag(&self.status, "/controllerPause") => true,
            None => {
                let pause = json!([{"reason": "CanaryPauseStep", "startTime": time(now)}]);
                set(&mut self.status, &["pauseConditions"], pause);
                set(&mut self.status, &["controllerPause"], true);
                return Some(length(step).map(|seconds| after(now, seconds)));
            }
            Some(begun) => match length(step).and_then(|seconds| Some(after(begun?, seconds))) {
                Some(end) if end > now => return Some(Some(end)),
                Some(_) => true,
                None => return Some(None),
            },
        };
        if over {
            for field in ["pauseConditions", "controllerPause"] {
                unset(&mut self.status, &[field]);
            }
        }
        None
    }

    /// Whether every replica runs the wanted template and serves, and no other does.
    fn is_out(&self) -> bool {
        let gone = |set: &Value| count(set, "/status/replicas") == 0 && count(set, "/spec/replicas") == 0;
        self.is_reached() && self.old.iter().chain(&self.stable).all(|set| gone(set))
    }
}

/// The length of a pause in seconds; None for one that somebody has to end.
fn length(step: &Value) -> Option<f64> {
    let duration = &step["pause"]["duration"];
    let text = match duration {
        Value::Number(seconds) => return seconds.as_f64(),
        other => other.as_str()?,
    };
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}
