//! From what the operator named to a remote: a URL, a bare repository, or the remote of a clone.

use std::path::{Path, PathBuf};

use super::error::GitError;
use super::transport::Git;

/// Where to fetch from and push to, and the configuration that a clone adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// URL or absolute path to fetch from.
    pub fetch: String,
    /// URL or absolute path to push to.
    pub push: String,
    /// The clone that named the remote; only read.
    pub clone: Option<PathBuf>,
    /// Name of the remote in the clone.
    pub remote_name: String,
}

impl Source {
    /// Decides what `spec` is. A path that exists wins over a URL of the same spelling.
    pub(super) fn of(spec: &str) -> Result<Self, GitError> {
        let path = Path::new(spec);
        if path.exists() {
            return Self::of_path(path);
        }
        if !looks_remote(spec) || spec.starts_with('-') {
            return Err(GitError::NotARepository(spec.to_owned()));
        }
        Ok(Self { fetch: spec.to_owned(), push: spec.to_owned(), clone: None, remote_name: "origin".to_owned() })
    }

    fn of_path(path: &Path) -> Result<Self, GitError> {
        let not_one = || GitError::NotARepository(path.display().to_string());
        let path = path.canonicalize().map_err(|_| not_one())?;
        let repository = git2::Repository::discover(&path).map_err(|error| match error.code() {
            git2::ErrorCode::NotFound => not_one(),
            git2::ErrorCode::Owner => GitError::ForeignOwner(path.clone()),
            _ => GitError::objects(format!("opening {}", path.display()))(error),
        })?;
        let Some(tree) = repository.workdir().map(Path::to_path_buf) else {
            let bare = repository.path().display().to_string().trim_end_matches('/').to_owned();
            return Ok(Self { fetch: bare.clone(), push: bare, clone: None, remote_name: "origin".to_owned() });
        };
        let no_remote = || GitError::NoRemote(tree.clone());
        let name = remote_of(&repository).ok_or_else(no_remote)?;
        let remote = repository.find_remote(&name).map_err(|_| no_remote())?;
        let url = remote.url().ok().map(|url| absolute(url, &tree)).ok_or_else(no_remote)?;
        let push = remote.pushurl().ok().flatten().map_or_else(|| url.clone(), |url| absolute(url, &tree));
        Ok(Self { fetch: url, push, clone: Some(tree), remote_name: name })
    }
}

/// The remote of the checked-out branch's upstream, else `origin`, else the only one.
fn remote_of(repository: &git2::Repository) -> Option<String> {
    let upstream = repository.head().ok().and_then(|head| {
        let name = repository.branch_upstream_remote(head.name().ok()?).ok()?;
        Some(name.as_str().ok()?.to_owned()).filter(|name| name != ".")
    });
    let names: Vec<String> =
        repository.remotes().ok()?.iter().filter_map(|name| Some(name.ok()??.to_owned())).collect();
    upstream
        .filter(|name| names.contains(name))
        .or_else(|| names.iter().find(|name| *name == "origin").cloned())
        .or_else(|| <[String; 1]>::try_from(names.clone()).ok().map(|[only]| only))
}

/// A relative path in a clone's configuration is relative to the clone.
fn absolute(url: &str, clone: &Path) -> String {
    if looks_remote(url) || Path::new(url).is_absolute() {
        url.to_owned()
    } else {
        clone.join(url).display().to_string()
    }
}

/// A URL, or `host:path` as scp writes it.
fn looks_remote(spec: &str) -> bool {
    let scp_like =
        spec.split_once(':').is_some_and(|(host, path)| !host.is_empty() && !host.contains('/') && !path.is_empty());
    spec.contains("://") || scp_like
}

/// Settings of a clone that matter for talking to its remote and for committing in its operator's name.
const INHERITED: [&str; 11] = [
    "user.",
    "author.",
    "committer.",
    "credential.",
    "http.",
    "https.",
    "gpg.",
    "url.",
    "ssh.",
    "core.sshcommand",
    "commit.gpgsign",
];

/// What a clone's configuration adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inherited {
    /// Keys and values.
    pub config: Vec<(String, String)>,
    /// Keys of the clone's own files that name programs. They are left out: whoever made the folder wrote them.
    pub refused: Vec<String>,
}

/// What the clone's configuration says beyond what holds in the mirror too; per-folder includes are thereby honoured.
pub(super) fn inherited_config(clone: &Path, of_mirror: &[Setting]) -> Result<Inherited, GitError> {
    let known =
        |found: &Setting| of_mirror.iter().any(|other| (&other.key, &other.value) == (&found.key, &found.value));
    let matters = |found: &Setting| INHERITED.iter().any(|prefix| found.key.starts_with(prefix)) && !known(found);
    let mut inherited = Inherited::default();
    for found in effective(clone)?.into_iter().filter(matters) {
        if found.is_of_repository && names_program(&found.key, &found.value) {
            inherited.refused.push(found.key);
        } else {
            inherited.config.push((found.key, found.value));
        }
    }
    Ok(inherited)
}

/// Who commits, as the configuration of a bare repository says that is itself the remote; nothing else of it is heard.
pub(super) fn identity_config(remote: &str, of_mirror: &[Setting]) -> Result<Inherited, GitError> {
    let folder = Path::new(remote);
    if !folder.is_dir() {
        return Ok(Inherited::default());
    }
    let mut inherited = inherited_config(folder, of_mirror)?;
    inherited.config.retain(|(key, _)| matches!(key.as_str(), "user.name" | "user.email"));
    inherited.refused.clear();
    Ok(inherited)
}

/// Whether the value is a program. The bare name of a credential helper, such as `store`, only chooses one that is installed.
fn names_program(key: &str, value: &str) -> bool {
    let is_name = |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match key.rsplit('.').next().unwrap_or(key) {
        "helper" => !is_name(value),
        "program" | "defaultkeycommand" | "sshcommand" => true,
        _ => false,
    }
}

/// One setting in force.
pub(super) struct Setting {
    pub key: String,
    pub value: String,
    /// Whether the repository's own files say it, rather than the operator's or the machine's.
    is_of_repository: bool,
}

/// The configuration in force in a folder.
pub(super) fn effective(folder: &Path) -> Result<Vec<Setting>, GitError> {
    let output = Git::new(folder, &[]).run(&["config", "--list", "--show-scope", "--null"])?.success("config", "")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut parts = text.split('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(entry)) = (parts.next(), parts.next()) {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
        let is_of_repository = matches!(scope, "local" | "worktree" | "unknown");
        settings.push(Setting { key: key.to_owned(), value: value.to_owned(), is_of_repository });
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::{looks_remote, names_program};

    #[test]
    fn programs_are_told_from_settings() {
        let programs = [
            ("core.sshcommand", "ssh -i key"),
            ("credential.helper", "!evil"),
            ("credential.https://host.helper", "/tmp/evil"),
            ("credential.helper", "store; evil"),
            ("gpg.ssh.program", "evil"),
            ("gpg.ssh.defaultkeycommand", "evil"),
        ];
        assert!(programs.iter().all(|(key, value)| names_program(key, value)));
        let settings = [
            ("credential.helper", "store"),
            ("credential.helper", ""),
            ("user.signingkey", "/k"),
            ("gpg.format", "ssh"),
        ];
        assert!(!settings.iter().any(|(key, value)| names_program(key, value)));
    }

    #[test]
    fn urls_and_paths() {
        for url in ["https://host/a.git", "ssh://git@host/a", "git@host:team/a.git", "alias:a"] {
            assert!(looks_remote(url), "{url}");
        }
        for path in ["../a.git", "/srv/a.git", "a", "./a:b"] {
            assert!(!looks_remote(path), "{path}");
        }
    }
}
