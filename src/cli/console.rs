//! What a verb prints while it runs: text for people, or one JSON object a line for scripts.
//!
//! With JSON, standard output carries nothing else.

use super::failure::{Failure, Sort};
use crate::model::{OperationId, Outcome, Plan, Progress, StepState};
use jiff::Timestamp;
use serde_json::json;
use std::{
    io::{self, Write},
    time::Instant,
};

/// Where a verb prints.
pub struct Console<W> {
    out: W,
    json: bool,
    steps: Vec<String>,
    current: usize,
    begun: Option<Instant>,
}

impl<W: Write> Console<W> {
    /// Prints to `out`, as JSON lines or as text.
    pub const fn new(out: W, json: bool) -> Self {
        Self { out, json, steps: Vec::new(), current: 0, begun: None }
    }

    /// Whether this prints JSON lines.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether this prints JSON, and where: for a document that is not made of lines.
    pub const fn output(&mut self) -> (bool, &mut W) {
        (self.json, &mut self.out)
    }

    /// Prints a plan.
    ///
    /// # Errors
    /// Those of the output.
    pub fn plan(&mut self, plan: &Plan) -> io::Result<()> {
        self.expect_steps(plan);
        if self.json { self.line(&json!({"event": "plan", "plan": plan})) } else { sheet(plan, &mut self.out) }
    }

    /// Remembers a plan's steps without printing it, for an operation that is resumed.
    pub fn expect_steps(&mut self, plan: &Plan) {
        self.steps = plan.steps.iter().map(|s| s.step.clone()).collect();
    }

    /// Prints what a running operation reports.
    ///
    /// # Errors
    /// Those of the output.
    pub fn progress(&mut self, operation: &OperationId, progress: &Progress) -> io::Result<()> {
        match progress {
            Progress::Step { index, state, detail } => {
                self.current = *index;
                self.step(*index, *state, detail)
            }
            Progress::Log(line) if self.json => self.step(self.current, StepState::Progress, line),
            Progress::Log(line) => writeln!(self.out, "     │ {line}"),
            Progress::Result { outcome, message } => self.result(Some(operation), *outcome, message),
            Progress::State(_) | Progress::HoldUntil(_) => Ok(()),
        }
    }

    fn step(&mut self, index: usize, state: StepState, detail: &str) -> io::Result<()> {
        let name = self.steps.get(index).map_or("step", String::as_str).to_owned();
        let took = match state {
            StepState::Started => {
                self.begun = Some(Instant::now());
                None
            }
            StepState::Done | StepState::Failed => self.begun.take().map(|begun| begun.elapsed().as_secs()),
            StepState::Pending | StepState::Progress | StepState::Skipped => None,
        };
        if self.json {
            return self
                .line(&json!({"event": "step", "index": index, "step": name, "state": state, "detail": detail, "at": Timestamp::now()}));
        }
        let glyph = match state {
            StepState::Pending => "·",
            StepState::Started => "▸",
            StepState::Progress => " ",
            StepState::Done => "✓",
            StepState::Skipped => "–",
            StepState::Failed => "✗",
        };
        match took {
            Some(seconds @ 1..) => writeln!(self.out, " {glyph} {} {name:<9} {detail}  ({})", index + 1, span(seconds)),
            _ => writeln!(self.out, " {glyph} {} {name:<9} {detail}", index + 1),
        }
    }

    /// Prints how it ended.
    ///
    /// # Errors
    /// Those of the output.
    pub fn result(&mut self, operation: Option<&OperationId>, outcome: Outcome, message: &str) -> io::Result<()> {
        if self.json {
            return self
                .line(&json!({"event": "result", "outcome": outcome, "operation": operation, "message": message}));
        }
        let word = match outcome {
            Outcome::Done => "done",
            Outcome::Failed => "FAILED",
            Outcome::Refused => "REFUSED",
            Outcome::Conflict => "STOPPED, the world changed",
            Outcome::SteppedBack => "stepped back",
            Outcome::Interrupted => "interrupted",
        };
        writeln!(self.out, "\n{word}: {message}")?;
        if let Some(id) = operation.filter(|_| outcome == Outcome::Interrupted) {
            writeln!(self.out, "  → go on with: pilothouse operations resume {id}")?;
        }
        Ok(())
    }

    /// Prints how a run ended that failed before it could say so itself: JSON lines end with a result whatever happens.
    ///
    /// # Errors
    /// The failure, or that of the output.
    pub fn ended<T>(&mut self, operation: Option<&OperationId>, ended: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &ended
            && self.json
            && failure.sort != Sort::Unheard
        {
            self.result(operation, failure.sort.outcome(), &failure.to_string())?;
        }
        ended
    }

    /// Prints something that happened: as JSON, or as a line of text for people.
    ///
    /// # Errors
    /// Those of the output.
    pub fn event(&mut self, value: &serde_json::Value, text: &str) -> io::Result<()> {
        if self.json {
            return self.line(value);
        }
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Prints a line of text, for people only.
    ///
    /// # Errors
    /// Those of the output.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(self.out, "{text}") }
    }

    fn line(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(self.out, "{value}")?;
        self.out.flush()
    }
}

/// A plan as text: what, why, how durable, what was checked, what happens, what changes.
fn sheet(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} {}  {}    risk: {}", title(plan), plan.target, plan.summary, plan.risk)?;
    writeln!(out, "  context   {}", plan.context)?;
    for reason in &plan.reasons {
        writeln!(out, "  because   {reason}")?;
    }
    writeln!(out, "  durable   {}", plan.durability)?;
    for check in &plan.preconditions {
        let glyph = match (check.ok, check.warning) {
            (true, _) => "✓",
            (false, true) => "!",
            (false, false) => "✗",
        };
        writeln!(out, "  {glyph} {}: {}", check.what, check.detail)?;
    }
    for (index, step) in plan.steps.iter().enumerate() {
        writeln!(out, "  {} {:<9} {}", index + 1, step.step, step.detail)?;
    }
    if !plan.diff.is_empty() {
        writeln!(out)?;
        for line in plan.diff.lines() {
            writeln!(out, "    {line}")?;
        }
    }
    writeln!(out)
}

/// Seconds as people say them.
pub fn span(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn title(plan: &Plan) -> &'static str {
    use crate::model::Verb;
    match plan.verb {
        Verb::Rollback => "Roll back",
        Verb::Restart => "Restart",
        Verb::Shift => "Shift",
        Verb::Bump => "Bump",
        Verb::Migrate => "Migrate",
    }
}
