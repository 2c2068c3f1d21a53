//! What pods use beside what they asked for and may have at most, in words and in a pod's line.

use super::sight;
use crate::{
    config::Meaning,
    model::{Amount, Aspect, PodContainer, PodDetail, PodUsage, Pods, Sight, Usages, bytes, cores, percent},
    time::age,
    ui::{page::Page, pen::Pen, scene::Scene},
};
use jiff::Timestamp;

/// From how many seconds on the age of a sample is told: most clusters take one in 15 to 60 s.
const OLD: i64 = 120;
/// From how many percent of a limit on a number has the colour of a warning.
const NEAR: u64 = 90;

/// What is known of what the pods use, or why nothing is.
pub fn known<'s>(scene: &'s Scene<'_>) -> Result<&'s Usages, (Meaning, String)> {
    match sight(scene, Aspect::Usage) {
        Ok(Sight::Usage(Some(usages))) => Ok(usages),
        Ok(_) => Err((Meaning::Muted, "the metrics API (metrics.k8s.io) is not served here: not known".into())),
        Err(said) => Err(said),
    }
}

/// The width of [`cells`].
pub const WIDTH: u16 = 14;

/// What a pod uses, in its line; a dash where it has no sample.
pub fn cells(pen: &mut Pen<'_>, usages: &Usages, pod: &PodDetail) {
    let used = usages.of(&pod.name).map(PodUsage::total);
    let limits = pod.limits();
    for (used, limit, show, width) in [
        (used.and_then(|used| used.cpu), limits.cpu, cores as fn(u64) -> String, 5),
        (used.and_then(|used| used.memory), limits.memory, bytes, 7),
    ] {
        let near = used.zip(limit).is_some_and(|(used, limit)| percent(used, limit) >= NEAR);
        let text = used.map_or_else(|| "–".to_owned(), show);
        let meaning = if near { Meaning::Warning } else { Meaning::Text };
        pen.write(&format!("{text:>width$} "), if used.is_none() { Meaning::Muted } else { meaning });
    }
}

/// What all pods use together, and what of it is near a limit: for the Overview.
pub fn total(page: &mut Page, scene: &Scene<'_>, pods: &Pods) {
    let usages = match known(scene) {
        Ok(usages) => usages,
        Err((meaning, text)) => return page.labelled("uses", meaning, &text),
    };
    let total = usages.total(pods);
    if total.sampled == 0 {
        let text = "no pod has a sample yet: the metrics API takes one some seconds after a container has started";
        return page.labelled("uses", Meaning::Muted, text);
    }
    let which = match (total.sampled, total.running) {
        (sampled, running) if sampled < running => format!("  ({sampled} of {running} running pods have a sample)"),
        _ => String::new(),
    };
    let oldest = pods.iter().filter_map(|pod| usages.of(&pod.name)?.at).min();
    let which = format!("{which}{}", old(oldest, scene.now));
    let (used, requests, limits) = (total.used, total.requests, total.limits);
    page.labelled("cpu", Meaning::Text, &format!("{}{which}", one(used.cpu, requests.cpu, limits.cpu, cores)));
    page.labelled("memory", Meaning::Text, &one(used.memory, requests.memory, limits.memory, bytes));
    // Replicas are alike: the worst of them is enough.
    if let Some((worst, others)) = usages.warnings(pods).split_first() {
        let more = if others.is_empty() { String::new() } else { format!("; {} more near a limit", others.len()) };
        page.labelled("", Meaning::Warning, &format!("{worst}{more}"));
    }
}

/// What one container uses, or what it asked for where it has no sample: for the pod at length.
pub fn container(page: &mut Page, scene: &Scene<'_>, pod: &PodDetail, container: &PodContainer) {
    let asked = words(Amount::default(), container.requests, container.limits);
    match known(scene).map(|usages| usages.of(&pod.name).and_then(|usage| usage.of(&container.name))) {
        Ok(Some(used)) => {
            let near =
                |used: Option<u64>, limit: Option<u64>| used.zip(limit).is_some_and(|(u, l)| percent(u, l) >= NEAR);
            let near = near(used.memory, container.limits.memory) || near(used.cpu, container.limits.cpu);
            let meaning = if near { Meaning::Warning } else { Meaning::Text };
            let at = known(scene).ok().and_then(|usages| usages.of(&pod.name)?.at);
            let told = words(used, container.requests, container.limits);
            page.labelled("  uses", meaning, &format!("{told}{}", old(at, scene.now)));
        }
        Ok(None) if container.running => {
            page.labelled("  asks", Meaning::Text, &format!("{asked}; no sample of its usage yet"))
        }
        Ok(None) => page.labelled("  asks", Meaning::Text, &asked),
        Err((_, why)) => page.labelled("  asks", Meaning::Text, &format!("{asked}; usage: {why}")),
    }
}

/// How old a sample is, where it is older than they usually are.
fn old(at: Option<Timestamp>, now: Timestamp) -> String {
    match at.filter(|at| now.duration_since(*at).as_secs() > OLD) {
        Some(at) => format!("  (sampled {} ago)", age(at, now)),
        None => String::new(),
    }
}

/// CPU and memory in words: `cpu 210m of 500m requested (42 %), no limit; memory 480Mi of 256Mi requested (187 %), limit 512Mi (93 %)`.
fn words(used: Amount, requests: Amount, limits: Amount) -> String {
    let cpu = one(used.cpu, requests.cpu, limits.cpu, cores);
    format!("cpu {cpu}; memory {}", one(used.memory, requests.memory, limits.memory, bytes))
}

fn one(used: Option<u64>, request: Option<u64>, limit: Option<u64>, show: fn(u64) -> String) -> String {
    let share = |whole: u64| used.map(|used| format!(" ({} %)", percent(used, whole))).unwrap_or_default();
    let limit = limit.map_or_else(|| "no limit".into(), |limit| format!("limit {}{}", show(limit), share(limit)));
    match (used, request) {
        (Some(used), Some(request)) => {
            format!("{} of {} requested{}, {limit}", show(used), show(request), share(request))
        }
        (Some(used), None) => format!("{}, no request, {limit}", show(used)),
        (None, Some(request)) => format!("{} requested, {limit}", show(request)),
        (None, None) => format!("no request, {limit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some(210), Some(500), None, "210m of 500m requested (42 %), no limit")]
    #[case(Some(210), None, Some(400), "210m, no request, limit 400m (52 %)")]
    #[case(Some(210), Some(100), Some(400), "210m of 100m requested (210 %), limit 400m (52 %)")]
    #[case(Some(210), None, None, "210m, no request, no limit")]
    #[case(None, Some(100), Some(400), "100m requested, limit 400m")]
    #[case(None, None, None, "no request, no limit")]
    fn usage_in_words(
        #[case] used: Option<u64>,
        #[case] request: Option<u64>,
        #[case] limit: Option<u64>,
        #[case] expected: &str,
    ) {
        assert_eq!(one(used, request, limit, cores), expected);
    }
}
