//! Asking before a plan runs: on a terminal by a question, without one by `--yes`.

use super::{
    args::VerbOptions,
    console::Console,
    failure::{Failure, Sort},
};
use crate::{
    model::Plan,
    operate::{Consent, Mode},
};
use std::io::{self, BufRead, IsTerminal, Write};

/// What the operator said.
pub enum Answer {
    /// Run it.
    Yes(Consent),
    /// Do not.
    No,
}

/// Asks for consent to `plan`, unless `--yes` (and in protected contexts `--confirm`) gave it already. Whether it is enough is
/// the guard's decision.
///
/// # Errors
/// When there is no terminal to ask on.
pub fn ask<W: Write>(
    plan: &Plan,
    mode: Mode,
    yes: bool,
    confirm: Option<&str>,
    console: &mut Console<W>,
) -> Result<Answer, Failure> {
    if yes {
        return Ok(Answer::Yes(match confirm {
            Some(text) => Consent::ContextAndName(text.to_owned()),
            None => Consent::Yes,
        }));
    }
    // The guard refuses these whatever is answered: nobody should be asked first.
    if mode.read_only || plan.blocked_by().next().is_some() {
        return Ok(Answer::Yes(Consent::Yes));
    }
    if console.is_json() || !io::stdin().is_terminal() {
        let hint = if mode.protected || plan.asks_name() {
            format!("add --yes --confirm {}/{}", plan.context, plan.target.name)
        } else {
            "add --yes".to_owned()
        };
        return Err(Failure::new(Sort::Refused, "there is no terminal to ask on", Some(hint)));
    }
    if mode.protected || plan.asks_name() {
        let why = match mode.protected {
            true => format!("{} is protected", plan.context),
            false => "the team's rules ask for it".to_owned(),
        };
        let question = format!("{why}: type {} to run this plan: ", plan.target.name);
        let typed = answer(&question)?;
        return Ok(if typed.is_empty() { Answer::No } else { Answer::Yes(Consent::Name(typed)) });
    }
    let typed = answer("Run this plan? [y/N] ")?;
    Ok(if matches!(typed.to_lowercase().as_str(), "y" | "yes") { Answer::Yes(Consent::Yes) } else { Answer::No })
}

/// Asks for consent to these plans at once, as [`ask`] does for one. In a protected context the name is the context's, for a single
/// one the workload's. A script, which cannot know how many broke, gives the context's in either case.
///
/// # Errors
/// When there is no terminal to ask on.
pub fn ask_all<W: Write>(
    context: &str,
    plans: &[&Plan],
    mode: Mode,
    options: &VerbOptions,
    console: &mut Console<W>,
) -> Result<Answer, Failure> {
    if options.yes {
        let given = |text: String| match plans {
            [one] if text == format!("{context}/{}", one.target.name) => Consent::ContextAndName(text),
            _ => Consent::Context(text),
        };
        return Ok(Answer::Yes(options.confirm.clone().map_or(Consent::Yes, given)));
    }
    let asks = mode.protected || plans.iter().any(|plan| plan.asks_name());
    if mode.read_only {
        return Ok(Answer::Yes(Consent::Yes));
    }
    if console.is_json() || !io::stdin().is_terminal() {
        let hint = if asks { format!("add --yes --confirm {context}") } else { "add --yes".to_owned() };
        return Err(Failure::new(Sort::Refused, "there is no terminal to ask on", Some(hint)));
    }
    let these = if plans.len() == 1 { "this one".to_owned() } else { format!("these {}", plans.len()) };
    if asks {
        let (name, consent): (&str, fn(String) -> Consent) = match plans {
            [one] => (&one.target.name, Consent::Name),
            _ => (context, Consent::Context),
        };
        let why = if mode.protected { format!("{context} is protected") } else { "the team's rules ask for it".into() };
        let typed = answer(&format!("{why}: type {name} to roll back {these}: "))?;
        return Ok(if typed.is_empty() { Answer::No } else { Answer::Yes(consent(typed)) });
    }
    let typed = answer(&format!("Roll back {these}? [y/N] "))?;
    Ok(if matches!(typed.to_lowercase().as_str(), "y" | "yes") { Answer::Yes(Consent::Yes) } else { Answer::No })
}

fn answer(question: &str) -> io::Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
