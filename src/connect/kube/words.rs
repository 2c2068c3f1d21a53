//! What broke a connection, in words: names that cannot be resolved, certificates that are not trusted, proxies that refuse.

use super::error::without_dumps;
use rustls::{CertificateError, Error as Tls};
use std::{error::Error, io};

/// The cause of a failed connection in one sentence, with what to look at where that is not plain.
pub(super) fn of(error: &(dyn Error + 'static)) -> String {
    fn below<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
        let error: &'e (dyn Error + 'static) = *error;
        error.source()
    }
    let chain: Vec<_> = std::iter::successors(Some(error), below).collect();
    let tls = chain.iter().find_map(|error| tls_of(*error));
    if let Some(words) = tls.and_then(tls_words) {
        return words.to_owned();
    }
    let cause = without_dumps(&crate::connect::innermost(error));
    let says = |part: &str| chain.iter().any(|error| error.to_string().contains(part));
    if says("proxy authorization required") {
        "the proxy asks for a user and a password: write them into its URL".into()
    } else if says("tunnel error: unsuccessful") {
        "the proxy refuses to connect there".into()
    } else if says("tunnel error") {
        format!("the proxy did not connect: {cause}")
    } else if says("dns error") {
        format!("its name cannot be resolved (DNS, VPN?): {cause}")
    } else {
        cause
    }
}

/// The TLS library's error in an error, which I/O errors hide from the chain of causes, one in the other.
fn tls_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Tls> {
    let mut inner = error;
    loop {
        if let Some(tls) = inner.downcast_ref::<Tls>() {
            return Some(tls);
        }
        inner = inner.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

/// What a failed TLS handshake means; None where the library's own words do.
fn tls_words(error: &Tls) -> Option<&'static str> {
    let Tls::InvalidCertificate(error) = error else { return None };
    Some(match error {
        CertificateError::UnknownIssuer => {
            "its certificate is signed by an authority that the kubeconfig does not name (certificate-authority-data)"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: this machine's clock may be wrong"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name (tls-server-name in the kubeconfig)"
        }
        CertificateError::Revoked => "its certificate was revoked",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] io::Error);

    #[test]
    fn causes_are_named_in_words() {
        let told = |what: &'static str, inner: io::Error| of(&Outer(what, inner));
        let tls = Tls::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(
            told("client error (Connect)", io::Error::other(io::Error::other(tls)))
                .contains("certificate-authority-data")
        );
        let unknown = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(
            told("dns error", unknown),
            "its name cannot be resolved (DNS, VPN?): failed to lookup address information: Name or service not known"
        );
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(told("tcp connect error", refused), "connection refused");
        assert!(told("tunnel error: unsuccessful", io::Error::other("x")).contains("proxy refuses"));
    }
}
