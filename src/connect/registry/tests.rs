use super::*;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A registry on this machine that answers each request by what it says; the requests are kept.
async fn registry(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
    let keep = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut request = vec![0_u8; 8192];
                let read = socket.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                let told = answer(&text);
                keep.lock().unwrap().push(text);
                let _ = socket.write_all(told.as_bytes()).await;
            });
        }
    });
    (address.to_string(), heard)
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[tokio::test]
async fn a_tag_that_exists_has_a_digest() {
    let (address, _) = registry(|_| reply("200 OK", &format!("Docker-Content-Digest: {DIGEST}\r\n"), "")).await;
    assert_eq!(digest(&format!("{address}/shop/web:v1")).await, Ok(Some(DIGEST.to_owned())));
}

#[tokio::test]
async fn a_tag_that_does_not_is_told_from_a_registry_that_is_not_there() {
    let (address, _) = registry(|_| reply("404 Not Found", "", "")).await;
    assert_eq!(digest(&format!("{address}/shop/web:v1")).await, Ok(None));
    let error = digest("127.0.0.1:1/shop/web:v1").await.unwrap_err();
    assert!(matches!(&error, RegistryError::Unreachable { registry, .. } if registry == "127.0.0.1:1"), "{error}");
    assert!(matches!(digest("not an image").await, Err(RegistryError::Image { .. })));
}

#[tokio::test]
async fn every_page_of_tags_is_read_and_none_for_ever() {
    let (address, heard) = registry(|request| match request {
        one if one.contains("last=b") => reply("200 OK", "", r#"{"name": "shop/web", "tags": ["c", "b"]}"#),
        one if one.contains("GET /v2/shop/web/") => {
            let link = "Link: </v2/shop/web/tags/list?last=b&n=2>; rel=\"next\"\r\n";
            reply("200 OK", link, r#"{"tags": ["a", "b"]}"#)
        }
        one if one.contains("/v2/shop/round/") => {
            reply("200 OK", "Link: </v2/shop/round/tags/list?n=2>; rel=\"next\"\r\n", r#"{"tags": ["a"]}"#)
        }
        one if one.contains("/v2/shop/away/") => {
            reply("200 OK", "Link: <https://elsewhere.example.com/x>; rel=\"next\"\r\n", r#"{"tags": ["a"]}"#)
        }
        _ => reply("200 OK", "", r#"{"tags": null}"#),
    })
    .await;
    let tags = async |path: &str| Registry::of(&format!("{address}/shop/{path}")).unwrap().tags().await;
    assert_eq!(tags("web").await.unwrap(), (vec!["a".to_owned(), "b".into(), "c".into()], false));
    assert_eq!(heard.lock().unwrap().len(), 2);
    assert_eq!(tags("round").await.unwrap().0, ["a"]);
    assert!(tags("away").await.unwrap_err().to_string().contains("elsewhere"));
    assert_eq!(tags("empty").await.unwrap(), (vec![], false));
}

#[tokio::test]
async fn what_a_registry_refuses_is_said_with_what_to_do() {
    let asked = async |status: &'static str, headers: &'static str, body: &'static str| {
        let (address, heard) = registry(move |_| reply(status, headers, body)).await;
        let error = Registry::of(&format!("{address}/shop/web")).unwrap().tags().await.unwrap_err();
        let asked = heard.lock().unwrap().len();
        (error.to_string().replace(&address, "HERE"), asked)
    };
    let (said, _) = asked("403 Forbidden", "", r#"{"errors": [{"code": "DENIED", "message": "quota"}]}"#).await;
    assert_eq!(said, "HERE does not let you read shop/web (quota); ask for the right to pull it");
    let (said, _) = asked("404 Not Found", "", "").await;
    assert_eq!(said, "HERE has no repository shop/web, or hides it from you");
    let (said, times) = asked("429 Too Many Requests", "Retry-After: 90\r\n", "").await;
    assert_eq!((said.as_str(), times), ("HERE was asked too often; ask again in 90 s", 1));
    let (said, times) = asked("429 Too Many Requests", "Retry-After: 0\r\n", "").await;
    assert_eq!((said.as_str(), times), ("HERE was asked too often; ask again in 0 s", 2), "it is asked once more");
    let (said, _) = asked("503 Service Unavailable", "", "").await;
    assert_eq!(said, "HERE cannot be asked: it answers 503 Service Unavailable");
    let (said, _) = asked("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "").await;
    assert!(said.starts_with("HERE wants credentials, and none are stored"), "{said}");
    let plain = "WWW-Authenticate: Bearer realm=\"http://auth.example.com/token\"\r\n";
    let (said, _) = asked("401 Unauthorized", plain, "").await;
    assert!(said.contains("without TLS"), "{said}");
    let (said, _) = asked("200 OK", "", "<html>").await;
    assert!(said.contains("is not understood"), "{said}");
}

#[tokio::test]
async fn a_token_is_fetched_once_and_for_no_more_than_is_needed() {
    let (address, heard) = registry(|request| {
        if request.starts_with("GET /token?") {
            return reply("200 OK", "", r#"{"token": "t0ken"}"#);
        }
        if request.to_lowercase().contains("authorization: bearer t0ken") {
            return reply("200 OK", &format!("Docker-Content-Digest: {DIGEST}\r\n"), r#"{"tags": ["v1"]}"#);
        }
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let asks = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"here\"\r\n");
        reply("401 Unauthorized", &asks, "")
    })
    .await;
    let registry = Registry::of(&format!("{address}/shop/web")).unwrap();
    assert_eq!(registry.tags().await.unwrap().0, ["v1"]);
    assert_eq!(registry.digest("v1").await.unwrap().as_deref(), Some(DIGEST));
    let heard = heard.lock().unwrap();
    let tokens: Vec<&String> = heard.iter().filter(|request| request.starts_with("GET /token?")).collect();
    assert_eq!(tokens.len(), 1);
    assert!(tokens[0].starts_with("GET /token?scope=repository%3Ashop%2Fweb%3Apull&service=here "), "{}", tokens[0]);
}

#[tokio::test]
async fn what_is_behind_a_tag() {
    let (address, _) = registry(|request| match request {
        one if one.contains("/manifests/v1 ") => reply(
            "200 OK",
            &format!("Docker-Content-Digest: {DIGEST}\r\n"),
            r#"{"manifests": [
                {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
                {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
                {"digest": "sha256:att", "platform": {"os": "unknown", "architecture": "unknown"}}]}"#,
        ),
        one if one.contains("/manifests/sha256:amd ") => reply("200 OK", "", r#"{"config": {"digest": "sha256:cfg"}}"#),
        one if one.contains("/blobs/sha256:cfg ") => {
            reply("200 OK", "", r#"{"created": "2026-11-20T10:00:00.5Z", "os": "linux", "architecture": "amd64"}"#)
        }
        _ => reply("404 Not Found", "", ""),
    })
    .await;
    let registry = Registry::of(&format!("{address}/shop/web")).unwrap();
    let described = registry.describe("v1").await.unwrap().unwrap();
    assert_eq!((described.digest.as_str(), described.manifests.len()), (DIGEST, 2));
    assert_eq!(described.platforms, ["linux/arm64/v8", "linux/amd64"]);
    assert_eq!(described.created, Some("2026-11-20T10:00:00.5Z".parse().unwrap()));
    assert_eq!(registry.describe("v2").await.unwrap(), None);
}

#[test]
fn repositories_are_where_docker_looks_for_them() {
    for (repository, name) in [
        ("nginx", "docker.io"),
        ("library/nginx", "docker.io"),
        ("docker.io/nginx", "docker.io"),
        ("registry.example.com/a/b", "registry.example.com"),
        ("localhost/a", "localhost"),
        ("localhost:5000/a", "localhost:5000"),
    ] {
        assert_eq!(Registry::of(repository).unwrap().name(), name, "{repository}");
    }
}
