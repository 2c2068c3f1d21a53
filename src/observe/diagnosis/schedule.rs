//! Why no node takes a pod, from the scheduler's words: how many nodes for which reason.

use super::{Evidence, missing};
use crate::{
    model::{Cause, ClaimState, Unfit},
    observe::sentence,
    wire::Pod,
};

/// Reads the words of the scheduler about this pod.
pub fn cause(message: &str, pod: &Pod) -> (Cause, Evidence) {
    if let Some(missing) = missing::cause(message) {
        return (missing, Evidence::None);
    }
    let claims = claims(pod);
    if let (true, [first, ..]) = (message.contains("unbound immediate PersistentVolumeClaims"), &claims[..]) {
        return (Cause::Claim { name: first.clone(), state: ClaimState::Unknown }, Evidence::Claims(claims));
    }
    let (nodes, unfit) = parse(message, pod);
    let told = unfit.is_empty().then(|| sentence(message).into());
    (Cause::Unschedulable { nodes, unfit, told }, Evidence::None)
}

/// The claims that a pod mounts.
pub fn claims(pod: &Pod) -> Vec<Box<str>> {
    let claims = pod.spec.volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims.map(|source| source.claim_name.clone()).collect()
}

/// `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {gpu: true}. preemption: …`
fn parse(message: &str, pod: &Pod) -> (u32, Vec<(u32, Unfit)>) {
    let Some((head, rest)) = message.split_once(" nodes are available: ") else { return (0, Vec::new()) };
    let nodes = head.rsplit_once('/').and_then(|(_, nodes)| nodes.trim().parse().ok()).unwrap_or(0);
    // What follows the first sentence is about preemption and resource claims.
    let told = rest.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut parts: Vec<(u32, String)> = Vec::new();
    for part in told.split(", ") {
        let counted = part.split_once(' ').and_then(|(count, text)| Some((count.parse().ok()?, text)));
        match (counted, parts.last_mut()) {
            (Some((count, text)), _) => parts.push((count, text.to_owned())),
            (None, Some((_, before))) => *before = format!("{before}, {part}"),
            (None, None) if !part.is_empty() => parts.push((nodes, part.to_owned())),
            (None, None) => {}
        }
    }
    let mut unfit: Vec<(u32, Unfit)> = parts.into_iter().map(|(count, text)| (count, reason(&text, pod))).collect();
    unfit.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    (nodes, unfit)
}

fn reason(text: &str, pod: &Pod) -> Unfit {
    let says = |words: &str| text.contains(words);
    if let Some(resource) = text.strip_prefix("Insufficient ") {
        return Unfit::Insufficient { resource: resource.into(), asks: asks(resource, pod) };
    }
    if says("untolerated taint") {
        let inside = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(inside, _)| inside);
        let taint = inside.map(|inside| match inside.split_once(": ") {
            Some((key, "")) => key.to_owned(),
            Some((key, value)) => format!("{key}={value}"),
            None => inside.trim_end_matches(':').trim_end().to_owned(),
        });
        return Unfit::Taint(taint.unwrap_or_else(|| text.to_owned()).trim().trim_end_matches(':').into());
    }
    if says("anti-affinity") {
        Unfit::AntiAffinity
    } else if says("node affinity/selector") || says("match node selector") {
        Unfit::Selector(selection(pod))
    } else if says("pod affinity") {
        Unfit::Affinity
    } else if says("topology spread") {
        Unfit::Spread
    } else if says("were unschedulable") || says("was unschedulable") {
        Unfit::Cordoned
    } else if says("free ports") {
        Unfit::Ports
    } else if says("max volume count") {
        Unfit::VolumeLimit
    } else if says("available persistent volumes") {
        Unfit::NoVolume
    } else if says("volume node affinity") || says("volume zone") {
        Unfit::VolumeZone
    } else if says("Too many pods") {
        Unfit::TooManyPods
    } else {
        Unfit::Other(text.into())
    }
}

/// What a pod asks of its node, where it asks in one way only.
fn selection(pod: &Pod) -> Option<Box<str>> {
    let selector: Vec<String> = pod.spec.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    match (selector.as_slice(), pod.spec.affinity.node_affinity.required.node_selector_terms.as_slice()) {
        ([_, ..], []) => Some(format!("node selector ({})", selector.join(",")).into()),
        ([], [term]) => term.query().map(|asks| format!("node affinity ({asks})").into()),
        _ => None,
    }
}

/// What the pod asks for, where a single container says it.
fn asks(resource: &str, pod: &Pod) -> Option<Box<str>> {
    let mut requests = pod.spec.containers.iter().filter_map(|container| container.resources.requests.get(resource));
    let first = requests.next()?;
    if requests.next().is_some() { None } else { first.text() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn pod() -> Pod {
        serde_json::from_value(json!({"spec": {
            "nodeSelector": {"disk": "ssd"},
            "containers": [{"name": "web", "resources": {"requests": {"cpu": "64", "memory": "1Ti"}}}, {"name": "side"}],
            "volumes": [{"name": "files", "configMap": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        }}))
        .unwrap()
    }

    #[rstest]
    #[case(
        "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 2 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.",
        "unschedulable: 3 of 5 nodes lack cpu (the pod asks for 64), 1 has the taint node-role.kubernetes.io/control-plane, which the pod does not tolerate, 1 does not match its node selector (disk=ssd)"
    )]
    #[case(
        "0/3 nodes are available: 3 Insufficient memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        "unschedulable: all 3 nodes lack memory (the pod asks for 1Ti)"
    )]
    #[case(
        "0/1 nodes are available: 1 node(s) had untolerated taint(s) {gpu: true}.",
        "unschedulable: the only node has the taint gpu=true, which the pod does not tolerate"
    )]
    #[case(
        "0/4 nodes are available: 1 node(s) were unschedulable, 1 node(s) didn't have free ports for the requested pod ports, 2 node(s) didn't match pod anti-affinity rules.",
        "unschedulable: 2 of 4 nodes have a pod that it may not be beside (pod anti-affinity), 1 is cordoned, 1 has its host port taken"
    )]
    #[case(
        "0/6 nodes are available: 1 Too many pods, 1 node(s) had volume node affinity conflict, 1 node(s) exceed max volume count, 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod affinity rules, 1 node(s) are made of cheese.",
        "unschedulable: 1 of 6 nodes takes no more pods, 1 is out of its volume's reach, 1 takes no more volumes, 1 is ruled out by its topology spread constraints, 1 has no pod that it wants beside it (pod affinity), 1 says: node(s) are made of cheese"
    )]
    #[case("no nodes available to schedule pods", "unschedulable: no nodes available to schedule pods")]
    #[case(
        "0/3 nodes are available: persistentvolumeclaim \"data\" not found. preemption: not helpful",
        "PersistentVolumeClaim data does not exist, and the pods need it"
    )]
    #[case("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "claim data is not bound")]
    #[case("", "unschedulable: ")]
    #[case("0/x nodes are available: ", "unschedulable: 0/x nodes are available:")]
    fn the_schedulers_words_are_taken_apart(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(cause(message, &pod()).0.to_string(), expected);
    }
}
