//! Flux: Kustomizations and the GitRepositories they apply.

use super::{Metadata, nullable};
use serde::Deserialize;

/// A Kustomization.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Kustomization {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: KustomizationSpec,
}

/// `spec` of a Kustomization.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KustomizationSpec {
    /// `interval`, such as `10m0s`.
    #[serde(deserialize_with = "nullable")]
    pub interval: Box<str>,
    /// `suspend`.
    #[serde(deserialize_with = "nullable")]
    pub suspend: bool,
    /// `path` within the source.
    #[serde(deserialize_with = "nullable")]
    pub path: Box<str>,
    /// `sourceRef`.
    #[serde(deserialize_with = "nullable")]
    pub source_ref: SourceRef,
}

/// Where a Kustomization's files come from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SourceRef {
    /// `GitRepository`, `OCIRepository` or `Bucket`.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `namespace`; the Kustomization's own where it is left out.
    #[serde(deserialize_with = "nullable")]
    pub namespace: Box<str>,
}

/// A GitRepository.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GitRepository {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: GitRepositorySpec,
}

/// `spec` of a GitRepository.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GitRepositorySpec {
    /// `url`.
    #[serde(deserialize_with = "nullable")]
    pub url: Box<str>,
    /// `ref`.
    #[serde(rename = "ref", deserialize_with = "nullable")]
    pub reference: Reference,
}

/// What a GitRepository checks out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// `branch`.
    #[serde(deserialize_with = "nullable")]
    pub branch: Box<str>,
    /// `tag`: a fixed version, to which no commit to a branch gets.
    #[serde(deserialize_with = "nullable")]
    pub tag: Box<str>,
}
