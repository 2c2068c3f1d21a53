//! Which repository a bump is written to: the one the operator names, the configuration's, the one that Flux or Argo CD applies the
//! workload from, or the clone that the program was started in. In that order; how it was found is said.

use super::{World, application, common};
use crate::{
    connect::{git::Repository, kube::Reader},
    formats,
    model::{Kind, ObjectRef, Owner, OwnerKind},
    observe::ObserveError,
    wire::GitRepository,
};
use std::path::Path;

/// A repository that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::observe) struct Found {
    /// A URL or an absolute path.
    pub location: String,
    /// How it was found.
    pub how: String,
    /// The branches to try, in this order; the remote's default after them.
    pub branches: Vec<String>,
    /// Whether the operator named the branch: then no other one will do.
    pub fixed: bool,
    /// The folder that Flux or Argo CD applies the workload from, with `/` and without a leading one, where that is known.
    pub path: Option<String>,
}

/// Finds the repository.
pub(in crate::observe) async fn find(
    world: &World,
    owner: Option<&Owner>,
    asked: Option<&str>,
    branch: Option<&str>,
) -> Result<Found, ObserveError> {
    if let Some(found) = known(world, owner, asked, branch).await? {
        return Ok(found);
    }
    let cache = world.git_cache.clone();
    match tokio::task::spawn_blocking(move || Repository::open(".", &cache)).await {
        Ok(Ok(_)) => Ok(Found {
            location: absolute("."),
            how: "the clone in this folder".into(),
            branches: branch.into_iter().map(str::to_owned).collect(),
            fixed: branch.is_some(),
            path: None,
        }),
        _ => Err(unknown()),
    }
}

/// Nothing says which repository it is.
pub(in crate::observe) fn unknown() -> ObserveError {
    ObserveError::Repository {
        message:
            "which Git repository sets the image is not known: nothing names one, neither Flux nor Argo CD applies the \
                  workload from one that is seen here, and this folder is no clone"
                .into(),
        hint: Some("give it with --repo, or set it in the configuration".into()),
    }
}

/// The repository that is told, not guessed; None where nothing tells one.
pub(in crate::observe) async fn known(
    world: &World,
    owner: Option<&Owner>,
    asked: Option<&str>,
    branch: Option<&str>,
) -> Result<Option<Found>, ObserveError> {
    let told = told(world.cluster.reader(), owner).await;
    let path = told.as_ref().map(|told| told.path.clone());
    let branches = match (branch, &told) {
        (Some(branch), _) => vec![branch.to_owned()],
        (None, Some(told)) => told.branch.iter().cloned().collect(),
        (None, None) => Vec::new(),
    };
    let found = |location: &str, how: String, fixed: bool| Found {
        location: absolute(location),
        how,
        branches: branches.clone(),
        fixed: branch.is_some() || fixed,
        path: path.clone(),
    };
    if let Some(asked) = asked {
        return Ok(Some(found(asked, "--repo".into(), false)));
    }
    if let Some(configured) = &world.repository {
        return Ok(Some(found(configured, "the configuration".into(), false)));
    }
    let Some(told) = &told else { return Ok(None) };
    if let Some(tag) = &told.tag {
        return Err(ObserveError::Repository {
            message: format!("{} is fixed to tag {tag}: no commit to a branch gets there", told.by),
            hint: Some("name the repository and branch with --repo and --branch".into()),
        });
    }
    Ok(Some(found(&told.url, told.by.to_string(), told.fixed)))
}

/// What an object in the cluster tells of the repository.
struct Told {
    by: ObjectRef,
    url: String,
    branch: Option<String>,
    /// Whether no other branch will do.
    fixed: bool,
    tag: Option<String>,
    path: String,
}

async fn told(reader: &Reader, owner: Option<&Owner>) -> Option<Told> {
    let steps = |path: &str| path.split('/').filter(|step| !matches!(*step, "" | ".")).collect::<Vec<_>>().join("/");
    if let Some(owner) = owner.filter(|owner| owner.kind == OwnerKind::Application) {
        let namespace = if owner.namespace.is_empty() { application::USUAL } else { &*owner.namespace };
        let by = ObjectRef::new(Kind::Application, namespace, owner.name.clone());
        let (url, revision, path) = application::source(&reader.find(&by).await.ok()??)?;
        // A revision that is no branch is a tag or a commit, to which no commit to another branch gets.
        let branch = Some(revision).filter(|revision| !matches!(&**revision, "" | "HEAD"));
        return Some(Told { by, url, fixed: branch.is_some(), branch, tag: None, path: steps(&path) });
    }
    let applied_by = behind(reader, owner?).await?;
    let (by, source, path) = source(reader, Some(&applied_by)).await?;
    let reference = &source.spec.reference;
    let branch = Some(reference.branch.to_string()).filter(|branch| !branch.is_empty());
    let tag = Some(reference.tag.to_string()).filter(|tag| !tag.is_empty() && branch.is_none());
    // Flux's own default, where a GitRepository names none.
    let branch = branch.or_else(|| Some("master".into()));
    Some(Told { by, url: source.spec.url.to_string(), branch, fixed: false, tag, path: steps(&path) })
}

/// The Flux Kustomization that applies a workload, or the HelmRelease that installs it.
async fn behind(reader: &Reader, owner: &Owner) -> Option<Owner> {
    if owner.kind != OwnerKind::HelmRelease {
        return Some(owner.clone());
    }
    let release = ObjectRef::new(Kind::HelmRelease, owner.namespace.clone(), owner.name.clone());
    formats::owner::owner(&reader.find(&release).await.ok().flatten()?)
}

/// The GitRepository behind a Flux Kustomization and the folder in it, where both may be read.
pub(super) async fn source(reader: &Reader, owner: Option<&Owner>) -> Option<(ObjectRef, GitRepository, String)> {
    let kustomization = common::kustomization(reader, owner).await?;
    let reference = &kustomization.spec.source_ref;
    if &*reference.kind != "GitRepository" {
        return None;
    }
    let namespace = match &*reference.namespace {
        "" => &*kustomization.metadata.namespace,
        named => named,
    };
    let object = ObjectRef::new(Kind::GitRepository, namespace, &*reference.name);
    let source = reader.get_as(&object).await.ok()?;
    Some((object, source, kustomization.spec.path.to_string()))
}

/// A path must mean the same when the operation is resumed from another folder.
fn absolute(location: &str) -> String {
    let path = location.strip_prefix("file://").unwrap_or(location);
    match Path::new(path).canonicalize() {
        Ok(path) => path.display().to_string(),
        Err(_) => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_absolute_and_a_url_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().display().to_string();
        assert_eq!(absolute(&path), path);
        assert_eq!(absolute(&format!("file://{path}")), path);
        assert!(Path::new(&absolute(".")).is_absolute());
        assert_eq!(absolute("https://git.example/shop.git"), "https://git.example/shop.git");
        assert_eq!(absolute("git@git.example:shop.git"), "git@git.example:shop.git");
    }
}
