//! Events about a workload, its revisions and its pods.
//!
//! One question an object while these are few; else the events of the namespace of these kinds, page by page and bounded,
//! of which those that belong here are kept.

use super::members::members;
use crate::{
    connect::kube::{ApiError, Cluster, Reader},
    formats::redact,
    model::{EventLine, Kind, ObjectRef},
    wire::Event,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::{cmp::Reverse, collections::HashSet};

/// Objects that are asked for one by one.
const FEW: usize = 12;
/// Questions asked at once.
const AT_ONCE: usize = 6;
/// Pages of a namespace's events that are read for each kind.
const PAGES: usize = 4;
/// Events kept.
const MOST: usize = 500;

/// The events, newest first, and whether older ones were left out.
pub async fn events(cluster: &Cluster, target: &ObjectRef) -> Result<(Vec<EventLine>, bool), ApiError> {
    let members = members(cluster, target).await?;
    let keepers = members.keepers.iter().flatten().filter(|keeper| keeper.object.kind == Kind::ReplicaSet);
    let mut sets: Vec<ObjectRef> = keepers.map(|keeper| keeper.object.clone()).collect();
    let pods = members.pods.iter().map(|pod| ObjectRef::new(Kind::Pod, target.namespace.clone(), &*pod.metadata.name));
    let mut pods: Vec<ObjectRef> = pods.collect();
    let reader = cluster.reader();
    let mut cut = members.omitted > 0;
    let mut found: Vec<EventLine> = Vec::new();
    let mut single = vec![target.clone()];
    for (kind, objects) in [(Kind::ReplicaSet, &mut sets), (Kind::Pod, &mut pods)] {
        if objects.len() <= FEW {
            single.append(objects);
        } else {
            let ours: HashSet<ObjectRef> = objects.drain(..).collect();
            let (all, more) = of_kind(reader, &target.namespace, kind).await?;
            found.extend(all.into_iter().filter(|event| ours.contains(&event.about)));
            cut |= more;
        }
    }
    let each = stream::iter(single).map(|object| about(reader, object)).buffer_unordered(AT_ONCE);
    for lines in each.try_collect::<Vec<_>>().await? {
        found.extend(lines);
    }
    found.sort_by_key(|event| Reverse(event.at));
    cut |= found.len() > MOST;
    found.truncate(MOST);
    Ok((found, cut))
}

async fn about(reader: &Reader, object: ObjectRef) -> Result<Vec<EventLine>, ApiError> {
    let fields = format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind);
    let events: Vec<Event> = reader.list_as(Kind::Event, Some(&object.namespace), None, Some(&fields)).await?;
    Ok(events.into_iter().map(|event| line(event, object.clone())).collect())
}

/// The namespace's events about objects of this kind, and whether there are more.
async fn of_kind(reader: &Reader, namespace: &str, kind: Kind) -> Result<(Vec<EventLine>, bool), ApiError> {
    let fields = format!("involvedObject.kind={kind}");
    let (mut lines, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = reader.page::<Event>(Kind::Event, Some(namespace), None, Some(&fields), next).await?;
        lines.extend(page.items.into_iter().map(|event| {
            let object = ObjectRef::new(kind, namespace, &*event.involved_object.name);
            line(event, object)
        }));
        next = page.next;
        if next.is_none() {
            return Ok((lines, false));
        }
    }
    Ok((lines, true))
}

fn line(event: Event, about: ObjectRef) -> EventLine {
    let (at, count) = (event.seen().or(event.began()), event.times());
    EventLine {
        at,
        first: event.began().filter(|first| count > 1 && Some(*first) != at),
        count,
        warning: &*event.kind == "Warning",
        message: redact::text(event.message.trim()),
        reason: event.reason,
        about,
    }
}
