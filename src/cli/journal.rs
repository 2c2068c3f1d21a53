//! `pilothouse journal`: who did what, why, when and with which result, for people, programs and incident reports.

use super::{
    args::{Journal, JournalFormat},
    failure::Failure,
    report::API_VERSION,
    table::Table,
};
use crate::{
    app::{self, SessionError},
    config::Paths,
    model::Account,
    operate,
    time::{Clock, age},
};
use jiff::SignedDuration;
use serde_json::json;
use std::{io::Write, process::ExitCode};

/// Carries the subcommand out. Needs no cluster.
///
/// # Errors
/// When the operation named is unknown, or the output cannot be written.
pub fn run(arguments: &Journal, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let journals = app::journals(&Paths::find().ok_or(SessionError::NoHome)?);
    let now = Clock::System.now();
    let listing = journals.list();
    for unreadable in &listing.unreadable {
        eprintln!("pilothouse: {unreadable}");
    }
    // A group's name stands for all that was confirmed with it.
    let group = arguments.id.as_deref().filter(|text| listing.accounts.iter().any(|told| told.group() == Some(text)));
    let one = arguments.id.as_deref().filter(|_| group.is_none());
    let wanted = one.map(|text| journals.find(text)).transpose()?;
    let since =
        arguments.since.map(|seconds| now - SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 4)));
    // What began before and ended, or still goes on, within the time asked for belongs to it.
    let within = |account: &&Account| since.is_none_or(|since| account.ended.unwrap_or(now) >= since);
    let named = |account: &&Account| match group {
        Some(group) => account.group() == Some(group),
        None => wanted.as_ref().is_none_or(|id| account.id == *id),
    };
    let accounts: Vec<&Account> = listing.accounts.iter().filter(named).filter(within).collect();
    match arguments.output {
        JournalFormat::Json => writeln!(out, "{}", json!({"apiVersion": API_VERSION, "journal": accounts}))?,
        JournalFormat::Markdown => write!(out, "{}", operate::markdown(&accounts, now))?,
        JournalFormat::Table if accounts.is_empty() => writeln!(out, "nothing was changed")?,
        JournalFormat::Table => {
            let mut table = Table::new(["OPERATION", "AGE", "WHO", "WHAT", "STATE", "WHY", "RESULT"]);
            for account in accounts {
                table.row([
                    account.id.to_string(),
                    age(account.started, now),
                    account.who.join(", "),
                    format!("{} {}: {}", account.verb, account.target, account.summary),
                    account.state.to_string(),
                    account.why.clone().unwrap_or_else(|| "–".into()),
                    account.result.clone().unwrap_or_else(|| "–".into()),
                ]);
            }
            table.write(out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
