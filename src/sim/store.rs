//! The embedded world's memory: every object, one resourceVersion that only grows, and the stream of what changed.
//!
//! Invariant: all writes pass through one mutex, so each change has its own resourceVersion and every reader sees them in
//! the same order. Never waits while it holds the lock, never reads the machine's clock, never draws randomness but from its seed.

mod change;
mod logs;
mod measure;
mod object;

pub use change::{Change, ChangeKind, Subscription};
pub use logs::LogLine;
pub(super) use object::child;
pub use object::{meta, terminating, time};

use super::{
    admission,
    managed::{self, Author},
    meter::Meter,
    resource::{Generation, Propagation, Resource},
    status::Status,
};
use crate::time::Clock;
use change::Changes;
use jiff::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// What an update may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status, as a PUT on the object.
    Whole,
    /// Only the status, as a PUT on the subresource.
    Status,
    /// Both at once: for the embedded controllers.
    Any,
}

/// How to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds that a pod gets to stop; `None` asks the pod.
    pub grace: Option<i64>,
    /// What happens to owned objects; `None` is the resource's own habit.
    pub propagation: Option<Propagation>,
    /// Only this very object.
    pub uid: Option<String>,
    /// Only in this state.
    pub resource_version: Option<String>,
}

type Objects = BTreeMap<String, BTreeMap<String, Arc<Value>>>;

struct Inner {
    objects: HashMap<(&'static str, &'static str), Objects>,
    version: u64,
    rng: StdRng,
    changes: Changes,
    logs: logs::Logs,
}

/// The objects of one embedded world. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
    dry: bool,
    author: Option<Arc<Author>>,
    meter: Arc<OnceLock<Meter>>,
}

impl Store {
    /// An empty store. The same `seed` makes the same uids and generated names.
    pub fn new(clock: Clock, seed: u64) -> Self {
        let inner = Inner {
            objects: HashMap::new(),
            version: 0,
            rng: StdRng::seed_from_u64(seed),
            changes: Changes::default(),
            logs: logs::Logs::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), clock, dry: false, author: None, meter: Arc::default() }
    }

    /// The same store, but what is written through this handle is only checked and answered, never kept.
    pub fn dry_run(&self) -> Self {
        Self { dry: true, ..self.clone() }
    }

    /// The same store, but what is written through this handle is stamped with another clock: for a world with a past.
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self { clock, ..self.clone() }
    }

    /// The same store, but what is written through this handle is owned by its author (`managedFields`).
    pub fn signed(&self, author: Author) -> Self {
        Self { author: Some(Arc::new(author)), ..self.clone() }
    }

    /// The same store, but nobody owns what is written through this handle.
    pub fn unsigned(&self) -> Self {
        Self { author: None, ..self.clone() }
    }

    /// Whether writes through this handle are only checked.
    pub fn is_dry_run(&self) -> bool {
        self.dry
    }

    /// The time of a write; `None` when it is only a dry run.
    fn when(&self) -> Option<Timestamp> {
        (!self.dry).then(|| self.clock.now())
    }

    /// The world's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug of ours, but each write commits in one step: what is stored stays sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object of that name; `namespace` is empty for cluster-wide resources.
    pub fn get(&self, r: &'static Resource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.lock().get(r, namespace, name)
    }

    /// All objects, or those of one namespace, sorted by namespace and name.
    pub fn list(&self, r: &'static Resource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        self.lock().list(r, namespace)
    }

    /// Objects and the resourceVersion that they were read at.
    pub fn snapshot(&self, r: &'static Resource, namespace: Option<&str>) -> (Vec<Arc<Value>>, u64) {
        let inner = self.lock();
        (inner.list(r, namespace), inner.version)
    }

    /// The objects as they were at `version`; `None` when that is forgotten or not yet reached.
    pub fn list_at(&self, r: &'static Resource, namespace: Option<&str>, version: u64) -> Option<Vec<Arc<Value>>> {
        let inner = self.lock();
        if version < inner.changes.forgotten(r) || version > inner.version {
            return None;
        }
        let key = |o: &Value| (meta(o, "namespace").to_owned(), meta(o, "name").to_owned());
        let mut then: BTreeMap<_, _> = inner.list(r, namespace).into_iter().map(|o| (key(&o), o)).collect();
        let here = |c: &&Change| namespace.is_none_or(|n| meta(&c.object, "namespace") == n);
        for change in inner.changes.since(r, version).rev().filter(here) {
            match &change.old {
                Some(old) => then.insert(key(old), Arc::clone(old)),
                None => then.remove(&key(&change.object)),
            };
        }
        Some(then.into_values().collect())
    }

    /// The resourceVersion of the last write.
    pub fn resource_version(&self) -> u64 {
        self.lock().version
    }

    /// Creates an object from `metadata.namespace`, `metadata.name` or `metadata.generateName`, and the rest.
    ///
    /// Sets uid, creationTimestamp, resourceVersion, generation, apiVersion and kind, and the kind's defaults.
    pub fn create(&self, r: &'static Resource, object: Value) -> Result<Arc<Value>, Status> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let mut object = object::ordered(r, object);
        let metadata = object::metadata(&mut object);
        for field in
            ["uid", "resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"]
        {
            metadata.shift_remove(field);
        }
        if !r.namespaced {
            metadata.shift_remove("namespace");
        }
        let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
        let (mut name, namespace) = (text(metadata.get("name")), text(metadata.get("namespace")));
        let prefix = text(metadata.get("generateName"));
        if name.is_empty() && !prefix.is_empty() {
            name = format!("{prefix}{}", object::suffix(&mut inner.rng));
            metadata.insert("name".into(), json!(name));
        }
        metadata.insert("uid".into(), json!(object::uid(&mut inner.rng)));
        metadata.insert("creationTimestamp".into(), json!(time(now)));
        if r.generation != Generation::None {
            metadata.insert("generation".into(), json!(1));
        }
        admission::on_create(r, &mut object, &*inner)?;
        if inner.get(r, &namespace, &name).is_some() {
            return Err(Status::already_exists(r, &name));
        }
        if let Some(author) = &self.author {
            managed::track(r, None, &mut object, author, &time(now));
        }
        let object = inner.commit(self.when(), r, ChangeKind::Added, object, None);
        Ok(object)
    }

    /// Reads, edits and writes an object in one step.
    ///
    /// `expect` is the resourceVersion that the object must still have. An edit that changes nothing writes nothing: the
    /// resourceVersion stays and no change is told.
    pub fn update(
        &self,
        r: &'static Resource,
        namespace: &str,
        name: &str,
        part: Part,
        expect: Option<&str>,
        edit: impl FnOnce(&mut Value) -> Result<(), Status>,
    ) -> Result<Arc<Value>, Status> {
        let mut inner = self.lock();
        let old = inner.get(r, namespace, name).ok_or_else(|| Status::not_found(r, name))?;
        if expect.is_some_and(|version| version != meta(&old, "resourceVersion")) {
            return Err(Status::modified(r, name));
        }
        let mut edited = Value::clone(&old);
        edit(&mut edited)?;
        let mut new = match part {
            Part::Status => {
                let mut kept = Value::clone(&old);
                kept["status"] = edited["status"].take();
                if r.generation == Generation::SpecAndAnnotations {
                    // A Deployment's status write carries its annotations: so the controller numbers revisions without a new generation.
                    kept["metadata"]["annotations"] = edited["metadata"]["annotations"].take();
                }
                kept
            }
            Part::Whole if r.has("status") => {
                let mut edited = edited;
                match old.get("status") {
                    Some(status) => edited["status"] = status.clone(),
                    None => drop(edited.as_object_mut().map(|map| map.shift_remove("status"))),
                }
                edited
            }
            Part::Whole | Part::Any => edited,
        };
        let metadata = object::metadata(&mut new);
        let kept =
            ["name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp"];
        for field in kept.into_iter().chain(["deletionGracePeriodSeconds", "generateName"]) {
            match old["metadata"].get(field) {
                Some(value) => drop(metadata.insert(field.into(), value.clone())),
                None => drop(metadata.shift_remove(field)),
            }
        }
        for field in ["labels", "annotations", "finalizers", "ownerReferences", "managedFields"] {
            if metadata.get(field).is_some_and(object::is_empty) {
                metadata.shift_remove(field);
            }
        }
        // Saying nothing about owners leaves them; saying that there are none (one empty entry) clears them.
        match (metadata.get("managedFields"), old["metadata"].get("managedFields")) {
            (None, Some(owners)) => drop(metadata.insert("managedFields".into(), owners.clone())),
            (Some(Value::Array(list)), _) if *list == [json!({})] => drop(metadata.shift_remove("managedFields")),
            _ => {}
        }
        let mut new = object::ordered(r, new);
        admission::on_update(r, part, &old, &mut new)?;
        if new == *old {
            return Ok(old);
        }
        if let Some(author) = &self.author {
            managed::track(r, Some(&old), &mut new, author, &time(self.clock.now()));
        }
        let grows = match part {
            Part::Status => false,
            Part::Whole => object::grows(r, &old, &new),
            // Controllers annotate through the status subresource, which makes no generation.
            Part::Any => object::grows(r, &old, &new) && old["spec"] != new["spec"],
        };
        if grows {
            object::bump_generation(&mut new);
        }
        if object::may_go(r, &new) {
            // The last finalizer is gone, and so is the object; watches see it as it was before.
            inner.commit(self.when(), r, ChangeKind::Deleted, Value::clone(&old), Some(old));
            return Ok(Arc::new(new));
        }
        Ok(inner.commit(self.when(), r, ChangeKind::Modified, new, Some(old)))
    }

    /// Deletes an object, or marks it as terminating when finalizers, a grace period or its contents keep it.
    ///
    /// Answers the object as it was left. Owned objects are the garbage collector's work: `Foreground` and `Orphan` leave
    /// it their finalizer.
    pub fn delete(
        &self,
        r: &'static Resource,
        namespace: &str,
        name: &str,
        options: DeleteOptions,
    ) -> Result<Arc<Value>, Status> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let old = inner.get(r, namespace, name).ok_or_else(|| Status::not_found(r, name))?;
        let differs = |wanted: &Option<String>, field: &str| wanted.as_ref().is_some_and(|w| w != meta(&old, field));
        if differs(&options.uid, "uid") || differs(&options.resource_version, "resourceVersion") {
            let (word, field, wanted) = match options.uid {
                Some(uid) if uid != meta(&old, "uid") => ("UID", "uid", uid),
                _ => ("ResourceVersion", "resourceVersion", options.resource_version.unwrap_or_default()),
            };
            let is = meta(&old, field);
            let why = format!(
                "the {word} in the precondition ({wanted}) does not match the {word} in record ({is}). The object might have been deleted and then recreated"
            );
            let mut status = Status::conflict(r, name, &why);
            status.message = status.message.replacen(&r.qualified(), &r.qualified_kind(), 1);
            status.details["kind"] = json!(r.kind);
            return Err(status);
        }
        let mut new = Value::clone(&old);
        let waits = match options.propagation.unwrap_or(r.default_propagation) {
            Propagation::Background => None,
            Propagation::Foreground => Some("foregroundDeletion"),
            Propagation::Orphan => Some("orphan"),
        };
        let grace = if r.kind == "Pod" { pod_grace(&old, options.grace) } else { 0 };
        let metadata = object::metadata(&mut new);
        if let Some(finalizer) = waits {
            let list = metadata.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut().filter(|list| !list.iter().any(|f| f == finalizer)) {
                list.push(json!(finalizer));
            }
        }
        let running = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64);
        if !terminating(&old) || running.is_some_and(|left| grace < left) {
            let due = now.checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(now);
            metadata.insert("deletionTimestamp".into(), json!(time(due)));
            metadata.insert("deletionGracePeriodSeconds".into(), json!(grace));
            if r.generation != Generation::None && !terminating(&old) {
                object::bump_generation(&mut new);
            }
        }
        if r.kind == "Namespace" {
            object::child(&mut new, "status").insert("phase".into(), json!("Terminating"));
        }
        if object::may_go(r, &new) {
            // What clients get back, and what watches see, is the object as it last lived; a pod says that it was to go.
            let last = if r.kind == "Pod" { new } else { Value::clone(&old) };
            return Ok(inner.commit(self.when(), r, ChangeKind::Deleted, last, Some(old)));
        }
        if new == *old {
            return Ok(old);
        }
        Ok(inner.commit(self.when(), r, ChangeKind::Modified, new, Some(old)))
    }

    /// Every change of every resource from now on.
    pub fn subscribe(&self) -> Subscription {
        self.lock().changes.listen(None)
    }

    /// What happened to a resource after `version`, and everything that happens from now on. 410 when that is forgotten.
    pub fn watch(&self, r: &'static Resource, version: u64) -> Result<(Vec<Change>, Subscription), Status> {
        let mut inner = self.lock();
        let forgotten = inner.changes.forgotten(r);
        if version < forgotten {
            let why = format!("too old resource version: {version} ({})", forgotten + 1);
            return Err(Status::expired(why));
        }
        let past = inner.changes.since(r, version).cloned().collect();
        Ok((past, inner.changes.listen(Some(r))))
    }

    /// The objects of a resource, their version, and everything that happens from now on.
    pub fn list_and_watch(
        &self,
        r: &'static Resource,
        namespace: Option<&str>,
    ) -> (Vec<Arc<Value>>, u64, Subscription) {
        let mut inner = self.lock();
        (inner.list(r, namespace), inner.version, inner.changes.listen(Some(r)))
    }

    /// Forgets the past, as etcd's compaction does: older watches and continued lists are 410 from now on.
    pub fn compact(&self) {
        let mut inner = self.lock();
        let version = inner.version;
        inner.changes.forget_all(version);
    }

    /// Forgets changes up to `version`: watches from there on can still resume. Keeps a long-lived world small.
    pub fn compact_to(&self, version: u64) {
        self.lock().changes.forget_to(version);
    }

    /// Adds a line to what a container printed.
    pub fn append_log(&self, namespace: &str, pod: &str, container: &str, line: String) {
        let now = self.clock.now();
        self.lock().logs.append(namespace, pod, container, now, line);
    }

    /// Adds lines to a container's log, each with its time; `lines` is given the time of the last one there is.
    pub fn append_logs(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        lines: impl FnOnce(Option<jiff::Timestamp>) -> Vec<(jiff::Timestamp, String)>,
    ) {
        let mut inner = self.lock();
        let last = inner.logs.last(namespace, pod, container);
        for (at, line) in lines(last) {
            inner.logs.append(namespace, pod, container, at, line);
        }
    }

    /// A container restarts: what it printed so far is from now on its previous output.
    pub fn rotate_log(&self, namespace: &str, pod: &str, container: &str) {
        self.lock().logs.rotate(namespace, pod, container);
    }

    /// What a container printed since its last restart, or in the run before it.
    pub fn logs(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Vec<LogLine> {
        self.lock().logs.read(namespace, pod, container, previous)
    }

    /// Changes whenever a line was added or a pod's output is gone.
    pub fn log_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.lock().logs.added.subscribe()
    }
}

/// Seconds that a pod gets: none when it never started or already ended.
fn pod_grace(pod: &Value, asked: Option<i64>) -> i64 {
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let unscheduled = pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    if ended || unscheduled {
        return 0;
    }
    asked.or_else(|| pod["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30).max(0)
}

impl Inner {
    fn get(&self, r: &Resource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.objects.get(&(r.group, r.plural))?.get(namespace)?.get(name).cloned()
    }

    fn list(&self, r: &Resource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Some(all) = self.objects.get(&(r.group, r.plural)) else { return Vec::new() };
        match namespace {
            Some(namespace) => all.get(namespace).into_iter().flat_map(BTreeMap::values).cloned().collect(),
            None => all.values().flat_map(BTreeMap::values).cloned().collect(),
        }
    }

    fn commit(
        &mut self,
        now: Option<Timestamp>,
        resource: &'static Resource,
        kind: ChangeKind,
        mut object: Value,
        old: Option<Arc<Value>>,
    ) -> Arc<Value> {
        // Without a time it is a dry run.
        let Some(now) = now else { return Arc::new(object) };
        self.version += 1;
        object::metadata(&mut object).insert("resourceVersion".into(), json!(self.version.to_string()));
        let (namespace, name) = (meta(&object, "namespace").to_owned(), meta(&object, "name").to_owned());
        let object = Arc::new(object);
        let space = self.objects.entry((resource.group, resource.plural)).or_default();
        if kind == ChangeKind::Deleted {
            if let Some(objects) = space.get_mut(&namespace) {
                objects.remove(&name);
            }
            if resource.kind == "Pod" {
                self.logs.forget(&namespace, &name);
            }
        } else {
            space.entry(namespace).or_default().insert(name, Arc::clone(&object));
        }
        let change = Change { resource, kind, object: Arc::clone(&object), old, version: self.version };
        self.changes.publish(change, now);
        object
    }
}

impl admission::Surroundings for Inner {
    fn object(&self, r: &'static Resource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.get(r, namespace, name)
    }

    fn objects(&self, r: &'static Resource, namespace: &str) -> Vec<Arc<Value>> {
        self.list(r, Some(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{World, resource::resources::*};

    fn store() -> Store {
        World::empty(Clock::System, 7).store
    }

    fn deployment(name: &str) -> Value {
        let template = json!({
            "metadata": { "labels": { "app": name } },
            "spec": { "containers": [{ "name": "app", "image": "registry.test/app:1" }] },
        });
        json!({
            "metadata": { "name": name, "namespace": "default" },
            "spec": { "selector": { "matchLabels": { "app": name } }, "template": template },
        })
    }

    #[test]
    fn a_write_that_changes_nothing_is_silent() {
        let store = store();
        let made = store.create(&DEPLOYMENTS, deployment("web")).unwrap();
        let mut changes = store.subscribe();
        let same = store.update(&DEPLOYMENTS, "default", "web", Part::Whole, None, |_| Ok(())).unwrap();
        assert_eq!(meta(&made, "resourceVersion"), meta(&same, "resourceVersion"));
        assert!(changes.try_next().is_none());
    }

    #[test]
    fn generation_follows_spec_and_a_deployments_annotations_only() {
        let store = store();
        store.create(&DEPLOYMENTS, deployment("web")).unwrap();
        let generation = |part, path: &str, value: Value| {
            let edit = |o: &mut Value| {
                json_patch::patch(
                    o,
                    &serde_json::from_value::<json_patch::Patch>(
                        json!([{ "op": "add", "path": path, "value": value }]),
                    )
                    .unwrap(),
                )
                .unwrap();
                Ok(())
            };
            store.update(&DEPLOYMENTS, "default", "web", part, None, edit).unwrap()["metadata"]["generation"].as_i64()
        };
        assert_eq!(generation(Part::Whole, "/metadata/labels", json!({ "a": "b" })), Some(1));
        assert_eq!(generation(Part::Status, "/status", json!({ "replicas": 1 })), Some(1));
        assert_eq!(generation(Part::Whole, "/spec/replicas", json!(3)), Some(2));
        assert_eq!(generation(Part::Whole, "/metadata/annotations", json!({ "a": "b" })), Some(3));
        assert_eq!(generation(Part::Whole, "/status", json!({ "replicas": 9 })), Some(3));
        assert_eq!(store.get(&DEPLOYMENTS, "default", "web").unwrap()["status"]["replicas"], 1);
    }

    #[test]
    fn a_stale_version_is_a_conflict() {
        let store = store();
        store.create(&CONFIG_MAPS, json!({ "metadata": { "name": "c", "namespace": "default" } })).unwrap();
        let error = store.update(&CONFIG_MAPS, "default", "c", Part::Whole, Some("1"), |_| Ok(())).unwrap_err();
        assert_eq!((error.code, error.reason.as_str()), (409, "Conflict"));
    }

    #[test]
    fn finalizers_keep_an_object_until_they_are_gone() {
        let store = store();
        let object = json!({ "metadata": { "name": "c", "namespace": "default", "finalizers": ["test/hold"] } });
        store.create(&CONFIG_MAPS, object).unwrap();
        assert!(terminating(&store.delete(&CONFIG_MAPS, "default", "c", DeleteOptions::default()).unwrap()));
        let release = |o: &mut Value| {
            o["metadata"]["finalizers"] = json!([]);
            Ok(())
        };
        store.update(&CONFIG_MAPS, "default", "c", Part::Whole, None, release).unwrap();
        assert!(store.get(&CONFIG_MAPS, "default", "c").is_none());
    }

    #[test]
    fn the_past_can_be_listed_until_it_is_compacted() {
        let store = store();
        let map = |name: &str| json!({ "metadata": { "name": name, "namespace": "default" } });
        store.create(&CONFIG_MAPS, map("a")).unwrap();
        let then = store.resource_version();
        store.create(&CONFIG_MAPS, map("b")).unwrap();
        store.delete(&CONFIG_MAPS, "default", "a", DeleteOptions::default()).unwrap();
        let names = |list: Vec<Arc<Value>>| list.iter().map(|o| meta(o, "name").to_owned()).collect::<Vec<_>>();
        assert_eq!(names(store.list_at(&CONFIG_MAPS, None, then).unwrap()), ["a"]);
        assert_eq!(names(store.list(&CONFIG_MAPS, None)), ["b"]);
        store.compact();
        assert!(store.list_at(&CONFIG_MAPS, None, then).is_none());
        assert_eq!(store.watch(&CONFIG_MAPS, then).unwrap_err().code, 410);
    }

    #[tokio::test(start_paused = true)]
    async fn the_past_of_a_resource_is_few_changes_or_five_minutes() {
        let store = World::empty(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 7).store;
        let start = store.resource_version();
        store.create(&CONFIG_MAPS, json!({ "metadata": { "name": "c", "namespace": "default" } })).unwrap();
        let write = |n: usize| {
            let edit = |o: &mut Value| {
                o["data"] = json!({ "n": n.to_string() });
                Ok(())
            };
            store.update(&CONFIG_MAPS, "default", "c", Part::Whole, None, edit).unwrap();
        };
        (0..150).for_each(write);
        assert_eq!(store.watch(&CONFIG_MAPS, start).unwrap().0.len(), 151, "all of it is fresh");
        tokio::time::advance(std::time::Duration::from_secs(301)).await;
        write(999);
        assert_eq!(store.watch(&CONFIG_MAPS, start).unwrap_err().code, 410);
        assert_eq!(store.watch(&CONFIG_MAPS, store.resource_version() - 100).unwrap().0.len(), 100);
        assert!(store.watch(&NAMESPACES, start).is_ok(), "another resource's past is its own");
    }

    #[test]
    fn a_dry_run_answers_and_keeps_nothing() {
        let store = store();
        let version = store.resource_version();
        assert!(store.dry_run().create(&DEPLOYMENTS, deployment("web")).is_ok());
        assert!(store.get(&DEPLOYMENTS, "default", "web").is_none());
        assert_eq!(store.resource_version(), version);
    }

    #[test]
    fn one_seed_makes_one_world() {
        let uids = || store().list(&NAMESPACES, None).iter().map(|n| meta(n, "uid").to_owned()).collect::<Vec<_>>();
        assert_eq!(uids(), uids());
        assert_eq!(uids()[0].len(), 36);
    }
}
