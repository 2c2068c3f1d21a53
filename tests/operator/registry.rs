//! Tags from a real registry (Debian's `docker-registry`), with what it asks for before it tells: additional stories, told where it
//! is installed.

use crate::{
    bump::Remote,
    fleet::git,
    pilothouse::Operator,
    world::{Behaviour, World, deployment},
};
use futures::FutureExt;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

pub const ALL: &[(&str, Behaviour)] = &[
    ("registry::tags_are_listed_to_whoever_may_read_them", |w| listed(w).boxed_local()),
    ("registry::a_tag_that_was_pushed_again_is_refused", |w| pushed_again(w).boxed_local()),
];

/// Whether a registry can be run here; where not, says in one line how to get one.
pub fn is_there() -> bool {
    let there = Command::new("docker-registry").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("no docker-registry (apt-get install docker-registry): its stories are not told");
    }
    there
}

/// `ana` with the password `sesame`, as htpasswd writes it.
const USERS: &str = "ana:$2b$04$/qLn7Sp7jk8KviiU5mR8kOgukfag653p7ikb.UqhqCdRD1U6jZZ5C\n";

struct Registry {
    process: Child,
    address: String,
    http: reqwest::Client,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    /// A registry in this folder that wants a user and a password.
    async fn start(folder: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        std::fs::write(folder.join("htpasswd"), USERS).unwrap();
        let configuration = json!({
            "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.join("data")}},
            "http": {"addr": address},
            "auth": {"htpasswd": {"realm": "here", "path": folder.join("htpasswd")}},
        });
        std::fs::write(folder.join("config.yml"), configuration.to_string()).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let registry = Self { process, address, http };
        let url = format!("http://{}/v2/", registry.address);
        for _ in 0..600 {
            match registry.http.get(&url).send().await {
                Ok(answer) if answer.status() == 401 => return registry,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("the registry does not answer at {url}");
    }

    async fn send(&self, request: reqwest::RequestBuilder, body: Vec<u8>) -> reqwest::Response {
        let answer = request.basic_auth("ana", Some("sesame")).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer
    }

    /// Pushes an image that was built at this time; its digest.
    async fn push(&self, tag: &str, created: &str) -> String {
        let base = format!("http://{}/v2/shop/web", self.address);
        let configuration = json!({"architecture": "amd64", "os": "linux", "created": created, "rootfs": {"type": "layers", "diff_ids": []}});
        let configuration = configuration.to_string().into_bytes();
        let digest = hash(&configuration);
        let begun = self.send(self.http.post(format!("{base}/blobs/uploads/")), Vec::new()).await;
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        let separator = if location.contains('?') { '&' } else { '?' };
        let put = self.http.put(format!("{location}{separator}digest={digest}"));
        self.send(put.header("content-type", "application/octet-stream"), configuration.clone()).await;
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "digest": digest, "size": configuration.len()}});
        let manifest = manifest.to_string().into_bytes();
        let digest = hash(&manifest);
        let put = self.http.put(format!("{base}/manifests/{tag}")).header("content-type", kind);
        self.send(put, manifest).await;
        digest
    }

    fn image(&self) -> String {
        format!("{}/shop/web", self.address)
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// What Docker's configuration of this operator says.
fn docker(operator: &Operator, text: &Value) {
    let folder = operator.home().join(".docker");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), text.to_string()).unwrap();
}

async fn web(w: &World, image: &str) {
    let mut web = deployment("web", 1, "1.0.0");
    web["spec"]["template"]["spec"]["containers"][0]["image"] = json!(format!("{image}:1.0.0"));
    w.create(web).await;
}

fn kustomized(w: &World, image: &str) -> Remote {
    let overlay =
        format!("namespace: {}\nresources: [web.yaml]\nimages:\n- name: {image}\n  newTag: 1.0.0\n", w.namespace);
    let web = deployment("web", 1, "1.0.0").to_string().replace(crate::world::IMAGE, image);
    Remote::new(&[("kustomization.yaml", overlay), ("web.yaml", web)])
}

async fn listed(w: World) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(folder.path()).await;
    web(&w, &registry.image()).await;
    let mut digests = Vec::new();
    for tag in ["1.0.0", "1.0.1", "1.10.0", "1.9.0", "2.0.0", "main"] {
        digests.push(registry.push(tag, "2026-03-01T12:00:00Z").await);
    }
    registry.push("production", "2026-03-02T12:00:00Z").await;
    let certified = registry.push("1.2.0", "2026-03-02T12:00:00Z").await;
    let operator = Operator::new(&w);
    let tags = ["tags", "deploy/web", "-o", "json"];
    let ask = async || -> Value { serde_json::from_str(&operator.run(&tags).await.assert(0).out).unwrap() };

    let nobody = ask().await["sources"]["registry"]["error"].to_string();
    assert!(nobody.contains("wants credentials") && nobody.contains("docker login"), "{nobody}");
    docker(&operator, &json!({"auths": {&registry.address: {"username": "ana", "password": "wrong"}}}));
    let wrong = ask().await["sources"]["registry"]["error"].to_string();
    assert!(wrong.contains("does not take the stored credentials of ana"), "{wrong}");

    let remote = kustomized(&w, &registry.image());
    let rules = "certified: {moving: production}\nenvironments: {here: {accepts: [patch, minor, certified]}}\n";
    std::fs::write(remote.clone().join(".pilothouse.yaml"), rules).unwrap();
    git(&remote.clone(), &["add", "."]);
    git(&remote.clone(), &["commit", "--quiet", "-m", "agreed"]);
    git(&remote.clone(), &["push", "--quiet", "origin", "HEAD:main"]);
    operator.configure(&format!("repository = '{}'\n", remote.bare().display()));
    // `ana:sesame`, as `docker login` keeps it.
    docker(&operator, &json!({"auths": {&registry.address: {"auth": "YW5hOnNlc2FtZQ=="}}}));
    let told = ask().await;
    let names: Vec<&str> = told["tags"].as_array().unwrap().iter().map(|row| row["tag"].as_str().unwrap()).collect();
    assert_eq!(names, ["2.0.0", "1.10.0", "1.9.0", "1.2.0", "1.0.1", "1.0.0", "production", "main"], "{told:#}");
    let row = |tag: &str| told["tags"].as_array().unwrap().iter().find(|row| row["tag"] == tag).unwrap();
    assert_eq!((&row("1.10.0")["is"], &row("1.0.0")["is"]), (&json!("minor"), &json!("runs")));
    assert_eq!(row("1.2.0")["digest"], json!(certified));
    assert_eq!((&row("1.2.0")["certified"], &row("1.9.0")["certified"]), (&json!(true), &json!(false)));
    assert_eq!(row("1.9.0")["created"], "2026-03-01T12:00:00Z");
    assert_eq!(row("1.9.0")["platforms"], json!(["linux/amd64"]));
    assert!(told["sources"]["git"]["name"].as_str().unwrap().starts_with("kustomization.yaml:5 @ "), "{told:#}");
}

async fn pushed_again(w: World) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(folder.path()).await;
    web(&w, &registry.image()).await;
    registry.push("1.0.0", "2026-03-01T12:00:00Z").await;
    let first = registry.push("1.1.0", "2026-03-01T12:00:00Z").await;
    let remote = kustomized(&w, &registry.image());
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    // A helper of the operator's own, as a keychain would be.
    let helper = operator.home().join("docker-credential-keychain");
    let script = "#!/bin/sh\ncat >/dev/null\necho '{\"Username\": \"ana\", \"Secret\": \"sesame\"}'\n";
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    docker(&operator, &json!({"credHelpers": {&registry.address: "keychain"}}));
    let path = format!("{}:{}", operator.home().display(), std::env::var("PATH").unwrap());
    let bump = async |tag: &str| {
        let mut command = operator.command(&["bump", "deploy/web", tag, "--repo", &repository, "--yes", "-o", "json"]);
        command.env("PATH", &path);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = bump("1.1.0").await;
    assert_eq!(code, Some(0), "{out}");
    let trailers = git(&remote.bare(), &["log", "-1", "--format=%(trailers:only)", "main"]);
    let digest = format!("Pilothouse-Digest: {}:1.1.0@{first}", registry.image());
    assert!(trailers.contains(&digest), "{trailers}");
    assert_eq!(bump("1.0.0").await.0, Some(0));
    let second = registry.push("1.1.0", "2026-03-05T12:00:00Z").await;
    let (code, out) = bump("1.1.0").await;
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains(&first) && out.contains(&second), "both digests are told: {out}");
    let (code, out) = bump("9.9.9").await;
    assert_eq!(code, Some(3), "there is no such tag: {out}");
}
