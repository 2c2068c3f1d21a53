//! The kinds of objects that Pilothouse knows by name, with their API coordinates.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of Kubernetes object. A closed set: each one is read or written somewhere in this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `apps/v1` ReplicaSet.
    ReplicaSet,
    /// `apps/v1` ControllerRevision.
    ControllerRevision,
    /// `v1` Pod.
    Pod,
    /// `v1` Namespace.
    Namespace,
    /// `v1` Service.
    Service,
    /// `v1` ConfigMap.
    ConfigMap,
    /// `v1` Secret.
    Secret,
    /// `v1` PersistentVolumeClaim.
    PersistentVolumeClaim,
    /// `v1` Node.
    Node,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    HorizontalPodAutoscaler,
    /// `gateway.networking.k8s.io/v1` HTTPRoute.
    #[serde(rename = "HTTPRoute")]
    HttpRoute,
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice,
    /// `v1` Event.
    Event,
    /// `policy/v1` PodDisruptionBudget.
    PodDisruptionBudget,
    /// `coordination.k8s.io/v1` Lease.
    Lease,
    /// `kustomize.toolkit.fluxcd.io/v1` Kustomization.
    Kustomization,
    /// `source.toolkit.fluxcd.io/v1` GitRepository.
    GitRepository,
    /// `helm.toolkit.fluxcd.io/v2` HelmRelease.
    HelmRelease,
    /// `image.toolkit.fluxcd.io/v1` ImagePolicy.
    ImagePolicy,
    /// `image.toolkit.fluxcd.io/v1` ImageUpdateAutomation.
    ImageUpdateAutomation,
    /// `argoproj.io/v1alpha1` Application, of Argo CD.
    Application,
    /// `argoproj.io/v1alpha1` ApplicationSet, of Argo CD.
    ApplicationSet,
    /// `argoproj.io/v1alpha1` Rollout, of Argo Rollouts.
    Rollout,
    /// A Helm release: nothing that an API server serves, but what Helm keeps in Secrets of type `helm.sh/release.v1`.
    Release,
    /// `metrics.k8s.io/v1beta1` PodMetrics: what a pod uses. Sampled, never watched.
    PodMetrics,
    /// `metrics.k8s.io/v1beta1` NodeMetrics: what a node uses. Sampled, never watched.
    NodeMetrics,
}

/// One row of the table below: group, version, kind, plural, the words kubectl accepts for it, namespaced.
type Coordinates = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], bool);

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 31] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::ControllerRevision,
        Self::Pod,
        Self::Namespace,
        Self::Service,
        Self::ConfigMap,
        Self::Secret,
        Self::PersistentVolumeClaim,
        Self::Node,
        Self::Job,
        Self::CronJob,
        Self::HorizontalPodAutoscaler,
        Self::HttpRoute,
        Self::EndpointSlice,
        Self::Event,
        Self::PodDisruptionBudget,
        Self::Lease,
        Self::Kustomization,
        Self::GitRepository,
        Self::HelmRelease,
        Self::ImagePolicy,
        Self::ImageUpdateAutomation,
        Self::Application,
        Self::ApplicationSet,
        Self::Rollout,
        Self::Release,
        Self::PodMetrics,
        Self::NodeMetrics,
    ];

    const fn coordinates(self) -> Coordinates {
        match self {
            Self::Deployment => {
                ("apps", "v1", "Deployment", "deployments", &["deployment", "deployments", "deploy"], true)
            }
            Self::StatefulSet => {
                ("apps", "v1", "StatefulSet", "statefulsets", &["statefulset", "statefulsets", "sts"], true)
            }
            Self::DaemonSet => ("apps", "v1", "DaemonSet", "daemonsets", &["daemonset", "daemonsets", "ds"], true),
            Self::ReplicaSet => ("apps", "v1", "ReplicaSet", "replicasets", &["replicaset", "replicasets", "rs"], true),
            Self::ControllerRevision => {
                ("apps", "v1", "ControllerRevision", "controllerrevisions", &["controllerrevision"], true)
            }
            Self::Pod => ("", "v1", "Pod", "pods", &["pod", "pods", "po"], true),
            Self::Namespace => ("", "v1", "Namespace", "namespaces", &["namespace", "namespaces", "ns"], false),
            Self::Service => ("", "v1", "Service", "services", &["service", "services", "svc"], true),
            Self::ConfigMap => ("", "v1", "ConfigMap", "configmaps", &["configmap", "configmaps", "cm"], true),
            Self::Secret => ("", "v1", "Secret", "secrets", &["secret", "secrets"], true),
            Self::PersistentVolumeClaim => (
                "",
                "v1",
                "PersistentVolumeClaim",
                "persistentvolumeclaims",
                &["persistentvolumeclaim", "persistentvolumeclaims", "pvc"],
                true,
            ),
            Self::Node => ("", "v1", "Node", "nodes", &["node", "nodes", "no"], false),
            Self::Job => ("batch", "v1", "Job", "jobs", &["job", "jobs"], true),
            Self::CronJob => ("batch", "v1", "CronJob", "cronjobs", &["cronjob", "cronjobs", "cj"], true),
            Self::HorizontalPodAutoscaler => (
                "autoscaling",
                "v2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                &["horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"],
                true,
            ),
            Self::HttpRoute => {
                ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", &["httproute", "httproutes"], true)
            }
            Self::EndpointSlice => (
                "discovery.k8s.io",
                "v1",
                "EndpointSlice",
                "endpointslices",
                &["endpointslice", "endpointslices"],
                true,
            ),
            Self::Event => ("", "v1", "Event", "events", &["event", "events", "ev"], true),
            Self::PodDisruptionBudget => (
                "policy",
                "v1",
                "PodDisruptionBudget",
                "poddisruptionbudgets",
                &["poddisruptionbudget", "poddisruptionbudgets", "pdb"],
                true,
            ),
            Self::Lease => ("coordination.k8s.io", "v1", "Lease", "leases", &["lease", "leases"], true),
            Self::Kustomization => {
                ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", &["kustomization", "ks"], true)
            }
            Self::GitRepository => (
                "source.toolkit.fluxcd.io",
                "v1",
                "GitRepository",
                "gitrepositories",
                &["gitrepository", "gitrepo"],
                true,
            ),
            Self::HelmRelease => {
                ("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", &["helmrelease", "hr"], true)
            }
            Self::ImagePolicy => (
                "image.toolkit.fluxcd.io",
                "v1",
                "ImagePolicy",
                "imagepolicies",
                &["imagepolicy", "imagepolicies"],
                true,
            ),
            Self::ImageUpdateAutomation => (
                "image.toolkit.fluxcd.io",
                "v1",
                "ImageUpdateAutomation",
                "imageupdateautomations",
                &["imageupdateautomation", "imageupdateautomations"],
                true,
            ),
            Self::Application => {
                ("argoproj.io", "v1alpha1", "Application", "applications", &["application", "app"], true)
            }
            Self::ApplicationSet => (
                "argoproj.io",
                "v1alpha1",
                "ApplicationSet",
                "applicationsets",
                &["applicationset", "applicationsets", "appset"],
                true,
            ),
            Self::Rollout => ("argoproj.io", "v1alpha1", "Rollout", "rollouts", &["ro", "rollouts", "rollout"], true),
            Self::Release => ("helm.sh", "release.v1", "Release", "releases", &["release", "releases"], true),
            Self::PodMetrics => ("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", &["podmetrics"], true),
            Self::NodeMetrics => ("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", &["nodemetrics"], false),
        }
    }

    /// The API group; empty for the core group.
    pub const fn group(self) -> &'static str {
        self.coordinates().0
    }

    /// The API version within the group, such as `v1`.
    pub const fn version(self) -> &'static str {
        self.coordinates().1
    }

    /// `apiVersion` as manifests write it: `apps/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// The kind's name as manifests write it.
    pub const fn as_str(self) -> &'static str {
        self.coordinates().2
    }

    /// The resource name used in URLs and RBAC rules.
    pub const fn plural(self) -> &'static str {
        self.coordinates().3
    }

    /// The shortest word that kubectl takes for this kind: `deploy`, `sts`, `httproute`.
    pub fn short(self) -> &'static str {
        let words = self.coordinates().4;
        match self {
            Self::Kustomization
            | Self::GitRepository
            | Self::Job
            | Self::Secret
            | Self::HttpRoute
            | Self::EndpointSlice
            | Self::Lease
            | Self::Release => words[0],
            _ => words[words.len() - 1],
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub const fn namespaced(self) -> bool {
        self.coordinates().5
    }

    /// Whether this is a kind whose rollout Pilothouse follows.
    pub const fn is_workload(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::Rollout)
    }

    /// Whether a CustomResourceDefinition defines it, so that a cluster may serve it or not, and may begin to at any time.
    pub const fn is_custom(self) -> bool {
        matches!(self, Self::HttpRoute | Self::Kustomization | Self::GitRepository | Self::Rollout)
    }

    /// The kind with this manifest name, such as `Deployment`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind for a word as kubectl takes it: `deploy`, `deployments.apps`, `StatefulSet`. Case does not matter.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (head, group) = word.split_once('.').map_or((word.as_str(), None), |(head, rest)| (head, Some(rest)));
        Self::ALL.into_iter().find(|kind| {
            kind.coordinates().4.contains(&head)
                && group.is_none_or(|group| {
                    group == kind.group() || group == format!("{}.{}", kind.version(), kind.group())
                })
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kubectls() {
        assert_eq!(Kind::parse("deploy"), Some(Kind::Deployment));
        assert_eq!(Kind::parse("Deployments.apps"), Some(Kind::Deployment));
        assert_eq!(Kind::parse("deployments.v1.apps"), Some(Kind::Deployment));
        assert_eq!(Kind::parse("deployments.batch"), None);
        assert_eq!(Kind::parse("hpa"), Some(Kind::HorizontalPodAutoscaler));
        assert_eq!(Kind::HttpRoute.short(), "httproute");
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.short()), Some(kind), "{kind} by its short name");
            assert_eq!(Kind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
