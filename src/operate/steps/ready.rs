//! Waits until a Service has ready endpoints. Not knowing is waiting.

use super::Ended;
use crate::{
    connect::kube::Reader,
    model::Kind,
    operate::{run::Run, stop::Stop},
    wire::EndpointSlice,
};
use std::{collections::HashSet, time::Duration};

/// How often the endpoints are counted.
const LOOK: Duration = Duration::from_secs(2);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    namespace: &str,
    service: &str,
    wanted: u32,
) -> Result<Ended, Stop> {
    let mut said = None;
    loop {
        let found = count(run, index, namespace, service).await?;
        match &found {
            Ok(ready) if *ready >= wanted => return Ok(Ended::done(format!("{service}: {ready} ready"))),
            _ if said.as_ref() == Some(&found) => {}
            Ok(ready) => run.note(index, format!("{service}: {ready} ready, {wanted} needed")).await,
            Err(why) => run.note(index, format!("{service}: readiness is not known ({why}), so this waits")).await,
        }
        said = Some(found);
        run.wait(LOOK).await?;
    }
}

/// Ready endpoints of a Service; Err says why they are not known.
pub(super) async fn count(
    run: &mut Run,
    index: usize,
    namespace: &str,
    service: &str,
) -> Result<Result<u32, String>, Stop> {
    let (namespace, labels) = (namespace.to_owned(), format!("kubernetes.io/service-name={service}"));
    let question = move |reader: Reader| {
        let (namespace, labels) = (namespace.clone(), labels.clone());
        async move { reader.list_as::<EndpointSlice>(Kind::EndpointSlice, Some(&namespace), Some(&labels), None).await }
    };
    let slices = run.ask(index, question).await?;
    Ok(slices.map(|slices| ready(&slices)).map_err(|error| error.to_string()))
}

/// Addresses that are ready, each once: a slice of IPv4 and one of IPv6, or two slices during a move, may name one twice.
fn ready(slices: &[EndpointSlice]) -> u32 {
    let endpoints = slices.iter().flat_map(|slice| &slice.endpoints);
    let ready: HashSet<&str> = endpoints
        .filter(|endpoint| endpoint.conditions.ready.unwrap_or(true))
        .filter_map(|endpoint| endpoint.addresses.first().map(|address| &**address))
        .collect();
    u32::try_from(ready.len()).unwrap_or(u32::MAX)
}
