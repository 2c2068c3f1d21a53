//! What can go wrong between us and the API server, in words an operator can act on.

use ::kube::core::Status;
use std::time::Duration;

/// Why a request to the API server failed. The kinds are what callers decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiErrorKind {
    /// 404: the object or the whole API is not there.
    NotFound,
    /// 409 on a creation.
    AlreadyExists,
    /// 409: somebody else was faster.
    Conflict,
    /// 422 or 400: the server refuses the content; a JSON patch whose `test` failed is one of these.
    Invalid,
    /// 403.
    Forbidden,
    /// 401, after the credentials were renewed once.
    Unauthorized,
    /// 429, after waiting as told.
    TooManyRequests,
    /// The server was not reached: nothing was applied.
    Unreachable,
    /// The answer to a write was lost: it may have been applied, so look before doing anything else.
    Unknown,
    /// 410: the resource version asked for is no longer kept; or the server never had it, as after a restored backup.
    Gone,
    /// An admission webhook cannot take part in a dry run.
    Unsupported,
    /// Anything else the server said.
    Other,
}

/// A failed request: what was asked, on what, why it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action}: {message}")]
pub struct ApiError {
    /// What kind of failure.
    pub kind: ApiErrorKind,
    /// What was asked, such as `patch Deployment shop/checkout`.
    pub action: String,
    /// Why, in the API server's words without dumps of whole objects.
    pub message: String,
    /// How long the server asked us to wait.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// An error of this kind.
    pub fn new(kind: ApiErrorKind, action: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, action: action.into(), message: message.into(), retry_after: None }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.kind {
            ApiErrorKind::Forbidden => {
                "your user lacks this right: ask for it, or choose another context with --context"
            }
            ApiErrorKind::Unauthorized => "log in again (as your cluster's login command says), then repeat",
            ApiErrorKind::Unreachable => "check the network or VPN and the server's address in the kubeconfig",
            ApiErrorKind::Unknown => "it may have been applied: look at the object before repeating it",
            ApiErrorKind::Conflict => "somebody changed it meanwhile: look again and decide again",
            ApiErrorKind::TooManyRequests => "the API server is busy: wait a moment and repeat",
            _ => return None,
        })
    }

    /// What the API server's answer means. `Unknown` is decided by the writer, who knows that something was sent.
    pub(super) fn from_status(action: &str, code: u16, status: &Status) -> Self {
        let reason = status.reason.as_str();
        let kind = match code {
            401 => ApiErrorKind::Unauthorized,
            403 => ApiErrorKind::Forbidden,
            404 => ApiErrorKind::NotFound,
            409 if reason == "AlreadyExists" => ApiErrorKind::AlreadyExists,
            409 => ApiErrorKind::Conflict,
            410 => ApiErrorKind::Gone,
            400 if status.message.contains("does not support dry run") => ApiErrorKind::Unsupported,
            400 | 422 => ApiErrorKind::Invalid,
            429 => ApiErrorKind::TooManyRequests,
            _ if matches!(reason, "Expired" | "Gone") || from_the_future(status) => ApiErrorKind::Gone,
            _ => ApiErrorKind::Other,
        };
        let waits = status.details.as_ref().map_or(0, |d| d.retry_after_seconds);
        Self {
            kind,
            action: action.into(),
            message: explain(code, status),
            retry_after: (waits > 0).then(|| Duration::from_secs(u64::from(waits))),
        }
    }
}

/// Whether a resource version was asked for that the server has not reached. It says so as a time-out.
fn from_the_future(status: &Status) -> bool {
    let causes = status.details.as_ref().map(|d| d.causes.as_slice()).unwrap_or_default();
    causes.iter().any(|cause| cause.reason == "ResourceVersionTooLarge")
}

/// The shortest text that still names the cause.
fn explain(code: u16, status: &Status) -> String {
    let causes = status.details.as_ref().map(|d| d.causes.as_slice()).unwrap_or_default();
    let told: Vec<String> = causes
        .iter()
        .filter(|cause| !cause.message.is_empty())
        .take(3)
        .map(|cause| match cause.field.as_str() {
            "" => without_dumps(&cause.message),
            field => format!("{field}: {}", without_dumps(&cause.message)),
        })
        .collect();
    // A generic sentence ("the server rejected our request…") says less than its causes; a specific one may have none.
    if !told.is_empty() && !matches!(code, 403 | 404 | 409) {
        return told.join("; ");
    }
    match without_dumps(&status.message) {
        text if text.is_empty() => format!("the server answered {code}"),
        text => text,
    }
}

/// Longest text shown of what a server said, in characters.
const LONGEST: usize = 400;
/// Longest `{…}` or quoted value that is shown as it is.
const VALUE: usize = 80;

/// The message without embedded objects: long values in braces become `{…}`, long quotations `"…"`, the rest is cut.
pub(super) fn without_dumps(message: &str) -> String {
    let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short = String::with_capacity(text.len().min(LONGEST));
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '"']) {
        short.push_str(&rest[..at]);
        let tail = &rest[at..];
        let length = if tail.starts_with('{') { braces(tail) } else { quotation(tail) };
        let value = &tail[..length];
        match value.len() {
            0..=VALUE => short.push_str(value),
            _ if tail.starts_with('{') => short.push_str("{…}"),
            _ => short.push_str("\"…\""),
        }
        rest = &tail[length..];
    }
    short.push_str(rest);
    if short.chars().count() > LONGEST {
        short = short.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    short
}

/// Length of the balanced `{…}` that `text` starts with; all of it where it never closes.
fn braces(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// Length of the quotation that `text` starts with; one character where it never closes.
fn quotation(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    1
}

/// Why no connection could be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is neither a kubeconfig nor a service account.
    #[error("no cluster to connect to: {looked} and this is not running in a pod")]
    NoCluster {
        /// Where was looked.
        looked: String,
    },
    /// A kubeconfig file cannot be read or understood.
    #[error("cannot read the kubeconfig: {0}")]
    Kubeconfig(String),
    /// The context is not in the kubeconfig.
    #[error("there is no context `{name}` in the kubeconfig (there are: {known})")]
    NoContext {
        /// The context asked for.
        name: String,
        /// The contexts there are.
        known: String,
    },
    /// No context is selected.
    #[error("the kubeconfig selects no context (there are: {known})")]
    NoCurrentContext {
        /// The contexts there are.
        known: String,
    },
    /// The credential plugin failed.
    #[error("no login for user `{user}`: {why} (credential plugin `{command}`)")]
    Plugin {
        /// The command line.
        command: String,
        /// The kubeconfig's user.
        user: String,
        /// What went wrong.
        why: String,
        /// What the kubeconfig or we suggest.
        hint: String,
        /// Whether it may ask on the terminal, where it is given that.
        asks: bool,
    },
    /// The kubeconfig gives this context another cluster than the one that is connected to.
    #[error("context `{context}` of the kubeconfig names {now} now; this connection is to {was}")]
    Moved {
        /// The context.
        context: String,
        /// The server that is connected to.
        was: String,
        /// The server that the kubeconfig names.
        now: String,
    },
    /// The kubeconfig's settings do not make a client: certificates, proxy, address.
    #[error("the settings of context `{context}` do not work: {why}")]
    Settings {
        /// The context.
        context: String,
        /// What went wrong.
        why: String,
    },
}

impl ConnectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCluster { .. } => Some("set KUBECONFIG or give --kubeconfig; or try `pilothouse demo`".into()),
            Self::NoContext { .. } | Self::NoCurrentContext { .. } => Some("choose one with --context".into()),
            Self::Plugin { hint, .. } => Some(hint.clone()),
            Self::Kubeconfig(_) => Some("mend it, or give another file with --kubeconfig or KUBECONFIG".into()),
            Self::Moved { .. } => Some("reload the kubeconfig to go there".into()),
            Self::Settings { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_cause_is_shown_and_not_the_dump() {
        let dump = format!("spec.selector: Invalid value: {{{}}}: field is immutable", "\"a\":{\"b\":1},".repeat(300));
        assert_eq!(without_dumps(&dump), "spec.selector: Invalid value: {…}: field is immutable");
        assert_eq!(without_dumps("quota \"q\" exceeded {\"a\":1}"), "quota \"q\" exceeded {\"a\":1}");
        assert!(without_dumps(&"x".repeat(10_000)).chars().count() <= LONGEST);
        assert_eq!(without_dumps("never \"closed"), "never \"closed");
    }

    #[test]
    fn a_failed_patch_test_names_what_it_tested() {
        let status: Status = serde_json::from_value(json!({
            "code": 422, "reason": "Invalid", "message": "the server rejected our request due to an error in our request",
            "details": {"causes": [{"reason": "UnexpectedServerResponse", "message": "testing value /metadata/resourceVersion failed"}]}
        }))
        .unwrap();
        let error = ApiError::from_status("patch Deployment shop/checkout", 422, &status);
        assert_eq!(error.kind, ApiErrorKind::Invalid);
        assert_eq!(
            error.to_string(),
            "cannot patch Deployment shop/checkout: testing value /metadata/resourceVersion failed"
        );
    }

    #[test]
    fn kinds_follow_code_and_reason() {
        let of = |code: u16, reason: &str| {
            let status: Status =
                serde_json::from_value(json!({"code": code, "reason": reason, "message": "m"})).unwrap();
            ApiError::from_status("get Pod a/b", code, &status).kind
        };
        assert_eq!(of(409, "AlreadyExists"), ApiErrorKind::AlreadyExists);
        assert_eq!(of(409, "Conflict"), ApiErrorKind::Conflict);
        assert_eq!(of(410, "Expired"), ApiErrorKind::Gone);
        assert_eq!(of(500, "Expired"), ApiErrorKind::Gone);
        assert_eq!(of(401, ""), ApiErrorKind::Unauthorized);
        assert_eq!(of(503, ""), ApiErrorKind::Other);
        let future: Status =
            serde_json::from_value(json!({"code": 504, "reason": "Timeout", "message": "Too large resource version",
            "details": {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}}))
            .unwrap();
        assert_eq!(ApiError::from_status("watch pods", 504, &future).kind, ApiErrorKind::Gone);
    }
}
