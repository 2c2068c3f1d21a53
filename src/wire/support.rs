//! Decoding that forgives.

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use std::{collections::BTreeMap, fmt};

/// A null is the default: Go writes `null` for empty lists and maps.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A time; None where it is missing, null or not a time.
pub fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<Box<str>>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Prefixes of the annotations that are read. The rest, of which some hold whole manifests, is not kept.
const WANTED: [&str; 8] = [
    "deployment.kubernetes.io/revision",
    "kubernetes.io/change-cause",
    "deprecated.daemonset.template.generation",
    "meta.helm.sh/release-",
    "argocd.argoproj.io/tracking-id",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "pilothouse.",
];

/// Only the annotations that are read.
pub fn wanted_annotations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Box<str>, Box<str>>, D::Error> {
    struct Wanted;
    impl<'de> Visitor<'de> for Wanted {
        type Value = BTreeMap<Box<str>, Box<str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("annotations or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut kept = BTreeMap::new();
            while let Some(key) = map.next_key::<Box<str>>()? {
                if WANTED.iter().any(|prefix| key.starts_with(prefix)) {
                    kept.insert(key, map.next_value::<Option<Box<str>>>()?.unwrap_or_default());
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(kept)
        }
    }
    deserializer.deserialize_any(Wanted)
}
