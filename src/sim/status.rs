//! What the API server answers when it cannot do what was asked: `metav1.Status`, in the words that clients know.
//!
//! Invariant: `code` and `reason` agree, as on a real API server. Never holds a success.

use super::resource::Resource;
use serde_json::{Value, json};

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, `FieldValueForbidden`, …
    pub reason: &'static str,
    /// Path of the field, as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What is wrong with it, as `Required value`.
    pub message: String,
}

impl Cause {
    /// A field that must be there.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// A field whose value is not acceptable.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self { reason: "FieldValueInvalid", field: field.into(), message: format!("Invalid value: {value}: {detail}") }
    }

    /// A field whose value is none of the supported ones.
    pub fn unsupported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let list = supported.iter().map(|s| format!("\"{s}\"")).collect::<Vec<_>>().join(", ");
        let message = format!("Unsupported value: {value}: supported values: {list}");
        Self { reason: "FieldValueNotSupported", field: field.into(), message }
    }

    /// A field that may not be set or changed.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {detail}") }
    }

    /// A field whose value occurs twice.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self { reason: "FieldValueDuplicate", field: field.into(), message: format!("Duplicate value: {value}") }
    }
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason, as `NotFound`; empty when unknown.
    pub reason: String,
    /// What the operator reads.
    pub message: String,
    /// `metav1.StatusDetails`, or null.
    pub details: Box<Value>,
}

impl Status {
    /// Any failure without details.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.to_owned(), message: message.into(), details: Box::new(Value::Null) }
    }

    fn about(r: &Resource, name: &str, code: u16, reason: &str, message: String) -> Self {
        let mut details = json!({ "kind": r.plural });
        if !name.is_empty() {
            details["name"] = json!(name);
        }
        if !r.group.is_empty() {
            details["group"] = json!(r.group);
        }
        Self { code, reason: reason.to_owned(), message, details: Box::new(details) }
    }

    /// 404: there is no such object.
    pub fn not_found(r: &Resource, name: &str) -> Self {
        Self::about(r, name, 404, "NotFound", format!("{} \"{name}\" not found", r.qualified()))
    }

    /// 409: the name is taken.
    pub fn already_exists(r: &Resource, name: &str) -> Self {
        Self::about(r, name, 409, "AlreadyExists", format!("{} \"{name}\" already exists", r.qualified()))
    }

    /// 409: somebody else was faster, or a precondition does not hold.
    pub fn conflict(r: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", r.qualified());
        Self::about(r, name, 409, "Conflict", message)
    }

    /// 409, because the object changed since it was read.
    pub fn modified(r: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(r, name, why)
    }

    /// 403: not allowed.
    pub fn forbidden(r: &Resource, name: &str, why: &str) -> Self {
        let object = if name.is_empty() { r.qualified() } else { format!("{} \"{name}\"", r.qualified()) };
        Self::about(r, name, 403, "Forbidden", format!("{object} is forbidden: {why}"))
    }

    /// 422: fields are wrong.
    pub fn invalid(r: &Resource, name: &str, causes: &[Cause]) -> Self {
        let lines: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let list = if lines.len() == 1 { lines.concat() } else { format!("[{}]", lines.join(", ")) };
        let mut status =
            Self::about(r, name, 422, "Invalid", format!("{} \"{name}\" is invalid: {list}", r.qualified_kind()));
        status.details["kind"] = json!(r.kind);
        status.details["causes"] =
            causes.iter().map(|c| json!({ "reason": c.reason, "message": c.message, "field": c.field })).collect();
        status
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 410: the resourceVersion is older than what the history keeps.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 405: the resource does not know the verb.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .detailed(json!({}))
    }

    /// The same failure with `metav1.StatusDetails`.
    pub fn detailed(mut self, details: Value) -> Self {
        *self.details = details;
        self
    }

    /// 422 of options rather than of an object, as `PatchOptions`.
    pub fn invalid_options(kind: &str, cause: &Cause) -> Self {
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {}: {}", cause.field, cause.message);
        let causes = json!([{ "reason": cause.reason, "message": cause.message, "field": cause.field }]);
        Self::new(422, "Invalid", message).detailed(json!({ "group": "meta.k8s.io", "kind": kind, "causes": causes }))
    }

    /// 422 of a resource whose update must say which version it is about.
    pub fn version_required(r: &Resource, name: &str) -> Self {
        let cause = Cause::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
        let mut status = Self::invalid(r, name, &[cause]);
        status.message = status.message.replacen(&r.qualified_kind(), &r.qualified(), 1);
        status.details["kind"] = json!(r.plural);
        status
    }

    /// As `metav1.Status`.
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            body["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            body["details"] = Value::clone(&self.details);
        }
        body["code"] = json!(self.code);
        body
    }
}
