//! Who may do what: bearer tokens, users, and the rules that a test sets for them.
//!
//! Invariant: a request without credentials is the administrator only where the caller said so (in process); over the wire it
//! is `system:anonymous`, who may see nothing but health and version.

use super::api::path::{Target, Verb};
use crate::time::Clock;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a user may do. `*` stands for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Verbs, as `get`.
    pub verbs: Vec<String>,
    /// API groups; the core group is empty.
    pub groups: Vec<String>,
    /// Resources, as `pods` or `pods/log`.
    pub resources: Vec<String>,
    /// Object names; none for all.
    pub names: Vec<String>,
    /// The namespace that the rule is about; `None` for the whole cluster.
    pub namespace: Option<String>,
}

impl Rule {
    /// A rule for the whole cluster.
    pub fn cluster(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Self {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Self { verbs: own(verbs), groups: own(groups), resources: own(resources), names: Vec::new(), namespace: None }
    }

    /// The same rule in one namespace only.
    pub fn within(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    fn allows(&self, action: &Action) -> bool {
        let any = |list: &[String], value: &str| list.iter().any(|item| item == "*" || item == value);
        any(&self.verbs, action.verb)
            && any(&self.groups, action.group)
            && any(&self.resources, action.resource)
            && (self.names.is_empty() || self.names.iter().any(|n| n == action.name))
            && self.namespace.as_deref().is_none_or(|n| n == action.namespace)
    }
}

/// One thing that somebody wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// Verb, as `get`.
    pub verb: &'a str,
    /// API group.
    pub group: &'a str,
    /// Resource with its subresource, as `pods/log`.
    pub resource: &'a str,
    /// Namespace; empty for the cluster.
    pub namespace: &'a str,
    /// Object; empty for all.
    pub name: &'a str,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that rules are about.
    pub name: String,
    /// The groups, as `system:authenticated`.
    pub groups: Vec<String>,
}

/// The group whose members may do everything.
const MASTERS: &str = "system:masters";

impl User {
    /// A user who may do everything until rules for that name say otherwise.
    pub fn trusted(name: &str) -> Self {
        Self { name: name.to_owned(), groups: vec![MASTERS.to_owned(), "system:authenticated".to_owned()] }
    }

    /// The user without credentials.
    pub fn anonymous() -> Self {
        Self { name: ANONYMOUS.to_owned(), groups: vec!["system:unauthenticated".to_owned()] }
    }

    /// The user whom another one acts as: in these groups, or in those that follow from the name.
    pub fn impersonated(name: &str, mut groups: Vec<String>) -> Self {
        let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
        if let (Some((namespace, _)), true) = (account, groups.is_empty()) {
            groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        }
        let common = if name == ANONYMOUS { "system:unauthenticated" } else { "system:authenticated" };
        if !groups.iter().any(|g| g == common) {
            groups.push(common.to_owned());
        }
        Self { name: name.to_owned(), groups }
    }
}

/// The user who may do everything.
pub const ADMIN: &str = "pilothouse-admin";
/// The user without credentials.
pub const ANONYMOUS: &str = "system:anonymous";

#[derive(Default)]
struct Inner {
    tokens: HashMap<String, (String, Option<Timestamp>)>,
    /// Users who are not here may do everything if they have a token, and nothing if somebody else acts as them.
    rules: HashMap<String, Vec<Rule>>,
}

/// Tokens and rules. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
}

impl Access {
    /// Nobody has a token yet.
    pub fn new(clock: Clock) -> Self {
        Self { inner: Arc::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a user a token, for ever or until `expires`.
    pub fn set_token(&self, token: &str, user: &str, expires: Option<Timestamp>) {
        self.lock().tokens.insert(token.to_owned(), (user.to_owned(), expires));
    }

    /// Takes a token back: whoever uses it is 401 from now on.
    pub fn revoke(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// What a user may do from now on; nothing else.
    pub fn set_rules(&self, user: &str, rules: Vec<Rule>) {
        self.lock().rules.insert(user.to_owned(), rules);
    }

    /// The user of a valid token.
    pub fn user_of(&self, token: &str) -> Option<User> {
        let (user, expires) = self.lock().tokens.get(token).cloned()?;
        expires.is_none_or(|at| self.clock.now() < at).then(|| User::trusted(&user))
    }

    /// The rules of a user; `None` when everything is allowed.
    pub fn rules(&self, user: &User) -> Option<Vec<Rule>> {
        let known = self.lock().rules.get(&user.name).cloned();
        if user.groups.iter().any(|g| g == MASTERS) { known } else { Some(known.unwrap_or_default()) }
    }

    /// Whether the user may do it.
    pub fn allows(&self, user: &User, action: &Action) -> bool {
        self.rules(user).is_none_or(|rules| rules.iter().any(|rule| rule.allows(action)))
    }

    /// Why a request is refused, in Kubernetes' words; `None` when it is allowed.
    pub fn refusal(&self, user: &User, verb: Verb, target: &Target) -> Option<String> {
        let (r, resource) = (target.resource, target.resource_and_subresource());
        // A namespace is asked for as an object of itself.
        let namespace = if r.kind == "Namespace" && r.group.is_empty() { target.name() } else { target.namespace() };
        let action =
            Action { verb: verb.as_str(), group: r.group, resource: &resource, namespace, name: target.name() };
        if self.allows(user, &action) {
            return None;
        }
        let place = match namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let (user, verb, group) = (&user.name, verb.as_str(), r.group);
        Some(format!("User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"))
    }
}
