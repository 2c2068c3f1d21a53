//! Bumps through Git with the real `git` binary and real repositories in temporary folders.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use pilothouse::connect::git::{GitError, NewCommit, Oid, PushError, Repository, Why};
use pilothouse::formats::images::{Edit, NewVersion};
use pilothouse::formats::index::{Index, Target};
use pilothouse::formats::yaml::{Pointer, Reason, Tree};
use pilothouse::model::image::ImageReference;
use tempfile::TempDir;

const OVERLAY: &str = "# production\r\nnamespace: shop\r\nresources:\r\n  - ../base\r\nimages:\r\n  - name: shop/checkout   # ours\r\n    newTag: 'v1'\r\n";
const OVERLAY_FILE: &str = "production/kustomization.yaml";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec: {template: {spec: {containers: [{name: app, image: shop/checkout}]}}}\n";

/// A bare remote with one branch, a clone of it, and a cache folder.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: TempDir::new().unwrap() };
        git(world.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        git(world.folder.path(), &["clone", "--quiet", "remote.git", "clone"]);
        for setting in [["user.name", "Ada"], ["user.email", "ada@example.org"], ["commit.gpgsign", "false"]] {
            git(&world.clone(), &[&["config"], &setting[..]].concat());
        }
        world.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
        world.write("base/deployment.yaml", DEPLOYMENT);
        world.write(OVERLAY_FILE, OVERLAY);
        world.write("README.md", "hello\n");
        world.commit_in_clone("first");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn clone(&self) -> PathBuf {
        self.path("clone")
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.clone().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn commit_in_clone(&self, message: &str) {
        git(&self.clone(), &["add", "--all"]);
        git(&self.clone(), &["commit", "--quiet", "-m", message]);
        git(&self.clone(), &["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    }

    /// Someone else's commit on the remote, made in a clone of their own.
    fn somebody_writes(&self, path: &str, text: &str) {
        git(self.folder.path(), &["clone", "--quiet", "remote.git", "other"]);
        let other = self.path("other");
        std::fs::write(other.join(path), text).unwrap();
        git(&other, &["add", "--all"]);
        git(&other, &["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "commit", "--quiet", "-m", "theirs"]);
        git(&other, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    fn open(&self, spec: &Path) -> Repository {
        Repository::open(spec.to_str().unwrap(), &self.path("cache")).unwrap()
    }

    fn on_remote(&self, path: &str) -> String {
        git(&self.path("remote.git"), &["show", &format!("main:{path}")])
    }

    fn hook(&self, name: &str, script: &str) {
        executable(&self.path("remote.git").join("hooks").join(name), script);
    }
}

fn executable(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every file below a folder with its bytes.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Finds the place of the running checkout and the edit to `tag`.
fn plan(repository: &Repository, tip: Oid, tag: &str) -> Edit {
    let listing = repository.files_at(tip, Index::wants).unwrap();
    let index = Index::build(repository.contents(&listing.files).unwrap().map(Result::unwrap));
    let target = Target {
        kind: "Deployment".into(),
        namespace: "shop".into(),
        name: "checkout".into(),
        container: "app".into(),
        image: ImageReference::parse("docker.io/shop/checkout:v1").unwrap(),
        path: None,
        release: None,
        chosen: None,
        environments: Vec::new(),
    };
    let candidate = index.place(&target).unwrap();
    let bytes = repository.read(tip, candidate.file()).unwrap().unwrap();
    candidate.edit(&bytes, &NewVersion::parse(tag).unwrap()).unwrap()
}

fn commit(repository: &Repository, parent: Oid, edit: &Edit) -> Oid {
    let bytes = repository.read(parent, &edit.path).unwrap().unwrap();
    let bytes = edit.apply(&bytes).unwrap().bytes;
    repository.commit(&new_commit(parent, vec![(edit.path.clone(), bytes)])).unwrap()
}

fn new_commit(parent: Oid, files: Vec<(String, Vec<u8>)>) -> NewCommit {
    let message = "Bump checkout to v2\n\nPilothouse-Operation: 7f3a\n".to_owned();
    NewCommit { parent, files, message, time: Timestamp::from_second(1_790_000_000).unwrap() }
}

#[test]
fn a_bump_changes_its_bytes_and_leaves_a_dirty_clone_alone() {
    let world = World::new();
    std::fs::write(world.clone().join("README.md"), "dirty").unwrap();
    world.write("untracked", "x");
    world.write("staged", "y");
    git(&world.clone(), &["add", "staged"]);
    // Refreshes the index, so that only we could change it from here on.
    let status = git(&world.clone(), &["status", "--porcelain"]);
    let before = snapshot(&world.clone());

    let repository = world.open(&world.clone().join("base"));
    assert_eq!(repository.default_branch().unwrap(), "main");
    let tip = repository.fetch("main").unwrap();
    let edit = plan(&repository, tip, "1.10");
    let commit = commit(&repository, tip, &edit);
    assert!(!repository.push(commit, "main", Some(tip)).unwrap().already_there);

    assert_eq!(world.on_remote(OVERLAY_FILE), OVERLAY.replace("'v1'", "'1.10'"));
    let changed = git(&world.path("remote.git"), &["diff", "--name-only", "main~1", "main"]);
    assert_eq!(changed.trim(), OVERLAY_FILE);
    let author = git(&world.path("remote.git"), &["log", "-1", "--format=%an <%ae> %at %cn %ct", "main"]);
    assert_eq!(author.trim(), "Ada <ada@example.org> 1790000000 Ada 1790000000");
    assert!(before == snapshot(&world.clone()), "something in the clone changed");
    assert_eq!(git(&world.clone(), &["status", "--porcelain"]), status);
    assert_eq!(repository.tip("main").unwrap(), commit);
    assert!(repository.push(commit, "main", Some(tip)).unwrap().already_there);
}

#[test]
fn a_bare_remote_may_say_who_commits_and_nothing_else() {
    let world = World::new();
    let remote = world.path("remote.git");
    for setting in [["user.name", "Bea"], ["user.email", "bea@example.org"], ["core.sshCommand", "/tmp/evil"]] {
        git(&remote, &[&["config"], &setting[..]].concat());
    }
    assert_eq!(world.open(&remote).author().unwrap(), "Bea <bea@example.org>");
}

#[test]
fn a_bare_path_is_itself_the_remote() {
    let world = World::new();
    let by_clone = world.open(&world.clone());
    let tip = by_clone.fetch("main").unwrap();
    let commit = commit(&by_clone, tip, &plan(&by_clone, tip, "v2"));
    let bare = world.open(&world.path("remote.git"));
    assert_eq!(bare.fetch("main").unwrap(), tip);
    assert!(bare.clone_folder().is_none());
    bare.push(commit, "main", Some(tip)).unwrap();
    assert_eq!(world.on_remote(OVERLAY_FILE), OVERLAY.replace("'v1'", "'v2'"));
    bare.push(commit, "release/new", None).unwrap();
    assert_eq!(git(&world.path("remote.git"), &["rev-parse", "release/new"]).trim(), commit.to_string());
}

#[test]
fn a_rejected_push_is_applied_again_on_the_new_tip() {
    let world = World::new();
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let edit = plan(&repository, tip, "v2");
    let first = commit(&repository, tip, &edit);
    let theirs = OVERLAY.replace("images:\r\n", "images:\r\n  - name: shop/basket\r\n    newTag: 'v1'\r\n");
    world.somebody_writes(OVERLAY_FILE, &theirs);
    assert!(matches!(repository.push(first, "main", Some(tip)), Err(PushError::NonFastForward { .. })));

    let tip = repository.fetch("main").unwrap();
    let second = commit(&repository, tip, &edit);
    repository.push(second, "main", Some(tip)).unwrap();
    assert_eq!(
        world.on_remote(OVERLAY_FILE),
        theirs
            .replace("newTag: 'v1'\r\n  - name: shop/checkout", "KEEP")
            .replace("'v1'", "'v2'")
            .replace("KEEP", "newTag: 'v1'\r\n  - name: shop/checkout")
    );
    let log = git(&world.path("remote.git"), &["log", "--format=%s", "main"]);
    assert_eq!(log, "Bump checkout to v2\ntheirs\nfirst\n");
}

#[test]
fn a_value_that_somebody_else_changed_is_reported() {
    let world = World::new();
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let edit = plan(&repository, tip, "v2");
    let first = commit(&repository, tip, &edit);
    world.somebody_writes(OVERLAY_FILE, &OVERLAY.replace("'v1'", "'v9'"));
    assert!(matches!(repository.push(first, "main", Some(tip)), Err(PushError::NonFastForward { .. })));
    let tip = repository.fetch("main").unwrap();
    let now = repository.read(tip, &edit.path).unwrap().unwrap();
    let refusal = edit.apply(&now).unwrap_err();
    assert_eq!(refusal.reason, Reason::Changed { expected: "v1".into(), found: "v9".into() });
    assert_eq!(refusal.line, Some(7));
}

#[test]
fn a_hook_that_refuses_is_heard() {
    let world = World::new();
    world.hook("pre-receive", "echo 'main is frozen until Monday' >&2; exit 1");
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let commit = commit(&repository, tip, &plan(&repository, tip, "v2"));
    match repository.push(commit, "main", Some(tip)) {
        Err(PushError::Hook { message, reason, .. }) => {
            assert_eq!(
                (message.as_str(), reason.as_str()),
                ("main is frozen until Monday", "pre-receive hook declined")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.on_remote(OVERLAY_FILE), OVERLAY);
    assert_eq!(repository.tip("main").unwrap(), tip);
}

#[test]
fn a_checked_out_branch_refuses() {
    let world = World::new();
    git(world.folder.path(), &["clone", "--quiet", "remote.git", "work"]);
    git(&world.clone(), &["remote", "set-url", "--push", "origin", "../work"]);
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let commit = commit(&repository, tip, &plan(&repository, tip, "v2"));
    assert!(matches!(repository.push(commit, "main", Some(tip)), Err(PushError::Refused { .. })));
}

#[test]
fn remotes_that_are_not_there() {
    let world = World::new();
    let cache = world.path("cache");
    let missing = world.path("missing");
    assert!(matches!(Repository::open(missing.to_str().unwrap(), &cache), Err(GitError::NotARepository(_))));
    let repository = world.open(&world.clone());
    git(&world.clone(), &["remote", "set-url", "origin", "../gone.git"]);
    let gone = world.open(&world.clone());
    assert!(matches!(gone.fetch("main"), Err(GitError::Unreachable { .. })));
    git(&world.clone(), &["remote", "remove", "origin"]);
    assert!(matches!(Repository::open(world.clone().to_str().unwrap(), &cache), Err(GitError::NoRemote(_))));
    assert!(matches!(repository.fetch("nope"), Err(GitError::NoSuchBranch { .. })));
    assert!(matches!(repository.fetch("a..b"), Err(GitError::BadBranchName(_))));
    let closed = Repository::open("http://127.0.0.1:1/a.git", &cache).unwrap();
    assert!(matches!(closed.fetch("main"), Err(GitError::Unreachable { .. })));
}

#[test]
fn an_empty_remote_has_no_branch() {
    let world = World::new();
    git(world.folder.path(), &["init", "--quiet", "--bare", "empty.git"]);
    let empty = world.open(&world.path("empty.git"));
    assert!(matches!(empty.default_branch(), Err(GitError::Empty(_))));
    assert!(matches!(empty.fetch("main"), Err(GitError::NoSuchBranch { .. })));
    assert!(matches!(empty.tip("main"), Err(GitError::NoSuchBranch { .. })));
}

#[test]
fn a_branch_that_is_deleted_is_forgotten() {
    let world = World::new();
    git(&world.clone(), &["push", "--quiet", "origin", "HEAD:refs/heads/short"]);
    let repository = world.open(&world.path("remote.git"));
    repository.fetch("short").unwrap();
    git(&world.clone(), &["push", "--quiet", "origin", ":short"]);
    assert!(matches!(repository.fetch("short"), Err(GitError::NoSuchBranch { .. })));
    assert!(matches!(repository.tip("short"), Err(GitError::NoSuchBranch { .. })));
}

#[test]
fn wrong_credentials_fail_without_asking() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://someone:secret@{}/a.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let world = World::new();
    let repository = Repository::open(&url, &world.path("cache")).unwrap();
    assert!(!repository.remote().contains("secret"));
    let error = repository.fetch("main").unwrap_err();
    assert!(matches!(error, GitError::Auth { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn modes_stay_and_odd_entries_are_left_out() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    executable(&world.clone().join("run.yaml"), "image");
    std::os::unix::fs::symlink("/etc/passwd", world.clone().join("link.yaml")).unwrap();
    std::fs::write(world.clone().join(std::ffi::OsStr::from_bytes(b"bad\xff.yaml")), "x").unwrap();
    std::fs::write(world.clone().join("huge.yaml"), vec![b'#'; 9 << 20]).unwrap();
    git(
        &world.clone(),
        &["update-index", "--add", "--cacheinfo", "160000,1111111111111111111111111111111111111111,sub"],
    );
    world.commit_in_clone("odd");
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let listing = repository.files_at(tip, |path| path.ends_with(".yaml")).unwrap();
    let paths: Vec<&str> = listing.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["run.yaml", "base/deployment.yaml", "base/kustomization.yaml", OVERLAY_FILE]);
    let skipped: Vec<Why> = listing.skipped.iter().map(|skipped| skipped.why).collect();
    assert_eq!(skipped.len(), 3, "{:?}", listing.skipped);
    for why in [Why::Name, Why::TooLarge, Why::Symlink] {
        assert!(skipped.contains(&why), "{why:?}");
    }
    assert!(matches!(repository.read(tip, "link.yaml"), Err(GitError::NotAFile { .. })));
    assert_eq!(repository.read(tip, "nothing").unwrap(), None);

    let link = new_commit(tip, vec![("link.yaml".into(), b"x".to_vec())]);
    assert!(matches!(repository.commit(&link), Err(GitError::NotAFile { .. })));
    let files = vec![("run.yaml".into(), b"new".to_vec()), ("new/file".into(), b"n".to_vec())];
    let made = repository.commit(&new_commit(tip, files.clone())).unwrap();
    assert_eq!(repository.commit(&new_commit(tip, files)).unwrap(), made, "the same commit twice differs");
    repository.push(made, "main", Some(tip)).unwrap();
    let modes = git(&world.path("remote.git"), &["ls-tree", "-r", "--format=%(objectmode) %(path)", "main"]);
    assert!(
        modes.contains("100755 run.yaml") && modes.contains("100644 new/file") && modes.contains("120000 link.yaml"),
        "{modes}"
    );
    let same = new_commit(made, vec![("run.yaml".into(), b"new".to_vec())]);
    assert!(matches!(repository.commit(&same), Err(GitError::NothingChanged)));
}

#[test]
fn submodules_are_left_out() {
    let world = World::new();
    git(
        &world.clone(),
        &["update-index", "--add", "--cacheinfo", "160000,1111111111111111111111111111111111111111,sub"],
    );
    git(&world.clone(), &["commit", "--quiet", "-m", "sub"]);
    git(&world.clone(), &["push", "--quiet", "origin", "HEAD:main"]);
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let listing = repository.files_at(tip, |_| true).unwrap();
    assert_eq!(listing.skipped.iter().map(|s| (s.path.as_str(), s.why)).collect::<Vec<_>>(), [("sub", Why::Submodule)]);
    assert!(matches!(repository.read(tip, "sub"), Err(GitError::NotAFile { .. })));
}

#[test]
fn history_of_a_value_and_our_own_commit() {
    let world = World::new();
    world.write("README.md", "unrelated\n");
    world.commit_in_clone("unrelated");
    world.write(OVERLAY_FILE, &OVERLAY.replace("# production", "# changed"));
    world.commit_in_clone("comment only");
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    assert!(!repository.contains_trailer("main", "7f3a").unwrap());
    let made = commit(&repository, tip, &plan(&repository, tip, "v2"));
    repository.push(made, "main", Some(tip)).unwrap();
    assert_eq!(repository.find_operation("main", "7f3a", Some(tip)).unwrap(), Some(made));
    assert!(!repository.contains_trailer("main", "7f3").unwrap());

    let pointer = Pointer::parse("/images/0/newTag");
    let read = |bytes: &[u8]| {
        let tree = Tree::parse(bytes).ok()?;
        Some(tree.scalar(tree.resolve(0, &pointer).ok()?)?.to_owned())
    };
    let changes = repository.history(made, OVERLAY_FILE, read, 10).unwrap();
    let told: Vec<_> =
        changes.iter().map(|c| (c.subject.as_str(), c.author.as_str(), c.old.as_deref(), c.new.as_deref())).collect();
    assert_eq!(told, [("Bump checkout to v2", "Ada", Some("v1"), Some("v2")), ("first", "Ada", None, Some("v1"))]);
}

#[test]
fn no_identity_says_what_to_do() {
    let world = World::new();
    git(&world.clone(), &["config", "user.name", ""]);
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let error = repository.commit(&new_commit(tip, vec![("a".into(), b"b".to_vec())])).unwrap_err();
    assert!(matches!(error, GitError::NoIdentity), "{error}");
}

#[test]
fn signs_as_configured() {
    let world = World::new();
    let key = world.path("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no ssh-keygen to sign with");
        return;
    }
    for setting in [["gpg.format", "ssh"], ["commit.gpgsign", "true"], ["user.signingkey", key.to_str().unwrap()]] {
        git(&world.clone(), &[&["config"], &setting[..]].concat());
    }
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let commit = repository.commit(&new_commit(tip, vec![("a".into(), b"b".to_vec())])).unwrap();
    repository.push(commit, "main", Some(tip)).unwrap();
    let allowed = world.path("allowed");
    std::fs::write(
        &allowed,
        format!("ada@example.org {}", std::fs::read_to_string(key.with_extension("pub")).unwrap()),
    )
    .unwrap();
    let trust = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    git(&world.path("remote.git"), &["-c", &trust, "verify-commit", "main"]);

    std::fs::remove_file(&key).unwrap();
    let error = repository.commit(&new_commit(tip, vec![("a".into(), b"c".to_vec())])).unwrap_err();
    assert!(matches!(error, GitError::Signing(_)), "{error}");
}

#[test]
fn hooks_of_a_mirror_never_run() {
    let world = World::new();
    let repository = world.open(&world.clone());
    let mirror = std::fs::read_dir(world.path("cache")).unwrap().next().unwrap().unwrap().path();
    let witness = world.path("witness");
    for name in ["reference-transaction", "pre-push", "post-commit", "pre-auto-gc"] {
        executable(&mirror.join("hooks").join(name), &format!("touch '{}'", witness.display()));
    }
    let tip = repository.fetch("main").unwrap();
    let commit = commit(&repository, tip, &plan(&repository, tip, "v2"));
    repository.push(commit, "main", Some(tip)).unwrap();
    assert!(!witness.exists());
}

#[test]
fn programs_that_a_clone_names_are_not_run() {
    let world = World::new();
    let witness = world.path("witness");
    let evil = world.path("evil");
    executable(&evil, &format!("echo \"$0 $@\" >> '{}'", witness.display()));
    let evil = evil.display().to_string();
    for key in [
        "core.sshCommand",
        "core.fsmonitor",
        "core.askPass",
        "core.pager",
        "core.gitProxy",
        "gpg.program",
        "gpg.ssh.program",
    ] {
        git(&world.clone(), &["config", key, &evil]);
    }
    for key in ["credential.helper", "alias.config", "alias.fetch", "alias.push", "alias.commit-tree"] {
        git(&world.clone(), &["config", key, &format!("!{evil}")]);
    }
    git(&world.clone(), &["config", "remote.origin.uploadpack", &evil]);
    git(&world.clone(), &["config", "protocol.ext.allow", "always"]);
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let commit = commit(&repository, tip, &plan(&repository, tip, "v2"));
    repository.push(commit, "main", Some(tip)).unwrap();
    for url in [
        "ssh://git@127.0.0.1:1/x",
        "http://127.0.0.1:1/x",
        &format!("ext::{evil} x"),
        &format!("ssh://-oProxyCommand={evil}/x"),
    ] {
        git(&world.clone(), &["config", "remote.origin.url", url]);
        let error = world.open(&world.clone()).fetch("main").unwrap_err().to_string();
        assert!(error.contains("core.sshcommand and credential.helper of the clone's own configuration"), "{error}");
    }
    assert!(!witness.exists(), "{}", std::fs::read_to_string(witness).unwrap_or_default());
}

#[test]
fn a_torn_mirror_is_made_anew() {
    let world = World::new();
    world.open(&world.clone()).fetch("main").unwrap();
    let mirror = std::fs::read_dir(world.path("cache")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(mirror.join("HEAD"), "").unwrap();
    world.open(&world.clone()).fetch("main").unwrap();
}

/// Fetch, apply, commit, push; and again while somebody else was faster.
fn bump_until_pushed(repository: &Repository, tag: &str, operation: &str) -> Oid {
    for _ in 0..50 {
        let tip = repository.fetch("main").unwrap();
        let path = format!("{tag}/kustomization.yaml");
        let bytes = repository.read(tip, &path).unwrap().unwrap();
        let text = String::from_utf8(bytes).unwrap().replace("v1", tag);
        let message = format!("Bump\n\nPilothouse-Operation: {operation}\n");
        let new = NewCommit { message, ..new_commit(tip, vec![(path, text.into_bytes())]) };
        let commit = repository.commit(&new).unwrap();
        match repository.push(commit, "main", Some(tip)) {
            Ok(_) => return commit,
            Err(PushError::NonFastForward { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("{operation} never got through");
}

#[test]
fn several_operators_at_once_lose_nothing() {
    let world = World::new();
    let names: Vec<String> = (2..7).map(|n| format!("v{n}")).collect();
    for name in &names {
        world.write(&format!("{name}/kustomization.yaml"), "images:\n- name: a\n  newTag: v1\n");
    }
    world.commit_in_clone("services");
    let repositories: Vec<Repository> = names
        .iter()
        .map(|name| Repository::open(world.clone().to_str().unwrap(), &world.path("caches").join(name)).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for (name, repository) in names.iter().zip(&repositories) {
            scope.spawn(move || bump_until_pushed(repository, name, name));
        }
    });
    let repository = &repositories[0];
    let tip = repository.fetch("main").unwrap();
    for name in &names {
        let bytes = repository.read(tip, &format!("{name}/kustomization.yaml")).unwrap().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("images:\n- name: a\n  newTag: {name}\n"));
        assert!(repository.contains_trailer("main", name).unwrap());
    }
    let log = git(&world.path("remote.git"), &["log", "--format=%s", "main"]);
    assert_eq!(log.lines().filter(|line| *line == "Bump").count(), names.len(), "{log}");
}

/// The server took the push, but its answer is lost: nothing is known, and the trailer tells.
#[test]
fn a_lost_answer_is_unknown_and_the_trailer_tells() {
    let world = World::new();
    // The refs are committed; the server dies before it can say so.
    world.hook("reference-transaction", "[ \"$1\" = committed ] && kill -9 $PPID; exit 0");
    let repository = world.open(&world.clone());
    let tip = repository.fetch("main").unwrap();
    let commit = commit(&repository, tip, &plan(&repository, tip, "v2"));
    let error = repository.push(commit, "main", Some(tip)).unwrap_err();
    assert!(matches!(error, PushError::Unknown { .. }), "{error:?}");
    std::fs::remove_file(world.path("remote.git/hooks/reference-transaction")).unwrap();
    assert_eq!(repository.fetch("main").unwrap(), commit);
    assert_eq!(repository.find_operation("main", "7f3a", Some(tip)).unwrap(), Some(commit));
}
