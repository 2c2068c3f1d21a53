//! `pilothouse reserve`: a test cluster for oneself, for a while.

use super::{
    args::{Global, Lines, Reserve},
    failure::{Failure, Sort},
    report::API_VERSION,
};
use crate::{
    app::Session,
    model::Reservation,
    operate::{self, ReserveError, Reserved, Wish},
    time::age,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{io::Write, process::ExitCode};

/// Takes, prolongs, gives back or shows the reservation of the context's cluster.
///
/// # Errors
/// The guard refuses or somebody else holds it, which is told with who and until when; or the cluster cannot be reached.
pub async fn run(global: &Global, arguments: Reserve, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let session = Session::open(&global.into()).await?;
    let (context, actor) = (session.cluster.info().name.clone(), session.desk.actor.clone());
    let wish = match (arguments.span, arguments.release) {
        (Some(seconds), _) => Some(Wish::Hold { seconds, why: arguments.why }),
        (None, true) => Some(Wish::Release),
        (None, false) => None,
    };
    let (reserved, said) = match wish {
        Some(wish) => {
            let reserved = operate::reserve(&wish, &actor, session.mode, &session.cluster, arguments.dry_run).await?;
            let said = told(&wish, &reserved, &context, session.clock.now());
            (reserved.now, said)
        }
        None => {
            let reserved = operate::reserved(&session.cluster).await.map_err(ReserveError::from)?;
            let said = shown(reserved.as_ref(), &actor, &context, session.clock.now());
            (reserved, said)
        }
    };
    let now = session.clock.now();
    match arguments.output {
        Lines::Json => {
            let reservation = reserved.as_ref().map(|held| row(held, &actor, now));
            writeln!(
                out,
                "{}",
                json!({"apiVersion": API_VERSION, "context": context, "dry_run": arguments.dry_run, "reservation": reservation})
            )?;
        }
        Lines::Table if arguments.dry_run => writeln!(out, "would be so, and nothing was changed: {said}")?,
        Lines::Table => writeln!(out, "{said}")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn row(held: &Reservation, us: &str, now: Timestamp) -> Value {
    json!({
        "holder": held.holder, "since": held.since, "until": held.until, "why": held.reason,
        "expired": !held.stands(now), "ours": *held.holder == *us,
        "lease": {"namespace": held.lease.namespace, "name": held.lease.name},
    })
}

fn until(held: &Reservation, now: Timestamp) -> String {
    // To the nearest minute: two hours that began a moment ago are two hours.
    let rounded = held.until.saturating_add(SignedDuration::from_secs(30)).unwrap_or(held.until);
    format!("until {}, for {} more", held.until.strftime("%F %H:%M UTC"), age(now, rounded))
}

/// What was done, in a sentence.
fn told(wish: &Wish, reserved: &Reserved, context: &str, now: Timestamp) -> String {
    match (wish, &reserved.now, &reserved.before) {
        (Wish::Hold { .. }, Some(held), before) => {
            let how = match before {
                Some(before) if before.stands(now) => " (prolonged)".to_owned(),
                Some(before) if before.holder != held.holder => {
                    format!("; that of {} ended by itself {} ago", before.holder, age(before.until, now))
                }
                _ => String::new(),
            };
            format!("{context} is yours {}{how}", until(held, now))
        }
        (Wish::Release, _, Some(before)) if before.stands(now) => format!("{context} is given back"),
        _ => format!("nobody has reserved {context}: there is nothing to give back"),
    }
}

/// How it stands, in a sentence.
fn shown(reserved: Option<&Reservation>, us: &str, context: &str, now: Timestamp) -> String {
    match reserved {
        Some(held) if held.stands(now) => {
            let who = if *held.holder == *us { "you have".to_owned() } else { format!("{} has", held.holder) };
            format!("{who} reserved {context} {}{}", until(held, now), held.remarks(now))
        }
        Some(held) => format!(
            "nobody has reserved {context}; the reservation of {} ended by itself {} ago",
            held.holder,
            age(held.until, now)
        ),
        None => format!("nobody has reserved {context}; `pilothouse reserve --for 2h` does"),
    }
}

impl From<ReserveError> for Failure {
    fn from(error: ReserveError) -> Self {
        let sort = match &error {
            ReserveError::Refused(_) | ReserveError::Held(..) => Sort::Refused,
            ReserveError::Api(_) => Sort::Failed,
        };
        Self::new(sort, error.to_string(), error.hint())
    }
}

/// For how many seconds a cluster may be reserved: a minute to a week, so that a forgotten reservation ends in the end.
pub fn span(text: &str) -> Result<u32, String> {
    let seconds = super::target::span(text).map_err(|_| "expected a duration such as 90m, 2h or 1d".to_owned())?;
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| (60..=7 * 86_400).contains(seconds))
        .ok_or_else(|| "a cluster is reserved for one minute at least and seven days at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_has_bounds() {
        assert_eq!((span("2h"), span("1d")), (Ok(7200), Ok(86_400)));
        assert!(span("10s").is_err() && span("8d").is_err() && span("soon").is_err());
    }
}
