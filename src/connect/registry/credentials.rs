//! The credentials that Docker's configuration has for a registry: stored, or handed out by a credential helper.

use super::PATIENCE;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, process::Stdio};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Nobody in particular; with what a helper said instead of giving credentials.
    Anonymous(Option<String>),
    /// A user and a password.
    Basic(String, String),
    /// A token that the authorization server changes into another one.
    Identity(String),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: BTreeMap<String, DockerAuth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DockerAuth {
    auth: Option<String>,
    identitytoken: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    username: String,
    secret: String,
}

/// What a helper calls the user of an identity token.
const TOKEN_USER: &str = "<token>";

/// The credentials for a registry; anonymous where there are none.
pub(super) async fn credentials(registry: &str) -> Credentials {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".docker")));
    let file = folder.map(|folder| folder.join("config.json"));
    let text = match &file {
        Some(file) => tokio::fs::read(file).await.unwrap_or_default(),
        None => Vec::new(),
    };
    if text.is_empty() {
        return Credentials::Anonymous(None);
    }
    match serde_json::from_slice(&text) {
        Ok(config) => among(&config, registry).await,
        Err(error) => {
            let shown = file.map_or_else(String::new, |file| file.display().to_string());
            Credentials::Anonymous(Some(format!("{shown} is not understood: {error}")))
        }
    }
}

async fn among(config: &DockerConfig, registry: &str) -> Credentials {
    // Docker keeps those of its own registry under an old name.
    let names = match registry {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            vec!["https://index.docker.io/v1/", "docker.io", "index.docker.io"]
        }
        other => vec![other],
    };
    let mut note = None;
    for name in names {
        if let Some(helper) = config.cred_helpers.get(name).or(config.creds_store.as_ref()) {
            match ask(helper, name).await {
                Ok(granted) if granted.username == TOKEN_USER => return Credentials::Identity(granted.secret),
                Ok(granted) => return Credentials::Basic(granted.username, granted.secret),
                Err(why) => note = Some(why),
            }
        }
        let urls = [name.to_owned(), format!("https://{name}"), format!("https://{name}/"), format!("http://{name}")];
        if let Some(stored) = urls.iter().find_map(|url| config.auths.get(url)).and_then(stored) {
            return stored;
        }
    }
    Credentials::Anonymous(note)
}

fn stored(auth: &DockerAuth) -> Option<Credentials> {
    if let Some(token) = auth.identitytoken.as_ref().filter(|token| !token.is_empty()) {
        return Some(Credentials::Identity(token.clone()));
    }
    let plain = || auth.username.clone().zip(auth.password.clone());
    let (user, password) = auth.auth.as_deref().and_then(decode).or_else(plain)?;
    Some(Credentials::Basic(user, password))
}

/// `user:password` in base64.
fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Asks `docker-credential-<helper>`, which reads the registry's name and prints what it has, or in a few words why not.
#[expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and this is one of them")]
async fn ask(helper: &str, registry: &str) -> Result<Granted, String> {
    let program = format!("docker-credential-{helper}");
    let failed = |why: &dyn std::fmt::Display| format!("{program}: {why}");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that ends without reading has said what it has to say.
        let _ = pipe.write_all(registry.as_bytes()).await;
    }
    let output = timeout(PATIENCE, child.wait_with_output()).await.map_err(|_| failed(&"no answer"))?;
    let output = output.map_err(|error| failed(&error))?;
    if !output.status.success() {
        let said: String = String::from_utf8_lossy(&output.stdout).trim().chars().take(120).collect();
        return Err(failed(&if said.is_empty() { output.status.to_string() } else { said }));
    }
    serde_json::from_slice(&output.stdout).map_err(|_| failed(&"its answer is not understood"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_stored_is_found_under_every_name_that_docker_gives_it() {
        let of = async |text: &str, registry: &str| among(&serde_json::from_str(text).unwrap(), registry).await;
        let me = Credentials::Basic("me".into(), "pa:ss".into());
        for url in ["registry.example.com", "https://registry.example.com", "https://registry.example.com/"] {
            let text = format!(r#"{{"auths": {{"{url}": {{"auth": "bWU6cGE6c3M="}}}}}}"#);
            assert_eq!(of(&text, "registry.example.com").await, me);
        }
        let hub = r#"{"auths": {"https://index.docker.io/v1/": {"username": "me", "password": "pa:ss"}}}"#;
        assert_eq!(of(hub, "docker.io").await, me);
        assert_eq!(of(hub, "registry.example.com").await, Credentials::Anonymous(None));
        let identity = r#"{"auths": {"a": {"auth": "bWU6", "identitytoken": "t"}}}"#;
        assert_eq!(of(identity, "a").await, Credentials::Identity("t".into()));
        let helper = r#"{"credHelpers": {"a": "there-is-none-of-this-name"}}"#;
        let Credentials::Anonymous(Some(note)) = of(helper, "a").await else { panic!("nobody could have told") };
        assert!(note.starts_with("docker-credential-there-is-none-of-this-name: "), "{note}");
        assert_eq!(decode("?"), None);
    }
}
