//! What names, labels and annotations may look like.
//!
//! Invariant: the messages are the ones that clients know from a real API server, with their expression and example.

use crate::sim::{resource::Resource, status::Cause};
use serde_json::{Value, json};

/// What a DNS subdomain must be.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/// What a DNS label must be.
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/// What a label's value must be.
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/// What the last part of a label's key must be.
const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Whether the text is a DNS label.
fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether the text is a DNS subdomain.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether the text is what stands in a label's value or key.
fn is_qualified(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// A DNS label at `field`.
pub fn dns_label(field: &str, text: &str) -> Option<Cause> {
    let value = json!(text);
    match text {
        _ if text.len() > 63 => Some(Cause::invalid(field, &value, "must be no more than 63 characters")),
        _ if !is_label(text) => Some(Cause::invalid(field, &value, LABEL)),
        _ => None,
    }
}

/// Name, labels and annotations of an object.
pub fn check(r: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let value = json!(name);
    let short = matches!((r.group, r.kind), ("", "Namespace" | "Service"));
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if short {
        causes.extend(dns_label("metadata.name", name));
    } else if name.len() > 253 {
        causes.push(Cause::invalid("metadata.name", &value, "must be no more than 253 characters"));
    } else if !name.split('.').all(is_label) {
        causes.push(Cause::invalid("metadata.name", &value, SUBDOMAIN));
    }
    for (i, finalizer) in metadata["finalizers"].as_array().into_iter().flatten().enumerate() {
        let text = finalizer.as_str().unwrap_or_default();
        if !text.contains('/') && !matches!(text, "orphan" | "foregroundDeletion" | "kubernetes") {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(format!("metadata.finalizers[{i}]"), finalizer, detail));
        }
    }
    labels("metadata.labels", &metadata["labels"], causes);
    keys("metadata.annotations", &metadata["annotations"], causes);
}

/// A map of labels.
pub fn labels(field: &str, map: &Value, causes: &mut Vec<Cause>) {
    keys(field, map, causes);
    for (key, value) in map.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            causes.push(Cause::invalid(format!("{field}[{key}]"), value, "must be no more than 63 bytes"));
        } else if !text.is_empty() && !is_qualified(text) {
            causes.push(Cause::invalid(field, value, VALUE));
        }
    }
}

fn keys(field: &str, map: &Value, causes: &mut Vec<Cause>) {
    for key in map.as_object().into_iter().flat_map(|map| map.keys()) {
        let (prefix, name) = key.rsplit_once('/').map_or((None, key.as_str()), |(p, n)| (Some(p), n));
        if !is_qualified(name) {
            causes.push(Cause::invalid(field, &json!(key), KEY));
        } else if prefix.is_some_and(|p| !p.split('.').all(is_label)) {
            causes.push(Cause::invalid(field, &json!(key), &format!("prefix part {SUBDOMAIN}")));
        }
    }
}
