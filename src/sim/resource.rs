//! The resources that the embedded world serves: one static each, and one table that lists them all.
//!
//! Invariant: a resource is known by its group and plural; nothing else in the embedded world names a kind by hand.
//! This module never holds objects.

/// When `metadata.generation` grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has no generation.
    None,
    /// When `spec` changes.
    Spec,
    /// When `spec` or `metadata.annotations` change (Deployments).
    SpecAndAnnotations,
    /// When anything outside `metadata` and `status` changes (custom resources).
    AllButStatus,
}

/// What happens to the objects that an object owns when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// The owner goes at once, the garbage collector removes the rest afterwards.
    Background,
    /// The owner waits, marked by the finalizer `foregroundDeletion`, until the rest is gone.
    Foreground,
    /// The rest stays; the owner waits, marked by the finalizer `orphan`, until its references are removed.
    Orphan,
}

/// A served resource.
#[derive(Debug)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version that is served. Where a group's kind is served in two, the stored one comes first in the table.
    pub version: &'static str,
    /// Kind, as in `kind: Deployment`.
    pub kind: &'static str,
    /// Plural name, as in paths.
    pub plural: &'static str,
    /// Singular name, as on kubectl's command line.
    pub singular: &'static str,
    /// Short names, as `deploy`.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Subresources, as `status` and `scale`.
    pub subresources: &'static [&'static str],
    /// Categories, as `all`.
    pub categories: &'static [&'static str],
    /// When the generation grows.
    pub generation: Generation,
    /// Served by a CustomResourceDefinition on a real cluster: no strategic merge patch, no protobuf.
    pub custom: bool,
    /// Objects are answered, not kept (reviews): only `create` is served.
    pub virtual_only: bool,
    /// Objects are measured when they are asked for, not kept: only `get` and `list` are served.
    pub measured: bool,
    /// What a deletion without a policy does.
    pub default_propagation: Propagation,
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.plural == other.plural && self.group == other.group
    }
}

impl Eq for Resource {}

impl Resource {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, or `pods` for the core group: how messages name the resource.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Deployment.apps`, or `Pod` for the core group: how messages name the kind.
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// Whether the resource has that subresource.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.contains(&subresource)
    }
}

/// The resource of that group and plural, in the version that is stored.
pub fn resource(group: &str, plural: &str) -> Option<&'static Resource> {
    resources::ALL.iter().copied().find(|r| r.plural == plural && r.group == group)
}

/// The resource of that group, version and plural.
pub fn served(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    resources::ALL.iter().copied().find(|r| r.plural == plural && r.group == group && r.version == version)
}

/// The resource that an object's `apiVersion` and `kind` name.
pub fn resource_of_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    resources::ALL.iter().copied().find(|r| r.kind == kind && r.group == group && r.version == version)
}

/// One static for each served resource.
pub mod resources {
    #![expect(missing_docs, reason = "each static is the resource that it is named after")]
    use super::{Generation, Propagation, Resource};

    const CORE: Resource = Resource {
        group: "",
        version: "v1",
        kind: "",
        plural: "",
        singular: "",
        short: &[],
        namespaced: true,
        subresources: &[],
        categories: &[],
        generation: Generation::None,
        custom: false,
        virtual_only: false,
        measured: false,
        default_propagation: Propagation::Background,
    };
    const APPS: Resource = Resource {
        group: "apps",
        categories: &["all"],
        subresources: &["scale", "status"],
        generation: Generation::Spec,
        ..CORE
    };
    const BATCH: Resource = Resource {
        group: "batch",
        categories: &["all"],
        subresources: &["status"],
        generation: Generation::Spec,
        ..CORE
    };
    const GATEWAY: Resource = Resource {
        group: "gateway.networking.k8s.io",
        categories: &["gateway-api"],
        subresources: &["status"],
        generation: Generation::AllButStatus,
        custom: true,
        ..CORE
    };
    const METRICS: Resource = Resource { group: "metrics.k8s.io", version: "v1beta1", measured: true, ..CORE };
    const REVIEW: Resource = Resource { group: "authorization.k8s.io", namespaced: false, virtual_only: true, ..CORE };

    macro_rules! table {
        ($($name:ident = $base:ident { $kind:literal, $plural:literal, $singular:literal $(, $field:ident: $value:expr)* };)*) => {
            $(pub static $name: Resource =
                Resource { kind: $kind, plural: $plural, singular: $singular, $($field: $value,)* ..$base };)*
            /// Every served resource.
            pub static ALL: &[&Resource] = &[$(&$name),*];
        };
    }

    table! {
        NAMESPACES = CORE { "Namespace", "namespaces", "namespace", short: &["ns"], namespaced: false,
            subresources: &["finalize", "status"] };
        PODS = CORE { "Pod", "pods", "pod", short: &["po"], categories: &["all"], generation: Generation::Spec,
            subresources: &["binding", "eviction", "log", "status"] };
        SERVICES = CORE { "Service", "services", "service", short: &["svc"], categories: &["all"],
            subresources: &["status"] };
        CONFIG_MAPS = CORE { "ConfigMap", "configmaps", "configmap", short: &["cm"] };
        SECRETS = CORE { "Secret", "secrets", "secret" };
        SERVICE_ACCOUNTS = CORE { "ServiceAccount", "serviceaccounts", "serviceaccount", short: &["sa"] };
        NODES = CORE { "Node", "nodes", "node", short: &["no"], namespaced: false, subresources: &["status"] };
        EVENTS = CORE { "Event", "events", "event", short: &["ev"] };
        PERSISTENT_VOLUME_CLAIMS = CORE { "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim",
            short: &["pvc"], subresources: &["status"] };
        RESOURCE_QUOTAS = CORE { "ResourceQuota", "resourcequotas", "resourcequota", short: &["quota"],
            subresources: &["status"] };
        ENDPOINTS = CORE { "Endpoints", "endpoints", "endpoints", short: &["ep"] };
        DEPLOYMENTS = APPS { "Deployment", "deployments", "deployment", short: &["deploy"],
            generation: Generation::SpecAndAnnotations };
        REPLICA_SETS = APPS { "ReplicaSet", "replicasets", "replicaset", short: &["rs"] };
        STATEFUL_SETS = APPS { "StatefulSet", "statefulsets", "statefulset", short: &["sts"] };
        DAEMON_SETS = APPS { "DaemonSet", "daemonsets", "daemonset", short: &["ds"], subresources: &["status"] };
        CONTROLLER_REVISIONS = APPS { "ControllerRevision", "controllerrevisions", "controllerrevision",
            subresources: &[], categories: &[], generation: Generation::None };
        JOBS = BATCH { "Job", "jobs", "job", default_propagation: Propagation::Orphan };
        CRON_JOBS = BATCH { "CronJob", "cronjobs", "cronjob", short: &["cj"] };
        HORIZONTAL_POD_AUTOSCALERS = CORE { "HorizontalPodAutoscaler", "horizontalpodautoscalers",
            "horizontalpodautoscaler", group: "autoscaling", version: "v2", short: &["hpa"], categories: &["all"],
            subresources: &["status"] };
        OLD_AUTOSCALERS = CORE { "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler",
            group: "autoscaling", short: &["hpa"], categories: &["all"] };
        POD_DISRUPTION_BUDGETS = CORE { "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget",
            group: "policy", short: &["pdb"], subresources: &["status"], generation: Generation::Spec };
        LEASES = CORE { "Lease", "leases", "lease", group: "coordination.k8s.io" };
        ENDPOINT_SLICES = CORE { "EndpointSlice", "endpointslices", "endpointslice", group: "discovery.k8s.io",
            generation: Generation::AllButStatus };
        NEW_EVENTS = CORE { "Event", "events", "event", group: "events.k8s.io", short: &["ev"] };
        INGRESSES = CORE { "Ingress", "ingresses", "ingress", group: "networking.k8s.io", short: &["ing"],
            subresources: &["status"], generation: Generation::Spec };
        HTTP_ROUTES = GATEWAY { "HTTPRoute", "httproutes", "httproute" };
        GATEWAYS = GATEWAY { "Gateway", "gateways", "gateway", short: &["gtw"] };
        GATEWAY_CLASSES = GATEWAY { "GatewayClass", "gatewayclasses", "gatewayclass", short: &["gc"], namespaced: false };
        KUSTOMIZATIONS = GATEWAY { "Kustomization", "kustomizations", "kustomization",
            group: "kustomize.toolkit.fluxcd.io", short: &["ks"], categories: &[] };
        GIT_REPOSITORIES = GATEWAY { "GitRepository", "gitrepositories", "gitrepository",
            group: "source.toolkit.fluxcd.io", short: &["gitrepo"], categories: &[] };
        APPLICATIONS = GATEWAY { "Application", "applications", "application", group: "argoproj.io", version: "v1alpha1",
            short: &["app", "apps"], subresources: &[], categories: &[] };
        APPLICATION_SETS = GATEWAY { "ApplicationSet", "applicationsets", "applicationset", group: "argoproj.io",
            version: "v1alpha1", short: &["appset", "appsets"], subresources: &["status"], categories: &[] };
        ROLLOUTS = GATEWAY { "Rollout", "rollouts", "rollout", group: "argoproj.io", version: "v1alpha1", short: &["ro"],
            subresources: &["scale", "status"], categories: &[] };
        CUSTOM_RESOURCE_DEFINITIONS = CORE { "CustomResourceDefinition", "customresourcedefinitions",
            "customresourcedefinition", group: "apiextensions.k8s.io", short: &["crd", "crds"], namespaced: false,
            subresources: &["status"], categories: &["api-extensions"], generation: Generation::Spec };
        VALIDATING_WEBHOOK_CONFIGURATIONS = CORE { "ValidatingWebhookConfiguration", "validatingwebhookconfigurations",
            "validatingwebhookconfiguration", group: "admissionregistration.k8s.io", namespaced: false,
            categories: &["api-extensions"], generation: Generation::Spec };
        POD_METRICS = METRICS { "PodMetrics", "pods", "" };
        NODE_METRICS = METRICS { "NodeMetrics", "nodes", "", namespaced: false };
        SELF_SUBJECT_ACCESS_REVIEWS = REVIEW { "SelfSubjectAccessReview", "selfsubjectaccessreviews",
            "selfsubjectaccessreview" };
        SELF_SUBJECT_RULES_REVIEWS = REVIEW { "SelfSubjectRulesReview", "selfsubjectrulesreviews",
            "selfsubjectrulesreview" };
        SELF_SUBJECT_REVIEWS = REVIEW { "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview",
            group: "authentication.k8s.io" };
    }
}
