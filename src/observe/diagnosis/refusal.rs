//! Why pods cannot be created, from the API server's words in a ReplicaFailure condition or a FailedCreate event.

use super::missing;
use crate::{
    model::{AdmissionControl, Cause, QuotaLine},
    observe::{refusal, sentence},
};

/// Reads a refusal.
pub fn cause(message: &str) -> Cause {
    let whole = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let why = why(whole);
    quota(why)
        .or_else(|| unsaid(why))
        .or_else(|| policy(why))
        .or_else(|| security(why))
        .or_else(|| webhook(why))
        .or_else(|| missing::cause(why))
        .or_else(|| closing(why))
        .or_else(|| limits(why))
        .unwrap_or_else(|| Cause::Refused { told: refusal(message).into() })
}

/// The refusal itself, without the pod's name, which changes with every attempt, and without who tried.
fn why(line: &str) -> &str {
    let line = line.rsplit_once("Error creating: ").map_or(line, |(_, why)| why);
    let line = match line.split_once(" failed error: ") {
        Some((before, why)) if before.starts_with("create Pod ") => why,
        _ => line,
    };
    match line.strip_prefix("pods \"").and_then(|rest| rest.split_once(" is forbidden: ")) {
        Some((_, why)) => why,
        None => line,
    }
}

/// `exceeded quota: few, requested: pods=1, used: pods=4, limited: pods=4`
fn quota(why: &str) -> Option<Cause> {
    let (_, rest) = why.split_once("exceeded quota: ")?;
    let (quota, rest) = rest.split_once(", requested: ")?;
    let (requested, rest) = rest.split_once(", used: ")?;
    let (used, hard) = rest.split_once(", limited: ")?;
    let of = |list: &str, resource: &str| -> Box<str> {
        let found = list.split(',').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == resource);
        found.map_or("?", |(_, amount)| amount.trim()).into()
    };
    let lines = requested.split(',').filter_map(|pair| pair.split_once('=')).map(|(resource, amount)| QuotaLine {
        resource: resource.into(),
        requested: amount.into(),
        used: of(used, resource),
        hard: of(hard, resource),
    });
    Some(Cause::Quota { quota: quota.into(), lines: lines.collect(), unsaid: None })
}

/// `failed quota: few: must specify limits.cpu for: web`
fn unsaid(why: &str) -> Option<Cause> {
    let (_, rest) = why.split_once("failed quota: ")?;
    let (quota, rest) = rest.split_once(": must specify ")?;
    Some(Cause::Quota { quota: quota.into(), lines: Vec::new(), unsaid: Some(sentence(rest).into()) })
}

/// `ValidatingAdmissionPolicy 'no-latest' with binding 'everywhere' denied request: images need a tag`
fn policy(why: &str) -> Option<Cause> {
    let (_, rest) = why.split_once("ValidatingAdmissionPolicy '")?;
    let (policy, rest) = rest.split_once("' with binding '")?;
    let (binding, rest) = rest.split_once('\'')?;
    let told = rest.split_once(": ").map_or(rest, |(_, told)| told);
    let by = AdmissionControl::Policy { policy: policy.into(), binding: binding.into() };
    Some(Cause::Admission { by, told: sentence(told).into() })
}

/// `violates PodSecurity "restricted:latest": runAsNonRoot != true (…)`
fn security(why: &str) -> Option<Cause> {
    let (_, rest) = why.split_once("violates PodSecurity \"")?;
    let (level, told) = rest.split_once('"')?;
    let told = told.trim_start_matches(':').trim_start();
    Some(Cause::Admission { by: AdmissionControl::PodSecurity(level.into()), told: sentence(told).into() })
}

/// `admission webhook "images.example" denied the request: unsigned`, or one that does not answer.
fn webhook(why: &str) -> Option<Cause> {
    if let Some((_, rest)) = why.split_once("admission webhook \"") {
        let (name, rest) = rest.split_once('"')?;
        let told = rest.split_once(": ").map_or("without an explanation", |(_, told)| told);
        return Some(Cause::Admission { by: AdmissionControl::Webhook(name.into()), told: sentence(told).into() });
    }
    let (_, rest) = why.split_once("failed calling webhook \"")?;
    let (name, rest) = rest.split_once('"')?;
    let told = rest.trim_start_matches(':').trim_start();
    let told = told.strip_prefix("failed to call webhook: ").unwrap_or(told);
    Some(Cause::Admission { by: AdmissionControl::DeadWebhook(name.into()), told: sentence(told).into() })
}

/// `unable to create new content in namespace shop because it is being terminated`
fn closing(why: &str) -> Option<Cause> {
    let (_, rest) = why.split_once("unable to create new content in namespace ")?;
    let namespace = rest.split_whitespace().next()?;
    Some(Cause::Closing { namespace: namespace.into() })
}

/// `[maximum cpu usage per Container is 1, but limit is 2, …]`
fn limits(why: &str) -> Option<Cause> {
    let about = ["usage per Container is", "usage per Pod is", "limit to request ratio per"];
    if !about.iter().any(|words| why.contains(words)) {
        return None;
    }
    let told = sentence(why.trim_matches(['[', ']', '.']));
    Some(Cause::Limits { told: told.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "pods \"web-5d9f-x2b4k\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=4, limited: pods=4",
        "quota few is used up: pods 4 of 4 used, a pod asks for 1"
    )]
    #[case(
        "Error creating: pods \"web-x\" is forbidden: exceeded quota: small, requested: limits.cpu=1,requests.cpu=500m, used: limits.cpu=2,requests.cpu=1, limited: limits.cpu=2,requests.cpu=1",
        "quota small is used up: limits.cpu 2 of 2 used, a pod asks for 1, requests.cpu 1 of 1 used, a pod asks for 500m"
    )]
    #[case(
        "pods \"web-x\" is forbidden: failed quota: few: must specify limits.cpu for: web; requests.cpu for: web",
        "quota few refuses pods that do not say what they need: limits.cpu for: web; requests.cpu for: web"
    )]
    #[case(
        "pods \"web-x\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]",
        "pods are refused by a LimitRange: maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi"
    )]
    #[case(
        "pods \"web-x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true (pod or container \"web\" must set securityContext.runAsNonRoot=true)",
        "pods are refused by Pod Security restricted:latest: runAsNonRoot != true (pod or container \"web\" must set securityContext.runAsNonRoot=true)"
    )]
    #[case(
        "pods \"web-x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'everywhere' denied request: images need a tag",
        "pods are refused by admission policy no-latest (binding everywhere): images need a tag"
    )]
    #[case(
        "admission webhook \"images.example\" denied the request: image web:v1 is not signed",
        "pods are refused by admission webhook images.example: image web:v1 is not signed"
    )]
    #[case(
        "Internal error occurred: failed calling webhook \"images.example\": failed to call webhook: Post \"https://images.shop.svc:443/?timeout=10s\": dial tcp 10.0.0.7:443: connect: connection refused",
        "pods cannot be created: admission webhook images.example does not answer: Post \"https://images.shop.svc:443/?timeout=10s\": dial tcp 10.0.0.7:443: connect: connection refused"
    )]
    #[case(
        "(combined from similar events): create Pod db-0 in StatefulSet db failed error: pods \"db-0\" is forbidden: error looking up service account shop/robot: serviceaccount \"robot\" not found",
        "ServiceAccount robot does not exist, and the pods need it"
    )]
    #[case(
        "pods \"web-x\" is forbidden: no PriorityClass with name urgent was found",
        "PriorityClass urgent does not exist, and the pods need it"
    )]
    #[case(
        "pods \"web-x\" is forbidden: exceeded quota: team, requested: requests.cpu=1500m, used: requests.cpu=3, limited: requests.cpu=4",
        "quota team leaves too little room: requests.cpu 3 of 4 used, a pod asks for 1500m"
    )]
    #[case(
        "pods \"web-x\" is forbidden: unable to create new content in namespace shop because it is being terminated",
        "namespace shop is being deleted, and takes no new pods"
    )]
    #[case("etcdserver: request timed out", "pods cannot be created: etcdserver: request timed out")]
    #[case("", "pods cannot be created: ")]
    fn refusals_are_taken_apart(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(cause(message).to_string(), expected);
    }
}
