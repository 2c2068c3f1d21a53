//! The demo's bare repository in its temporary folder.
//!
//! Invariant: commits are made from objects; the same files, authors and times give the same commit ids on every machine.

use super::{Error, manifests::Files, timeline::Commit};
use git2::{FileMode, Oid, Signature, Time, Tree};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const BRANCH: &str = "refs/heads/main";

/// A bare repository that vanishes with its folder.
pub struct Repository {
    git: git2::Repository,
    path: PathBuf,
    folder: TempDir,
}

impl Repository {
    /// An empty one in a new folder within `parent`, with `main` as its branch.
    pub fn create(parent: &Path) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("pilothouse-demo-").tempdir_in(parent)?;
        let path = folder.path().join("fleet.git");
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).initial_head("main").external_template(false).description("The demo's fleet");
        let git = git2::Repository::init_opts(&path, &options)?;
        // Who has never told Git who they are can try a bump all the same.
        let known = |key| git2::Config::open_default().is_ok_and(|config| config.get_string(key).is_ok());
        if !(known("user.name") && known("user.email")) {
            let mut config = git.config()?;
            config.set_str("user.name", "Demo Operator")?;
            config.set_str("user.email", "operator@demo.invalid")?;
        }
        Ok(Self { git, path, folder })
    }

    /// The bare repository.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder, to be kept as long as the repository is used.
    pub fn into_folder(self) -> TempDir {
        self.folder
    }

    /// Commits these files on `main`.
    pub fn commit(&mut self, files: &Files, commit: &Commit, at: Timestamp) -> Result<Oid, Error> {
        let tree = self.git.find_tree(self.tree(files, "")?)?;
        let who = Signature::new(commit.author.0, commit.author.1, &Time::new(at.as_second(), 0))?;
        let parent = match self.git.find_reference(BRANCH) {
            Ok(branch) => Some(branch.peel_to_commit()?),
            Err(_) => None,
        };
        let parents: Vec<_> = parent.iter().collect();
        let message = format!("{}\n", commit.message);
        Ok(self.git.commit(Some(BRANCH), &who, &who, &message, &tree, &parents)?)
    }

    /// Writes the tree of a folder; the empty prefix is the root.
    fn tree(&self, files: &Files, prefix: &str) -> Result<Oid, git2::Error> {
        let mut builder = self.git.treebuilder(None::<&Tree<'_>>)?;
        let mut done: Option<&str> = None;
        for (path, text) in files.range(prefix.to_owned()..).take_while(|(p, _)| p.starts_with(prefix)) {
            let rest = &path[prefix.len()..];
            match rest.split_once('/') {
                None => {
                    builder.insert(rest, self.git.blob(text.as_bytes())?, FileMode::Blob.into())?;
                }
                Some((folder, _)) if done != Some(folder) => {
                    done = Some(folder);
                    let inner = self.tree(files, &format!("{prefix}{folder}/"))?;
                    builder.insert(folder, inner, FileMode::Tree.into())?;
                }
                Some(_) => {}
            }
        }
        builder.write()
    }
}
