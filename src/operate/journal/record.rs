//! What a journal's lines say, and how each is made tamper-evident.
//!
//! A line is one JSON object `{v, seq, time, kind, …, sum}`. `sum` covers the line's own bytes and the sum before it, so a
//! changed, lost or exchanged line is noticed. No environment value, Secret or pod template ever becomes part of a record.

use crate::model::{Outcome, Plan};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The version of the lines written now.
const VERSION: u32 = 1;
/// Hexadecimal digits of a checksum.
const SUM: usize = 32;

/// One thing that happened to an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// Always first: what is going to be done.
    Planned {
        /// The plan, whole.
        plan: Box<Plan>,
    },
    /// The guard let it pass.
    Confirmed {
        /// Who carries it out, as `user@host`.
        actor: String,
    },
    /// A process took an unfinished operation up again.
    Resumed {
        /// Who carries it out now, as `user@host`.
        actor: String,
    },
    /// The Lease of the target is ours, or why it is done without.
    Locked {
        /// What to know about it: taken over from whom, or why there is none.
        note: String,
    },
    /// A step begins, or begins again.
    Started {
        /// The step's index.
        step: usize,
    },
    /// A write is about to be sent. Nothing is written to the world before this is on disk.
    Intent {
        /// The step's index.
        step: usize,
        /// UID, resourceVersion, and what was there before.
        before: Value,
    },
    /// The write is known to have been applied.
    Wrote {
        /// The step's index.
        step: usize,
        /// UID, resourceVersion, commit…
        result: Value,
    },
    /// A step ended well.
    Done {
        /// The step's index.
        step: usize,
        /// One sentence.
        detail: String,
        /// What later steps and readers need of it.
        result: Value,
    },
    /// A step was found done by someone else, or is not needed any more.
    Skipped {
        /// The step's index.
        step: usize,
        /// Why.
        detail: String,
    },
    /// A step failed.
    Failed {
        /// The step's index.
        step: usize,
        /// Why.
        detail: String,
    },
    /// A hold begins or goes on.
    Holding {
        /// The step's index.
        step: usize,
        /// Seconds that were held with the gate open so far.
        held: u64,
    },
    /// It waits for an operator.
    Paused {
        /// Why.
        why: String,
    },
    /// An operator let it go on.
    Continued,
    /// The write of this step is about to be taken back.
    SteppingBack {
        /// The step's index.
        step: usize,
    },
    /// It was taken back; the step is not done any more, nor are those after it.
    SteppedBack {
        /// The step's index.
        step: usize,
    },
    /// Everything is about to be taken back, or waiting ends where nothing can be.
    Aborting,
    /// An attempt to carry it out ended.
    Result {
        /// How.
        outcome: Outcome,
        /// Why, in one sentence.
        message: String,
    },
}

/// A record with its place in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    v: u32,
    /// Its number, from 0.
    pub seq: u64,
    /// When it was written, by this machine's clock.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

impl Entry {
    /// A record at its place.
    pub fn new(seq: u64, time: Timestamp, record: Record) -> Self {
        Self { v: VERSION, seq, time, record }
    }

    /// The line for the journal, newline included, and its sum. `previous` is the sum of the line before; empty for the first.
    pub fn encode(&self, previous: &str) -> Result<(String, String), serde_json::Error> {
        let mut line = serde_json::to_string(self)?;
        line.pop();
        let sum = checksum(previous, &line);
        line.push_str(",\"sum\":\"");
        line.push_str(&sum);
        line.push_str("\"}\n");
        Ok((line, sum))
    }

    /// Reads a line (without its newline) back; the error says what is wrong with it.
    pub fn decode(line: &[u8], previous: &str, seq: u64) -> Result<(Self, String), String> {
        let tail = ",\"sum\":\"".len() + SUM + "\"}".len();
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let cut = text.len().checked_sub(tail).filter(|cut| text.is_char_boundary(*cut));
        let (body, end) = text.split_at(cut.ok_or("it is too short")?);
        let sum =
            end.strip_prefix(",\"sum\":\"").and_then(|end| end.strip_suffix("\"}")).ok_or("it has no checksum")?;
        if sum != checksum(previous, body) {
            return Err("its checksum is wrong".into());
        }
        let entry: Self = serde_json::from_str(text).map_err(|error| format!("it cannot be read: {error}"))?;
        if entry.v != VERSION {
            return Err(format!("it has version {}, and this program knows version {VERSION}", entry.v));
        }
        if entry.seq != seq {
            return Err(format!("it has number {} where {seq} is expected", entry.seq));
        }
        Ok((entry, sum.to_owned()))
    }
}

fn checksum(previous: &str, body: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::new().chain_update(previous).chain_update(body).finalize();
    digest.iter().take(SUM / 2).fold(String::with_capacity(SUM), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
