//! The binary under test: started with folders of its own, its JSON lines read.

use crate::world::World;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// An operator at a machine of their own: configuration, journal and caches in one temporary folder.
pub struct Operator {
    home: TempDir,
    kubeconfig: std::path::PathBuf,
    namespace: String,
}

/// What a finished run printed, and its exit code.
pub struct Finished {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Operator {
    pub fn new(world: &World) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".gitconfig"), "[user]\n\tname = Ana Pilot\n\temail = ana@example.org\n")
            .unwrap();
        Self { home, kubeconfig: world.kubeconfig.clone(), namespace: world.namespace.clone() }
    }

    /// The same operator, known to the API server by this token instead.
    pub fn with_token(mut self, token: &str) -> Self {
        let text = std::fs::read_to_string(&self.kubeconfig).unwrap();
        let mut file: Value = serde_yaml::from_str(&text).unwrap();
        for user in file["users"].as_array_mut().unwrap() {
            user["user"] = serde_json::json!({"token": token});
        }
        self.kubeconfig = self.home().join("kubeconfig");
        std::fs::write(&self.kubeconfig, file.to_string()).unwrap();
        self
    }

    /// The same operator, who reaches the API server by this kubeconfig instead.
    pub fn through(self, kubeconfig: String) -> Self {
        Self { kubeconfig: kubeconfig.into(), ..self }
    }

    /// Writes `config.toml`.
    pub fn configure(&self, text: &str) {
        let folder = self.home().join(".config/pilothouse");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pilothouse"));
        command
            .args(arguments)
            .args(["--namespace", &self.namespace])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "KUBECONFIG"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs to the end.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Finished {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts it and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Started {
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Started { child, lines }
    }
}

/// A run under way.
pub struct Started {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Started {
    /// Reads JSON lines up to and including the first that fits.
    pub async fn until(mut self, fits: impl Fn(&Value) -> bool + Send + 'static) -> Self {
        tokio::task::spawn_blocking(move || {
            let mut seen = String::new();
            loop {
                let mut line = String::new();
                assert!(
                    self.lines.read_line(&mut line).unwrap() > 0,
                    "it ended before the line that was waited for:\n{seen}"
                );
                if fits(&serde_json::from_str(&line).unwrap()) {
                    return self;
                }
                seen.push_str(&line);
            }
        })
        .await
        .unwrap()
    }

    /// Reads JSON lines up to and including the first that fits; None where it ended before.
    pub async fn reaches(mut self, fits: impl Fn(&Value) -> bool + Send + 'static) -> Option<Self> {
        tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while self.lines.read_line(&mut line).unwrap() > 0 {
                if fits(&serde_json::from_str(&line).unwrap()) {
                    return Some(self);
                }
                line.clear();
            }
            self.child.wait().unwrap();
            None
        })
        .await
        .unwrap()
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Finished {
        tokio::task::spawn_blocking(move || {
            let mut out = String::new();
            std::io::Read::read_to_string(&mut self.lines, &mut out).unwrap();
            let code = self.child.wait().unwrap().code().unwrap_or(-1);
            Finished { code, out, err: String::new() }
        })
        .await
        .unwrap()
    }
}

impl Finished {
    /// Everything standard output carried: one JSON object a line and nothing else.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// The plan of the first line.
    pub fn plan(&self) -> Value {
        let first = self.lines().first().cloned().unwrap_or_else(|| panic!("nothing printed; {}", self.err));
        assert_eq!(first["event"], "plan", "{}", self.out);
        first["plan"].clone()
    }

    /// The result of the last line.
    pub fn result(&self) -> Value {
        let last = self.lines().last().cloned().unwrap_or_else(|| panic!("nothing printed; {}", self.err));
        assert_eq!(last["event"], "result", "{}", self.out);
        last
    }

    pub fn assert(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit code; stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}
