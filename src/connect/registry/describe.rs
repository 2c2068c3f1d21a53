//! What is behind one tag: its digest, the platforms that it is for, and when it was built.

use super::{Registry, RegistryError};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Manifests and indexes of manifests, as Docker and as OCI call them.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// What is behind a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The digest of what the tag names: of an index, where there is one.
    pub digest: String,
    /// Digests of the manifests that the index has: a node may know an image by one of these.
    pub manifests: Vec<String>,
    /// `linux/amd64`, one for each manifest.
    pub platforms: Vec<String>,
    /// When it was built, as its configuration says. Builds that are to be reproducible say a day long past.
    pub created: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Entry>,
    config: Option<Blob>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
struct Blob {
    digest: String,
}

#[derive(Deserialize)]
struct Configuration {
    created: Option<Timestamp>,
    #[serde(flatten)]
    platform: Platform,
}

impl Platform {
    /// As one word; None for what is no image, such as an attestation.
    fn word(&self) -> Option<String> {
        let known = |text: &str| !matches!(text, "" | "unknown");
        let variant = self.variant.as_ref().map_or_else(String::new, |variant| format!("/{variant}"));
        (known(&self.os) && known(&self.architecture)).then(|| format!("{}/{}{variant}", self.os, self.architecture))
    }
}

impl Registry {
    /// The digest of a tag; None where there is no such tag.
    ///
    /// # Errors
    /// As the registry answers.
    pub async fn digest(&self, tag: &str) -> Result<Option<String>, RegistryError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        let Some(answer) = self.ask(Method::HEAD, url.clone(), MANIFESTS).await? else { return Ok(None) };
        match answer.digest {
            Some(digest) => Ok(Some(digest)),
            None => Ok(self.get(url, MANIFESTS).await?.map(|answer| digest_of(&answer.body))),
        }
    }

    /// What is behind a tag; None where there is no such tag.
    ///
    /// # Errors
    /// As the registry answers.
    pub async fn describe(&self, tag: &str) -> Result<Option<Described>, RegistryError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        let Some(answer) = self.get(url, MANIFESTS).await? else { return Ok(None) };
        let digest = answer.digest.unwrap_or_else(|| digest_of(&answer.body));
        let mut manifest = self.manifest(&answer.body)?;
        let mut described = Described { digest, ..Described::default() };
        let mut chosen = None;
        for entry in &manifest.manifests {
            let Some(platform) = entry.platform.as_ref().and_then(Platform::word) else { continue };
            if chosen.is_none() || platform == "linux/amd64" {
                chosen = Some(entry.digest.clone());
            }
            described.manifests.push(entry.digest.clone());
            described.platforms.push(platform);
        }
        if let Some(chosen) = chosen {
            let url = self.url(&format!("manifests/{chosen}"))?;
            match self.get(url, MANIFESTS).await? {
                Some(answer) => manifest = self.manifest(&answer.body)?,
                None => return Ok(Some(described)),
            }
        }
        let Some(blob) = manifest.config else { return Ok(Some(described)) };
        let url = self.url(&format!("blobs/{}", blob.digest))?;
        // What is no image's configuration tells no age, and is no failure.
        let read =
            self.get(url, "*/*").await?.and_then(|answer| serde_json::from_slice::<Configuration>(&answer.body).ok());
        if let Some(configuration) = read {
            described.created = configuration.created;
            if described.platforms.is_empty() {
                described.platforms.extend(configuration.platform.word());
            }
        }
        Ok(Some(described))
    }

    fn manifest(&self, body: &[u8]) -> Result<Manifest, RegistryError> {
        serde_json::from_slice(body).map_err(|error| self.unreachable(format!("a manifest is not understood: {error}")))
    }
}

fn digest_of(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hash.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
