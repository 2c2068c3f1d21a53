//! The command line as data: one definition yields parsing, `--help`, the man page and completions.

use super::target::{Target, duration, route, span, undoable, workload};
use crate::{app::Options, connect::kube::ConnectOptions};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A deployment cockpit for Kubernetes: watch rollouts, roll back, restart, shift traffic, bump image tags in Git, run migrations.
#[derive(Debug, Parser)]
#[command(
    name = "pilothouse",
    version,
    max_term_width = 100,
    after_help = "Without a command, the cockpit opens on the current kubeconfig context. `pilothouse demo` needs no cluster."
)]
pub struct Arguments {
    /// Where to connect and what to look at.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the cockpit opens without it.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes, named as kubectl names them.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Path of the kubeconfig file [default: as kubectl: $KUBECONFIG, ~/.kube/config, in-cluster]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use; for the cockpit several with commas, the first is acted on
    #[arg(long, global = true, value_name = "NAME,…", help_heading = "Connection")]
    pub context: Option<String>,
    /// The namespace to act in, or those to look at with commas [default: the context's, all for the cockpit]
    #[arg(short = 'n', long, global = true, value_name = "NAME,…", help_heading = "Connection")]
    pub namespace: Option<String>,
    /// Look at all namespaces
    #[arg(short = 'A', long, global = true, help_heading = "Connection")]
    pub all_namespaces: bool,
    /// Open the cockpit on every context of the kubeconfig: what is not healthy in any of them
    #[arg(long, help_heading = "Connection")]
    pub fleet: bool,
    /// Refuse everything that would change something
    #[arg(long, global = true, env = "PILOTHOUSE_READ_ONLY", help_heading = "Safety")]
    pub read_only: bool,
    /// Write nothing but ASCII to the terminal [default: as the locale says]
    #[arg(long, global = true, help_heading = "Screen")]
    pub ascii: bool,
    /// Leave the mouse to the terminal, which then selects text by itself
    #[arg(long, global = true, help_heading = "Screen")]
    pub no_mouse: bool,
}

impl Global {
    /// The namespaces that were named.
    pub fn namespaces(&self) -> Vec<String> {
        let names = self.namespace.iter().flat_map(|names| names.split(','));
        names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

impl From<&Global> for Options {
    fn from(global: &Global) -> Self {
        let connect = ConnectOptions {
            kubeconfig: global.kubeconfig.clone(),
            context: global.context.clone(),
            namespace: global.namespaces().into_iter().next(),
            candidates: Vec::new(),
        };
        Self {
            connect,
            namespaces: global.namespaces(),
            all_namespaces: global.all_namespaces,
            fleet: global.fleet,
            read_only: global.read_only,
            ascii: global.ascii,
            no_mouse: global.no_mouse,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the cockpit on an embedded cluster and Git repository; needs nothing
    Demo(Demo),
    /// Print workloads with their rollouts, autoscalers, jobs and routes, once
    Status(Status),
    /// Print the revisions of a workload with their commits, and what the reconciler did
    History(History),
    /// Return a workload to a known-good or a named revision
    Rollback(Rollback),
    /// Replace a workload's pods, a few at a time
    Restart(Restart),
    /// Move weighted traffic to a backend, step by step
    Shift(Shift),
    /// Change an image tag in the GitOps repository and follow it until the new pods serve
    Bump(Bump),
    /// Run a migration as a Job with the workload's own pod template, once per image
    Migrate(Migrate),
    /// List operations; show, resume, pause, step back or abort one
    Operations(Operations),
    /// Tell who did what, why, when and with which result; as Markdown, an incident report
    Journal(Journal),
    /// Reserve a test cluster for a while, give it back, or show who has it
    Reserve(Reserve),
    /// Check the configuration, or print what to start one from
    Config(Configuration),
    /// Serve the embedded cluster over TLS for kubectl; --kubeconfig is the file to write
    Sim(Sim),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of pilothouse or of one command, as roff
    Man {
        /// The command
        command: Option<String>,
    },
}

/// `pilothouse demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The number that the embedded world grows from: the same number, the same world
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `pilothouse config`.
#[derive(Debug, Args)]
pub struct Configuration {
    /// What to do [default: check]
    #[command(subcommand)]
    pub action: Option<ConfigurationAction>,
}

/// What `config` does.
#[derive(Debug, Subcommand)]
pub enum ConfigurationAction {
    /// Say what is wrong in config.toml, keys.toml, the themes and the team's file, with file, line and what was probably meant
    Check {
        /// The team's file [default: the .pilothouse.yaml of the clone you stand in]
        file: Option<std::path::PathBuf>,
    },
    /// Print a config.toml with every setting, to start from
    Settings,
    /// Print the JSON Schema of the team's .pilothouse.yaml, for editors
    Schema,
    /// Print every key as it is now, as a keys.toml to start from
    Keys,
    /// Print a built-in theme, to start one of your own from
    Theme {
        /// The theme's name
        name: String,
    },
}

/// `pilothouse sim`.
#[derive(Debug, Args)]
pub struct Sim {
    /// The address to listen on; loopback only
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    /// The number that the embedded world grows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `pilothouse status`.
#[derive(Debug, Args)]
pub struct Status {
    /// How to print it
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// How `status` and `history` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// The same document as YAML
    Yaml,
}

/// How verbs and `operations` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lines {
    /// For people
    Table,
    /// One JSON object a line
    Json,
}

/// Options that every verb takes.
#[derive(Debug, Clone, Args)]
pub struct VerbOptions {
    /// Print the plan and change nothing
    #[arg(long, help_heading = "Safety")]
    pub dry_run: bool,
    /// Run the plan without asking; needed where there is no terminal
    #[arg(short = 'y', long, help_heading = "Safety")]
    pub yes: bool,
    /// For protected contexts, together with --yes: what the plan must be for
    #[arg(long, value_name = "CONTEXT/NAME", help_heading = "Safety")]
    pub confirm: Option<String>,
    /// Go on against the rules of the team's .pilothouse.yaml; kept in the journal and in the commit, with --why
    #[arg(long, help_heading = "Safety", requires = "why")]
    pub override_policy: bool,
    /// Why; kept in the journal and in the commit
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// How to print plan, progress and result
    #[arg(short = 'o', long, value_enum, default_value_t = Lines::Table)]
    pub output: Lines,
}

/// `pilothouse history`.
#[derive(Debug, Args)]
pub struct History {
    /// The workload, such as deploy/checkout
    #[arg(value_name = "TYPE/NAME", value_parser = workload)]
    pub target: Target,
    /// The GitOps repository, a path or URL [default: the configured one, else Flux', else the clone in this folder]
    #[arg(long, value_name = "PATH-OR-URL")]
    pub repo: Option<String>,
    /// How to print it
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// `pilothouse rollback`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pilothouse rollback deploy/checkout -n shop       to the best known-good revision\n  \
    pilothouse rollback --panic -A                    everything that broke within half an hour, at once\n  \
    pilothouse rollback --panic -A --dry-run          what that would be\n\n\
    With --panic, workloads of which nothing proves that an earlier revision worked are listed and left alone; --confirm\n\
    takes the context's name. On a terminal a single one is confirmed by its own name."
)]
pub struct Rollback {
    /// The workload or Helm release, such as deploy/checkout or release/shop
    #[arg(value_name = "TYPE/NAME", value_parser = undoable, required_unless_present = "panic")]
    pub target: Option<Target>,
    /// The revision to return to [default: the best known-good one]
    #[arg(long, value_name = "N")]
    pub to_revision: Option<u64>,
    /// Every workload that broke within --since, side by side after one confirmation
    #[arg(long, conflicts_with_all = ["target", "to_revision"])]
    pub panic: bool,
    /// How far back a workload may have broken: 10m, 2h, 1d
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = span, requires = "panic")]
    pub since: u64,
    /// Workloads to leave alone
    #[arg(long, value_name = "NAMESPACE/NAME,…", value_delimiter = ',', requires = "panic")]
    pub except: Vec<String>,
    /// Options of every verb.
    #[command(flatten)]
    pub options: VerbOptions,
}

/// `pilothouse restart`.
#[derive(Debug, Args)]
pub struct Restart {
    /// The workload, such as deploy/checkout
    #[arg(value_name = "TYPE/NAME", value_parser = workload)]
    pub target: Target,
    /// Options of every verb.
    #[command(flatten)]
    pub options: VerbOptions,
}

/// `pilothouse shift`.
#[derive(Debug, Args)]
pub struct Shift {
    /// The route, such as httproute/checkout
    #[arg(value_name = "TYPE/NAME", value_parser = route)]
    pub target: Target,
    /// The backend whose share grows
    #[arg(long, value_name = "BACKEND")]
    pub to: String,
    /// Its share after each step, in percent
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',', default_value = "25,50,75,100",
        value_parser = clap::value_parser!(u32).range(0..=100))]
    pub steps: Vec<u32>,
    /// How long each step is held before the next: 90s, 5m, 1h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub hold: u64,
    /// Options of every verb.
    #[command(flatten)]
    pub options: VerbOptions,
}

/// `pilothouse bump`.
#[derive(Debug, Args)]
pub struct Bump {
    /// The workload, such as deploy/checkout
    #[arg(value_name = "TYPE/NAME", value_parser = workload)]
    pub target: Target,
    /// The new tag
    pub tag: String,
    /// The container, where the workload has several
    #[arg(short = 'c', long, value_name = "NAME")]
    pub container: Option<String>,
    /// The branch to push to [default: the repository's]
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// The GitOps repository [default: found from Flux, the configuration or the clone you stand in]
    #[arg(long, value_name = "PATH-OR-URL")]
    pub repo: Option<String>,
    /// The file that sets the image, where several could: a path in the repository, with a line if it has several
    #[arg(long, value_name = "PATH[:LINE]")]
    pub file: Option<String>,
    /// Return after the push instead of following the change
    #[arg(long)]
    pub no_wait: bool,
    /// Options of every verb.
    #[command(flatten)]
    pub options: VerbOptions,
}

/// `pilothouse migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The workload whose pod template is used, such as deploy/checkout
    #[arg(value_name = "TYPE/NAME", value_parser = workload)]
    pub target: Target,
    /// The tag of the image to run [default: the workload's own]
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// The container, where the workload has several
    #[arg(short = 'c', long, value_name = "NAME")]
    pub container: Option<String>,
    /// The command, split at blanks; for arguments that hold blanks put the command after `--`
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<String>,
    /// The command and its arguments, one word each
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "command")]
    pub words: Vec<String>,
    /// Options of every verb.
    #[command(flatten)]
    pub options: VerbOptions,
}

/// `pilothouse operations`.
#[derive(Debug, Args)]
pub struct Operations {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<OperationsAction>,
    /// How to print
    #[arg(short = 'o', long, value_enum, default_value_t = Lines::Table, global = true)]
    pub output: Lines,
}

/// What `operations` does.
#[derive(Debug, Subcommand)]
pub enum OperationsAction {
    /// List running, interrupted and past operations
    List,
    /// Show one with its steps
    Show(OperationArgument),
    /// Go on with an interrupted or paused one
    Resume(OperationChange),
    /// Pause a running one after the write under way
    Pause(OperationArgument),
    /// Take the last increment back and wait
    StepBack(OperationChange),
    /// Take everything back
    Abort(OperationChange),
}

/// `pilothouse journal`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pilothouse journal --since 24h                      what was done since yesterday\n  \
    pilothouse journal --since 2h -o markdown > report.md   an incident report: timeline, who, why, what, result,\n  \
    \u{20}                                                     and the kubectl and git commands that do the same by hand\n\n\
    It needs no cluster: journals are kept on the machine that carried the operations out. Values that may be secret\n\
    are left out."
)]
pub struct Journal {
    /// Only this operation: its id, or enough of its beginning
    pub id: Option<String>,
    /// Only what was going on since then: 90m, 24h, 7d
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub since: Option<u64>,
    /// How to print it
    #[arg(short = 'o', long, value_enum, default_value_t = JournalFormat::Table)]
    pub output: JournalFormat,
}

/// `pilothouse reserve`.
#[derive(Debug, Args)]
#[command(
    after_help = "It is a Lease (default/pilothouse-reservation) that every cockpit and every plan shows: others are warned, not\n\
    kept out. It ends by itself when its time is over, and then anybody may take it. Reserving again prolongs it."
)]
pub struct Reserve {
    /// For how long from now: 90m, 2h, 1d; a week at most
    #[arg(long = "for", value_name = "DURATION", value_parser = super::reserve::span, conflicts_with = "release")]
    pub span: Option<u32>,
    /// Give it back
    #[arg(long)]
    pub release: bool,
    /// What for; shown to everybody
    #[arg(long, value_name = "TEXT", requires = "span")]
    pub why: Option<String>,
    /// Ask the API server and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print it
    #[arg(short = 'o', long, value_enum, default_value_t = Lines::Table)]
    pub output: Lines,
}

/// How `journal` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JournalFormat {
    /// One line an operation
    Table,
    /// One JSON document with every account
    Json,
    /// A report to be pasted
    Markdown,
}

/// An operation's name.
#[derive(Debug, Args)]
pub struct OperationArgument {
    /// The operation's id, or enough of its beginning
    pub id: String,
}

/// An operation's name with what confirming needs.
#[derive(Debug, Args)]
pub struct OperationChange {
    /// The operation's id, or enough of its beginning
    pub id: String,
    /// Do not ask; needed where there is no terminal
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// For protected contexts, together with --yes: what the operation acts on
    #[arg(long, value_name = "CONTEXT/NAME")]
    pub confirm: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }
}
