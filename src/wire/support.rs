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

/// A word that some write as a number: `10m`, `30`, 30. Empty where it is missing, null or neither.
pub fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<str>, D::Error> {
    Ok(match Option::<serde_json::Value>::deserialize(deserializer)? {
        Some(serde_json::Value::String(text)) => text.into(),
        Some(serde_json::Value::Number(number)) => number.to_string().into(),
        _ => "".into(),
    })
}

/// A generation that is a number, or a string with one as Argo Rollouts writes it. Its versions before 0.10 wrote a hash
/// instead, which cannot be compared: such a generation is the greatest there is. 0 where there is none.
pub fn generation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Generation;
    impl Visitor<'_> for Generation {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a generation, as a number or a string")
        }

        fn visit_unit<E>(self) -> Result<i64, E> {
            Ok(0)
        }

        fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E>(self, number: u64) -> Result<i64, E> {
            Ok(i64::try_from(number).unwrap_or(i64::MAX))
        }

        fn visit_str<E>(self, text: &str) -> Result<i64, E> {
            Ok(if text.is_empty() { 0 } else { text.parse().unwrap_or(i64::MAX) })
        }
    }
    deserializer.deserialize_any(Generation)
}

/// Prefixes of the annotations that are read. The rest, of which some hold whole manifests, is not kept.
const WANTED: [&str; 9] = [
    "deployment.kubernetes.io/revision",
    "kubernetes.io/change-cause",
    "deprecated.daemonset.template.generation",
    "meta.helm.sh/release-",
    "argocd.argoproj.io/tracking-id",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "rollout.argoproj.io/",
    "pilothouse.",
];

/// Last parts of the keys of annotations by which teams say whose a namespace is and what it was made from, whatever their domain.
const TOLD: [&str; 9] = [
    "owner",
    "team",
    "requester",
    "commit",
    "commit-sha",
    "git-commit",
    "git-sha",
    "head-sha",
    "org.opencontainers.image.revision",
];

fn wanted(key: &str) -> bool {
    let last = key.rsplit_once('/').map_or(key, |(_, last)| last);
    WANTED.iter().any(|prefix| key.starts_with(prefix)) || TOLD.contains(&last)
}

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
                if wanted(&key) {
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
