//! HTTPRoutes of the Gateway API, as far as weights and acceptance go.

use super::{Condition, Metadata, nullable};
use serde::Deserialize;

/// An HTTPRoute.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpRoute {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: HttpRouteSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: HttpRouteStatus,
}

/// `spec` of an HTTPRoute.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRouteSpec {
    /// `parentRefs`; only how many there are matters.
    #[serde(deserialize_with = "nullable")]
    pub parent_refs: Vec<serde::de::IgnoredAny>,
    /// `hostnames`.
    #[serde(deserialize_with = "nullable")]
    pub hostnames: Vec<Box<str>>,
    /// `rules`.
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<Rule>,
}

/// One of `rules`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// `matches`.
    #[serde(deserialize_with = "nullable")]
    pub matches: Vec<RouteMatch>,
    /// `backendRefs`.
    #[serde(deserialize_with = "nullable")]
    pub backend_refs: Vec<BackendRef>,
}

/// One of a rule's `matches`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RouteMatch {
    /// `headers`; only whether there are some matters.
    #[serde(deserialize_with = "nullable")]
    pub headers: Vec<serde::de::IgnoredAny>,
}

/// One of a rule's `backendRefs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BackendRef {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `weight`; 1 where it is left out.
    pub weight: Option<u32>,
}

/// `status` of an HTTPRoute.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpRouteStatus {
    /// `parents`; empty where no controller has looked at the route.
    #[serde(deserialize_with = "nullable")]
    pub parents: Vec<ParentStatus>,
}

/// What one parent thinks of a route.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ParentStatus {
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
