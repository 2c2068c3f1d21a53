//! Running the `git` binary so that it never prompts, never runs hooks of the mirror and always ends.

#![expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and `git` is one of them")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::error::GitError;

/// What a finished `git` said.
pub(super) struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// One call of `git` in a folder.
pub(super) struct Git<'a> {
    folder: &'a Path,
    config: &'a [(String, String)],
    ssh: Option<String>,
    environment: Vec<(String, String)>,
    stdin: Vec<u8>,
    limit: Duration,
}

/// Network calls may be slow; anything longer than this has hung.
pub(super) const NETWORK_LIMIT: Duration = Duration::from_secs(300);
/// Calls on this machine; signing may wait for a hardware key to be touched.
pub(super) const LOCAL_LIMIT: Duration = Duration::from_secs(60);
/// More output than this is not an answer.
const MAX_OUTPUT: u64 = 16 << 20;

/// Set by a Git hook or a shell around us, these would make `git` work on another repository than the one it is given.
const FOREIGN: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "SSH_ASKPASS",
];

/// Hooks, background maintenance and file watchers have no place in a mirror.
const SETTINGS: [&str; 5] = [
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
    "i18n.commitEncoding=UTF-8",
];

impl<'a> Git<'a> {
    /// A call in `folder` with additional configuration, which comes after that of the files.
    pub(super) fn new(folder: &'a Path, config: &'a [(String, String)]) -> Self {
        Self { folder, config, ssh: None, environment: Vec::new(), stdin: Vec::new(), limit: LOCAL_LIMIT }
    }

    /// For calls that may use ssh: the operator's ssh (`core.sshCommand` as configured) with prompting switched off. Other
    /// programs than OpenSSH are left as they are.
    pub(super) fn ssh(mut self, configured: Option<&str>) -> Self {
        let chosen = std::env::var("GIT_SSH_COMMAND").ok().or_else(|| configured.map(str::to_owned));
        if chosen.is_none() && std::env::var_os("GIT_SSH").is_some() {
            return self;
        }
        let chosen = chosen.unwrap_or_else(|| "ssh".to_owned());
        let program = chosen.split_whitespace().next().unwrap_or_default();
        let is_openssh = program.rsplit('/').next() == Some("ssh");
        self.ssh = Some(if is_openssh { format!("{chosen} -o BatchMode=yes -o ConnectTimeout=20") } else { chosen });
        self
    }

    pub(super) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn environment(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// Runs `git` to its end. Errors: it cannot be started, or does not end in time; a failure of `git` itself is in the output.
    pub(super) fn run(self, arguments: &[&str]) -> Result<Output, GitError> {
        let mut command = Command::new("git");
        FOREIGN.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.current_dir(self.folder).args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GCM_INTERACTIVE", "never")
            .env("LC_ALL", "C");
        // What the environment configures stays; ours comes after it.
        let before: usize =
            std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.trim().parse().ok()).unwrap_or_default();
        command.env("GIT_CONFIG_COUNT", (before + self.config.len()).to_string());
        for (n, (key, value)) in (before..).zip(self.config) {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key).env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        if let Some(ssh) = &self.ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A group of its own: an interrupt at the terminal is ours to handle, and must not tear a push apart.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let stdin = if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(GitError::NoGit)?;
        if let Some(mut pipe) = child.stdin.take() {
            let bytes = self.stdin;
            // A child that ends without reading closes the pipe, which is no failure of ours.
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let status = wait(&mut child, self.limit)?.ok_or_else(|| GitError::TimedOut {
            command: arguments.first().copied().unwrap_or_default().to_owned(),
            seconds: self.limit.as_secs(),
        })?;
        // A process that `git` left behind may hold the pipes open; what it says does not matter any more.
        let rest = Duration::from_secs(5);
        let stderr = stderr.recv_timeout(rest).unwrap_or_default();
        Ok(Output {
            status,
            stdout: stdout.recv_timeout(rest).unwrap_or_default(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }
}

/// Reads a pipe to its end on a thread, so that a full pipe never blocks `git`.
fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(MAX_OUTPUT).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        // Nobody listens any more after a time-out.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits for the end of a process; `None` when the limit passed and it was killed.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, GitError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(GitError::NoGit)? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            // With its group, as `git` leaves the network to others. It may have ended just now; either way it is gone afterwards.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

impl Output {
    /// Git's own words, without the noise around them.
    pub(super) fn detail(&self) -> String {
        let told = |line: &&str| {
            ["fatal:", "error:", "remote:", "ssh:"].iter().any(|start| line.starts_with(start))
                || line.contains("Permission denied (")
        };
        let lines: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let important: Vec<&str> = lines.iter().copied().filter(told).collect();
        let chosen = if important.is_empty() { lines } else { important };
        let text: Vec<&str> = chosen.into_iter().take(8).collect();
        if text.is_empty() { format!("exit status {}", self.status) } else { text.join("; ") }
    }

    /// The output, or the reason why there is none.
    pub(super) fn success(self, command: &str, remote: &str) -> Result<Self, GitError> {
        if self.status.success() { Ok(self) } else { Err(self.failure(command, remote)) }
    }

    /// What kind of failure it was, judged by Git's (untranslated) messages.
    pub(super) fn failure(&self, command: &str, remote: &str) -> GitError {
        const AUTH: [&str; 8] = [
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "terminal prompts disabled",
            "Permission denied (",
            "Host key verification failed",
            "returned error: 403",
            "Access denied",
        ];
        const UNREACHABLE: [&str; 10] = [
            "Could not resolve host",
            "Connection refused",
            "Connection timed out",
            "Network is unreachable",
            "Failed to connect",
            "Could not connect",
            "does not appear to be a git repository",
            "Could not read from remote repository",
            "unable to access",
            "not found",
        ];
        let says = |words: &[&str]| words.iter().any(|words| self.stderr.contains(words));
        let (remote, detail) = (remote.to_owned(), self.detail());
        if says(&AUTH) {
            GitError::Auth { remote, detail }
        } else if says(&UNREACHABLE) {
            GitError::Unreachable { remote, detail }
        } else {
            GitError::Failed { command: command.to_owned(), detail }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_stopped_with_its_children() {
        let folder = tempfile::TempDir::new().unwrap();
        let alias = [("alias.hang".to_owned(), "!sleep 1000 | cat".to_owned())];
        let result = Git::new(folder.path(), &alias).limit(Duration::from_millis(100)).run(&["hang"]);
        assert!(matches!(result, Err(GitError::TimedOut { .. })));
    }

    #[test]
    fn more_output_than_a_pipe_holds() {
        let folder = tempfile::TempDir::new().unwrap();
        let alias = [("alias.much".to_owned(), "!yes | head -c 1000000; yes | head -c 300000 >&2".to_owned())];
        let output = Git::new(folder.path(), &alias).run(&["much"]).unwrap();
        assert_eq!(output.stdout.len(), 1_000_000);
        assert_eq!(output.stderr.len(), 300_000);
    }
}
