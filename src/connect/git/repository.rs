//! A remote repository and our bare mirror of it.

use std::path::{Path, PathBuf};

use git2::Oid;
use sha2::{Digest, Sha256};

use super::error::GitError;
use super::source::{Inherited, Source, effective, identity_config, inherited_config};
use super::transport::{Git, NETWORK_LIMIT, Output};

/// A remote and its mirror. Cheap to clone and safe to share between threads; every call opens the mirror anew.
#[derive(Clone, Debug)]
pub struct Repository {
    source: Source,
    mirror: PathBuf,
    inherited: Inherited,
    ssh: Option<String>,
}

impl Repository {
    /// Opens what `spec` names: a URL or a bare repository is the remote itself; of a clone the remote of its upstream is
    /// used, and the clone is only read. The mirror is kept below `cache`.
    pub fn open(spec: &str, cache: &Path) -> Result<Self, GitError> {
        let source = Source::of(spec)?;
        let hash = Sha256::digest(source.fetch.as_bytes());
        let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mirror = cache.join(format!("{short}.git"));
        std::fs::create_dir_all(cache).map_err(|source| GitError::Folder { path: cache.to_owned(), source })?;
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head("main");
        let is_new = !mirror.join("HEAD").exists();
        // A machine that lost its power leaves empty files; everything in a mirror can be fetched again.
        let is_torn = std::fs::metadata(mirror.join("HEAD")).is_ok_and(|head| head.len() == 0);
        if is_torn {
            std::fs::remove_dir_all(&mirror).map_err(|source| GitError::Folder { path: mirror.clone(), source })?;
        }
        git2::Repository::init_opts(&mirror, &options)
            .map_err(GitError::objects(format!("creating {}", mirror.display())))?;
        let of_mirror = effective(&mirror)?;
        let inherited = match &source.clone {
            Some(clone) => inherited_config(clone, &of_mirror)?,
            None => identity_config(&source.fetch, &of_mirror)?,
        };
        let of_mirror = of_mirror.iter().map(|setting| (&setting.key, &setting.value));
        let mut all = of_mirror.chain(inherited.config.iter().map(|(key, value)| (key, value)));
        let ssh = all.rfind(|(key, _)| *key == "core.sshcommand").map(|(_, command)| command.clone());
        let repository = Self { source, mirror, inherited, ssh };
        if is_new {
            repository.seed()?;
        }
        Ok(repository)
    }

    /// Copies what the clone already knows of its remote, so that the first fetch is small. That it cannot is no error. A
    /// partial clone is left alone: it would fetch what it lacks, and thereby change.
    fn seed(&self) -> Result<(), GitError> {
        let Some(clone) = &self.source.clone else { return Ok(()) };
        let (path, name) = (clone.display().to_string(), &self.source.remote_name);
        let config = git2::Repository::open(clone).and_then(|clone| clone.config());
        let is_partial = config.and_then(|config| config.get_bool(&format!("remote.{name}.promisor"))).unwrap_or(false);
        if is_partial {
            return Ok(());
        }
        let refs = format!("+refs/remotes/{name}/*:refs/remotes/origin/*");
        self.git().limit(NETWORK_LIMIT).run(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--",
            &path,
            &refs,
        ])?;
        Ok(())
    }

    /// The remote as it is fetched from, for messages; credentials in a URL are left out.
    pub fn remote(&self) -> String {
        without_credentials(&self.source.fetch)
    }

    /// The clone that was named, if it was one.
    pub fn clone_folder(&self) -> Option<&Path> {
        self.source.clone.as_deref()
    }

    /// Brings a branch from the remote. Returns its tip.
    pub fn fetch(&self, branch: &str) -> Result<Oid, GitError> {
        let refs = format!("+{}:{}", head_ref(branch)?, mirror_ref(branch));
        let output =
            self.network(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", &self.source.fetch, &refs])?;
        if !output.status.success() && output.stderr.contains("couldn't find remote ref") {
            self.forget(branch);
            return Err(GitError::NoSuchBranch { remote: self.remote(), branch: branch.to_owned() });
        }
        output.success("fetch", &self.remote()).map_err(|error| self.name_mirror(error))?;
        self.tip(branch)
    }

    /// Git does not say which of two repositories is broken; ours can be thrown away.
    fn name_mirror(&self, error: GitError) -> GitError {
        let broken = ["corrupt", "not a git repository", "is empty", "bad object", "unable to read"];
        match error {
            GitError::Failed { command, detail } if broken.iter().any(|word| detail.contains(word)) => {
                let detail =
                    format!("{detail}; if it is the mirror {} that is broken, delete it", self.mirror.display());
                GitError::Failed { command, detail }
            }
            other => other,
        }
    }

    /// A branch that the remote no longer has must not live on here.
    fn forget(&self, branch: &str) {
        let forgotten = self.objects().and_then(|objects| {
            let mut reference =
                objects.find_reference(&mirror_ref(branch)).map_err(GitError::objects("reading a branch"))?;
            reference.delete().map_err(GitError::objects("removing a branch"))
        });
        if let Err(error) = forgotten {
            tracing::debug!(%error, branch, "the mirror had no such branch either");
        }
    }

    /// The tip of a branch as last fetched.
    pub fn tip(&self, branch: &str) -> Result<Oid, GitError> {
        head_ref(branch)?;
        let missing = |_| GitError::NoSuchBranch { remote: self.remote(), branch: branch.to_owned() };
        self.objects()?.refname_to_id(&mirror_ref(branch)).map_err(missing)
    }

    /// The branch that the remote's `HEAD` names.
    pub fn default_branch(&self) -> Result<String, GitError> {
        let output = self
            .network(&["ls-remote", "--symref", "--", &self.source.fetch, "HEAD"])?
            .success("ls-remote", &self.remote())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let named = text.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next());
        named.map(str::to_owned).ok_or_else(|| GitError::Empty(self.remote()))
    }

    /// Opens the mirror.
    pub(super) fn objects(&self) -> Result<git2::Repository, GitError> {
        git2::Repository::open_bare(&self.mirror)
            .map_err(GitError::objects(format!("opening {}", self.mirror.display())))
    }

    /// A call of `git` in the mirror.
    pub(super) fn git(&self) -> Git<'_> {
        Git::new(&self.mirror, &self.inherited.config)
    }

    pub(super) fn network(&self, arguments: &[&str]) -> Result<Output, GitError> {
        let mut output = self.git().ssh(self.ssh.as_deref()).limit(NETWORK_LIMIT).run(arguments)?;
        let for_remotes = self.inherited.refused.iter().filter(|key| !key.starts_with("gpg."));
        let keys = for_remotes.map(String::as_str).collect::<Vec<_>>().join(" and ");
        if !output.status.success() && !keys.is_empty() {
            let word = "of the clone's own configuration is not run; set it with `git config --global`";
            output.stderr.push_str(&format!("\nerror: {keys} {word}\n"));
        }
        Ok(output)
    }

    /// Where to push.
    pub(super) fn push_url(&self) -> &str {
        &self.source.push
    }

    /// Folder of the mirror.
    pub(super) fn mirror(&self) -> &Path {
        &self.mirror
    }

    /// Configuration that the clone adds.
    pub(super) fn config(&self) -> &[(String, String)] {
        &self.inherited.config
    }

    /// Remembers a tip that was just pushed, so that nothing has to be fetched to see it. The push stands even if this fails.
    pub(super) fn remember_tip(&self, branch: &str, tip: Oid) {
        let remembered = self.objects().and_then(|objects| {
            let update = objects.reference(&mirror_ref(branch), tip, true, "pushed").map(|_| ());
            update.map_err(GitError::objects("remembering the pushed tip"))
        });
        if let Err(error) = remembered {
            tracing::warn!(%error, branch, "the mirror will learn of the push with the next fetch");
        }
    }
}

/// The full name of a branch on the remote.
pub(super) fn head_ref(branch: &str) -> Result<String, GitError> {
    let name = format!("refs/heads/{branch}");
    if git2::Reference::is_valid_name(&name) && !branch.starts_with('-') {
        Ok(name)
    } else {
        Err(GitError::BadBranchName(branch.to_owned()))
    }
}

fn mirror_ref(branch: &str) -> String {
    format!("refs/remotes/origin/{branch}")
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("http") => {
            let host_end = rest.find('/').unwrap_or(rest.len());
            let host_start = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host_start..])
        }
        _ => url.to_owned(),
    }
}
