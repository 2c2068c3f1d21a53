//! Why an autoscaler cannot scale, from its controller's words.

use super::ScalingTrouble;

/// Where the words tell that an API for metrics is missing, its group follows.
const UNSERVED: &str = "the server could not find the requested resource";
/// APIs that autoscalers get their metrics from.
const APIS: [&str; 3] = ["custom.metrics.k8s.io", "external.metrics.k8s.io", "metrics.k8s.io"];

impl ScalingTrouble {
    /// Reads the words of the condition that is not as it should be. What is not known is told as it is.
    pub fn told(words: &str) -> Self {
        unserved(words)
            .or_else(|| no_request(words))
            .or_else(|| rivals(words))
            .unwrap_or_else(|| Self::Unable(words.into()))
    }
}

/// `… unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`
fn unserved(words: &str) -> Option<ScalingTrouble> {
    let api = if words.contains(UNSERVED) {
        // The most particular first: each ends in the last one's name.
        APIS.into_iter().find(|api| words.contains(api))?
    } else if let Some(api) = APIS.into_iter().find(|api| words.contains(&format!("metrics API ({api}) registered"))) {
        api
    } else if words.contains("no known available metric versions found") {
        if words.contains("external metrics API") { APIS[1] } else { APIS[0] }
    } else {
        return None;
    };
    Some(ScalingTrouble::NoMetricsApi(api.into()))
}

/// `… failed to get cpu utilization: missing request for cpu in container web of Pod web-5d9f`
fn no_request(words: &str) -> Option<ScalingTrouble> {
    let (_, rest) = words.split_once("missing request for ")?;
    let (resource, rest) = rest.split_once(" in container ")?;
    let container = rest.split_whitespace().next()?;
    Some(ScalingTrouble::NoRequest { resource: resource.into(), container: container.into() })
}

/// `pods by selector app=web are controlled by multiple HPAs: [shop/web shop/web-2]`
fn rivals(words: &str) -> Option<ScalingTrouble> {
    let (_, rest) = words.split_once("controlled by multiple HPAs: [")?;
    let (names, _) = rest.split_once(']')?;
    let mut names: Vec<&str> = names.split_whitespace().collect();
    // The controller writes them in any order, and another one each time.
    names.sort_unstable();
    Some(ScalingTrouble::Rivals(names.join(", ").into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cause;
    use rstest::rstest;

    #[rstest]
    #[case(
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
        "the cluster serves no metrics (metrics.k8s.io): is metrics-server running?"
    )]
    #[case(
        "the HPA was unable to compute the replica count: unable to get metric requests_per_second: unable to fetch metrics from custom metrics API: no known available metric versions found",
        "the cluster serves no metrics (custom.metrics.k8s.io): is the adapter for it running?"
    )]
    #[case(
        "the HPA was unable to compute the replica count: unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
        "the cluster serves no metrics (custom.metrics.k8s.io): is the adapter for it running?"
    )]
    #[case(
        "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container web of Pod web-5d9f",
        "container web has no cpu request to measure against"
    )]
    #[case(
        "pods by selector app=web are controlled by multiple HPAs: [shop/web-2 shop/web]",
        "several autoscalers have the same pods: shop/web, shop/web-2"
    )]
    #[case("the moon is in the wrong house", "the moon is in the wrong house")]
    #[case("missing request for", "missing request for")]
    fn what_keeps_it_is_named(#[case] words: &str, #[case] expected: &str) {
        let cause = Cause::Scaling { autoscaler: "web".into(), why: ScalingTrouble::told(words) };
        assert_eq!(cause.to_string(), format!("autoscaler web cannot scale: {expected}"));
    }
}
