//! EndpointSlices: which addresses stand behind a Service.

use super::{Metadata, nullable};
use serde::Deserialize;

/// An EndpointSlice.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndpointSlice {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `endpoints`.
    #[serde(deserialize_with = "nullable")]
    pub endpoints: Vec<Endpoint>,
}

/// One of `endpoints`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: EndpointConditions,
    /// `addresses`; the first one tells endpoints of several slices apart.
    #[serde(deserialize_with = "nullable")]
    pub addresses: Vec<Box<str>>,
}

/// `conditions` of an endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// `ready`; unknown counts as ready.
    pub ready: Option<bool>,
}
