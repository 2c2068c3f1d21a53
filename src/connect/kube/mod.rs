//! The connection to one Kubernetes API server.
//!
//! [`Cluster`] is made from the kubeconfig exactly as kubectl reads it, and hands out a [`Reader`] for everybody and a
//! [`Writer`] for `operate`. Three HTTP clients stand behind it: reading and writing give up on a silent connection after
//! 45 s, streams do not (whoever watches counts the silence). None of them repeats a write on its own.
//! Nothing here interprets objects.

mod certificate;
mod clients;
mod cluster;
mod contexts;
mod described;
mod error;
mod exec;
mod kubeconfig;
mod list;
mod logs;
mod names;
mod proxy;
mod reader;
mod rules;
mod session;
mod stream;
mod words;
mod writer;

pub use cluster::{Cluster, CommandLine, ConnectOptions, ContextInfo};
pub use contexts::{ContextChanges, KnownContexts};
pub use error::{ApiError, ApiErrorKind, ConnectError};
pub use kubeconfig::{Contexts, contexts};
pub use list::Listed;
pub use logs::{LogOptions, RawLine};
pub use reader::{Page, Reader};
pub use rules::Rules;
pub use stream::{Selectors, WatchFrom, Watched};
pub use writer::Writer;
