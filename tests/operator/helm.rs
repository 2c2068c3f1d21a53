//! Helm releases are rolled back by Helm itself, to the revision whose workloads are known to have served. On the real control
//! plane only: the embedded one has no charts, and Helm is a program.

use crate::{
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World, complete},
};
use futures::FutureExt;
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Stdio},
};

pub const REAL: &[(&str, Behaviour)] = &[
    ("helm::a_workload_goes_back_with_its_release", |w| with_its_release(w).boxed_local()),
    ("helm::after_two_bad_upgrades_the_good_one_is_chosen", |w| two_bad_upgrades(w).boxed_local()),
    ("helm::without_helm_a_release_is_refused_and_a_workload_is_not", |w| without_helm(w).boxed_local()),
    ("helm::killed_beside_helm_it_is_resumed_and_helm_runs_once", |w| killed(w).boxed_local()),
    ("helm::an_upgrade_in_between_is_not_undone", |w| an_upgrade_in_between(w).boxed_local()),
];

/// A chart of one Deployment, in whose environment is a secret.
struct Chart {
    folder: tempfile::TempDir,
    namespace: String,
    kubeconfig: std::path::PathBuf,
}

const TEMPLATE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: IMAGE:{{ .Values.tag }}
          env: [{name: TOKEN, value: {{ .Values.token | quote }}}]
"#;

fn helm() -> String {
    std::env::var("PILOTHOUSE_TEST_HELM").unwrap()
}

/// A PATH with Helm before everything else.
fn with_helm() -> String {
    let folder = Path::new(&helm()).parent().unwrap().display().to_string();
    format!("{folder}:{}", std::env::var("PATH").unwrap())
}

impl Chart {
    fn new(w: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("templates")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
        write("values.yaml", "tag: '1.0'\ntoken: hunter2\n");
        write("templates/web.yaml", &TEMPLATE.replace("IMAGE", IMAGE));
        Self { folder, namespace: w.namespace.clone(), kubeconfig: w.kubeconfig.clone() }
    }

    async fn upgrade(&self, tag: &str) {
        let mut command = Command::new(helm());
        command
            .args(["upgrade", "--install", "shop"])
            .arg(self.folder.path())
            .args(["--set-string", &format!("tag={tag}")]);
        command.args(["--namespace", &self.namespace]).arg("--kubeconfig").arg(&self.kubeconfig).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Upgrades to a tag that crashes, and waits until it does beside what serves.
    async fn botch(&self, w: &World, tag: &str) {
        self.upgrade(tag).await;
        let image = format!("{IMAGE}:{tag}");
        w.until("apps/v1", "Deployment", "web", "stuck", |o| {
            o["metadata"]["generation"] == o["status"]["observedGeneration"]
                && o["spec"]["template"]["spec"]["containers"][0]["image"] == image
                && o["status"]["updatedReplicas"].as_i64() >= Some(1)
                && o["status"]["unavailableReplicas"].as_i64() >= Some(1)
        })
        .await;
    }
}

/// What Helm says of each revision, by number.
async fn history(w: &World) -> Vec<(String, String)> {
    let secrets = w.list("v1", "Secret").await;
    let label = |secret: &Value, key: &str| secret["metadata"]["labels"][key].as_str().unwrap_or_default().to_owned();
    let ours = secrets.iter().filter(|secret| secret["type"] == "helm.sh/release.v1");
    let mut found: Vec<(String, String)> = ours.map(|s| (label(s, "version"), label(s, "status"))).collect();
    found.sort();
    found
}

async fn run(operator: &Operator, path: &str, arguments: &[&str]) -> Finished {
    let mut command = operator.command(arguments);
    command.env("PATH", path);
    // These must lead it nowhere else.
    command.env("HELM_NAMESPACE", "elsewhere").env("HELM_DRIVER", "configmap").env("HELM_KUBETOKEN", "nonsense");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn steps(run: &Finished) -> Vec<String> {
    let plan = run.plan();
    let steps = plan["steps"].as_array().unwrap().iter();
    steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

fn serves(tag: &'static str) -> impl Fn(&Value) -> bool {
    move |o| complete(o) && o["spec"]["template"]["spec"]["containers"][0]["image"] == format!("{IMAGE}:{tag}")
}

async fn with_its_release(w: World) {
    let chart = Chart::new(&w);
    chart.upgrade("1.0").await;
    w.until("apps/v1", "Deployment", "web", "out", serves("1.0")).await;
    chart.botch(&w, "1.1-broken").await;
    let operator = Operator::new(&w);
    let dry = run(&operator, &with_helm(), &["rollback", "deploy/web", "--dry-run", "-o", "json"]).await;
    assert_eq!(steps(dry.assert(0)), ["helm", "wait"]);
    assert_eq!(history(&w).await.len(), 2, "nothing was changed");

    let done = run(&operator, &with_helm(), &["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(done.assert(0)), ["helm", "wait"]);
    assert_eq!(done.plan()["durability"], "sticks");
    let told = |number: &str, status: &str| (number.to_owned(), status.to_owned());
    assert_eq!(history(&w).await, [told("1", "superseded"), told("2", "superseded"), told("3", "deployed")]);
    w.until("apps/v1", "Deployment", "web", "back", serves("1.0")).await;
    let journal = operator.run(&["journal", "-o", "json"]).await;
    assert!(journal.out.contains("helm rollback shop 1"), "{}", journal.out);
    for text in [&done.out, &done.err, &journal.out, &dry.out] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

async fn two_bad_upgrades(w: World) {
    let chart = Chart::new(&w);
    chart.upgrade("1.0").await;
    w.until("apps/v1", "Deployment", "web", "out", serves("1.0")).await;
    chart.botch(&w, "1.1-broken").await;
    chart.botch(&w, "1.2-broken").await;
    let operator = Operator::new(&w);
    let done = run(&operator, &with_helm(), &["rollback", "release/shop", "--yes", "-o", "json"]).await;
    assert!(done.assert(0).plan()["summary"].as_str().unwrap().ends_with("3 → 1"), "{}", done.plan()["summary"]);
    w.until("apps/v1", "Deployment", "web", "back", serves("1.0")).await;
    let again =
        run(&operator, &with_helm(), &["rollback", "release/shop", "--to-revision", "4", "--yes", "-o", "json"]).await;
    assert!(again.result()["message"].as_str().unwrap().contains("nothing to do"), "{}", again.result());
    let unknown = run(&operator, &with_helm(), &["rollback", "release/none", "--yes", "-o", "json"]).await;
    assert!(unknown.assert(1).result()["message"].as_str().unwrap().contains("no Helm release"), "{}", unknown.out);
}

async fn without_helm(w: World) {
    let chart = Chart::new(&w);
    chart.upgrade("1.0").await;
    w.until("apps/v1", "Deployment", "web", "out", serves("1.0")).await;
    chart.botch(&w, "1.1-broken").await;
    let operator = Operator::new(&w);
    let refused = run(&operator, "/nowhere", &["rollback", "release/shop", "--yes", "-o", "json"]).await;
    let message = refused.assert(3).result()["message"].to_string();
    assert!(message.contains("no `helm` on the PATH") && message.contains("install"), "{message}");
    assert_eq!(history(&w).await.len(), 2);
    let done = run(&operator, "/nowhere", &["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(done.assert(0)), ["undo", "wait"]);
    let plan = done.plan();
    let warned = plan["preconditions"].as_array().unwrap().iter().any(|p| p["what"] == "helm" && p["ok"] == false);
    assert!(warned, "{plan:#}");
    w.until("apps/v1", "Deployment", "web", "back", serves("1.0")).await;
}

async fn an_upgrade_in_between(w: World) {
    let chart = Chart::new(&w);
    chart.upgrade("1.0").await;
    w.until("apps/v1", "Deployment", "web", "out", serves("1.0")).await;
    chart.botch(&w, "1.1-broken").await;
    let operator = Operator::new(&w);
    // A `helm` that somebody else is faster than.
    let faster = format!(
        "#!/bin/sh\n'{helm}' upgrade shop '{chart}' --set-string tag=1.2 --namespace '{namespace}' --kubeconfig '{kubeconfig}' >/dev/null\nexec '{helm}' \"$@\"\n",
        helm = helm(),
        chart = chart.folder.path().display(),
        namespace = w.namespace,
        kubeconfig = w.kubeconfig.display(),
    );
    let path = in_place_of_helm(&operator, &faster);
    let done = run(&operator, &path, &["rollback", "release/shop", "--yes", "-o", "json"]).await;
    // Helm itself was asked for by number, so it did what was confirmed; that it was another's revision is said.
    assert_eq!(done.result()["outcome"], json!("conflict"), "{}", done.out);
}

/// A PATH on which this script is `helm`.
fn in_place_of_helm(operator: &Operator, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = operator.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("helm"), script).unwrap();
    std::fs::set_permissions(bin.join("helm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

async fn killed(w: World) {
    let chart = Chart::new(&w);
    chart.upgrade("1.0").await;
    w.until("apps/v1", "Deployment", "web", "out", serves("1.0")).await;
    chart.botch(&w, "1.1-broken").await;
    let operator = Operator::new(&w);
    // A `helm` that has done its work and does not end until it is let.
    let end = operator.home().join("end");
    assert!(Command::new("mkfifo").arg(&end).status().unwrap().success());
    let path = in_place_of_helm(&operator, &format!("#!/bin/sh\n'{}' \"$@\"\ncat '{}'\n", helm(), end.display()));
    let mut command = operator.command(&["rollback", "release/shop", "--yes", "-o", "json"]);
    let mut pilothouse = command.env("PATH", &path).stdout(Stdio::null()).spawn().unwrap();
    let deployed = |o: &Value| o["metadata"]["labels"]["status"] == "deployed";
    w.until("v1", "Secret", "sh.helm.release.v1.shop.v3", "deployed", deployed).await;
    pilothouse.kill().unwrap();
    pilothouse.wait().unwrap();
    std::fs::write(&end, "go").unwrap();

    let listed = operator.run(&["operations", "-o", "json"]).await;
    let listed: Value = serde_json::from_str(&listed.assert(0).out).unwrap();
    let id = listed["operations"][0]["id"].as_str().unwrap();
    let resumed = run(&operator, &path, &["operations", "resume", id, "--yes", "-o", "json"]).await;
    assert_eq!(resumed.assert(0).result()["outcome"], "done");
    assert_eq!(history(&w).await.len(), 3, "helm ran once");
    w.until("apps/v1", "Deployment", "web", "back", serves("1.0")).await;
}
