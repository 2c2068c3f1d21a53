//! What a request is about: the path and the query, taken apart.
//!
//! Invariant: a path that names no served resource is `None`, which is answered with 404; nothing is looked up in the store.

use crate::sim::resource::{Resource, resources, served};

/// The verbs of Kubernetes' access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// One object.
    Get,
    /// All objects of a collection.
    List,
    /// Changes of a collection.
    Watch,
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH.
    Patch,
    /// DELETE of one object.
    Delete,
    /// DELETE of a collection.
    DeleteCollection,
}

impl Verb {
    /// As it stands in rules and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// A resource request's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The resource.
    pub resource: &'static Resource,
    /// The namespace; `None` across all of them and for cluster-wide resources.
    pub namespace: Option<String>,
    /// The object; `None` for the collection.
    pub name: Option<String>,
    /// The subresource, as `status`.
    pub subresource: Option<String>,
}

impl Target {
    /// The namespace, or an empty one.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The object's name, or an empty one.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// `pods` or `pods/log`.
    pub fn resource_and_subresource(&self) -> String {
        match &self.subresource {
            Some(sub) => format!("{}/{sub}", self.resource.plural),
            None => self.resource.plural.to_owned(),
        }
    }
}

/// Takes `/api/v1/…` and `/apis/GROUP/VERSION/…` apart.
pub fn target(path: &str) -> Option<Target> {
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        // A namespace's own subresources look like resources in it.
        ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, inner @ ..] if !inner.is_empty() => (Some((*namespace).to_owned()), inner),
        _ => (None, rest),
    };
    let (plural, name, sub) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, sub] => (*plural, Some(*name), Some(*sub)),
        _ => return None,
    };
    let resource = served(group, version, plural)?;
    if sub.is_some_and(|sub| !resource.has(sub)) || (namespace.is_some() && !resource.namespaced) {
        return None;
    }
    // One object of a namespaced resource needs its namespace.
    if resource.namespaced && name.is_some() && namespace.is_none() && resource != &resources::NAMESPACES {
        return None;
    }
    Some(Target { resource, namespace, name: name.map(str::to_owned), subresource: sub.map(str::to_owned) })
}

/// The query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the question mark.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|p| !p.is_empty());
        let pair = |p: &str| {
            let (key, value) = p.split_once('=').unwrap_or((p, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        };
        Self(pairs.map(pair).collect())
    }

    /// A parameter that is there and not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// All values of a parameter.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A parameter that is `true` or `1`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v == "true" || v == "1")
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key)?.parse().ok()
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%').then(|| bytes.get(i + 1..i + 3)).flatten();
        let byte =
            escaped.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[i]));
        i += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_target() {
        let t = target("/apis/apps/v1/namespaces/shop/deployments/web/scale").unwrap();
        assert_eq!(
            (t.resource.kind, t.namespace(), t.name(), t.subresource.as_deref()),
            ("Deployment", "shop", "web", Some("scale"))
        );
        let t = target("/api/v1/namespaces/shop").unwrap();
        assert_eq!((t.resource.kind, t.namespace.as_deref(), t.name()), ("Namespace", None, "shop"));
        assert_eq!(target("/api/v1/namespaces/shop/finalize").unwrap().subresource.as_deref(), Some("finalize"));
        assert_eq!(target("/api/v1/pods").unwrap().name, None);
        for path in ["/api/v2/pods", "/apis/apps/v1/pods", "/api/v1/pods/x", "/api/v1/namespaces/a/pods/x/scale", "/x"]
        {
            assert!(target(path).is_none(), "{path}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let q = Query::parse("labelSelector=app%3Dweb%2Ctier+in+%28a%29&limit=5&watch=true&empty=");
        assert_eq!(q.get("labelSelector"), Some("app=web,tier in (a)"));
        assert_eq!((q.number("limit"), q.flag("watch"), q.get("empty")), (Some(5), true, None));
    }
}
