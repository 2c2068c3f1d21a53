//! Running the `helm` program, which knows hooks and three-way merges: it carries out rollbacks of its own releases.
//!
//! Invariant: it acts on the cluster, namespace and storage that it is told on its command line, whatever `HELM_*` variables say; it
//! never prompts; what it says is handed back and never printed.

#![expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and `helm` is one of them")]

use super::kube::Cluster;
use crate::model::ObjectRef;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// These would make Helm act elsewhere, or as somebody else, than the kubeconfig that we act by.
const FOREIGN: [&str; 11] = [
    "HELM_KUBEAPISERVER",
    "HELM_KUBEASGROUPS",
    "HELM_KUBEASUSER",
    "HELM_KUBECAFILE",
    "HELM_KUBECONTEXT",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
    "HELM_KUBETLS_SERVER_NAME",
    "HELM_KUBETOKEN",
    "HELM_NAMESPACE",
    "HELM_DRIVER",
    "HELM_DEBUG",
];

/// Why Helm did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelmError {
    /// There is no such program.
    #[error(
        "there is no `helm` on the PATH, and a Helm release is rolled back by Helm itself; install it: https://helm.sh/docs/intro/install"
    )]
    Missing,
    /// The cluster lives inside this process.
    #[error("this cluster is inside this program, where helm cannot reach it")]
    InProcess,
    /// It could not be started.
    #[error("helm could not be started: {0}")]
    NotStarted(String),
    /// It ran and failed; in its own words.
    #[error("helm failed: {0}")]
    Failed(String),
}

/// The `helm` that a shell would run.
///
/// # Errors
/// There is none, or none could reach this cluster.
pub fn find(cluster: &Cluster) -> Result<PathBuf, HelmError> {
    if cluster.command_line().is_none() {
        return Err(HelmError::InProcess);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let named = if cfg!(windows) { "helm.exe" } else { "helm" };
    env::split_paths(&path).map(|folder| folder.join(named)).find(|file| runs(file)).ok_or(HelmError::Missing)
}

#[cfg(unix)]
fn runs(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file())
}

/// `helm rollback RELEASE REVISION`; returns once Helm has applied it and its hooks are over. Blocks.
///
/// # Errors
/// As [`find`]; or Helm failed.
pub fn rollback(cluster: &Cluster, release: &ObjectRef, revision: u32) -> Result<(), HelmError> {
    let place = cluster.command_line().ok_or(HelmError::InProcess)?;
    let mut command = Command::new(find(cluster)?);
    FOREIGN.iter().for_each(|name| {
        command.env_remove(name);
    });
    if let Some(file) = place.kubeconfig {
        command.arg("--kubeconfig").arg(file);
    }
    if let Some(context) = place.context {
        command.arg("--kube-context").arg(context);
    }
    command.args(["--namespace", &release.namespace, "rollback", &release.name, &revision.to_string()]);
    // Where its history was read, so where it has to be written.
    command.env("HELM_DRIVER", "secret");
    // A group of its own: an interrupt at the terminal is ours to handle, and must not tear a rollback apart.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| HelmError::NotStarted(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("WARNING:"));
    let said = lines.next_back().unwrap_or_default();
    let said = said.strip_prefix("Error: ").unwrap_or(said);
    Err(HelmError::Failed(if said.is_empty() { output.status.to_string() } else { said.to_owned() }))
}
