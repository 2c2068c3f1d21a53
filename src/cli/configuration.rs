//! `pilothouse config`: says what is wrong with the operator's files, and prints what to start them from. Reads only.

use super::{
    args::{Configuration, ConfigurationAction},
    failure::{Failure, Sort},
};
use crate::config::{Config, Paths, Settings, Terminal, Theme, suggestion};
use std::{io::Write, process::ExitCode};

/// Carries out what was asked for.
///
/// # Errors
/// When something is wrong in a file, there is no such theme, or nothing can be printed.
pub fn run(arguments: Configuration, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let Some(paths) = Paths::find() else {
        return Err(Failure::new(Sort::Failed, "there is no home folder to look for a configuration in", None));
    };
    let (config, complaints) = Config::load(&paths.config, Terminal::default());
    match arguments.action.unwrap_or(ConfigurationAction::Check) {
        ConfigurationAction::Check => {
            for complaint in &complaints {
                writeln!(out, "{complaint}")?;
            }
            if !complaints.is_empty() {
                let number = complaints.len();
                let what = if number == 1 { "one mistake".to_owned() } else { format!("{number} mistakes") };
                return Err(Failure::new(Sort::Failed, format!("{what} in {}", paths.config.display()), None));
            }
            writeln!(out, "{}: nothing is wrong", paths.config.display())?;
        }
        ConfigurationAction::Settings => write!(out, "{}", Settings::EXAMPLE)?,
        ConfigurationAction::Keys => {
            writeln!(out, "# The keys as they are. Put this into {}/keys.toml and", paths.config.display())?;
            writeln!(out, "# keep the lines you change; \"none\" frees a key.\n")?;
            write!(out, "{}", config.keymap.to_toml())?;
        }
        ConfigurationAction::Theme { name } => match Theme::text(&name) {
            Some(text) => write!(out, "{text}")?,
            None => {
                let hint = suggestion(&name, Theme::names());
                return Err(Failure::new(Sort::Usage, format!("there is no built-in theme `{name}`"), Some(hint)));
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}
