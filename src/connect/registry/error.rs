//! Why a registry could not be asked, and what to do.

/// Why a registry could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// This is no image reference.
    #[error("{why}")]
    Image {
        /// What is wrong with it.
        why: String,
    },
    /// It wants credentials, and none are stored, or it does not take them.
    #[error("{registry} {}{}; `docker login {registry}` stores credentials", refusal(stored.as_deref()), told(note.as_deref()))]
    Unauthorized {
        /// The registry.
        registry: String,
        /// Whose credentials were tried.
        stored: Option<String>,
        /// What a credential helper said instead of giving any.
        note: Option<String>,
    },
    /// It knows who asks, and does not let them.
    #[error("{registry} does not let you read {repository}{}; ask for the right to pull it", told(note.as_deref()))]
    Forbidden {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What it said.
        note: Option<String>,
    },
    /// It has no such repository, or hides it.
    #[error("{registry} has no repository {repository}, or hides it from you")]
    NoRepository {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
    },
    /// It was asked too often.
    #[error("{registry} was asked too often{}", again(*after))]
    TooManyRequests {
        /// The registry.
        registry: String,
        /// When it may be asked again, in seconds.
        after: Option<u64>,
    },
    /// It does not answer, or not as a registry does.
    #[error("{registry} cannot be asked: {why}")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why.
        why: String,
    },
}

fn refusal(stored: Option<&str>) -> String {
    match stored {
        Some(user) => format!("does not take the stored credentials of {user}"),
        None => "wants credentials, and none are stored".into(),
    }
}

fn told(note: Option<&str>) -> String {
    note.map_or_else(String::new, |note| format!(" ({note})"))
}

fn again(after: Option<u64>) -> String {
    after.map_or_else(|| "; ask again later".into(), |seconds| format!("; ask again in {seconds} s"))
}
