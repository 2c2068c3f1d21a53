//! Objects that pods need and that are not there, as kubelets, the scheduler and the API server name them.

use crate::model::{Cause, Referent};

/// The words before a quoted name that is said not to be found.
const QUOTED: [(&str, Referent); 6] = [
    ("configmap \"", Referent::ConfigMap),
    ("secret \"", Referent::Secret),
    ("persistentvolumeclaim \"", Referent::Claim),
    ("serviceaccount \"", Referent::ServiceAccount),
    ("runtimeclass \"", Referent::RuntimeClass),
    ("runtimeclass.node.k8s.io \"", Referent::RuntimeClass),
];

/// What these words say is missing, if that is what they say.
pub fn cause(message: &str) -> Option<Cause> {
    key(message).or_else(|| quoted(message)).or_else(|| class(message))
}

/// `couldn't find key DB_URL in ConfigMap shop/settings`
fn key(message: &str) -> Option<Cause> {
    let (_, rest) = message.split_once("couldn't find key ")?;
    let (key, rest) = rest.split_once(" in ")?;
    let (what, rest) = rest.split_once(' ')?;
    let what = match what {
        "ConfigMap" => Referent::ConfigMap,
        "Secret" => Referent::Secret,
        _ => return None,
    };
    let path = rest.split_whitespace().next()?;
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(Cause::Missing { what, name: name.into(), key: Some(key.into()) })
}

/// `configmap "settings" not found`
fn quoted(message: &str) -> Option<Cause> {
    let lower = message.to_ascii_lowercase();
    QUOTED.iter().find_map(|(word, what)| {
        let from = lower.find(word)? + word.len();
        let (name, after) = message.get(from..)?.split_once('"')?;
        let gone = after.trim_start().starts_with("not found") && !name.is_empty();
        gone.then(|| Cause::Missing { what: *what, name: name.into(), key: None })
    })
}

/// `no PriorityClass with name urgent was found`
fn class(message: &str) -> Option<Cause> {
    let (_, rest) = message.split_once("no PriorityClass with name ")?;
    let name = rest.split_whitespace().next()?;
    Some(Cause::Missing { what: Referent::PriorityClass, name: name.into(), key: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("configmap \"settings\" not found", "ConfigMap settings does not exist, and the pods need it")]
    #[case("secret \"db\" not found", "Secret db does not exist, and the pods need it")]
    #[case(
        "couldn't find key DB_URL in ConfigMap shop/settings",
        "ConfigMap settings has no key DB_URL, and the pods need it"
    )]
    #[case("couldn't find key password in Secret shop/db", "Secret db has no key password, and the pods need it")]
    #[case(
        "MountVolume.SetUp failed for volume \"files\" : configmap \"files\" not found",
        "ConfigMap files does not exist, and the pods need it"
    )]
    #[case(
        "0/3 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful",
        "PersistentVolumeClaim data does not exist, and the pods need it"
    )]
    #[case(
        "error looking up service account shop/robot: serviceaccount \"robot\" not found",
        "ServiceAccount robot does not exist, and the pods need it"
    )]
    #[case("no PriorityClass with name urgent was found", "PriorityClass urgent does not exist, and the pods need it")]
    #[case(
        "pod rejected: RuntimeClass \"gvisor\" not found",
        "RuntimeClass gvisor does not exist, and the pods need it"
    )]
    fn what_is_missing_is_named(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(cause(message).unwrap().to_string(), expected);
    }

    #[rstest]
    #[case("")]
    #[case("secret \"")]
    #[case("couldn't find key")]
    #[case("configmap \"\" not found")]
    #[case("the secret \"db\" is of another type")]
    fn other_words_name_nothing(#[case] message: &str) {
        assert_eq!(cause(message), None);
    }
}
