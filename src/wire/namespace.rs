//! Namespaces and Leases.

use super::{Metadata, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

/// A Namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: NamespaceStatus,
}

/// `status` of a Namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    #[serde(deserialize_with = "nullable")]
    pub phase: Box<str>,
}

/// A Lease.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lease {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: LeaseSpec,
}

/// `spec` of a Lease.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LeaseSpec {
    /// `holderIdentity`.
    #[serde(deserialize_with = "nullable")]
    pub holder_identity: Box<str>,
    /// `leaseDurationSeconds`.
    #[serde(deserialize_with = "nullable")]
    pub lease_duration_seconds: u32,
    /// `acquireTime`, by the holder's clock.
    #[serde(deserialize_with = "lenient_time")]
    pub acquire_time: Option<Timestamp>,
    /// `renewTime`, by the holder's clock.
    #[serde(deserialize_with = "lenient_time")]
    pub renew_time: Option<Timestamp>,
}
