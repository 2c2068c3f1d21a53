//! URLs of kinds and objects.

use super::{ApiError, ApiErrorKind};
use crate::model::{Kind, ObjectRef};
use ::kube::core::Request;

/// The path under which a kind's group and version are served.
pub(super) fn version(kind: Kind) -> String {
    match kind.group() {
        "" => format!("/api/{}", kind.version()),
        group => format!("/apis/{group}/{}", kind.version()),
    }
}

/// A request builder for all objects of a kind, in one namespace or in all.
pub(super) fn collection(kind: Kind, namespace: Option<&str>, action: &str) -> Result<Request, ApiError> {
    let mut path = version(kind);
    if let Some(namespace) = namespace.filter(|n| kind.namespaced() && !n.is_empty()) {
        path.push_str("/namespaces/");
        path.push_str(checked(namespace, action)?);
    }
    path.push('/');
    path.push_str(kind.plural());
    Ok(Request::new(path))
}

/// A request builder for the collection an object lives in, and its name.
pub(super) fn object<'a>(object: &'a ObjectRef, action: &str) -> Result<(Request, &'a str), ApiError> {
    if object.kind.namespaced() && object.namespace.is_empty() {
        let message = format!("{} lives in a namespace and none is given", object.kind);
        return Err(ApiError::new(ApiErrorKind::Invalid, action, message));
    }
    Ok((collection(object.kind, Some(&object.namespace), action)?, checked(&object.name, action)?))
}

/// Names end up in a URL: what could change its meaning is refused before anything is sent.
fn checked<'a>(name: &'a str, action: &str) -> Result<&'a str, ApiError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':');
    if name.is_empty() || name == "." || name == ".." || !name.bytes().all(fits) {
        return Err(ApiError::new(ApiErrorKind::Invalid, action, format!("`{name}` is not a name")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_the_api_servers() {
        let path = |kind, namespace| collection(kind, namespace, "list").unwrap().url_path;
        assert_eq!(path(Kind::Pod, Some("shop")), "/api/v1/namespaces/shop/pods");
        assert_eq!(path(Kind::Deployment, None), "/apis/apps/v1/deployments");
        assert_eq!(path(Kind::Namespace, Some("shop")), "/api/v1/namespaces");
        assert_eq!(path(Kind::HttpRoute, Some("a")), "/apis/gateway.networking.k8s.io/v1/namespaces/a/httproutes");
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_url() {
        for name in ["", "..", "a/b", "a?x=1", "a%2fb", "a b"] {
            assert!(object(&ObjectRef::new(Kind::Pod, "shop", name), "get").is_err(), "{name}");
        }
        assert!(object(&ObjectRef::new(Kind::Pod, "", "a"), "get").is_err());
    }
}
