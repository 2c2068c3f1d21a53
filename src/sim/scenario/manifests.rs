//! The repository's files: bases, overlays and plain manifests, in the hand of the teams that wrote them.
//!
//! Invariant: the same tags give the same bytes. Hand-written styles differ on purpose: editing them must keep them.

use super::catalogue::{PAYMENTS, REGISTRY, SHOP, SHOPS, Service, Style, Tags};
use std::collections::BTreeMap;

/// Files by path.
pub type Files = BTreeMap<String, String>;

/// Every file of the repository at these tags.
pub fn all(tags: &Tags) -> Files {
    let mut files = Files::new();
    files.insert("README.md".into(), README.into());
    for service in SHOP.iter().chain(&PAYMENTS) {
        let folder = format!("apps/base/{}", service.name);
        files.insert(format!("{folder}/kustomization.yaml"), base_kustomization(service));
        let file = if service.stateful { "statefulset" } else { "deployment" };
        files.insert(format!("{folder}/{file}.yaml"), workload(service));
        files.insert(format!("{folder}/service.yaml"), service_manifest(service));
    }
    for (environment, namespace) in SHOPS {
        let (folder, up) = match environment {
            "production" => ("environments/production/shop".to_owned(), "../../.."),
            _ => (format!("environments/{environment}"), "../.."),
        };
        files.insert(format!("{folder}/kustomization.yaml"), shop_overlay(environment, namespace, up, tags));
    }
    files.insert("environments/production/shop/autoscalers.yaml".into(), autoscalers(&SHOP_SCALERS));
    files.insert("environments/production/shop/budgets.yaml".into(), budget("checkout", "minAvailable: 2"));
    files.insert("environments/production/payments/kustomization.yaml".into(), payments_overlay(tags));
    files.insert("environments/production/payments/autoscalers.yaml".into(), autoscalers(&[("fraud", 2, 6, 65)]));
    files.insert("environments/production/payments/budgets.yaml".into(), budget("ledger", "maxUnavailable: 1"));
    files.insert("platform/mailer.yaml".into(), MAILER.replace("TAG", tag(tags, "platform", "mailer")));
    files.insert("platform/metrics.yaml".into(), METRICS.replace("TAG", tag(tags, "platform", "metrics")));
    files.insert("platform/log-agent.yaml".into(), LOG_AGENT.replace("TAG", tag(tags, "platform", "log-agent")));
    files.insert("platform/nightly-report.yml".into(), REPORT.replace("TAG", tag(tags, "platform", "report")));
    files
}

const SHOP_SCALERS: [(&str, u8, u8, u8); 3] = [("checkout", 4, 10, 70), ("catalog", 2, 8, 75), ("search", 2, 5, 75)];

fn tag<'a>(tags: &'a Tags, environment: &str, service: &str) -> &'a str {
    tags.get(&(environment.to_owned(), service.to_owned())).map_or("0", String::as_str)
}

fn base_kustomization(service: &Service) -> String {
    let file = if service.stateful { "statefulset" } else { "deployment" };
    match service.style {
        Style::Tidy => format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - {file}.yaml\n  - service.yaml\n"
        ),
        Style::Flat => format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nresources:\n- {file}.yaml\n- service.yaml\n"
        ),
        Style::Wide => format!("resources: [{file}.yaml, service.yaml]\n"),
    }
}

fn workload(service: &Service) -> String {
    let Service { name, image, port, requests: (cpu, memory), .. } = service;
    if service.stateful {
        return format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n  serviceName: {name}\n  \
             selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      \
             containers:\n        - name: postgres\n          image: {REGISTRY}/{image}:0 # the overlay decides\n          ports:\n            \
             - name: sql\n              containerPort: {port}\n          resources:\n            requests:\n              cpu: {cpu}\n              \
             memory: {memory}\n"
        );
    }
    match service.style {
        Style::Tidy => format!(
            "# {name}: replicas belong to the autoscaler or the overlay.\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  \
             labels:\n    app: {name}\nspec:\n  revisionHistoryLimit: 8\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    \
             metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n        - name: {name}\n          \
             image: {REGISTRY}/{image}:0 # the overlay decides\n          ports:\n            - name: http\n              containerPort: {port}\n          \
             env:\n            - name: LOG_LEVEL\n              value: info\n          resources:\n            requests:\n              cpu: {cpu}\n              \
             memory: {memory}\n"
        ),
        Style::Flat => format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"{name}\"\n  labels: {{app: \"{name}\"}}\nspec:\n  selector:\n    \
             matchLabels: {{app: \"{name}\"}}\n  template:\n    metadata:\n      labels: {{app: \"{name}\"}}\n    spec:\n      containers:\n      \
             - name: \"{name}\"\n        image: \"{REGISTRY}/{image}:0\"\n        ports:\n        - {{name: http, containerPort: {port}}}\n        \
             resources:\n          requests: {{cpu: \"{cpu}\", memory: \"{memory}\"}}\n"
        ),
        Style::Wide => format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n    name: {name}\n    labels: {{ app: {name} }}\nspec:\n    selector:\n        \
             matchLabels: {{ app: {name} }}\n    template:\n        metadata:\n            labels: {{ app: {name} }}\n        spec:\n            \
             containers:\n                -   name: {name}\n                    image: '{REGISTRY}/{image}:0'\n                    \
             ports: [{{ name: http, containerPort: {port} }}]\n                    resources:\n                        \
             requests: {{ cpu: {cpu}, memory: {memory} }}\n"
        ),
    }
}

fn service_manifest(service: &Service) -> String {
    let Service { name, port, .. } = service;
    let (first, target) = if service.stateful { (*port, "sql") } else { (80, "http") };
    let headless = if service.stateful { "  clusterIP: None\n" } else { "" };
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n{headless}  selector:\n    app: {name}\n  \
         ports:\n    - name: {target}\n      port: {first}\n      targetPort: {target}\n"
    )
}

fn shop_overlay(environment: &str, namespace: &str, up: &str, tags: &Tags) -> String {
    let tag = |service: &str| tag(tags, environment, service);
    let mut text = String::new();
    match environment {
        "production" => {
            text.push_str("# Production. Two reviewers, please; tags are bumped one service at a time.\n");
            text.push_str(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\n\nresources:\n",
            );
            SHOP.iter().for_each(|s| text.push_str(&format!("  - {up}/apps/base/{}\n", s.name)));
            text.push_str("  - autoscalers.yaml\n  - budgets.yaml\n\nimages:\n");
            for service in &SHOP {
                let note = if service.name == "orders-db" { "  # ask the DBAs first" } else { "" };
                let (image, tag) = (service.image, quoted(tag(service.name), '"'));
                text.push_str(&format!("  - name: {REGISTRY}/{image}\n    newTag: {tag}{note}\n"));
            }
            text.push_str("\nreplicas:\n  - name: cart\n    count: 3\n  - name: recommendations\n    count: 2\n  - name: orders-db\n    count: 3\n");
        }
        "staging" => {
            text.push_str(&format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: {namespace}\nresources:\n"
            ));
            SHOP.iter().for_each(|s| text.push_str(&format!("- {up}/apps/base/{}\n", s.name)));
            text.push_str("images:\n");
            for service in &SHOP {
                text.push_str(&format!("- name: {REGISTRY}/{}\n  newTag: '{}'\n", service.image, tag(service.name)));
            }
        }
        _ => {
            text.push_str(&format!("kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n\nnamespace: {namespace}   # everyone may break this one\nresources:\n"));
            SHOP.iter().for_each(|s| text.push_str(&format!("    - {up}/apps/base/{}\n", s.name)));
            text.push_str("images:\n");
            for service in &SHOP {
                let (image, tag) = (service.image, quoted(tag(service.name), '"'));
                text.push_str(&format!("    - {{ name: {REGISTRY}/{image}, newTag: {tag} }}\n"));
            }
        }
    }
    text
}

/// A tag as a careful hand writes it: quoted only where YAML would read a number.
fn quoted(tag: &str, quote: char) -> String {
    if tag.parse::<f64>().is_ok() { format!("{quote}{tag}{quote}") } else { tag.to_owned() }
}

fn payments_overlay(tags: &Tags) -> String {
    let mut text = String::from(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: payments\n\ncommonAnnotations:\n  pager: payments-oncall\n\nresources:\n",
    );
    PAYMENTS.iter().for_each(|s| text.push_str(&format!("- ../../../apps/base/{}\n", s.name)));
    text.push_str("- autoscalers.yaml\n- budgets.yaml\n\nimages:\n");
    for service in &PAYMENTS {
        text.push_str(&format!(
            "- name: {REGISTRY}/{}\n  newTag: {}\n",
            service.image,
            tag(tags, "payments", service.name)
        ));
    }
    text.push_str("\nreplicas:\n- {name: ledger, count: 6}\n- {name: psp-adapter, count: 2}\n\npatches:\n# A ledger pod is never missing while another one comes.\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: ledger\n    spec:\n      strategy:\n        type: RollingUpdate\n        rollingUpdate:\n          maxSurge: 1\n          maxUnavailable: 0\n");
    text
}

fn autoscalers(list: &[(&str, u8, u8, u8)]) -> String {
    let one = |(name, min, max, target): &(&str, u8, u8, u8)| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {name}\nspec:\n  scaleTargetRef:\n    apiVersion: apps/v1\n    \
             kind: Deployment\n    name: {name}\n  minReplicas: {min}\n  maxReplicas: {max}\n  metrics:\n    - type: Resource\n      resource:\n        name: cpu\n        \
             target:\n          type: Utilization\n          averageUtilization: {target}\n  behavior:\n    scaleDown:\n      stabilizationWindowSeconds: 60\n"
        )
    };
    list.iter().map(one).collect::<Vec<_>>().join("---\n")
}

fn budget(name: &str, rule: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {name}\nspec:\n  {rule}\n  selector:\n    matchLabels:\n      app: {name}\n"
    )
}

const README: &str = "# fleet\n\nWhat runs where. `apps/base` has one folder a service, `environments` one overlay an environment, `platform` plain manifests.\nMerged to `main` is deployed.\n";

const MAILER: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: mailer\n  labels: {app: mailer}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {app: mailer}\n  template:\n    metadata:\n      labels: {app: mailer}\n    spec:\n      containers:\n        # no requests yet, so its autoscaler is blind: see the wiki\n        - name: mailer\n          image: registry.example.com/platform/mailer:TAG\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: mailer\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: mailer}\n  minReplicas: 2\n  maxReplicas: 4\n  metrics:\n    - type: Resource\n      resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}\n";

const METRICS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: metrics\nspec:\n  replicas: 1\n  strategy:\n    type: Recreate   # one writer at a time\n  selector:\n    matchLabels:\n      app: metrics\n  template:\n    metadata:\n      labels:\n        app: metrics\n    spec:\n      containers:\n      - name: metrics\n        image: \"registry.example.com/platform/metrics:TAG\"\n        resources:\n          requests: {cpu: 100m, memory: 512Mi}\n";

const LOG_AGENT: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: log-agent\nspec:\n  selector:\n    matchLabels: { app: log-agent }\n  template:\n    metadata:\n      labels: { app: log-agent }\n    spec:\n      containers:\n        - name: agent\n          image: registry.example.com/platform/log-agent:TAG\n          resources:\n            requests: { cpu: 50m, memory: 64Mi }\n";

const REPORT: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly-report\nspec:\n  schedule: \"30 2 * * *\"\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      backoffLimit: 1\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n            - name: report\n              image: registry.example.com/platform/report:TAG\n              args: [\"--yesterday\"]\n";
