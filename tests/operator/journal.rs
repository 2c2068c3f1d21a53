//! What is told of operations afterwards.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, World, deployment},
};
use futures::FutureExt;
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] =
    &[("journal::tells_who_what_why_and_the_commands", |w| it_tells(w).boxed_local())];

async fn it_tells(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let operator = Operator::new(&w);
    operator.run(&["restart", "deploy/web", "--yes", "--why", "leaks; TOKEN=hunter2"]).await.assert(0);

    let told: Value = serde_json::from_str(&operator.run(&["journal", "-o", "json"]).await.assert(0).out).unwrap();
    assert_eq!(told["apiVersion"], "pilothouse/v1");
    let account = &told["journal"][0];
    assert_eq!((&account["verb"], &account["state"]), (&json!("restart"), &json!("done")), "{account}");
    assert!(account["who"][0].as_str().unwrap().contains('@') && account["ended"].is_string(), "{account}");
    let commands = account["commands"].to_string();
    assert!(commands.contains("pilothouse restart deploy/web"), "{commands}");
    assert!(commands.contains("kubectl rollout restart deploy/web"), "{commands}");

    let report = operator.run(&["journal", "--since", "24h", "-o", "markdown"]).await;
    let report = &report.assert(0).out;
    for part in [
        "| when | who | what | result |",
        "- **why** leaks;",
        "| time (UTC) | what happened |",
        "```sh",
        "- **result** done",
    ] {
        assert!(report.contains(part), "{part} in:\n{report}");
    }
    assert!(!report.contains("hunter2") && !told.to_string().contains("hunter2"), "{report}");

    let one = operator.run(&["journal", account["id"].as_str().unwrap()]).await;
    assert!(one.assert(0).out.contains("leaks;"), "{}", one.out);
    operator.run(&["journal", "no-such-operation"]).await.assert(1);
    operator.run(&["journal", "--since", "yesterday"]).await.assert(2);
    let help = operator.run(&["journal", "--help"]).await;
    assert!(help.assert(0).out.contains("--since") && help.out.contains("report.md"), "{}", help.out);
    let elsewhere = Operator::new(&w);
    assert!(elsewhere.run(&["journal"]).await.assert(0).out.contains("nothing was changed"));
}
