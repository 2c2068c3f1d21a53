//! Where this program keeps its files, as each platform wants it. Nothing is created here.

use directories::ProjectDirs;
use std::path::PathBuf;

/// The folders of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, `keys.toml` and `themes/`: written by the operator, only read by the program. `views.toml`: written by both.
    pub config: PathBuf,
    /// Journals: must survive, belongs to this machine.
    pub data: PathBuf,
    /// Mirrors of repositories: may be deleted at any time.
    pub cache: PathBuf,
}

impl Paths {
    /// The platform's folders; None where there is no home folder to put them in.
    pub fn find() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "pilothouse")?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }

    /// The file of saved views.
    pub fn views(&self) -> PathBuf {
        self.config.join(super::views::FILE)
    }

    /// All folders below `root`: for tests and for the demo, which must leave nothing behind.
    pub fn under(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { config: root.join("config"), data: root.join("data"), cache: root.join("cache") }
    }
}
