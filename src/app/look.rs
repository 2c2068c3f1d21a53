//! One side of a workload, for a screen or the command line: what was observed, with what the planners know about it.

use super::Session;
use crate::{
    connect::kube::ApiErrorKind,
    formats::{self, redact, traits},
    model::{Aspect, History, ObjectRef, Origin, PastRevision, Revision, Served, Sight, Unseen},
    observe::{self, ObserveError, look},
    plan,
};

impl Session {
    /// Looks at a workload from one side.
    ///
    /// # Errors
    /// What cannot be seen, and why.
    pub async fn look(&self, target: &ObjectRef, aspect: Aspect) -> Result<Sight, Unseen> {
        self.observe(target, aspect).await.map_err(unseen)
    }

    async fn observe(&self, target: &ObjectRef, aspect: Aspect) -> Result<Sight, ObserveError> {
        let cluster = &self.cluster;
        Ok(match aspect {
            Aspect::Overview => Sight::Overview(look::overview(cluster, target).await?),
            Aspect::Revisions => Sight::Revisions(self.history(target).await?),
            Aspect::Pods => Sight::Pods(look::pods(cluster, target).await?),
            Aspect::Usage => Sight::Usage(look::usage(cluster, target).await?),
            Aspect::Events => {
                let (events, cut) = look::events(cluster, target).await?;
                Sight::Events(events, cut)
            }
            Aspect::Autoscaler => Sight::Autoscaler(look::autoscaler(cluster, target).await?),
            Aspect::Manifest => Sight::Manifest(look::manifest(cluster, target).await?),
            Aspect::Traffic => Sight::Traffic(look::traffic(cluster, target).await?),
            Aspect::Git => Sight::Git(Box::new(self.origin(target, None).await?)),
        })
    }

    /// What a workload ran before, which of it is known to have worked, and what its reconciler did.
    ///
    /// # Errors
    /// The workload is gone, or its revisions may not be read.
    pub async fn history(&self, target: &ObjectRef) -> Result<History, ObserveError> {
        let object = self.cluster.reader().get(target).await?;
        let owner = formats::owner::owner(&object);
        let seen = self.journals.seen();
        let reconciled = async {
            match &owner {
                Some(owner) => Some(look::reconciliations(&self.cluster, owner).await),
                None => None,
            }
        };
        let (revisions, reconciliations) =
            tokio::join!(observe::revisions(&self.cluster, &object, &seen.proven), reconciled);
        let revisions = revisions?;
        let assessed = plan::assess(&revisions, self.clock.now());
        let told = revisions.into_iter().zip(assessed).map(|(revision, known)| {
            let ours = seen.served.get(&formats::template::hash(&revision.template)).copied();
            let served = ours.or_else(|| Some(Served { at: look::served(&object, &revision)?, built: None }));
            PastRevision { served, ..past(target, revision, known) }
        });
        Ok(History { revisions: told.collect(), owner, reconciliations })
    }

    /// Where Git sets a workload's image; `repository` is the operator's word for where to look.
    ///
    /// # Errors
    /// No repository is known or it cannot be read, or nothing in it fits.
    pub async fn origin(&self, target: &ObjectRef, repository: Option<&str>) -> Result<Origin, ObserveError> {
        let origin = look::origin(&self.world(), target, repository).await?;
        self.keep_commits(target, origin.places.iter().flat_map(|place| place.commits.iter().cloned()).collect());
        Ok(origin)
    }
}

fn past(target: &ObjectRef, revision: Revision, known: plan::Assessment) -> PastRevision {
    PastRevision {
        revision: revision.revision,
        current: revision.current,
        known_good: known.known_good,
        evidence: known.evidence,
        created: revision.created,
        traits: traits::of(&revision.template),
        cause: revision.cause.as_deref().map(redact::cause),
        replicas: revision.replicas,
        ready: revision.ready,
        kept_by: ObjectRef::new(revision.source.kind, target.namespace.clone(), revision.source.name),
        missing: revision.missing,
        served: None,
        containers: revision.containers,
    }
}

fn unseen(error: ObserveError) -> Unseen {
    let forbidden = matches!(&error, ObserveError::Api(error) if error.kind == ApiErrorKind::Forbidden);
    Unseen { forbidden, why: error.to_string(), hint: error.hint() }
}
