//! Which repository a bump is written to: the one the operator names, the configuration's, the one that Flux applies the
//! workload from, or the clone that the program was started in. In that order; how it was found is said.

use super::{World, common};
use crate::{
    connect::{git::Repository, kube::Reader},
    formats,
    model::{Kind, ObjectRef, Owner, OwnerKind},
    observe::ObserveError,
    wire::GitRepository,
};
use serde_json::Value;
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
    /// The folder that Flux applies the workload from, with `/` and without a leading one, where it is Flux and known.
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
            "which Git repository sets the image is not known: nothing names one, Flux does not apply the workload, \
                  and this folder is no clone"
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
    let reader = world.cluster.reader();
    let argo = argo(reader, owner).await;
    let applied_by = kustomization_behind(reader, owner).await;
    let source = source(reader, applied_by.as_ref()).await;
    let of_argo = argo.as_ref().map(|found| found.path.clone());
    let path = source.as_ref().map(|(_, _, path)| path.clone()).or_else(|| of_argo.flatten());
    let of_flux = source.as_ref().map(|(_, source, _)| source.spec.reference.branch.to_string());
    let branches = match (branch, of_flux) {
        (Some(branch), _) => vec![branch.to_owned()],
        (None, Some(branch)) if !branch.is_empty() => vec![branch],
        // Flux's own default, where a GitRepository names none.
        (None, Some(_)) => vec!["master".to_owned()],
        (None, None) => argo.as_ref().and_then(|found| found.branch.clone()).into_iter().collect(),
    };
    let found = |location: &str, how: String| Found {
        location: absolute(location),
        how,
        branches: branches.clone(),
        fixed: branch.is_some(),
        path: path.clone(),
    };
    if let Some(asked) = asked {
        return Ok(Some(found(asked, "--repo".into())));
    }
    if let Some(configured) = &world.repository {
        return Ok(Some(found(configured, "the configuration".into())));
    }
    let Some((object, source, _)) = &source else { return Ok(argo.map(|argo| found(&argo.url, argo.object))) };
    if !source.spec.reference.tag.is_empty() && source.spec.reference.branch.is_empty() {
        return Err(ObserveError::Repository {
            message: format!(
                "{object} is fixed to tag {}: no commit to a branch gets there",
                source.spec.reference.tag
            ),
            hint: Some("name the repository and branch with --repo and --branch".into()),
        });
    }
    Ok(Some(found(&source.spec.url, object.to_string())))
}

/// What an Argo CD Application deploys from Git.
struct Deployed {
    object: String,
    url: String,
    path: Option<String>,
    /// None where it follows the default branch.
    branch: Option<String>,
}

/// The Git source of the Application that owns a workload, where it may be read. Tracking seldom tells its namespace.
async fn argo(reader: &Reader, owner: Option<&Owner>) -> Option<Deployed> {
    let owner = owner.filter(|owner| owner.kind == OwnerKind::Application)?;
    let namespace = Some(&*owner.namespace).filter(|namespace| !namespace.is_empty());
    let all = reader.list(Kind::Application, namespace, None).await.ok()?;
    let mut named = all.iter().filter(|object| object["metadata"]["name"] == *owner.name);
    let application = named.next().filter(|_| named.next().is_none())?;
    deployed(application)
}

fn deployed(application: &Value) -> Option<Deployed> {
    let spec = &application["spec"];
    let several = spec["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_git = |source: &&Value| source["repoURL"].is_string() && !source["chart"].is_string();
    let mut sources: Vec<&Value> = several.iter().chain([&spec["source"]]).filter(of_git).collect();
    // What has a folder is deployed; what has only a name lends its values files.
    sources.sort_by_key(|source| !source["path"].is_string());
    let source = sources.first()?;
    let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.is_empty());
    let metadata = |field: &str| application["metadata"][field].as_str().unwrap_or_default().to_owned();
    let steps = |path: &str| path.split('/').filter(|step| !matches!(*step, "" | ".")).collect::<Vec<_>>().join("/");
    Some(Deployed {
        object: format!("Application {}/{}", metadata("namespace"), metadata("name")),
        url: text(&source["repoURL"])?,
        path: source["path"].as_str().map(steps),
        branch: text(&source["targetRevision"]).filter(|revision| revision != "HEAD"),
    })
}

/// The Flux Kustomization that applies a workload, or the HelmRelease that installs it.
async fn kustomization_behind(reader: &Reader, owner: Option<&Owner>) -> Option<Owner> {
    let owner = owner?;
    if owner.kind != OwnerKind::HelmRelease {
        return Some(owner.clone());
    }
    let release = ObjectRef::new(Kind::HelmRelease, owner.namespace.clone(), owner.name.clone());
    let found = reader.find(&release).await.ok().flatten()?;
    formats::owner::owner(&found)
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
    let steps = kustomization.spec.path.split('/').filter(|step| !matches!(*step, "" | "."));
    Some((object, source, steps.collect::<Vec<_>>().join("/")))
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
    fn an_application_tells_its_git_source() {
        let of = |spec: Value| {
            deployed(&serde_json::json!({"metadata": {"namespace": "argocd", "name": "web"}, "spec": spec}))
                .map(|found| (found.url, found.path, found.branch))
        };
        let git = serde_json::json!({"repoURL": "https://git.example.com/a", "path": "./apps/web/", "targetRevision": "main"});
        let values =
            serde_json::json!({"repoURL": "https://git.example.com/b", "ref": "values", "targetRevision": "HEAD"});
        let chart =
            serde_json::json!({"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.0.0"});
        let told = (String::from("https://git.example.com/a"), Some("apps/web".to_owned()), Some("main".to_owned()));
        assert_eq!(of(serde_json::json!({"source": git})), Some(told.clone()));
        assert_eq!(of(serde_json::json!({"sources": [values, git]})), Some(told));
        let told = ("https://git.example.com/b".to_owned(), None, None);
        assert_eq!(of(serde_json::json!({"sources": [chart, values]})), Some(told));
        assert_eq!(of(serde_json::json!({"source": chart})), None);
    }

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
