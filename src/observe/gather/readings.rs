//! What files say, kept from one commit to the next: only files whose bytes changed are read again.
//!
//! A reading is decided by a file's path and its blob alone, so that it stays true for ever; it is forgotten only to save memory.

use crate::{
    connect::git::{File, GitError, Oid, Repository},
    formats::index::{Index, Reading},
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// The readings of one repository: for each path the last blob read and what it says.
type Known = HashMap<String, (Oid, Arc<Reading>)>;

/// By the repository's remote. It is a memory of a pure function, so it may be everybody's.
static KNOWN: LazyLock<Mutex<HashMap<String, Known>>> = LazyLock::new(Mutex::default);

/// So many repositories are remembered; with more of them the memory starts anew.
const REPOSITORIES: usize = 8;

/// Fewer unread files than these are read on one thread.
const WORTH_A_THREAD: usize = 64;

/// The index of the listed files. Blocks.
pub(super) fn index(git: &Repository, files: &[File]) -> Result<Index, GitError> {
    let remote = git.remote();
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&remote).unwrap_or_default();
    let same = |file: &&File| known.get(&file.path).is_some_and(|(blob, _)| *blob == file.blob);
    let unread: Vec<&File> = files.iter().filter(|file| !same(file)).collect();
    let mut fresh = read(git, &unread)?;
    let mut now = Known::with_capacity(files.len());
    for file in files {
        let reading = match fresh.remove(&file.path) {
            Some(reading) => reading,
            // What is not fresh was known.
            None => match known.get(&file.path) {
                Some((_, reading)) => Arc::clone(reading),
                None => continue,
            },
        };
        now.insert(file.path.clone(), (file.blob, reading));
    }
    let index = Index::of(now.iter().map(|(path, (_, reading))| (path.clone(), Arc::clone(reading))));
    let mut memory = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.len() >= REPOSITORIES {
        memory.clear();
    }
    memory.insert(remote, now);
    Ok(index)
}

/// Reads files, shared among threads where they are many: each opens the objects for itself.
fn read(git: &Repository, files: &[&File]) -> Result<HashMap<String, Arc<Reading>>, GitError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let threads = if files.len() < WORTH_A_THREAD { 1 } else { threads };
    let share = files.len().div_ceil(threads).max(1);
    let of_share = |files: &[&File]| -> Result<Vec<(String, Arc<Reading>)>, GitError> {
        let owned: Vec<File> = files.iter().map(|file| (*file).clone()).collect();
        let contents = git.contents(&owned)?;
        contents.map(|file| file.map(|(path, bytes)| (path.to_owned(), Arc::new(Reading::of(path, &bytes))))).collect()
    };
    let shares = std::thread::scope(|scope| {
        let (first, others) = files.split_at(share.min(files.len()));
        let others: Vec<_> = others.chunks(share).map(|share| scope.spawn(move || of_share(share))).collect();
        let mut shares = vec![of_share(first)];
        for other in others {
            // A thread that is gone has read nothing; then the files are read here.
            shares.push(other.join().unwrap_or_else(|_| Ok(Vec::new())));
        }
        shares
    });
    let mut all = HashMap::with_capacity(files.len());
    for share in shares {
        all.extend(share?);
    }
    let missing: Vec<&File> = files.iter().copied().filter(|file| !all.contains_key(&file.path)).collect();
    all.extend(of_share(&missing)?);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::gather::place::Tip;

    #[test]
    fn a_new_commit_reads_what_changed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("shop.git");
        let remote = git2::Repository::init_bare(&bare).unwrap();
        let author = git2::Signature::now("ana", "ana@example.org").unwrap();
        let git = Repository::open(&bare.display().to_string(), &folder.path().join("cache")).unwrap();
        let commit = |files: &[(&str, &str)]| {
            let mut tree = remote.treebuilder(None).unwrap();
            for (path, text) in files {
                tree.insert(path, remote.blob(text.as_bytes()).unwrap(), 0o100_644).unwrap();
            }
            let tree = remote.find_tree(tree.write().unwrap()).unwrap();
            let id = remote.commit(None, &author, &author, "m", &tree, &[]).unwrap();
            remote.reference("refs/heads/main", id, true, "m").unwrap();
            git.fetch("main").unwrap()
        };
        let pod = |tag: &str| format!("kind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - image: r/a:{tag}\n");
        let first = commit(&[("a.yaml", &pod("v1")), ("b.yaml", &pod("v1"))]);
        let second = commit(&[("a.yaml", &pod("v2")), ("b.yaml", &pod("v1"))]);
        let images = |commit| {
            let tip = Tip::read(git.clone(), "main".into(), commit).unwrap();
            tip.index.references().map(|found| found.image.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(images(first), ["r/a:v1", "r/a:v1"]);
        let reading = |path: &str| Arc::clone(&KNOWN.lock().unwrap()[&git.remote()][path].1);
        let (a, b) = (reading("a.yaml"), reading("b.yaml"));
        assert_eq!(images(second), ["r/a:v2", "r/a:v1"]);
        assert!(Arc::ptr_eq(&b, &reading("b.yaml")) && !Arc::ptr_eq(&a, &reading("a.yaml")));
        assert_eq!(images(first), ["r/a:v1", "r/a:v1"], "and back again");
    }
}
