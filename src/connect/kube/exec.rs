//! Credential plugins: the kubeconfig's `exec` command is run once, here, and its answer put in its place.
//!
//! It never gets the terminal: it would ask behind the screen. A plugin that must ask is told of in an error that says what
//! to run first. Its output never reaches a log.

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

/// Runs the plugin of `auth`, if it has one that counts, and replaces it by what it granted. Returns when that expires.
pub(super) async fn resolve(auth: &mut AuthInfo, user: &str) -> Result<Option<Timestamp>, ConnectError> {
    let other = auth.token.is_some() || auth.token_file.is_some() || auth.auth_provider.is_some();
    if other || auth.password.is_some() {
        auth.exec = None;
        return Ok(None);
    }
    let Some(exec) = auth.exec.take() else { return Ok(None) };
    let granted = run(&exec, user).await?;
    auth.token = granted.token.map(Into::into);
    if let (Some(certificate), Some(key)) = (granted.client_certificate_data, granted.client_key_data) {
        auth.client_certificate_data = Some(STANDARD.encode(certificate));
        auth.client_key_data = Some(STANDARD.encode(key).into());
    }
    Ok(granted.expiration_timestamp)
}

#[expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and this is one of them")]
async fn run(exec: &ExecConfig, user: &str) -> Result<Granted, ConnectError> {
    let program = exec.command.clone().unwrap_or_default();
    let arguments = exec.args.clone().unwrap_or_default();
    let shown = [std::slice::from_ref(&program), &arguments].concat().join(" ");
    let failed =
        |why: String, hint: String| ConnectError::Plugin { command: shown.clone(), user: user.to_owned(), why, hint };
    let by_hand =
        || format!("run `{shown}` in a terminal (or log in as your cluster's documentation says), then repeat");
    if program.is_empty() {
        return Err(failed("the kubeconfig names no command".into(), "correct the user's exec.command".into()));
    }
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(failed("it asks on the terminal (interactiveMode: Always)".into(), by_hand()));
    }
    let mut command = Command::new(&program);
    command.args(&arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info {
        spec["cluster"] = json!(exec.cluster);
    }
    let request = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    command.env("KUBERNETES_EXEC_INFO", request.to_string());

    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            let hint = exec.install_hint.clone().filter(|hint| !hint.trim().is_empty());
            return Err(failed("it is not installed".into(), hint.unwrap_or_else(|| format!("install {program}"))));
        }
        Ok(Err(error)) => return Err(failed(error.to_string(), by_hand())),
        Err(_) => return Err(failed(format!("no answer within {} s", PATIENCE.as_secs()), by_hand())),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let why = last.map_or_else(|| output.status.to_string(), |line| line.chars().take(300).collect());
        return Err(failed(why, by_hand()));
    }
    // client-go decodes the answer leniently, so some plugins print YAML; JSON is YAML too.
    let granted = serde_yaml::from_slice::<Answer>(&output.stdout).ok().and_then(|answer| answer.status);
    granted
        .filter(|g| g.token.is_some() || g.client_certificate_data.is_some())
        .ok_or_else(|| failed("it printed no credential".into(), by_hand()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(exec: serde_json::Value) -> AuthInfo {
        serde_json::from_value(json!({ "exec": exec })).unwrap()
    }

    #[tokio::test]
    async fn what_the_plugin_grants_takes_its_place() {
        let script = r#"echo "{\"status\":{\"token\":\"t-$WHO\",\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}}""#;
        let mut auth = user(json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "WHO", "value": "me"}]
        }));
        let expires = resolve(&mut auth, "u").await.unwrap();
        assert_eq!(expires.unwrap().to_string(), "2030-01-01T00:00:00Z");
        assert!(auth.exec.is_none());
        assert_eq!(serde_json::to_value(&auth).unwrap()["token"], "t-me");
    }

    #[tokio::test]
    async fn failures_name_the_command_and_what_to_run() {
        let error = resolve(&mut user(json!({"command": "sh", "args": ["-c", "echo expired >&2; exit 3"]})), "u").await;
        let error = error.unwrap_err();
        assert!(error.to_string().contains("expired") && error.to_string().contains("sh -c"), "{error}");
        assert!(error.hint().unwrap().contains("in a terminal"));

        let missing = json!({"command": "no-such-plugin-here", "installHint": "brew install it"});
        let error = resolve(&mut user(missing), "u").await.unwrap_err();
        assert_eq!(error.hint().unwrap(), "brew install it");

        let error = resolve(&mut user(json!({"command": "sh", "interactiveMode": "Always"})), "u").await.unwrap_err();
        assert!(error.to_string().contains("asks on the terminal"), "{error}");

        let error = resolve(&mut user(json!({"command": "sh", "args": ["-c", "echo {}"]})), "u").await.unwrap_err();
        assert!(error.to_string().contains("no credential"), "{error}");
    }

    #[tokio::test]
    async fn a_token_beside_the_plugin_wins() {
        let mut auth = user(json!({"command": "no-such-plugin-here"}));
        auth.token = Some("given".to_owned().into());
        assert_eq!(resolve(&mut auth, "u").await.unwrap(), None);
    }
}
