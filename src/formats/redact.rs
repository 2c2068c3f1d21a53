//! Hides what may be secret before anything is shown, printed or journaled.
//!
//! Every environment value is hidden, whatever it is: a password looks like any other text. Elsewhere only what is named like
//! a secret, and passwords within URLs. References (`$(NAME)`, `$NAME`) are names, not values, and stay.
//! Hiding is one-way: nothing here keeps what it hid.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What stands where something was hidden.
pub const HIDDEN: &str = "«…»";
/// What stands where something was hidden that differs from what the other side hides at the same place.
pub const HIDDEN_DIFFERENT: &str = "«… another value»";

/// Annotations longer than this, or of several lines, may hold whole files and are hidden.
const LONG: usize = 200;

/// A user of a web address that is at least this long is taken for a token.
const LONG_USER: usize = 20;

const SECRET_WORDS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "authorization",
];

/// Names that end so tell where a secret is, not what it is: `--token-file`, `--secret-name`.
const PLACES: [&str; 4] = ["file", "path", "name", "dir"];

/// Whether a flag, variable, header or annotation of this name is likely to hold a secret.
pub fn secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let holds = SECRET_WORDS.iter().any(|word| plain.contains(word)) || plain == "pwd" || plain == "dsn";
    holds && !PLACES.iter().any(|place| plain.ends_with(place))
}

/// A command and its arguments with secret-like values hidden: `--password=x`, `--token x`, `API_KEY=x`, `scheme://user:x@host`.
pub fn words<S: AsRef<str>>(words: &[S]) -> Vec<String> {
    let mut after_secret_flag = false;
    words
        .iter()
        .map(|word| {
            let word = word.as_ref();
            let hide = after_secret_flag && !word.starts_with('-') && !is_reference(word);
            after_secret_flag = word.starts_with('-') && !word.contains('=') && secret_name(word);
            if hide { HIDDEN.to_owned() } else { text(word) }
        })
        .collect()
}

/// Free text with the values of secret-like `NAME=value` words, of secret-like flags and of passwords in URLs hidden.
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut after_secret_flag = false;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = &piece[word.len()..];
        let hide = after_secret_flag && !word.is_empty() && !word.starts_with('-') && !is_reference(word);
        if !word.is_empty() {
            after_secret_flag = word.starts_with("--") && !word.contains('=') && secret_name(word);
        }
        match word.split_once('=') {
            _ if hide => shown.push_str(HIDDEN),
            Some((name, value)) if secret_name(name) && !value.is_empty() && !is_reference(value) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(HIDDEN);
            }
            _ => shown.push_str(&without_url_password(word)),
        }
        shown.push_str(space);
    }
    shown
}

/// A change cause with values hidden. It is often the kubectl command itself, and `kubectl set env` names environment values.
pub fn cause(cause: &str) -> String {
    if !cause.contains(" env ") && !cause.contains("--env") {
        return text(cause);
    }
    let hide = |word: &str| match word.split_once('=') {
        Some((name, value)) if !value.is_empty() && !name.starts_with("--") => format!("{name}={HIDDEN}"),
        _ => text(word),
    };
    cause.split(' ').map(hide).collect::<Vec<_>>().join(" ")
}

/// `$NAME`, `${NAME}` and `$(NAME)`, quoted or not, name a value without telling it.
fn is_reference(value: &str) -> bool {
    value.trim_matches(['"', '\'']).starts_with('$')
}

fn without_url_password(word: &str) -> String {
    let Some(start) = word.find("://").map(|at| at + 3) else { return word.to_owned() };
    let rest = &word[start..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    // A password may contain an `@` that nobody escaped: the last one ends it.
    let Some(at) = authority.rfind('@').or_else(|| rest.rfind('@')) else { return word.to_owned() };
    match rest[..at].split_once(':') {
        Some((user, password)) if !is_reference(password) => {
            format!("{}{user}:{HIDDEN}{}", &word[..start], without_url_password(&rest[at..]))
        }
        // A token is often the user itself: `https://<token>@host`.
        None if word.starts_with("http") && at >= LONG_USER => format!("{}{HIDDEN}{}", &word[..start], &rest[at..]),
        _ => word.to_owned(),
    }
}

/// A pod template with values hidden. `other` is the template of the other side of a comparison: where both sides hide
/// something at the same place and it differs, `after` says so.
pub fn template(template: &Value, other: Option<&Value>) -> Value {
    let mut hidden = BTreeMap::new();
    if let Some(other) = other {
        walk(other, &mut Vec::new(), &mut |path, value| {
            hidden.insert(path.join("/"), value.clone());
            Value::from(HIDDEN)
        });
    }
    walk(template, &mut Vec::new(), &mut |path, value| match hidden.get(&path.join("/")) {
        Some(before) if before != value => Value::from(HIDDEN_DIFFERENT),
        _ => Value::from(HIDDEN),
    })
}

type Hide<'a> = dyn FnMut(&[String], &Value) -> Value + 'a;

fn walk(value: &Value, path: &mut Vec<String>, hide: &mut Hide<'_>) -> Value {
    match value {
        Value::Object(fields) => {
            let mut shown = Map::new();
            for (key, field) in fields {
                path.push(key.clone());
                let field = if must_hide(path, field) { hide(path, field) } else { walk(field, path, hide) };
                path.pop();
                shown.insert(key.clone(), field);
            }
            Value::Object(shown)
        }
        Value::Array(items) if matches!(path.last().map(String::as_str), Some("command" | "args")) => {
            let plain: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            let shown = words(&plain);
            let pairs = plain.iter().zip(shown).enumerate();
            Value::Array(
                pairs
                    .map(|(index, (plain, shown))| {
                        if shown == *plain {
                            return Value::from(shown);
                        }
                        // The place's own words are compared, so that a changed password is at least seen to change.
                        path.push(index.to_string());
                        let stands = hide(path, &Value::from(*plain));
                        path.pop();
                        Value::from(shown.replace(HIDDEN, stands.as_str().unwrap_or(HIDDEN)))
                    })
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let name =
                        item.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
                    path.push(name);
                    let shown = walk(item, path, hide);
                    path.pop();
                    shown
                })
                .collect(),
        ),
        Value::String(text) => Value::from(self::text(text)),
        other => other.clone(),
    }
}

/// Whether the whole value at this path is hidden. Paths name list items by their `name`.
fn must_hide(path: &[String], value: &Value) -> bool {
    let Some((key, above)) = path.split_last() else { return false };
    let parent = above.last().map_or("", String::as_str);
    let list = above.len().checked_sub(2).map_or("", |at| above[at].as_str());
    match parent {
        "volumeAttributes" | "options" => true,
        "annotations" | "labels" => {
            value.as_str().is_some_and(|v| secret_name(key) || v.len() > LONG || v.contains('\n'))
        }
        _ => key == "value" && matches!(list, "env" | "httpHeaders"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(&["migrate", "--password=hunter2"], &["migrate", "--password=«…»"])]
    #[case(&["--api-token", "hunter2", "up"], &["--api-token", "«…»", "up"])]
    #[case(&["--token-file=/run/token", "--auth-plugin", "native"], &["--token-file=/run/token", "--auth-plugin", "native"])]
    #[case(&["--token", "--verbose"], &["--token", "--verbose"])]
    #[case(&["sh", "-c", "DB_PASSWORD=hunter2 run --secret hunter2 && x"], &["sh", "-c", "DB_PASSWORD=«…» run --secret «…» && x"])]
    #[case(&["--url=postgres://app:hunter2@db:5432/shop"], &["--url=postgres://app:«…»@db:5432/shop"])]
    #[case(&["postgres://app:hunt@er2@db/shop"], &["postgres://app:«…»@db/shop"])]
    #[case(&["--password=$(DB_PASSWORD)"], &["--password=$(DB_PASSWORD)"])]
    #[case(&["./manage.py", "migrate", "--noinput"], &["./manage.py", "migrate", "--noinput"])]
    #[case(&["https://hunter2hunter2hunter2@git.example/a.git"], &["https://«…»@git.example/a.git"])]
    #[case(&["ssh://git@git.example/a.git"], &["ssh://git@git.example/a.git"])]
    #[case(&["https://example.org/a@b"], &["https://example.org/a@b"])]
    fn commands(#[case] plain: &[&str], #[case] shown: &[&str]) {
        assert_eq!(words(plain), shown);
    }

    #[rstest]
    #[case("kubectl set image deploy/a app=app:2", "kubectl set image deploy/a app=app:2")]
    #[case(
        "kubectl set env deploy/a mode=hunter2 X- --record=true",
        "kubectl set env deploy/a mode=«…» X- --record=true"
    )]
    #[case("deployed with TOKEN=hunter2", "deployed with TOKEN=«…»")]
    fn causes(#[case] plain: &str, #[case] shown: &str) {
        assert_eq!(cause(plain), shown);
    }

    #[test]
    fn every_environment_value_is_hidden_and_a_change_is_seen() {
        let before = json!({"spec": {"containers": [{"name": "app", "env": [
            {"name": "A", "value": "same-value"}, {"name": "B", "value": "old-value"},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}]}]}});
        let mut after = before.clone();
        after["spec"]["containers"][0]["env"][1]["value"] = json!("new-value");
        let shown = template(&after, Some(&before));
        let env = &shown["spec"]["containers"][0]["env"];
        assert_eq!(env[0]["value"], HIDDEN);
        assert_eq!(env[1]["value"], HIDDEN_DIFFERENT);
        assert_eq!(env[2], before["spec"]["containers"][0]["env"][2], "a reference is not a value");
    }

    #[test]
    fn secrets_elsewhere_in_a_template() {
        let hunter = json!({
            "metadata": {"annotations": {"example.org/api-token": "hunter2", "config": "a: hunter2\nb: c\n", "checksum": "12"}},
            "spec": {"containers": [{"name": "app", "args": ["--password", "hunter2"],
                "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "Basic hunter2"}]}},
                "lifecycle": {"preStop": {"exec": {"command": ["curl", "-u", "x", "https://a:hunter2@b/"]}}}}],
              "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"key": "hunter2"}}}]}});
        let shown = template(&hunter, None);
        assert!(!shown.to_string().contains("hunter2"), "{shown}");
        assert_eq!(shown["metadata"]["annotations"]["checksum"], "12");
        let mut changed = hunter.clone();
        changed["spec"]["containers"][0]["args"][1] = json!("hunter3");
        let shown = template(&changed, Some(&hunter));
        assert_eq!(shown["spec"]["containers"][0]["args"][1], HIDDEN_DIFFERENT);
    }
}
