//! Credential plugins: the kubeconfig's `exec` command is run once, here, and its answer put in its place.
//!
//! Behind the screen it never gets the terminal: what it asked there nobody would see. A plugin that must ask is told of in an
//! error that says so, and runs with the terminal once the operator has lent it. Its output never reaches a log.

use super::ConnectError;
use ::kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tokio::process::Command;

/// How long a plugin may take: a browser login fits, a forgotten prompt does not hang for ever.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a plugin may take that talks to the operator, who can end it.
const CONVERSATION: Duration = Duration::from_secs(15 * 60);
/// Lines of what a plugin said that are told: most say in the last one what to do.
const SAID: usize = 3;

/// Who has the terminal while a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    /// The screen: the plugin cannot ask anything.
    Kept,
    /// The plugin.
    Lent,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    status: Option<Granted>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Granted {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Whether there are credentials beside the plugin, which come before it.
fn others_count(auth: &AuthInfo) -> bool {
    let token = auth.token.is_some() || auth.token_file.is_some();
    token || auth.auth_provider.is_some() || auth.password.is_some()
}

/// Whether these credentials come from a plugin that may ask on the terminal.
pub(super) fn may_ask(auth: &AuthInfo) -> bool {
    let asks = |exec: &ExecConfig| exec.interactive_mode != Some(ExecInteractiveMode::Never);
    !others_count(auth) && auth.exec.as_ref().is_some_and(asks)
}

/// Runs the plugin of `auth`, if it has one that counts, and replaces it by what it granted. Returns when that expires.
pub(super) async fn resolve(
    auth: &mut AuthInfo,
    user: &str,
    terminal: Terminal,
) -> Result<Option<Timestamp>, ConnectError> {
    if others_count(auth) {
        auth.exec = None;
        return Ok(None);
    }
    let Some(exec) = auth.exec.take() else { return Ok(None) };
    let granted = run(&exec, user, terminal).await?;
    auth.token = granted.token.map(Into::into);
    if let (Some(certificate), Some(key)) = (granted.client_certificate_data, granted.client_key_data) {
        auth.client_certificate_data = Some(STANDARD.encode(certificate));
        auth.client_key_data = Some(STANDARD.encode(key).into());
    }
    Ok(granted.expiration_timestamp)
}

#[expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and this is one of them")]
async fn run(exec: &ExecConfig, user: &str, terminal: Terminal) -> Result<Granted, ConnectError> {
    let program = exec.command.clone().unwrap_or_default();
    let arguments = exec.args.clone().unwrap_or_default();
    let shown = [std::slice::from_ref(&program), &arguments].concat().join(" ");
    let may_ask = exec.interactive_mode != Some(ExecInteractiveMode::Never);
    let failed = |why: String, hint: String| ConnectError::Plugin {
        command: shown.clone(),
        user: user.to_owned(),
        why,
        hint,
        asks: may_ask && !program.is_empty(),
    };
    let by_hand =
        || format!("run `{shown}` in a terminal (or log in as your cluster's documentation says), then repeat");
    if program.is_empty() {
        return Err(failed("the kubeconfig names no command".into(), "correct the user's exec.command".into()));
    }
    let lent = terminal == Terminal::Lent && may_ask;
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) && !lent {
        return Err(failed("it asks on the terminal (interactiveMode: Always)".into(), by_hand()));
    }
    let mut command = Command::new(&program);
    command.args(&arguments).stdout(Stdio::piped()).kill_on_drop(true);
    match lent {
        true => command.stdin(Stdio::inherit()).stderr(Stdio::inherit()),
        false => command.stdin(Stdio::null()).stderr(Stdio::piped()),
    };
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut spec = json!({"interactive": lent});
    if exec.provide_cluster_info {
        spec["cluster"] = json!(exec.cluster);
    }
    let request = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    command.env("KUBERNETES_EXEC_INFO", request.to_string());

    let patience = if lent { CONVERSATION } else { PATIENCE };
    // Not `output`, which would take standard error from whoever it was lent to.
    let ran = async { command.spawn()?.wait_with_output().await };
    let output = match tokio::time::timeout(patience, ran).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            let hint = exec.install_hint.clone().filter(|hint| !hint.trim().is_empty());
            return Err(failed("it is not installed".into(), hint.unwrap_or_else(|| format!("install {program}"))));
        }
        Ok(Err(error)) => return Err(failed(error.to_string(), by_hand())),
        Err(_) => return Err(failed(format!("no answer within {} s", patience.as_secs()), by_hand())),
    };
    if !output.status.success() {
        let why = said(&String::from_utf8_lossy(&output.stderr));
        return Err(failed(why.unwrap_or_else(|| output.status.to_string()), by_hand()));
    }
    // client-go decodes the answer leniently, so some plugins print YAML; JSON is YAML too.
    let granted = serde_yaml::from_slice::<Answer>(&output.stdout).ok().and_then(|answer| answer.status);
    granted
        .filter(|g| g.token.is_some() || g.client_certificate_data.is_some())
        .ok_or_else(|| failed("it printed no credential".into(), by_hand()))
}

/// The end of what a plugin wrote before it failed, on one line.
fn said(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(SAID)..)?.join("; ");
    (!last.is_empty()).then(|| last.chars().filter(|c| !c.is_control()).take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(exec: serde_json::Value) -> AuthInfo {
        serde_json::from_value(json!({ "exec": exec })).unwrap()
    }

    async fn refused(exec: serde_json::Value) -> ConnectError {
        resolve(&mut user(exec), "u", Terminal::Kept).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_the_plugin_grants_takes_its_place() {
        let script = r#"echo "{\"status\":{\"token\":\"t-$WHO\",\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}}""#;
        let mut auth = user(json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "WHO", "value": "me"}]
        }));
        let expires = resolve(&mut auth, "u", Terminal::Kept).await.unwrap();
        assert_eq!(expires.unwrap().to_string(), "2030-01-01T00:00:00Z");
        assert!(auth.exec.is_none());
        assert_eq!(serde_json::to_value(&auth).unwrap()["token"], "t-me");
    }

    #[tokio::test]
    async fn failures_name_the_command_and_what_to_run() {
        let error = refused(json!({"command": "sh", "args": ["-c", "echo expired >&2; exit 3"]})).await;
        assert!(error.to_string().contains("expired") && error.to_string().contains("sh -c"), "{error}");
        assert!(error.hint().unwrap().contains("in a terminal"));

        let missing = json!({"command": "no-such-plugin-here", "installHint": "brew install it"});
        let error = refused(missing).await;
        assert_eq!(error.hint().unwrap(), "brew install it");

        let error = refused(json!({"command": "sh", "interactiveMode": "Always"})).await;
        assert!(error.to_string().contains("asks on the terminal"), "{error}");

        let error = refused(json!({"command": "sh", "args": ["-c", "echo {}"]})).await;
        assert!(error.to_string().contains("no credential"), "{error}");
    }

    #[tokio::test]
    async fn a_plugin_is_told_whether_it_may_ask_and_says_why_it_failed() {
        let script =
            "echo \"$KUBERNETES_EXEC_INFO\" | grep -o '\"interactive\":[a-z]*' >&2; echo 'run x login' >&2; exit 1";
        let exec = |mode: &str| json!({"command": "sh", "args": ["-c", script], "interactiveMode": mode});
        let ConnectError::Plugin { why, asks, .. } = refused(exec("IfAvailable")).await else {
            panic!("another error")
        };
        assert_eq!((why.as_str(), asks), ("\"interactive\":false; run x login", true));
        let ConnectError::Plugin { asks, .. } = refused(exec("Never")).await else { panic!("another error") };
        assert!(!asks, "a plugin that never asks is not offered the terminal");
    }

    #[tokio::test]
    async fn a_token_beside_the_plugin_wins() {
        let mut auth = user(json!({"command": "no-such-plugin-here"}));
        auth.token = Some("given".to_owned().into());
        assert_eq!(resolve(&mut auth, "u", Terminal::Kept).await.unwrap(), None);
    }
}
