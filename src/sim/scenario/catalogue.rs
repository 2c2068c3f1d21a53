//! What runs in the demo: the services, how they are written down, and how busy they are.
//!
//! Invariant: data only.

use crate::sim::controllers::{Curve, Loads};
use std::collections::BTreeMap;

/// Where images come from.
pub const REGISTRY: &str = "registry.example.com";

/// Tags by (environment, service).
pub type Tags = BTreeMap<(String, String), String>;

/// How a team writes its YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Two spaces, lists indented, comments.
    Tidy,
    /// Lists at their parent's column, quoted strings.
    Flat,
    /// Four spaces and flow maps.
    Wide,
}

/// A service with a base in the repository.
pub struct Service {
    /// Its name: Deployment, Service, label `app` and container alike.
    pub name: &'static str,
    /// Image repository below the registry.
    pub image: &'static str,
    /// Port.
    pub port: u16,
    /// Requested cpu and memory.
    pub requests: (&'static str, &'static str),
    /// How it is written.
    pub style: Style,
    /// A StatefulSet instead of a Deployment.
    pub stateful: bool,
}

const fn service(name: &'static str, image: &'static str, port: u16, cpu: &'static str, style: Style) -> Service {
    Service { name, image, port, requests: (cpu, "256Mi"), style, stateful: false }
}

/// The shop, in all three environments.
pub const SHOP: [Service; 6] = [
    service("checkout", "shop/checkout", 8080, "250m", Style::Tidy),
    service("catalog", "shop/catalog", 8080, "200m", Style::Tidy),
    service("cart", "shop/cart", 8081, "100m", Style::Flat),
    service("search", "shop/search", 9200, "200m", Style::Wide),
    service("recommendations", "shop/recommendations", 8082, "100m", Style::Flat),
    Service { stateful: true, ..service("orders-db", "shop/orders-db", 5432, "500m", Style::Tidy) },
];

/// Payments, in production only.
pub const PAYMENTS: [Service; 3] = [
    service("ledger", "payments/ledger", 8443, "200m", Style::Tidy),
    service("fraud", "payments/fraud", 8080, "150m", Style::Wide),
    service("psp-adapter", "payments/psp-adapter", 8080, "100m", Style::Flat),
];

/// The environments with a kustomize overlay of the shop: folder and namespace.
pub const SHOPS: [(&str, &str); 3] = [("dev", "shop-dev"), ("staging", "shop-staging"), ("production", "shop")];

/// What ran on the first day.
pub fn first_tags() -> Tags {
    let shop = [
        ("checkout", "2.2.0"),
        ("catalog", "5.0.2"),
        ("cart", "1.8.0"),
        ("search", "2.9.1"),
        ("recommendations", "0.14.0"),
        ("orders-db", "16.3"),
    ];
    let payments = [("ledger", "6.9.4"), ("fraud", "3.1.0"), ("psp-adapter", "4.0.7")];
    let platform = [("mailer", "1.4.2"), ("metrics", "0.31.0"), ("log-agent", "3.2.1"), ("report", "2.0.5")];
    let tag =
        |environment: &str, (name, tag): (&str, &str)| ((environment.to_owned(), name.to_owned()), tag.to_owned());
    let shops = SHOPS.iter().flat_map(|(environment, _)| shop.map(|s| tag(environment, s)));
    let rest = payments.map(|s| tag("payments", s)).into_iter().chain(platform.map(|s| tag("platform", s)));
    shops.chain(rest).collect()
}

/// How busy the autoscaled workloads are.
pub fn loads() -> Loads {
    let curve = |space: &str, name: &str, mean, swing, period| {
        ((space.to_owned(), name.to_owned()), Curve { mean, swing, period })
    };
    Loads(BTreeMap::from([
        curve("shop", "checkout", 950.0, 260.0, 900.0),
        curve("shop", "catalog", 560.0, 190.0, 700.0),
        curve("shop", "search", 420.0, 130.0, 1100.0),
        curve("payments", "fraud", 380.0, 140.0, 820.0),
        curve("edge", "gateway", 2600.0, 900.0, 1300.0),
    ]))
}
