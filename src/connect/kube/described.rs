//! Whether an API server's description of a group names a field. Such a description may be megabytes: it is passed by, not kept.

use crate::model::Kind;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Whether the OpenAPI document `text` gives objects of this kind a field, named by the way to it.
///
/// # Errors
/// It is no such document.
pub(super) fn described(text: &[u8], kind: Kind, field: &[&str]) -> Result<bool, serde_json::Error> {
    let group: Vec<&str> = kind.group().split('.').rev().collect();
    let name = format!("{}.{}.{}", group.join("."), kind.version(), kind.as_str());
    let mut way = vec!["components", "schemas", &name];
    for step in field {
        way.extend(["properties", step]);
    }
    Along(&way).deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// What is left of the way.
struct Along<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Along<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        match self.0 {
            [] => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| true),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Along<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Some((next, rest)) = self.0.split_first() else { return Err(A::Error::custom("the way has ended")) };
        let mut found = false;
        while let Some(key) = map.next_key::<Box<str>>()? {
            if *key == **next {
                found = map.next_value_seed(Along(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_by_its_way() {
        let text = json!({"openapi": "3.0.0", "components": {"schemas": {
            "io.argoproj.v1alpha1.AppProject": {"properties": {"spec": {"properties": {"x": {}}}}},
            "io.argoproj.v1alpha1.Application": {"properties": {"spec": {"type": "object", "properties": {
                "syncPolicy": {"properties": {"automated": {"properties": {"enabled": {"type": "boolean"}}}}}}}}}}}});
        let has = |field: &[&str]| described(text.to_string().as_bytes(), Kind::Application, field).unwrap();
        assert!(has(&["spec", "syncPolicy", "automated", "enabled"]));
        assert!(!has(&["spec", "syncPolicy", "automated", "selfHeal"]) && !has(&["spec", "x"]));
        assert!(described(b"nothing", Kind::Application, &["spec"]).is_err());
    }
}
