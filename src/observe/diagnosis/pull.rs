//! Why an image cannot be pulled, from the kubelet's, the runtime's or the registry's words.

use crate::{model::PullFailure, observe::sentence};

/// Reads the words of a failed pull. The image's own name is no evidence, whatever words are in it.
pub fn failure(reason: &str, message: &str, image: &str) -> PullFailure {
    match reason {
        "InvalidImageName" => return PullFailure::InvalidName,
        "ErrImageNeverPull" => return PullFailure::Never,
        "SignatureValidationFailed" => return PullFailure::Signature,
        "RegistryUnavailable" => return PullFailure::Unreachable,
        _ => {}
    }
    let text = match image {
        "" => message.to_ascii_lowercase(),
        image => message.replace(image, "").to_ascii_lowercase(),
    };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // From the most telling words to those that also come along with others.
    if says(&["no match for platform", "exec format error"]) {
        PullFailure::Platform
    } else if says(&["no space left"]) {
        PullFailure::DiskFull
    } else if says(&["toomanyrequests", "429 too many", "rate limit"]) {
        PullFailure::RateLimited
    } else if says(&["repository does not exist or may require"]) {
        PullFailure::NoRepositoryOrAccess
    } else if says(&["access denied", "insufficient_scope", "unauthorized", "authentication required", "forbidden"]) {
        PullFailure::Unauthorized { unread: None }
    } else if says(&["500 internal server error", "502 bad gateway", "503 service", "504 gateway"]) {
        PullFailure::Failing
    } else if says(&["x509", "certificate", "tls: ", "tls handshake", "http response to https client"]) {
        PullFailure::Tls
    } else if says(&[
        "no such host",
        "timeout",
        "timed out",
        "deadline exceeded",
        "connection refused",
        "connection reset",
        "no route to host",
        "network is unreachable",
        "name resolution",
        "server misbehaving",
    ]) {
        PullFailure::Unreachable
    } else if says(&["name unknown", "name_unknown", "repository name not known"]) {
        PullFailure::NoRepository
    } else if says(&["manifest unknown", "manifest_unknown"]) {
        PullFailure::NoTag
    } else if says(&["not found", "does not exist"]) {
        PullFailure::NotFound
    } else if says(&["denied"]) {
        PullFailure::Unauthorized { unread: None }
    } else if says(&["signature"]) {
        PullFailure::Signature
    } else {
        let told = sentence(message);
        let says_nothing = told.is_empty() || told.starts_with("Back-off pulling image") || told == "ErrImagePull";
        PullFailure::Other((!says_nothing).then(|| told.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const IMAGE: &str = "registry.example/shop/timeout-denied:v2";

    #[rstest]
    #[case("ErrImagePull", r#"rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/shop/timeout-denied:v2": failed to resolve reference "registry.example/shop/timeout-denied:v2": registry.example/shop/timeout-denied:v2: not found"#, PullFailure::NotFound)]
    #[case(
        "ErrImagePull",
        "rpc error: code = Unknown desc = Error response from daemon: manifest for x not found: manifest unknown: manifest unknown",
        PullFailure::NoTag
    )]
    #[case("ErrImagePull", r#"failed to pull and unpack image: failed to resolve reference: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#, PullFailure::NoRepositoryOrAccess)]
    #[case("ImagePullBackOff", r#"Back-off pulling image "registry.example/shop/timeout-denied:v2": ErrImagePull: failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden"#, PullFailure::Unauthorized { unread: None })]
    #[case(
        "ErrImagePull",
        "unexpected status from HEAD request: 404 Not Found: NAME_UNKNOWN: repository name not known to registry",
        PullFailure::NoRepository
    )]
    #[case(
        "ErrImagePull",
        "unexpected status from HEAD request to https://r/v2/web/manifests/v2: 503 Service Unavailable",
        PullFailure::Failing
    )]
    #[case("ErrImagePull", r#"failed to do request: Head "https://r/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority"#, PullFailure::Tls)]
    #[case("ErrImagePull", "http: server gave HTTP response to HTTPS client", PullFailure::Tls)]
    #[case(
        "ErrImagePull",
        "failed to do request: dial tcp: lookup registry.example on 10.0.0.2:53: no such host",
        PullFailure::Unreachable
    )]
    #[case("ErrImagePull", "dial tcp 10.1.1.1:443: i/o timeout", PullFailure::Unreachable)]
    #[case(
        "ErrImagePull",
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit",
        PullFailure::RateLimited
    )]
    #[case("ErrImagePull", "no match for platform in manifest: not found", PullFailure::Platform)]
    #[case("ErrImagePull", "write /var/lib/containerd/x: no space left on device", PullFailure::DiskFull)]
    #[case("InvalidImageName", "couldn't parse image name", PullFailure::InvalidName)]
    #[case("ErrImageNeverPull", "Container image is not present with pull policy of Never", PullFailure::Never)]
    #[case(
        "ImagePullBackOff",
        r#"Back-off pulling image "registry.example/shop/timeout-denied:v2""#,
        PullFailure::Other(None)
    )]
    #[case("ErrImagePull", "the moon is in the wrong house", PullFailure::Other(Some("the moon is in the wrong house".into())))]
    fn words_of_registries(#[case] reason: &str, #[case] message: &str, #[case] expected: PullFailure) {
        assert_eq!(failure(reason, message, IMAGE), expected);
    }
}
