//! What one file says, read once and kept for as long as its bytes stay the same.

use super::chart::Chart;
use super::kustomization::{self, Kustomization, Operation};
use super::release::{self, Release};
use crate::formats::images::{self, ChartVersion, Found, charts, find, is_chart_file, is_kustomization};
use crate::formats::yaml::{Reason, Refusal, Tree};
use std::sync::Arc;

/// Files larger than this are data, not configuration.
const MAX_FILE_BYTES: usize = 8 << 20;

/// What one file says about images.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub(super) found: Arc<[Found]>,
    pub(super) kustomization: Option<Arc<Kustomization>>,
    pub(super) operations: Arc<[Operation]>,
    pub(super) releases: Arc<[Release]>,
    pub(super) chart: Option<Arc<Chart>>,
    pub(super) charts: Arc<[ChartVersion]>,
    pub(super) refusal: Option<Refusal>,
}

impl Reading {
    /// Reads a file. One that cannot hold a reference is not parsed; one that looks as if it did and does not parse says why.
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        if !is_of_interest(path, bytes) {
            return Self::default();
        }
        let refused = |refusal| Self { refusal: Some(refusal), ..Self::default() };
        if bytes.len() > MAX_FILE_BYTES {
            return refused(Refusal::of_file(Reason::NotYaml("larger than 8 MiB".into())));
        }
        let tree = match Tree::parse(bytes) {
            Ok(tree) => tree,
            // A chart's templates are no YAML, and are not meant to be.
            Err(_) if is_template(path) => return Self::default(),
            Err(refusal) => return refused(refusal),
        };
        let found = find(path, &tree);
        let kustomization = is_kustomization(path).then(|| {
            let images = found.iter().filter(|found| found.matches.is_some()).count();
            Arc::new(Kustomization::read(path, &tree, images))
        });
        let chart = is_chart_file(path).then(|| Chart::read(path, &tree)).flatten();
        Self {
            kustomization,
            operations: kustomization::operations(&tree).into(),
            releases: release::releases(path, &tree).into(),
            chart: chart.map(Arc::new),
            charts: charts(path, &tree).into(),
            found: found.into(),
            refusal: None,
        }
    }

    /// Whether the file says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
            && self.kustomization.is_none()
            && self.operations.is_empty()
            && self.releases.is_empty()
            && self.chart.is_none()
            && self.charts.is_empty()
            && self.refusal.is_none()
    }
}

/// Whether a file lies among a chart's templates.
fn is_template(path: &str) -> bool {
    path.split('/').any(|step| step == "templates")
}

fn is_of_interest(path: &str, bytes: &[u8]) -> bool {
    if is_kustomization(path) || is_chart_file(path) {
        return true;
    }
    let contains = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    if path.ends_with(".json") {
        // Most JSON in a repository is data; manifests and patches say what they are.
        return contains(b"mage") && (contains(b"\"kind\"") || contains(b"/image"));
    }
    (images::might_hold(bytes) || contains(b"HelmRelease") || contains(b"argoproj.io/")) && !only_definitions(bytes)
}

/// Whether all objects of a file are definitions of custom resources: long, and without an image that anything runs.
fn only_definitions(bytes: &[u8]) -> bool {
    let mut kinds = memchr::memmem::find_iter(bytes, b"\nkind: ").map(|at| &bytes[at + 7..]).peekable();
    let starts = bytes.strip_prefix(b"kind: ").into_iter();
    kinds.peek().is_some() && starts.chain(kinds).all(|kind| kind.starts_with(b"CustomResourceDefinition"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_passed_over_and_nothing_beside_them_is() {
        let definition = "apiVersion: x\nkind: CustomResourceDefinition\nspec: {image: a}\n";
        assert!(only_definitions(definition.as_bytes()));
        let mixed = format!("{definition}---\nkind: Pod\nspec:\n  containers:\n  - image: r/a:v1\n");
        assert!(!only_definitions(mixed.as_bytes()));
        assert_eq!(Reading::of("a.yaml", mixed.as_bytes()).found.len(), 1);
        assert!(Reading::of("a.yaml", definition.as_bytes()).is_empty());
    }

    #[test]
    fn templates_of_charts_are_no_broken_files() {
        let text = b"image: {{ .Values.image }}\nkind: Pod\n{{ if }}\n";
        assert!(Reading::of("charts/a/templates/pod.yaml", text).is_empty());
        assert!(Reading::of("a/pod.yaml", text).refusal.is_some());
    }
}
