//! What containers print: plausible lines, and the one that explains a crash.
//!
//! Invariant: lines go to the store's logs only, and depend on the pod and the seed, not on chance.

use super::container::{Container, Habit};
use crate::sim::controllers::{
    cluster::Cluster,
    object::{fnv, name, namespace, tag},
};
use serde_json::Value;

fn print(cluster: &Cluster, pod: &Value, container: &Container, line: String) {
    cluster.store.append_log(namespace(pod), name(pod), &container.name, line);
}

fn stamp(cluster: &Cluster) -> String {
    cluster.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The container came up.
pub fn started(cluster: &Cluster, pod: &Value, container: &Container, works: bool) {
    let at = stamp(cluster);
    let version = tag(&container.image);
    print(cluster, pod, container, format!("{at} INFO  starting {} version={version} pid=1", container.name));
    if works {
        print(cluster, pod, container, format!("{at} INFO  connected to database host=postgres port=5432"));
        return;
    }
    if container.habit() == Habit::Greedy {
        print(cluster, pod, container, format!("{at} INFO  loading the whole catalogue into memory"));
        return;
    }
    if container.habit() == Habit::Broken {
        print(cluster, pod, container, format!("{at} INFO  loading configuration from environment"));
        return;
    }
    print(cluster, pod, container, format!("{at} INFO  configuration loaded"));
    if container.habit() == Habit::Slow {
        print(cluster, pod, container, format!("{at} INFO  warming caches, this takes about 20s"));
    }
    let port = 8080 + fnv(&[&container.name]) % 3;
    print(cluster, pod, container, format!("{at} INFO  listening on :{port}"));
}

/// The container ended by itself.
pub fn ended(cluster: &Cluster, pod: &Value, container: &Container, code: i64, works: bool) {
    let at = stamp(cluster);
    if container.habit() == Habit::Greedy {
        // What the kernel kills has no last words.
        return;
    }
    if code != 0 && works {
        print(
            cluster,
            pod,
            container,
            format!("{at} ERROR migration 0042_order_totals failed: column \"total\" does not exist"),
        );
        print(cluster, pod, container, "fatal: 1 migration failed, nothing was committed".to_owned());
    } else if code != 0 {
        print(cluster, pod, container, "fatal: missing environment variable DB_URL".to_owned());
    } else {
        let rows = 100 + fnv(&[name(pod)]) % 900;
        print(cluster, pod, container, format!("{at} INFO  step 1/2 done rows={rows}"));
        print(cluster, pod, container, format!("{at} INFO  step 2/2 done"));
        print(cluster, pod, container, format!("{at} INFO  finished"));
    }
}

/// The container was told to stop.
pub fn stopping(cluster: &Cluster, pod: &Value, container: &Container) {
    let at = stamp(cluster);
    print(cluster, pod, container, format!("{at} INFO  SIGTERM received, draining connections"));
}
