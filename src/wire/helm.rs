//! Helm releases: the Secrets that keep them, and the few fields of what is in there that are read.

use super::{Metadata, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

/// A Secret of type `helm.sh/release.v1`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReleaseSecret {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `data`.
    #[serde(deserialize_with = "nullable")]
    pub data: ReleaseData,
}

/// `data` of such a Secret. It is not shown, not even for debugging: values are in it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReleaseData {
    /// `release`: base64 of base64 of gzip of JSON.
    #[serde(deserialize_with = "nullable")]
    pub release: Box<str>,
}

/// A release as that JSON tells it, without its values, templates and manifest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Release {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `version`: its revision.
    #[serde(deserialize_with = "nullable")]
    pub version: u32,
    /// `info`.
    #[serde(deserialize_with = "nullable")]
    pub info: ReleaseInfo,
    /// `chart`.
    #[serde(deserialize_with = "nullable")]
    pub chart: Chart,
}

/// The manifest in that JSON: what a revision installed. It is not shown, not even for debugging: Secrets are in it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReleaseManifest {
    /// `manifest`: YAML of many documents.
    #[serde(deserialize_with = "nullable")]
    pub manifest: Box<str>,
}

/// `info` of a release.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReleaseInfo {
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: Box<str>,
    /// `description`.
    #[serde(deserialize_with = "nullable")]
    pub description: Box<str>,
    /// `last_deployed`.
    #[serde(deserialize_with = "lenient_time")]
    pub last_deployed: Option<Timestamp>,
}

/// `chart` of a release.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: ChartMetadata,
}

/// `metadata` of a chart.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChartMetadata {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `version`.
    #[serde(deserialize_with = "nullable")]
    pub version: Box<str>,
    /// `appVersion`.
    #[serde(deserialize_with = "nullable")]
    pub app_version: Box<str>,
}
