//! Whose logs are read.

use super::ObjectRef;

/// Whose logs are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogSubject {
    /// All pods of a workload's current revision, whichever that is while one looks.
    Workload(ObjectRef),
    /// All pods of one revision of a workload: its `pod-template-hash` or `controller-revision-hash`.
    Revision(ObjectRef, String),
    /// One pod, or one container of it.
    Pod(ObjectRef, Option<String>),
    /// All pods of a Job, those of failed attempts too.
    Job(ObjectRef),
}

impl LogSubject {
    /// The object that is named on the screen.
    pub fn object(&self) -> &ObjectRef {
        match self {
            Self::Workload(object) | Self::Revision(object, _) | Self::Pod(object, _) | Self::Job(object) => object,
        }
    }
}
