//! Why an object cannot be read or edited.

/// What is wrong with an object or with the edit that was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A field that the API server always serves is not there.
    #[error("{object} has no {field}; read it again from the API server")]
    Missing {
        /// The object.
        object: String,
        /// The field's path.
        field: String,
    },
    /// The object is of a kind that this edit does not know.
    #[error("{object} cannot be changed this way: {why}")]
    Unsupported {
        /// The object.
        object: String,
        /// Why not.
        why: String,
    },
    /// The Deployment is paused, and its pods would not follow the template.
    #[error("{object} is paused, so its pods would not follow; resume it first (kubectl rollout resume)")]
    Paused {
        /// The object.
        object: String,
    },
    /// The object is not what it was when the edit was decided.
    #[error("{object} has changed meanwhile: {what}; look at it again and make a new plan")]
    Changed {
        /// The object.
        object: String,
        /// What differs.
        what: String,
    },
    /// Weights that cannot be read, or that must not be written.
    #[error("weights of {object}: {why}")]
    Weights {
        /// The route, or the rule.
        object: String,
        /// What is wrong and what to do.
        why: String,
    },
}
