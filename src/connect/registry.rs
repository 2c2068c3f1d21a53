//! Image registries: whether a tag exists.
//!
//! Only manifests are asked for, with the credentials that Docker's own configuration holds; nothing is pulled or pushed. A
//! registry on this machine is spoken to in plain HTTP, any other one in TLS only.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol},
    errors::{OciDistributionError, OciErrorCode},
    secrets::RegistryAuth,
};
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// How long a registry may take: it is asked while an operator waits, and the answer is only advice.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a registry could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// This is no image reference.
    #[error("{image} is no image reference: {why}")]
    Image {
        /// The text.
        image: String,
        /// What is wrong with it.
        why: String,
    },
    /// It wants credentials that are not there, or refuses them.
    #[error("{registry} refuses access; `docker login {registry}` stores credentials")]
    Unauthorized {
        /// The registry.
        registry: String,
    },
    /// It does not answer, or not as a registry does.
    #[error("{registry} cannot be asked: {why}")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why.
        why: String,
    },
}

/// The digest that a reference has now; None where the registry does not have it.
pub async fn digest(image: &str) -> Result<Option<String>, RegistryError> {
    let reference: Reference = image.parse().map_err(|error: oci_client::ParseError| RegistryError::Image {
        image: image.to_owned(),
        why: error.to_string(),
    })?;
    let registry = reference.resolve_registry().to_owned();
    // The HTTP client takes whatever provider the process has; without one it could not be built.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = registry.rsplit_once(':').map_or(registry.as_str(), |(host, _)| host);
    let client = Client::new(ClientConfig {
        protocol: if super::is_loopback(host) { ClientProtocol::Http } else { ClientProtocol::Https },
        connect_timeout: Some(PATIENCE),
        read_timeout: Some(PATIENCE),
        user_agent: concat!("pilothouse/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    });
    let asked = async {
        let auth = credentials(reference.registry()).await;
        client.fetch_manifest_digest(&reference, &auth).await
    };
    let unreachable = |why: String| RegistryError::Unreachable { registry: registry.clone(), why };
    match timeout(PATIENCE, asked).await {
        Err(_) => Err(unreachable(format!("no answer within {} s", PATIENCE.as_secs()))),
        Ok(Ok(digest)) => Ok(Some(digest)),
        Ok(Err(error)) => match meaning(&error) {
            Meaning::Absent => Ok(None),
            Meaning::Refused => Err(RegistryError::Unauthorized { registry }),
            Meaning::Other => Err(unreachable(super::innermost(&error).chars().take(200).collect())),
        },
    }
}

enum Meaning {
    Absent,
    Refused,
    Other,
}

fn meaning(error: &OciDistributionError) -> Meaning {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) | OciDistributionError::ServerError { code: 404, .. } => {
            Meaning::Absent
        }
        OciDistributionError::RegistryError { envelope, .. } => {
            let says = |codes: &[OciErrorCode]| envelope.errors.iter().any(|error| codes.contains(&error.code));
            if says(&[OciErrorCode::ManifestUnknown, OciErrorCode::NameUnknown, OciErrorCode::NotFound]) {
                Meaning::Absent
            } else if says(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                Meaning::Refused
            } else {
                Meaning::Other
            }
        }
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::ServerError { code: 401 | 403, .. } => Meaning::Refused,
        _ => Meaning::Other,
    }
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
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    username: String,
    secret: String,
}

/// The credentials that Docker's configuration has for a registry; anonymous where it has none.
async fn credentials(registry: &str) -> RegistryAuth {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".docker")));
    let text = folder.and_then(|folder| std::fs::read(folder.join("config.json")).ok()).unwrap_or_default();
    let config: DockerConfig = serde_json::from_slice(&text).unwrap_or_default();
    // Docker keeps those of its own registry under an old name.
    let names = match registry {
        "docker.io" | "index.docker.io" => vec!["https://index.docker.io/v1/", "docker.io", "index.docker.io"],
        other => vec![other],
    };
    for name in names {
        if let Some(helper) = config.cred_helpers.get(name).or(config.creds_store.as_ref())
            && let Some(granted) = ask_helper(helper, name).await
        {
            return RegistryAuth::Basic(granted.username, granted.secret);
        }
        let urls = [name.to_owned(), format!("https://{name}"), format!("https://{name}/")];
        let stored = urls.iter().find_map(|url| config.auths.get(url)?.auth.clone());
        if let Some((user, password)) = stored.as_deref().and_then(decode) {
            return RegistryAuth::Basic(user, password);
        }
    }
    RegistryAuth::Anonymous
}

/// `user:password` in base64.
fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Asks `docker-credential-<helper>`, which reads the registry's name and prints what it has.
#[expect(clippy::disallowed_methods, reason = "processes are started in `connect`, and this is one of them")]
async fn ask_helper(helper: &str, registry: &str) -> Option<Granted> {
    let mut command = Command::new(format!("docker-credential-{helper}"));
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().ok()?;
    child.stdin.take()?.write_all(registry.as_bytes()).await.ok()?;
    let output = timeout(PATIENCE, child.wait_with_output()).await.ok()?.ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    /// A registry on this machine that gives every request the same answer.
    async fn registry(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = [0_u8; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        format!("{address}/shop/web:v1")
    }

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[tokio::test]
    async fn a_tag_that_exists_has_a_digest() {
        let image = registry("HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(digest(&image).await, Ok(Some(DIGEST.to_owned())));
    }

    #[tokio::test]
    async fn a_tag_that_does_not_is_told_from_a_registry_that_is_not_there() {
        let image = registry("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(digest(&image).await, Ok(None));
        let error = digest("127.0.0.1:1/shop/web:v1").await.unwrap_err();
        assert!(matches!(&error, RegistryError::Unreachable { registry, .. } if registry == "127.0.0.1:1"), "{error}");
        assert!(matches!(digest("not an image").await, Err(RegistryError::Image { .. })));
    }

    #[test]
    fn stored_credentials_are_read() {
        assert_eq!(decode("bWU6cGE6c3M="), Some(("me".into(), "pa:ss".into())));
        assert_eq!(decode("?"), None);
    }
}
