//! Routes: the weights of a route's backends, read and edited as data, whatever object keeps them.
//!
//! One file a provider, a closed set. Every patch tests the object's identity and each backend's name, writes nothing but
//! weights, and never a rule whose weights are all zero. Rules that only take requests with certain headers are left alone:
//! they pin testers to a backend.

mod distribute;
mod http_route;

use super::FormatError;
use super::template::describe;
use crate::model::Weight;
use serde_json::Value;

pub use distribute::{MAX_WEIGHT, SCALE, distribute, is_share, moved_rules, share};

/// The objects that are understood as routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Gateway API `HTTPRoute`.
    HttpRoute,
}

impl Provider {
    /// The provider of an object.
    pub fn of(object: &Value) -> Result<Self, FormatError> {
        match (object["apiVersion"].as_str().and_then(|v| v.split_once('/')), object["kind"].as_str()) {
            (Some(("gateway.networking.k8s.io", _)), Some("HTTPRoute")) => Ok(Self::HttpRoute),
            _ => Err(FormatError::Unsupported {
                object: describe(object),
                why: "only the weights of Gateway API HTTPRoutes are understood".into(),
            }),
        }
    }
}

/// The weights of a route's backends, rule by rule.
pub fn weights(object: &Value) -> Result<Vec<Weight>, FormatError> {
    match Provider::of(object)? {
        Provider::HttpRoute => http_route::weights(object),
    }
}

/// The JSON Patch that takes a route from the weights `before` to `after`. Refused where the route does not have the weights
/// `before`, where `after` names other backends, and where a rule would end with no weight at all.
pub fn set_weights(object: &Value, before: &[Weight], after: &[Weight]) -> Result<Value, FormatError> {
    match Provider::of(object)? {
        Provider::HttpRoute => http_route::set_weights(object, before, after),
    }
}

/// Whether every parent has accepted the route as it stands now: `Ok(false)` while that is not known (yet), `Err` with the
/// reason where it is refused. See [`has_controller`] for routes that nobody reports on.
pub fn accepted(object: &Value) -> Result<bool, String> {
    match Provider::of(object).map_err(|error| error.to_string())? {
        Provider::HttpRoute => http_route::accepted(object),
    }
}

/// Whether any controller has ever reported on the route.
pub fn has_controller(object: &Value) -> bool {
    match Provider::of(object) {
        Ok(Provider::HttpRoute) => http_route::has_controller(object),
        Err(_) => false,
    }
}
