//! A world on a port of this machine: TLS with a certificate of its own, and a kubeconfig that knows it.
//!
//! Invariant: the kubeconfig, which holds a token, is readable by its owner only; the keys never leave the process.

use super::{World, access::ADMIN};
use base64::{Engine, prelude::BASE64_STANDARD};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, io::Write as _, net::SocketAddr, path::Path, sync::Arc};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;

/// Why a world could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No certificate.
    #[error("cannot make a certificate for the embedded API server: {0}")]
    Certificate(#[from] rcgen::Error),
    /// No TLS.
    #[error("cannot set up TLS for the embedded API server: {0}")]
    Tls(#[from] rustls::Error),
    /// The kubeconfig cannot be written.
    #[error("cannot write the kubeconfig {path}: {source}; choose a folder that you can write to")]
    Kubeconfig {
        /// Where it should be.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
}

/// A certificate authority of its own and what the server shows.
pub struct Identity {
    authority: String,
    acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes new keys for `localhost` and `127.0.0.1`.
    pub fn generate() -> Result<Self, ServeError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "pilothouse embedded authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "pilothouse embedded API server");
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &authority)?;
        let chain = vec![certificate.der().clone(), authority.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { authority: authority.pem(), acceptor: TlsAcceptor::from(Arc::new(tls)) })
    }
}

/// Writes a kubeconfig for the administrator, mode 0600, and gives its token to the world.
pub fn write_kubeconfig(
    world: &World,
    identity: &Identity,
    address: SocketAddr,
    path: &Path,
) -> Result<(), ServeError> {
    let token = token()?;
    world.access.set_token(&token, ADMIN, None);
    let text = kubeconfig(identity, address, ADMIN, &token);
    let wrong = |source| ServeError::Kubeconfig { path: path.display().to_string(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is private from its first moment; the rename replaces what was there in one step.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// The text of a kubeconfig for that user and token.
pub fn kubeconfig(identity: &Identity, address: SocketAddr, user: &str, token: &str) -> String {
    let authority = BASE64_STANDARD.encode(&identity.authority);
    let name = "pilothouse-sim";
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\nclusters:\n- name: {name}\n  cluster:\n    server: https://{address}\n    certificate-authority-data: {authority}\ncontexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {user}\n    namespace: default\nusers:\n- name: {user}\n  user:\n    token: {token}\n"
    )
}

/// A token that nobody can guess: the hash of a fresh private key that is then forgotten.
fn token() -> Result<String, ServeError> {
    let secret = KeyPair::generate()?.serialize_der();
    Ok(Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Serves the world until the future is dropped. A connection that fails ends alone.
pub async fn serve(world: &World, listener: TcpListener, identity: &Identity) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let others finish first.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (acceptor, server) = (identity.acceptor.clone(), world.server.clone());
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(server.handle(request).await) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that goes away in the middle of a watch is no error of ours.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
