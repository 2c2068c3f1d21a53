//! Image registries, by the OCI distribution API: which tags a repository has, and what is behind one of them.
//!
//! Only lists, manifests and configurations are asked for, with the credentials that Docker's own configuration holds; nothing is
//! pulled or pushed. A registry on this machine is spoken to in plain HTTP, any other one in TLS only, and credentials go nowhere
//! else. Everything is bounded: time, pages, bytes.

mod challenge;
mod client;
mod credentials;
mod describe;
mod error;

pub use client::Registry;
pub use describe::Described;
pub use error::RegistryError;

use crate::model::image::ImageReference;
use std::time::Duration;
use tokio::time::timeout;

/// How long a registry may take for one tag: it is asked while an operator waits, and the answer is only advice.
const PATIENCE: Duration = Duration::from_secs(5);

/// The digest that a reference has now; None where the registry does not have it.
///
/// # Errors
/// When the registry cannot be asked, or refuses.
pub async fn digest(image: &str) -> Result<Option<String>, RegistryError> {
    let wrong = |error: crate::model::image::ImageError| RegistryError::Image { why: error.to_string() };
    let image = ImageReference::parse(image).map_err(wrong)?;
    let registry = Registry::of(&image.repository)?;
    let version = image.digest.as_deref().or(image.tag.as_deref()).unwrap_or("latest");
    let late = || RegistryError::Unreachable {
        registry: registry.name().to_owned(),
        why: format!("no answer within {} s", PATIENCE.as_secs()),
    };
    timeout(PATIENCE, registry.digest(version)).await.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests;
