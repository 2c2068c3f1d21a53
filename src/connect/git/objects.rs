//! Reading a commit's files straight from its trees: nothing is ever checked out.

use git2::{ObjectType, Oid};

use super::error::GitError;
use super::repository::Repository;

/// The regular files of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files that were wanted, in the order of the tree.
    pub files: Vec<File>,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
}

/// A file in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path from the top of the repository, with `/`.
    pub path: String,
    /// Its content's object.
    pub blob: Oid,
}

/// Something in a commit that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path; bytes that are not UTF-8 are shown as �.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A symbolic link, which could lead anywhere.
    Symlink,
    /// A commit of another repository.
    Submodule,
    /// Larger than `MAX_FILE_BYTES`.
    TooLarge,
    /// Its name is not UTF-8.
    Name,
    /// A name that could not be checked out safely: `.git`, `..`.
    Unsafe,
    /// Deeper or more than `MAX_ENTRIES` entries.
    TooMany,
}

/// Larger files are data, not configuration.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// Trees can name each other again and again; no real repository has so many entries.
pub const MAX_ENTRIES: usize = 2_000_000;
const MAX_DEPTH: usize = 64;

impl Repository {
    /// Lists the files of a commit whose path is `wanted`. Contents are not read; symbolic links and submodules are not followed.
    pub fn files_at(&self, commit: Oid, wanted: impl Fn(&str) -> bool) -> Result<Listing, GitError> {
        let objects = self.objects()?;
        let failed = |error| GitError::objects(format!("reading commit {commit}"))(error);
        let database = objects.odb().map_err(failed)?;
        let root = objects.find_commit(commit).map_err(failed)?.tree_id();
        let mut listing = Listing::default();
        let mut entries = 0;
        let mut open = vec![(String::new(), root, 0)];
        while let Some((folder, tree, depth)) = open.pop() {
            let tree = objects.find_tree(tree).map_err(failed)?;
            let mut folders = Vec::new();
            for entry in &tree {
                let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
                let mut skip = |path: String, why| listing.skipped.push(Skipped { path, why });
                entries += 1;
                if entries > MAX_ENTRIES || depth > MAX_DEPTH {
                    skip(path, Why::TooMany);
                    return Ok(listing);
                }
                match (entry.name(), entry.kind(), entry.filemode()) {
                    (Err(_), ..) => skip(path, Why::Name),
                    (Ok(".git" | "." | ".."), ..) => skip(path, Why::Unsafe),
                    (_, Some(ObjectType::Tree), _) => folders.push((format!("{path}/"), entry.id(), depth + 1)),
                    (_, Some(ObjectType::Commit), _) => skip(path, Why::Submodule),
                    (_, _, 0o120_000) => skip(path, Why::Symlink),
                    _ if !wanted(&path) => {}
                    _ if database.read_header(entry.id()).map_err(failed)?.0 > MAX_FILE_BYTES => {
                        skip(path, Why::TooLarge)
                    }
                    _ => listing.files.push(File { path, blob: entry.id() }),
                }
            }
            open.extend(folders.into_iter().rev());
        }
        Ok(listing)
    }

    /// The bytes of listed files, one after the other, for as long as the caller takes them.
    pub fn contents<'l>(
        &self,
        files: &'l [File],
    ) -> Result<impl Iterator<Item = Result<(&'l str, Vec<u8>), GitError>> + use<'l>, GitError> {
        let objects = self.objects()?;
        Ok(files.iter().map(move |file| {
            let blob = objects.find_blob(file.blob).map_err(GitError::objects(format!("reading {}", file.path)))?;
            Ok((file.path.as_str(), blob.content().to_vec()))
        }))
    }

    /// The bytes of a file in a commit; `None` when the commit has no such file.
    pub fn read(&self, commit: Oid, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let objects = self.objects()?;
        let failed = |error| GitError::objects(format!("reading {path} in {commit}"))(error);
        let Some(blob) = blob_at(&objects, commit, path)? else { return Ok(None) };
        Ok(Some(objects.find_blob(blob).map_err(failed)?.content().to_vec()))
    }
}

/// The object of a regular file. Errors: the path is a link, a folder or a submodule.
pub(super) fn blob_at(objects: &git2::Repository, commit: Oid, path: &str) -> Result<Option<Oid>, GitError> {
    let failed = |error| GitError::objects(format!("reading {path} in {commit}"))(error);
    let tree = objects.find_commit(commit).and_then(|commit| commit.tree()).map_err(failed)?;
    let entry = match tree.get_path(std::path::Path::new(path)) {
        Ok(entry) => entry,
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let not_a_file = |what| Err(GitError::NotAFile { path: path.to_owned(), what, commit: commit.to_string() });
    match (entry.kind(), entry.filemode()) {
        (_, 0o120_000) => not_a_file("a symbolic link"),
        (Some(ObjectType::Blob), _) => Ok(Some(entry.id())),
        (Some(ObjectType::Commit), _) => not_a_file("a submodule"),
        _ => not_a_file("a folder"),
    }
}
