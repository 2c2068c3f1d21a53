//! Who commits, as Git is configured.

use super::error::GitError;
use super::repository::Repository;

impl Repository {
    /// The author that a commit would have, as `Name <address>`.
    pub fn author(&self) -> Result<String, GitError> {
        let ident = |variable| self.git().run(&["-c", "user.useConfigOnly=true", "var", variable]);
        let output = ident("GIT_AUTHOR_IDENT")?;
        if !output.status.success() || !ident("GIT_COMMITTER_IDENT")?.status.success() {
            return Err(GitError::NoIdentity);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        // The time and its zone follow the address.
        Ok(text.rfind('>').map_or_else(|| text.trim().to_owned(), |end| text[..=end].trim().to_owned()))
    }
}
