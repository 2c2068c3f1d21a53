//! `pilothouse config`: says what is wrong with the operator's files, and prints what to start them from. Reads only.

use super::{
    args::{Configuration, ConfigurationAction},
    failure::{Failure, Sort},
};
use crate::{
    config::{Config, Paths, Settings, Terminal, Theme, suggestion},
    formats::team,
    model::TEAM_FILE,
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The team's file as editors are told about it.
const SCHEMA: &str = include_str!("../../assets/pilothouse.schema.json");

/// Carries out what was asked for.
///
/// # Errors
/// When something is wrong in a file, there is no such theme, or nothing can be printed.
pub fn run(arguments: Configuration, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let Some(paths) = Paths::find() else {
        return Err(Failure::new(Sort::Failed, "there is no home folder to look for a configuration in", None));
    };
    let (config, complaints) = Config::load(&paths.config, Terminal::default());
    match arguments.action.unwrap_or(ConfigurationAction::Check { file: None }) {
        ConfigurationAction::Check { file } => {
            for complaint in &complaints {
                writeln!(out, "{complaint}")?;
            }
            if complaints.is_empty() {
                writeln!(out, "{}: nothing is wrong", paths.config.display())?;
            }
            let team = match file.or_else(of_this_clone) {
                Some(file) => check_team(&file, out)?,
                None => 0,
            };
            let wrong = complaints.len() + team;
            if wrong > 0 {
                let what = if wrong == 1 { "one mistake".to_owned() } else { format!("{wrong} mistakes") };
                return Err(Failure::new(Sort::Failed, format!("{what} in the configuration"), None));
            }
        }
        ConfigurationAction::Schema => write!(out, "{SCHEMA}")?,
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

/// The team's file of the clone that this folder is in.
fn of_this_clone() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let top = here.ancestors().find(|folder| folder.join(".git").exists())?;
    Some(top.join(TEAM_FILE)).filter(|file| file.is_file())
}

/// Prints what is wrong in the team's file; how much that is.
fn check_team(file: &Path, out: &mut impl Write) -> Result<usize, Failure> {
    let shown = file.display();
    let text = std::fs::read(file)
        .map_err(|error| Failure::new(Sort::Failed, format!("{shown} cannot be read: {error}"), None))?;
    match team::read(&text) {
        Ok(team) => {
            let (environments, freezes) = (team.environments.len(), team.freezes.len());
            writeln!(out, "{shown}: nothing is wrong ({environments} environments, {freezes} freezes)")?;
            Ok(0)
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                let told = mistake.to_string();
                writeln!(out, "{shown}{}", told.strip_prefix(TEAM_FILE).unwrap_or(&told))?;
            }
            Ok(mistakes.len())
        }
    }
}
