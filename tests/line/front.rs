//! What lies between the cockpit and an API server: it passes everything on, keeps account of what was asked, and answers itself
//! where a test wants it to.
//!
//! The cockpit reaches it over plain HTTP on loopback; from there requests go on with the credentials of a kubeconfig. What is
//! refused here is refused with the words, codes and headers of a real API server.

use futures::StreamExt as _;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use kube::client::Body;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// What the front does by itself with some requests.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Refuses them with this code, `Retry-After` and Status.
    Refuse(u16, Option<u32>, Value),
    /// Never answers them.
    Silence,
    /// Passes them on, but asks for what came after this resource version.
    From(&'static str),
}

struct Rule {
    /// What their path and query have in them.
    about: &'static str,
    /// How many of them.
    left: u32,
    deed: Deed,
}

#[derive(Default)]
struct Book {
    rules: Vec<Rule>,
    seen: Vec<String>,
    refused: usize,
}

/// The front, for as long as it lives.
pub struct Front {
    book: Arc<Mutex<Book>>,
    cut: watch::Sender<u64>,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Front {
    /// Lies before the API server of this kubeconfig.
    pub fn before(kubeconfig: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let book = Arc::new(Mutex::new(Book::default()));
        let (cut, ended) = watch::channel(0);
        let serving = serve(kubeconfig.to_owned(), book.clone(), ended);
        // On a thread of its own, for whoever asks may be on a runtime already.
        let begin = || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let address = runtime.block_on(serving);
            (runtime, address)
        };
        let (runtime, address) = std::thread::scope(|scope| scope.spawn(begin).join().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "front",
            "clusters": [{"name": "front", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "front", "user": {}}],
            "contexts": [{"name": "front", "context": {"cluster": "front", "user": "front"}}],
        });
        std::fs::write(folder.path().join("config"), config.to_string()).unwrap();
        Self { book, cut, folder, runtime: Some(runtime) }
    }

    /// Does this with all requests whose path and query have one of these in them.
    pub fn always(&self, about: &[&'static str], deed: &Deed) {
        about.iter().for_each(|about| self.next(u32::MAX, about, deed.clone()));
    }

    /// The kubeconfig that leads through it.
    pub fn kubeconfig(&self) -> String {
        self.folder.path().join("config").display().to_string()
    }

    /// Does this with the next requests whose path and query have `about` in them.
    pub fn next(&self, times: u32, about: &'static str, deed: Deed) {
        self.book.lock().unwrap().rules.push(Rule { about, left: times, deed });
    }

    /// Ends every answer that is under way.
    pub fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }

    /// The requests since the last time, each as path and query; how many were refused here goes along.
    pub fn take(&self) -> (Vec<String>, usize) {
        let mut book = self.book.lock().unwrap();
        (std::mem::take(&mut book.seen), std::mem::take(&mut book.refused))
    }
}

async fn serve(kubeconfig: PathBuf, book: Arc<Mutex<Book>>, ended: watch::Receiver<u64>) -> SocketAddr {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let mut config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.unwrap();
    config.default_retry = false;
    config.read_timeout = None;
    let client = kube::Client::try_from(config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (client, book, ended) = (client.clone(), book.clone(), ended.clone());
            tokio::spawn(async move {
                let service = hyper::service::service_fn(move |request| {
                    let (client, book, ended) = (client.clone(), book.clone(), ended.clone());
                    async move { Ok::<_, Infallible>(answer(client, &book, ended, request).await) }
                });
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(stream), service).await; // a client that goes is no error
            });
        }
    });
    address
}

async fn answer(
    client: kube::Client,
    book: &Mutex<Book>,
    mut ended: watch::Receiver<u64>,
    request: Request<Incoming>,
) -> Answer {
    let (mut head, body) = request.into_parts();
    let mut path = head.uri.path_and_query().unwrap().to_string();
    let deed = {
        let mut book = book.lock().unwrap();
        book.seen.push(path.clone());
        let rule = book.rules.iter_mut().find(|rule| rule.left > 0 && path.contains(rule.about));
        let deed = rule.map(|rule| {
            rule.left -= 1;
            rule.deed.clone()
        });
        book.refused += usize::from(matches!(deed, Some(Deed::Refuse(..))));
        deed
    };
    match deed {
        Some(Deed::Refuse(code, retry_after, status)) => return refusal(code, retry_after, &status),
        Some(Deed::Silence) => std::future::pending().await,
        Some(Deed::From(version)) => {
            let (before, after) = path.split_once("resourceVersion=").unwrap();
            let rest = after.split_once('&').map_or(String::new(), |(_, rest)| format!("&{rest}"));
            path = format!("{before}resourceVersion={version}{rest}");
        }
        None => {}
    }
    head.uri = path.parse::<Uri>().unwrap();
    for name in ["host", "connection"] {
        head.headers.remove(name);
    }
    let body = body.collect().await.unwrap().to_bytes();
    let passed = client.send(Request::from_parts(head, Body::from(body.to_vec()))).await;
    let Ok(answer) = passed else {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no backend"});
        return refusal(502, None, &status);
    };
    ended.mark_unchanged();
    let until = async move {
        let _ = ended.changed().await; // it ends with the front, too
    };
    let (head, body) = answer.into_parts();
    let frames = body.into_data_stream().map(|part| part.map(Frame::data).map_err(std::io::Error::other));
    Response::from_parts(head, StreamBody::new(frames.take_until(Box::pin(until))).boxed_unsync())
}

fn refusal(code: u16, retry_after: Option<u32>, status: &Value) -> Answer {
    let mut answer = Response::builder().status(StatusCode::from_u16(code).unwrap());
    answer = answer.header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds);
    }
    let body = http_body_util::Full::new(Bytes::from(status.to_string()));
    answer.body(body.map_err(|never| match never {}).boxed_unsync()).unwrap()
}
