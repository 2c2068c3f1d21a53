//! Which proxy a request to the API server passes, by the rules of Go's HTTP client that kubectl is built on.
//!
//! A proxy in the kubeconfig always counts. One of the environment does not for this machine nor for what `NO_PROXY` names.

use crate::connect::is_loopback;
use http::Uri;
use std::net::IpAddr;

/// The proxy for `server`: the kubeconfig's, else the environment's, else none. `variable` reads the environment.
pub(super) fn choose(
    own: Option<&str>,
    server: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, String> {
    if let Some(own) = own {
        return parse(own).map(Some);
    }
    let set = |names: [&str; 2]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let names = match server.scheme_str() {
        Some("http") => ["HTTP_PROXY", "http_proxy"],
        _ => ["HTTPS_PROXY", "https_proxy"],
    };
    let Some(host) = server.host() else { return Ok(None) };
    let Some(proxy) = set(names) else { return Ok(None) };
    let excluded = set(["NO_PROXY", "no_proxy"]).is_some_and(|list| excludes(&list, host, server.port_u16()));
    if is_loopback(host) || excluded { Ok(None) } else { parse(&proxy).map(Some) }
}

/// A proxy's URL. One without a scheme is an HTTP proxy; `socks5h` is `socks5`, which always resolves names remotely here.
fn parse(text: &str) -> Result<Uri, String> {
    let url = match text.split_once("://") {
        None => format!("http://{text}"),
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(("http" | "https" | "socks5", _)) => text.to_owned(),
        Some((scheme, _)) => {
            return Err(format!("a proxy of type {scheme} is not supported (http, https and socks5 are)"));
        }
    };
    url.parse().map_err(|error| format!("its address is not a URL: {error}"))
}

fn excludes(list: &str, host: &str, port: Option<u16>) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
            return match (network.parse::<IpAddr>(), bits.parse::<u32>()) {
                (Ok(network), Ok(bits)) => within(network, bits, address),
                _ => false,
            };
        }
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') => match digits.parse::<u16>() {
                Ok(digits) => (name, Some(digits)),
                Err(_) => (entry.as_str(), None),
            },
            _ => (entry.as_str(), None),
        };
        if wanted.is_some() && wanted != Some(port.unwrap_or(443)) {
            return false;
        }
        let bare = name.trim_start_matches("*.").trim_start_matches('.');
        let subdomain = host.strip_suffix(bare).is_some_and(|head| head.ends_with('.'));
        (host == name) || (address.is_none() && subdomain)
    })
}

fn within(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://api.example.com:6443", "", true)]
    #[case("https://127.0.0.1:6443", "", false)]
    #[case("https://localhost:6443", "", false)]
    #[case("https://[::1]:6443", "", false)]
    #[case("https://api.example.com", "example.com", false)]
    #[case("https://api.example.com", ".example.com", false)]
    #[case("https://example.com", ".example.com", true)]
    #[case("https://notexample.com", "example.com", true)]
    #[case("https://10.1.2.3:6443", "10.0.0.0/8", false)]
    #[case("https://11.1.2.3:6443", "10.0.0.0/8,::1/128", true)]
    #[case("https://api.example.com:6443", "api.example.com:6443", false)]
    #[case("https://api.example.com:6443", "api.example.com:443", true)]
    #[case("https://api.example.com", "*", false)]
    fn the_environment_proxies_what_it_should(#[case] server: &str, #[case] no_proxy: &str, #[case] proxied: bool) {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("proxy:3128".to_owned()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        };
        let chosen = choose(None, &server.parse().unwrap(), environment).unwrap();
        assert_eq!(chosen.map(|uri| uri.to_string()), proxied.then(|| "http://proxy:3128/".to_owned()));
    }

    #[test]
    fn the_kubeconfigs_own_proxy_always_counts() {
        let server = "https://127.0.0.1:6443".parse().unwrap();
        let chosen = choose(Some("socks5h://127.0.0.1:1080"), &server, |_| Some("*".into())).unwrap();
        assert_eq!(chosen.unwrap().to_string(), "socks5://127.0.0.1:1080/");
        assert!(choose(Some("ftp://x"), &server, |_| None).unwrap_err().contains("ftp"));
    }
}
