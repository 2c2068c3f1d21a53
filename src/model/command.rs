//! Intents as commands for a shell: this program's own, and kubectl's where it can do nearly the same.

use super::{Intent, Kind, ObjectRef};

impl Intent {
    /// The command line of this program that asks for the same in `context`.
    pub fn command(&self, context: &str) -> String {
        let target = self.target();
        let mut words = vec!["pilothouse".to_owned(), self.verb().to_string(), target.type_name()];
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        let mut command = Vec::new();
        match self {
            Self::Rollback { revision, .. } => {
                if let Some(revision) = revision {
                    option("to-revision", &revision.to_string());
                }
            }
            Self::Restart { .. } => {}
            Self::Shift { to, steps, hold, .. } => {
                let steps: Vec<String> = steps.iter().map(u32::to_string).collect();
                option("to", to);
                option("steps", &steps.join(","));
                option("hold", &format!("{hold}s"));
            }
            Self::Bump { container, repository, branch, file, wait, .. } => {
                let given = [("container", container), ("repo", repository), ("branch", branch), ("file", file)];
                for (name, value) in given {
                    if let Some(value) = value {
                        option(name, value);
                    }
                }
                if !wait {
                    words.push("--no-wait".to_owned());
                }
            }
            Self::Migrate { tag, container, command: job, .. } => {
                for (name, value) in [("tag", tag), ("container", container)] {
                    if let Some(value) = value {
                        option(name, value);
                    }
                }
                command.push("--".to_owned());
                command.extend(job.iter().map(|word| quoted(word)));
            }
        }
        if let Self::Bump { tag, .. } = self {
            words.insert(3, quoted(tag));
        }
        words.extend(place(target, context));
        words.extend(command);
        words.join(" ")
    }

    /// What kubectl does that comes nearest: without checks, without waiting, and without Git. None where nothing does.
    pub fn kubectl(&self, context: &str) -> Option<String> {
        let target = self.target();
        let rolls = matches!(target.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
        let (verb, option) = match self {
            Self::Rollback { revision, .. } => ("undo", revision.map(|revision| format!("--to-revision={revision}"))),
            Self::Restart { .. } => ("restart", None),
            Self::Shift { .. } | Self::Bump { .. } | Self::Migrate { .. } => return None,
        };
        let words = ["kubectl".to_owned(), "rollout".to_owned(), verb.to_owned(), target.type_name()];
        let words = words.into_iter().chain(option).chain(place(target, context));
        rolls.then(|| words.collect::<Vec<_>>().join(" "))
    }
}

impl ObjectRef {
    /// The kubectl command that prints this object of `context`.
    pub fn kubectl_get(&self, context: &str) -> String {
        let words = ["kubectl".to_owned(), "get".to_owned(), self.type_name()];
        let words = words.into_iter().chain(place(self, context)).chain(["-o".to_owned(), "yaml".to_owned()]);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Where an object is, as options: always said, because the shell may look elsewhere.
pub(super) fn place(object: &ObjectRef, context: &str) -> Vec<String> {
    let mut words = Vec::new();
    if !object.namespace.is_empty() {
        words.extend(["-n".to_owned(), quoted(&object.namespace)]);
    }
    words.extend(["--context".to_owned(), quoted(context)]);
    words
}

/// A word that a shell takes as one.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(kind: Kind) -> ObjectRef {
        ObjectRef::new(kind, "shop", "checkout")
    }

    #[test]
    fn an_intent_is_a_command_that_can_be_pasted() {
        let target = checkout(Kind::Deployment);
        let rollback = Intent::Rollback { target: target.clone(), revision: Some(40) };
        assert_eq!(
            rollback.command("prod eu"),
            "pilothouse rollback deploy/checkout --to-revision 40 -n shop --context 'prod eu'"
        );
        assert_eq!(
            rollback.kubectl("prod").as_deref(),
            Some("kubectl rollout undo deploy/checkout --to-revision=40 -n shop --context prod")
        );
        let bump = Intent::Bump {
            target: target.clone(),
            tag: "2.4.2".into(),
            container: None,
            repository: None,
            branch: Some("main".into()),
            file: None,
            wait: false,
        };
        assert_eq!(
            bump.command("prod"),
            "pilothouse bump deploy/checkout 2.4.2 --branch main --no-wait -n shop --context prod"
        );
        assert_eq!(bump.kubectl("prod"), None);
        let migrate = Intent::Migrate {
            target,
            tag: None,
            container: None,
            command: ["./migrate".into(), "it's time".into()].into(),
        };
        assert_eq!(
            migrate.command("prod"),
            r"pilothouse migrate deploy/checkout -n shop --context prod -- ./migrate 'it'\''s time'"
        );
        let shift =
            Intent::Shift { target: checkout(Kind::HttpRoute), to: "v2".into(), steps: vec![25, 100], hold: 60 };
        assert_eq!(
            shift.command("prod"),
            "pilothouse shift httproute/checkout --to v2 --steps 25,100 --hold 60s -n shop --context prod"
        );
    }

    #[test]
    fn an_object_is_printed_where_it_is() {
        let object = ObjectRef::new(Kind::Namespace, "", "shop");
        assert_eq!(object.kubectl_get("prod"), "kubectl get ns/shop --context prod -o yaml");
    }
}
