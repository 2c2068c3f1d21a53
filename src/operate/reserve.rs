//! Reserving a cluster: a Lease that tells everybody who wants it for themselves, until when and what for.
//!
//! It is no operation: it changes nothing that runs, keeps nobody from anything and has no steps to take back, so it needs no plan and
//! no journal; the Lease is its own record. It passes the guard like every write.
//!
//! Invariant: what somebody else holds is never written over before it has ended by itself. Each write has the version that was
//! looked at as its precondition; a lost answer is followed by another look.

use super::{
    guard::{self, Mode, Refused},
    lease::micro,
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Writer},
    formats::{
        lease::{ACTOR, LABEL, REASON},
        reservation,
    },
    model::{Access, Kind, Reservation},
    wire,
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::time::Duration;

/// How often somebody else may be faster before this gives up.
const RACES: u32 = 5;
/// Pause after a lost race or a lost answer.
const PAUSE: Duration = Duration::from_millis(300);

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To have the cluster from now on.
    Hold {
        /// For how many seconds.
        seconds: u32,
        /// What for.
        why: Option<String>,
    },
    /// To give it back.
    Release,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The reservation as it is now; None once it is given back.
    pub now: Option<Reservation>,
    /// What was there before: prolonged, ended by itself, or given back.
    pub before: Option<Reservation>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The guard refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Somebody else has it.
    #[error("{} has reserved this cluster until {}{}", .0.holder, .0.until.strftime("%F %H:%M UTC"), .0.remarks(*.1))]
    Held(Box<Reservation>, Timestamp),
    /// The API server did not do it.
    #[error("cannot write the reservation: {0}")]
    Api(#[from] ApiError),
}

impl ReserveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refused) => Some(refused.todo.clone()),
            Self::Held(held, _) => Some(format!(
                "talk to {}; it ends by itself, or with `kubectl -n {} delete lease {}`",
                held.who(),
                held.lease.namespace,
                held.lease.name
            )),
            Self::Api(error) => error.hint().map(str::to_owned),
        }
    }
}

/// Takes, prolongs or gives back the reservation for `actor`, a `user@host`. With `dry_run` the API server is asked and changes
/// nothing.
///
/// # Errors
/// The guard refuses, somebody else holds it, or the API server does not answer; nothing was changed then.
pub async fn reserve(
    wish: &Wish,
    actor: &str,
    mode: Mode,
    cluster: &Cluster,
    dry_run: bool,
) -> Result<Reserved, ReserveError> {
    let lease = reservation::lease();
    let needs = match wish {
        Wish::Hold { .. } => ["create", "patch"].as_slice(),
        Wish::Release => &["patch"],
    };
    let needs: Vec<Access> = needs.iter().map(|verb| Access::new(verb, Kind::Lease, &lease.namespace)).collect();
    let writer = guard::authorize_note("a reservation of this cluster", &needs, mode, cluster).await?;
    let mut races = 0;
    loop {
        let found = cluster.reader().find(&lease).await?;
        let before = found.as_ref().and_then(read);
        let now = cluster.clock().now();
        if let Some(held) = before.as_ref().filter(|held| held.concerns(actor, now)) {
            return Err(ReserveError::Held(Box::new(held.clone()), now));
        }
        let ours = before.as_ref().filter(|held| &*held.holder == actor);
        if *wish == Wish::Release && ours.is_none() {
            return Ok(Reserved { now: None, before });
        }
        let written =
            write(&writer, found.as_ref(), wish, actor, ours.filter(|held| held.stands(now)), now, dry_run).await;
        match written {
            Ok(lease) => return Ok(Reserved { now: read(&lease), before }),
            // Somebody was faster, or the answer was lost: the next look tells. Writing the same twice is no harm.
            Err(error)
                if races < RACES
                    && matches!(
                        error.kind,
                        ApiErrorKind::Conflict
                            | ApiErrorKind::AlreadyExists
                            | ApiErrorKind::NotFound
                            | ApiErrorKind::Unknown
                    ) =>
            {
                races += 1;
                tokio::time::sleep(error.retry_after.unwrap_or(PAUSE)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Who has reserved the cluster; None where nobody has.
///
/// # Errors
/// Leases may not be read there, or the API server does not answer.
pub async fn reserved(cluster: &Cluster) -> Result<Option<Reservation>, ApiError> {
    Ok(cluster.reader().find(&reservation::lease()).await?.as_ref().and_then(read))
}

fn read(lease: &Value) -> Option<Reservation> {
    reservation::read(&wire::Lease::deserialize(lease).ok()?)
}

/// Writes the Lease as it is wished, only if it is still as it was `found`; `standing` is our own reservation that is prolonged.
async fn write(
    writer: &Writer,
    found: Option<&Value>,
    wish: &Wish,
    actor: &str,
    standing: Option<&Reservation>,
    now: Timestamp,
    dry_run: bool,
) -> Result<Value, ApiError> {
    let object = reservation::lease();
    let (mut spec, annotations) = match wish {
        Wish::Hold { seconds, why } => {
            // Prolonged without a word it is for what it was for.
            let why = why.as_deref().or(standing.and_then(|held| held.reason.as_deref()));
            let spec = json!({"holderIdentity": actor, "leaseDurationSeconds": seconds, "renewTime": micro(now)});
            (spec, json!({ (ACTOR): actor, (REASON): why }))
        }
        Wish::Release => {
            (json!({"holderIdentity": Value::Null, "renewTime": micro(now)}), json!({ (ACTOR): null, (REASON): null }))
        }
    };
    if standing.is_none() && *wish != Wish::Release {
        spec["acquireTime"] = micro(now).into();
    }
    let labels = json!({ (LABEL.0): LABEL.1 });
    let Some(found) = found else {
        let mut annotations = annotations;
        if let Some(map) = annotations.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": &*object.name, "namespace": &*object.namespace, "labels": labels, "annotations": annotations},
            "spec": spec,
        });
        return writer.create(&object, &lease, dry_run).await;
    };
    let metadata = json!({
        "resourceVersion": found["metadata"]["resourceVersion"], "labels": labels, "annotations": annotations,
    });
    writer.patch_merge(&object, &json!({"metadata": metadata, "spec": spec}), dry_run).await
}
