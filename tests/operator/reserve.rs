//! `pilothouse reserve`: a cluster for oneself, for a while.
//!
//! The reservation is the cluster's, and stories run beside each other: here one operator only takes, shows and returns it. What
//! others meet is in the contract suite.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, World},
};
use futures::FutureExt;
use serde_json::Value;

pub const ALL: &[(&str, Behaviour)] =
    &[("reserve::taken_shown_prolonged_and_given_back", |w| taken_and_given_back(w).boxed_local())];

async fn taken_and_given_back(w: World) {
    let operator = Operator::new(&w);
    let json = async |arguments: &[&str]| -> Value {
        let seen = operator.run(&[arguments, &["-o", "json"]].concat()).await;
        serde_json::from_str(&seen.assert(0).out).unwrap()
    };
    assert_eq!(json(&["reserve"]).await["reservation"], Value::Null);
    let refused = operator.run(&["reserve", "--for", "2h", "--read-only"]).await;
    assert!(refused.assert(3).err.contains("this is read-only mode"), "{}", refused.err);
    let tried = json(&["reserve", "--for", "2h", "--dry-run"]).await;
    assert_eq!((&tried["dry_run"], &tried["reservation"]["ours"]), (&true.into(), &true.into()));
    assert_eq!(json(&["reserve"]).await["reservation"], Value::Null, "a dry run writes nothing");

    let taken = operator.run(&["reserve", "--for", "2h", "--why", "load test"]).await;
    assert!(taken.assert(0).out.contains("is yours until") && taken.out.contains("for 2h more"), "{}", taken.out);
    let shown = json(&["reserve"]).await;
    let reservation = &shown["reservation"];
    assert_eq!((&reservation["why"], &reservation["expired"]), (&"load test".into(), &false.into()));
    let prolonged = operator.run(&["reserve", "--for", "3h"]).await;
    assert!(prolonged.assert(0).out.contains("(prolonged)"), "{}", prolonged.out);
    let report = json(&["status"]).await;
    assert_eq!(report["reservation"]["holder"], reservation["holder"], "status tells of it too");
    assert_eq!(report["reservation"]["why"], "load test", "prolonged without a word it is for what it was for");
    let table = operator.run(&["status"]).await;
    assert!(table.assert(0).out.contains("reserved by "), "{}", table.out);

    let returned = operator.run(&["reserve", "--release"]).await;
    assert!(returned.assert(0).out.contains("is given back"), "{}", returned.out);
    let again = operator.run(&["reserve", "--release"]).await;
    assert!(again.assert(0).out.contains("nothing to give back"), "{}", again.out);
    for wrong in [["--for", "10s"], ["--for", "8d"], ["--for", "soon"]] {
        operator.run(&[&["reserve"], &wrong[..]].concat()).await.assert(2);
    }
}
