//! What a step does in the words of kubectl and git: for the journal, so that a reader can check it or do it by hand.
//!
//! Without this program's checks, tests and waiting; what no command does is said as a shell comment.

use super::{
    Action, Kind, Means, ObjectRef, OwnerHold,
    command::{place, quoted},
};

impl Action {
    /// The commands that come nearest, in order. Free text is as the plan holds it: whoever shows it hides secrets first.
    pub fn commands(&self, context: &str) -> Vec<String> {
        let kubectl = |object: &ObjectRef, words: &str| format!("kubectl {words} {}", place(object, context).join(" "));
        let service = |namespace: &str, name: &str| ObjectRef::new(Kind::Service, namespace, name);
        match self {
            Self::RestoreTemplate { object, revision, .. } if object.kind == Kind::Rollout => {
                vec![kubectl(object, &format!("argo rollouts undo {} --to-revision={revision}", quoted(&object.name)))]
            }
            Self::AbortRollout { object, .. } => {
                vec![kubectl(object, &format!("argo rollouts abort {}", quoted(&object.name)))]
            }
            Self::PromoteRollout { object, .. } => {
                vec![kubectl(object, &format!("argo rollouts promote --full {}", quoted(&object.name)))]
            }
            Self::DeletePod { object, .. } => vec![kubectl(object, &format!("delete {}", object.type_name()))],
            Self::HelmRollback { object, to, .. } => {
                let place = place(object, context).join(" ").replace("--context", "--kube-context");
                vec![format!("helm rollback {} {to} {place}", quoted(&object.name))]
            }
            Self::RestoreTemplate { object, revision, unpause, .. } => {
                let mut commands =
                    vec![kubectl(object, &format!("rollout undo {} --to-revision={revision}", object.type_name()))];
                if *unpause {
                    commands.insert(0, kubectl(object, &format!("rollout resume {}", object.type_name())));
                }
                commands
            }
            Self::Restart { object, .. } => vec![kubectl(object, &format!("rollout restart {}", object.type_name()))],
            Self::SetWeights { object, after, .. } => {
                let set = |weight: &super::Weight| {
                    format!(
                        r#"{{"op":"replace","path":"/spec/rules/{}/backendRefs/{}/weight","value":{}}}"#,
                        weight.rule, weight.backend, weight.weight
                    )
                };
                let patch = format!("[{}]", after.iter().map(set).collect::<Vec<_>>().join(","));
                let words = format!("patch {} --type=json -p {}", object.type_name(), quoted(&patch));
                vec![kubectl(object, &words)]
            }
            Self::WaitReady { namespace, service: name, ready } => {
                let words = format!("get endpointslices -l kubernetes.io/service-name={}", quoted(name));
                vec![format!("{}  # until {ready} are ready", kubectl(&service(namespace, name), &words))]
            }
            Self::Hold { seconds, .. } => vec![format!("sleep {seconds}")],
            Self::CreateJob { object, recipe } => {
                let words: Vec<String> = recipe.command.iter().map(|word| quoted(word)).collect();
                let words = format!(
                    "create job {} --image={} -- {}",
                    quoted(&object.name),
                    quoted(&recipe.image),
                    words.join(" ")
                );
                let from =
                    format!("# with the pod template of {}, which kubectl cannot copy:", recipe.workload.type_name());
                // The options must stand before the command of the Job.
                let place = place(object, context).join(" ");
                vec![from, format!("kubectl {place} {words}")]
            }
            Self::WaitJob { object } => {
                vec![kubectl(object, &format!("wait --for=condition=complete {}", object.type_name()))]
            }
            Self::Commit(commit) => {
                let mut commands =
                    vec![format!("git clone --branch {} {}", quoted(&commit.branch), quoted(&commit.repository))];
                for edit in &commit.edits {
                    commands.extend(edit.changes.iter().map(|change| {
                        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
                        let (from, to) = (value(&change.from), value(&change.to));
                        format!("# in {}: {} from {from} to {to}", edit.path, change.pointer)
                    }));
                }
                let subject = commit.message.lines().next().unwrap_or_default();
                commands.push(format!("git commit --all --message {}", quoted(subject)));
                commands
            }
            Self::Push { branch, .. } => vec![format!("git push origin HEAD:{}", quoted(branch))],
            Self::WaitReconciled { object, container, image } => {
                let words = format!("get {} -o yaml", object.type_name());
                vec![format!("{}  # until {container} is {image}", kubectl(object, &words))]
            }
            Self::WaitRollout { object, .. } => {
                vec![kubectl(object, &format!("rollout status {}", object.type_name()))]
            }
            Self::HoldOwner(hold) | Self::ReleaseOwner(hold) => {
                let (words, remark) = mark(hold, matches!(self, Self::HoldOwner(_)));
                let remark = remark.map(|remark| format!("  # {remark}")).unwrap_or_default();
                vec![format!("{}{remark}", kubectl(&hold.object, &words))]
            }
            Self::WaitApplied { owner, source, bad, settled, .. } => {
                let ask = |object: &ObjectRef| {
                    let word = match object.kind {
                        Kind::Application => "argocd.argoproj.io/refresh=normal",
                        _ => "reconcile.fluxcd.io/requestedAt=now",
                    };
                    kubectl(object, &format!("annotate --overwrite {} {word}", path(object)))
                };
                let images: Vec<&str> = bad.iter().map(|(_, image)| image.as_str()).collect();
                let look = kubectl(owner, &format!("get {} -o yaml", path(owner)));
                let revision = match owner.kind {
                    Kind::Application => "status.sync.revision",
                    _ => "lastAttemptedRevision",
                };
                let state = if *settled { ", and it is Synced and Healthy" } else { "" };
                let until =
                    format!("{look}  # until the commit of {revision} does not say {}{state}", images.join(", "));
                let mut commands: Vec<String> = source.iter().chain([owner]).map(ask).collect();
                commands.push(until);
                commands
            }
            Self::WaitHand { todo, .. } => vec![format!("# {todo}")],
        }
    }
}

/// A resource of a group that is not the only one to use its name: kubectl must be told which.
fn path(object: &ObjectRef) -> String {
    format!("{}.{}/{}", object.kind.plural(), object.kind.group(), object.name)
}

/// The words that put a hold on, or take it off, and what they leave to the reader.
fn mark(hold: &OwnerHold, on: bool) -> (String, Option<String>) {
    const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
    let patch = |json: String| format!("patch {} --type=merge -p {}", path(&hold.object), quoted(&json));
    let words = match (hold.mark.means, on) {
        (Means::LeaveAlone, true) => format!("label --overwrite {} {RECONCILE}=disabled", hold.object.type_name()),
        (Means::LeaveAlone, false) => match &hold.original {
            Some(original) => {
                format!("label --overwrite {} {}", hold.object.type_name(), quoted(&format!("{RECONCILE}={original}")))
            }
            None => format!("label {} {RECONCILE}-", hold.object.type_name()),
        },
        (Means::Suspend, on) => patch(format!(r#"{{"spec":{{"suspend":{on}}}}}"#)),
        (Means::SyncDisabled, on) => {
            let value = if on { "false" } else { hold.original.as_deref().unwrap_or("null") };
            patch(format!(r#"{{"spec":{{"syncPolicy":{{"automated":{{"enabled":{value}}}}}}}}}"#))
        }
        (Means::SyncRemoved, on) => {
            let value = if on { "null" } else { hold.original.as_deref().unwrap_or("null") };
            patch(format!(r#"{{"spec":{{"syncPolicy":{{"automated":{value}}}}}}}"#))
        }
        (Means::IgnoreSync, on) => {
            let part = hold.mark.part.as_deref().unwrap_or_default();
            let what = if on { "add to" } else { "take from" };
            let entry =
                format!("spec.ignoreApplicationDifferences an entry for {part} with /spec/syncPolicy/automated");
            return (format!("edit {}", path(&hold.object)), Some(format!("{what} {entry}")));
        }
    };
    let remark = match (hold.mark.aside, on) {
        (true, true) => Some(format!("and label it {RECONCILE}=disabled")),
        (true, false) => Some(format!("and take its label {RECONCILE} off")),
        (false, _) => None,
    };
    (words, remark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Weight;

    #[test]
    fn steps_are_told_as_commands_that_can_be_pasted() {
        let checkout = ObjectRef::new(Kind::Deployment, "shop", "checkout");
        let restart = Action::WaitRollout { object: checkout, uid: "u".into() };
        assert_eq!(restart.commands("prod"), ["kubectl rollout status deploy/checkout -n shop --context prod"]);
        let route = ObjectRef::new(Kind::HttpRoute, "shop", "web");
        let weight = |weight| vec![Weight { rule: 0, backend: 1, name: "b".into(), weight }];
        let shift = Action::SetWeights { object: route, uid: "u".into(), before: weight(0), after: weight(25) };
        assert_eq!(
            shift.commands("prod"),
            [concat!(
                "kubectl patch httproute/web --type=json -p ",
                r#"'[{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":25}]'"#,
                " -n shop --context prod"
            )]
        );
        let push = Action::Push { repository: "https://git.example/apps".into(), branch: "main".into() };
        assert_eq!(push.commands("prod"), ["git push origin HEAD:main"]);
        let object = ObjectRef::new(Kind::Release, "prod", "shop");
        let helm = Action::HelmRollback { object, from: 7, to: 5 };
        assert_eq!(helm.commands("eu"), ["helm rollback shop 5 -n prod --kube-context eu"]);
    }
}
