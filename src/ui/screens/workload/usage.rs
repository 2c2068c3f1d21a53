//! What pods use beside what they asked for and may have at most, in words and in a pod's line.

use super::sight;
use crate::{
    config::Meaning,
    model::{Amount, Aspect, PodContainer, PodDetail, PodUsage, Pods, Sight, Usages, bytes, cores, percent},
    ui::{page::Page, pen::Pen, scene::Scene},
};

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
    page.labelled("uses", Meaning::Text, &format!("{}{which}", words(total.used, total.requests, total.limits)));
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
            page.labelled("  uses", meaning, &words(used, container.requests, container.limits));
        }
        Ok(None) if container.running => {
            page.labelled("  asks", Meaning::Text, &format!("{asked}; no sample of its usage yet"))
        }
        Ok(None) => page.labelled("  asks", Meaning::Text, &asked),
        Err((_, why)) => page.labelled("  asks", Meaning::Text, &format!("{asked}; usage: {why}")),
    }
}

/// CPU and memory in words: `cpu 210m of 500m asked for (42 %), no limit; memory 480Mi of 512Mi at most (94 %), 256Mi asked for`.
fn words(used: Amount, requests: Amount, limits: Amount) -> String {
    let cpu = one("cpu", used.cpu, requests.cpu, limits.cpu, cores);
    format!("{cpu}; {}", one("memory", used.memory, requests.memory, limits.memory, bytes))
}

fn one(name: &str, used: Option<u64>, request: Option<u64>, limit: Option<u64>, show: fn(u64) -> String) -> String {
    let of = |what: u64, word: &str| {
        let share = used.map(|used| format!(" ({} %)", percent(used, what))).unwrap_or_default();
        format!("{} {word}{share}", show(what))
    };
    let used = used.map(|used| format!(" {}", show(used))).unwrap_or_default();
    let between = if used.is_empty() { " " } else { " of " };
    match (request, limit) {
        (None, None) => format!("{name}{used}, no request and no limit"),
        (Some(request), None) => format!("{name}{used}{between}{}, no limit", of(request, "asked for")),
        (None, Some(limit)) => format!("{name}{used}{between}{}, no request", of(limit, "at most")),
        (Some(request), Some(limit)) if request == limit => {
            format!("{name}{used}{between}{}", of(limit, "asked for and at most"))
        }
        (Some(request), Some(limit)) => {
            format!("{name}{used}{between}{}, {}", of(request, "asked for"), of(limit, "at most"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some(210), Some(500), None, "cpu 210m of 500m asked for (42 %), no limit")]
    #[case(Some(210), None, Some(400), "cpu 210m of 400m at most (52 %), no request")]
    #[case(Some(210), Some(100), Some(400), "cpu 210m of 100m asked for (210 %), 400m at most (52 %)")]
    #[case(Some(210), Some(300), Some(300), "cpu 210m of 300m asked for and at most (70 %)")]
    #[case(Some(210), None, None, "cpu 210m, no request and no limit")]
    #[case(None, Some(100), Some(400), "cpu 100m asked for, 400m at most")]
    fn usage_in_words(
        #[case] used: Option<u64>,
        #[case] request: Option<u64>,
        #[case] limit: Option<u64>,
        #[case] expected: &str,
    ) {
        assert_eq!(one("cpu", used, request, limit, cores), expected);
    }
}
