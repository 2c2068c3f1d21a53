//! Where the pods of a namespace or a group run: what was seen, when it is looked at again, and by which label of the nodes it is
//! shown.
//!
//! It is looked at only while its screen is on top, never twice at once.

use super::{
    groups,
    layers::{Answer, Layer, Question, Then},
    message::{Effect, Level},
    state::{Focus, Screen, State},
    tables::TableKind,
};
use crate::model::{Kind, Namespace, ObjectRef, Owner, OwnerKind, Placement, Rows};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How long it is left alone once it was seen.
const PERIOD: SignedDuration = SignedDuration::from_secs(10);

/// The label of nodes that says which zone they are in, and the one that tells them apart.
const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// What is known of where pods run.
#[derive(Clone, Debug, Default)]
pub struct Placing {
    of: Option<ObjectRef>,
    seen: Option<(Arc<Placement>, Timestamp)>,
    asked: Option<Timestamp>,
    pending: bool,
    /// The label of nodes that was chosen.
    label: Option<Arc<str>>,
}

impl Placing {
    /// What was seen of this namespace or group, and when.
    pub fn of(&self, object: &ObjectRef) -> Option<(&Placement, Timestamp)> {
        let (placement, at) = self.seen.as_ref().filter(|_| self.of.as_ref() == Some(object))?;
        Some((placement, *at))
    }

    /// Takes what was seen.
    pub fn take(&mut self, object: &ObjectRef, placement: Arc<Placement>, now: Timestamp) {
        if self.of.as_ref() == Some(object) {
            (self.seen, self.pending) = (Some((placement, now)), false);
        }
    }
}

impl State {
    /// Opens where the pods of what is selected run; where that is open already, asks by which label of the nodes.
    pub(super) fn open_placement(&mut self, rows: &Rows) -> Vec<Effect> {
        if let Screen::Placement(object) = self.screen() {
            let object = object.clone();
            self.ask_node_label(&object);
            return Vec::new();
        }
        match self.placed_subject(rows) {
            Some(object) => self.open(Screen::Placement(object)),
            None => self.tell(Level::Warning, "choose a namespace first"),
        }
        Vec::new()
    }

    /// The namespace or the heading that is selected, or the namespace of what is.
    fn placed_subject(&self, rows: &Rows) -> Option<ObjectRef> {
        let namespace = |name: &Arc<str>| Some(ObjectRef::new(Kind::Namespace, "", name.clone()));
        let named = |name: &Arc<str>| namespace(name).filter(|_| !name.is_empty());
        match self.screen() {
            Screen::Table(TableKind::Namespaces) => self.selected(TableKind::Namespaces).cloned(),
            Screen::Workloads if self.cockpit.focus == Focus::Namespaces => named(self.cockpit.namespaces.selected()?),
            Screen::Table(kind) => named(&self.selected(*kind)?.namespace),
            _ => named(&self.workload(rows)?.object.namespace),
        }
    }

    /// Asks where they run, while that is on the screen and it is time to.
    pub(super) fn attend_placement(&mut self, rows: &Rows, now: Timestamp) -> Option<Effect> {
        let Screen::Placement(object) = self.screen() else {
            self.placing.pending = false;
            return None;
        };
        let object = object.clone();
        if self.placing.of.as_ref() != Some(&object) {
            self.placing = Placing { of: Some(object.clone()), label: self.placing.label.take(), ..Placing::default() };
        }
        let due = self.placing.asked.is_none_or(|asked| now.duration_since(asked) >= PERIOD);
        let namespaces = self.namespaces_of(&object);
        if !due || self.placing.pending || namespaces.is_empty() {
            return None;
        }
        (self.placing.asked, self.placing.pending) = (Some(now), true);
        let owners = owners(rows, &namespaces);
        Some(Effect::Place { object, namespaces, owners })
    }

    /// The label of the nodes by which it is shown: the one that was chosen or configured; else the one that namespaces are
    /// grouped by, where nodes have it; else the zone, or the node itself.
    pub(super) fn node_label<'a>(&'a self, placement: &'a Placement) -> &'a str {
        let chosen = self.placing.label.as_deref().or(self.session.settings.node_label.as_deref());
        chosen.unwrap_or_else(|| {
            let known = placement.labels();
            let grouped = self.grouping().map(|grouping| &*grouping.label).filter(|label| known.contains(label));
            grouped.unwrap_or(if known.contains(ZONE) { ZONE } else { HOST })
        })
    }

    fn ask_node_label(&mut self, object: &ObjectRef) {
        let Some((placement, _)) = self.placing.of(object) else { return };
        let answer = |label: &str| {
            let values = placement.nodes.values().filter_map(|labels| labels.get(label));
            let values = values.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>();
            Answer::new(label, values.join(" "), Then::NodeLabel(label.into()))
        };
        let (own, machines): (Vec<&str>, Vec<&str>) =
            placement.labels().into_iter().partition(|label| !label.contains("kubernetes.io/"));
        let answers: Vec<Answer> = own.into_iter().chain(machines).map(answer).collect();
        if answers.is_empty() {
            self.tell(Level::Information, "no label of a node is known here");
            return;
        }
        self.layers.push(Layer::Question(Question::new("Where pods run", "By which label of the nodes?", answers)));
    }

    /// Shows it by this label of the nodes.
    pub(super) fn place_by(&mut self, label: Arc<str>) {
        self.placing.label = Some(label);
        self.scroll = 0;
    }

    /// What a namespace or a group is called.
    pub(super) fn placed_name(&self, object: &ObjectRef) -> String {
        match (self.groups.get(object).and_then(|row| row.group.as_deref()), self.grouping()) {
            (Some(group), Some(grouping)) => match &group.value {
                Some(value) => format!("{}={value}", grouping.label),
                None => format!("no {}", grouping.label),
            },
            _ if groups::is_heading(object) => "a group that is gone".to_owned(),
            _ => object.name.to_string(),
        }
    }
}

/// What made these namespaces or what is in them, as far as it can be asked what it applied.
fn owners(rows: &Rows, namespaces: &[Arc<str>]) -> Vec<Owner> {
    let mut owners: Vec<Owner> = Vec::new();
    for name in namespaces {
        let namespace: Option<&Namespace> = rows.namespaces.get(&ObjectRef::new(Kind::Namespace, "", name.clone()));
        let of_workloads = rows.workloads_in(name).filter_map(|workload| workload.owner.as_ref());
        for owner in namespace.and_then(|namespace| namespace.owner.as_ref()).into_iter().chain(of_workloads) {
            if owner.kind == OwnerKind::Kustomization && !owners.contains(owner) {
                owners.push(owner.clone());
            }
        }
    }
    owners
}
