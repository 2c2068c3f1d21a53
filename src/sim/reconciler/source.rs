//! Reading a bare repository: where its branch is, and the manifests of a commit.
//!
//! Invariant: only objects and refs are read; no checkout, no hook, no configuration of others is run.

use super::Error;
use git2::{ObjectType, Repository, TreeWalkMode, TreeWalkResult};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The manifests of a commit by their path in the repository.
pub type Files = BTreeMap<String, String>;

/// Larger files are no manifests.
const LARGEST: usize = 1 << 20;

/// What a cheap look at the refs sees: sizes and times of the files that hold a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<Option<(u64, SystemTime)>>);

/// The stamp of a branch; `None` when there is no repository.
pub fn stamp(folder: &Path, branch: &str) -> Option<Stamp> {
    let git = git_folder(folder);
    let of = |path: PathBuf| path.metadata().ok().and_then(|m| Some((m.len(), m.modified().ok()?)));
    git.join("objects")
        .is_dir()
        .then(|| Stamp(vec![of(git.join("refs/heads").join(branch)), of(git.join("packed-refs"))]))
}

/// A bare repository's own folder, or the `.git` of another.
fn git_folder(folder: &Path) -> PathBuf {
    let inner = folder.join(".git");
    if inner.is_dir() { inner } else { folder.to_owned() }
}

fn open(folder: &Path) -> Result<Repository, Error> {
    let failed =
        |e: git2::Error| Error::Source { what: format!("repository '{}'", folder.display()), why: e.message().into() };
    Repository::open(folder).map_err(failed)
}

/// `main@sha1:<sha>` of a branch.
pub fn tip(folder: &Path, branch: &str) -> Result<String, Error> {
    let repository = open(folder)?;
    let found = repository.find_reference(&format!("refs/heads/{branch}")).and_then(|r| r.peel_to_commit());
    let commit = found.map_err(|e| Error::Source { what: format!("branch '{branch}'"), why: e.message().into() })?;
    Ok(format!("{branch}@sha1:{}", commit.id()))
}

/// The YAML files of a commit.
pub fn files(folder: &Path, commit: &str) -> Result<Files, Error> {
    let failed = |e: git2::Error| Error::Source { what: format!("commit {commit}"), why: e.message().into() };
    let repository = open(folder)?;
    let id = git2::Oid::from_str(commit).map_err(failed)?;
    let tree = repository.find_commit(id).and_then(|c| c.tree()).map_err(failed)?;
    let mut files = Files::new();
    let walk = tree.walk(TreeWalkMode::PreOrder, |parent, entry| {
        let name = entry.name().unwrap_or_default();
        let wanted = name.ends_with(".yaml") || name.ends_with(".yml") || name == "Kustomization";
        // A symbolic link is a blob too: its mode tells.
        if wanted && entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000 {
            let blob = repository.find_blob(entry.id()).ok().filter(|b| b.size() <= LARGEST);
            if let Some(text) = blob.and_then(|b| String::from_utf8(b.content().to_vec()).ok()) {
                files.insert(format!("{parent}{name}"), text);
            }
        }
        TreeWalkResult::Ok
    });
    walk.map_err(failed)?;
    Ok(files)
}
