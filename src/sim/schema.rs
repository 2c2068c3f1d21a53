//! The shapes of the served kinds, read from one table: protobuf decoding, strict field checks and strategic merge all
//! ask here, so they cannot disagree.
//!
//! Invariant: a kind that is not in the table has no shape; whoever asks for one gets `None` and keeps unknown fields.

use super::resource::Resource;
use std::{collections::HashMap, sync::LazyLock};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// Integer of any width.
    Integer,
    /// True or false.
    Bool,
    /// Floating point.
    Number,
    /// Bytes, base64 in JSON.
    Bytes,
    /// `metav1.Time` or `MicroTime`: seconds and nanoseconds, RFC 3339 in JSON; true for microseconds.
    Time(bool),
    /// `metav1.Duration`.
    Duration,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// JSON kept as it is.
    Raw,
    /// Another message of the table.
    Message(&'static str),
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One.
    One,
    /// A list.
    List,
    /// A map from strings.
    Map,
}

/// How a strategic merge patch treats a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The patch's list replaces it.
    Replace,
    /// Elements with the same value of this key are merged.
    By(&'static str),
    /// Scalars are united.
    Set,
}

/// One field of a message.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its number in protobuf; 0 when it has none.
    pub number: u32,
    /// Its name in JSON; empty when its own fields stand inline.
    pub name: &'static str,
    /// What it holds.
    pub of: Type,
    /// How many of them.
    pub shape: Shape,
    /// Whether zero values count as set.
    pub pointer: bool,
    /// Whether a patch may drop the keys that it does not retain (`$retainKeys`).
    pub retain_keys: bool,
    /// How lists merge.
    pub merge: Merge,
}

/// A message: its fields in the order of the published type.
pub type Message = Vec<Field>;

static TABLE: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let lines = include_str!("schema/kinds.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, fields)| (name, fields.split(' ').filter_map(field).collect()))
        .collect()
});

fn field(text: &'static str) -> Option<Field> {
    let (head, tail) = text.split_once(':')?;
    let digits = head.find(|c: char| !c.is_ascii_digit()).unwrap_or(head.len());
    let (number, name) = (head[..digits].parse().ok()?, head[digits..].trim_start_matches('~'));
    let (tail, merge) = match tail.split_once('^') {
        Some((tail, "")) => (tail, Merge::Set),
        Some((tail, key)) => (tail, Merge::By(key)),
        None => (tail, Merge::Replace),
    };
    let (tail, retain_keys) = tail.strip_suffix('!').map_or((tail, false), |t| (t, true));
    let (tail, pointer) = tail.strip_suffix('?').map_or((tail, false), |t| (t, true));
    let (shape, of) = match tail.split_at_checked(1)? {
        ("*", of) => (Shape::List, of),
        ("%", of) => (Shape::Map, of),
        _ => (Shape::One, tail),
    };
    let of = match of {
        "s" | "*s" => Type::Text,
        "i" => Type::Integer,
        "b" => Type::Bool,
        "d" => Type::Number,
        "y" => Type::Bytes,
        "Time" => Type::Time(false),
        "MicroTime" => Type::Time(true),
        "Duration" => Type::Duration,
        "Quantity" => Type::Quantity,
        "IntOrString" => Type::IntOrString,
        "Raw" => Type::Raw,
        message => Type::Message(message),
    };
    Some(Field { number, name, of, shape, pointer, retain_keys, merge })
}

/// The message of that name.
pub fn message(name: &str) -> Option<&'static Message> {
    TABLE.get(name)
}

/// The message that a resource's objects are; `None` for kinds whose shape is not known.
pub fn of(r: &Resource) -> Option<&'static str> {
    root(r.group, r.version, r.kind)
}

/// The message that all objects are, custom resources too: metadata, and nothing known beside it.
pub const ANY: &str = "meta.Object";

/// The message of a kind, also of those that are only sent to subresources.
pub fn root(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    let room = match (group, version, kind) {
        (_, _, "DeleteOptions") => "meta",
        ("autoscaling", "v1", _) => "scaling",
        ("", ..) => "core",
        (group, ..) => group.split('.').next().unwrap_or_default(),
    };
    TABLE.get_key_value(format!("{room}.{kind}").as_str()).map(|(name, _)| *name)
}

/// The field of that JSON name, looked for also where fields stand inline.
pub fn lookup(message_name: &str, name: &str) -> Option<&'static Field> {
    let fields = message(message_name)?;
    let inline = || {
        fields.iter().filter(|f| f.name.is_empty()).find_map(|f| match f.of {
            Type::Message(inner) => lookup(inner, name),
            _ => None,
        })
    };
    fields.iter().find(|f| f.name == name && !f.name.is_empty()).or_else(inline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resources::{ALL, KUSTOMIZATIONS};

    #[test]
    fn every_built_in_kind_has_its_shape() {
        for r in ALL.iter().filter(|r| !r.custom && !r.measured && r.group != "apiextensions.k8s.io") {
            assert!(of(r).is_some(), "{}", r.qualified());
        }
        assert!(of(&KUSTOMIZATIONS).is_none());
    }

    #[test]
    fn every_message_that_is_named_exists() {
        let mut count = 0;
        for field in TABLE.values().flatten() {
            if let Type::Message(name) = field.of {
                assert!(message(name).is_some(), "{name}");
                count += 1;
            }
        }
        assert!(count > 300);
    }

    #[test]
    fn merge_keys_and_inline_fields_are_found() {
        assert_eq!(lookup("core.PodSpec", "containers").unwrap().merge, Merge::By("name"));
        assert_eq!(lookup("core.Volume", "emptyDir").unwrap().number, 2);
        assert!(lookup("core.PodSpec", "volumes").unwrap().retain_keys);
        assert_eq!(lookup("meta.ObjectMeta", "finalizers").unwrap().merge, Merge::Set);
    }
}
