//! The kubeconfig, read as kubectl reads it: `--kubeconfig` alone, else every file of `KUBECONFIG` (missing ones are
//! skipped), else `~/.kube/config`; and the service account of a pod where there is no kubeconfig at all.
//!
//! Invariant: files are read, never written. Parsing and merging are kube's own; what differs from kubectl there (missing
//! files, an empty `current-context`, proxies of the environment) is put right here.

use super::{ConnectError, ConnectOptions, ContextInfo, proxy};
use ::kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The contexts of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contexts {
    /// Those that can be chosen, in the order of the files.
    pub all: Vec<ContextInfo>,
    /// The name of the selected one.
    pub current: Option<String>,
}

/// All contexts that `--context` may name.
pub fn contexts(options: &ConnectOptions) -> Result<Contexts, ConnectError> {
    Ok(listed(&read(options)?.0, options))
}

/// The contexts of a kubeconfig that was read.
pub(super) fn listed(kubeconfig: &Kubeconfig, options: &ConnectOptions) -> Contexts {
    let all = kubeconfig.contexts.iter().map(|named| info(kubeconfig, &named.name)).collect();
    Contexts { all, current: options.context.clone().or_else(|| kubeconfig.current_context.clone()) }
}

/// The namespaces that contexts name which lead to this server. A kubeconfig that cannot be read any more names none.
pub(super) fn namespaces_at(options: &ConnectOptions, server: &str) -> Vec<String> {
    let Ok((file, _)) = read(options) else { return Vec::new() };
    let leads_there = |name: &str| cluster_of(&file, name).and_then(|c| c.server.as_deref()) == Some(server);
    let there = file.contexts.iter().filter(|named| leads_there(&named.name));
    there.filter_map(|named| named.context.as_ref()?.namespace.clone()).filter(|name| !name.is_empty()).collect()
}

/// The context that `options` lead to. Reads files; runs no plugin and opens no connection.
pub(super) fn locate(options: &ConnectOptions) -> Result<ContextInfo, ConnectError> {
    let (kubeconfig, looked) = read(options)?;
    let mut info = match chosen(&kubeconfig, options)? {
        Some(name) => info(&kubeconfig, &name),
        None => in_cluster(options, looked)?.info,
    };
    if let Some(namespace) = &options.namespace {
        info.namespace.clone_from(namespace);
    }
    Ok(info)
}

/// The name of the context that `options` choose; None where the kubeconfig is empty.
fn chosen(kubeconfig: &Kubeconfig, options: &ConnectOptions) -> Result<Option<String>, ConnectError> {
    if kubeconfig.contexts.is_empty() && kubeconfig.clusters.is_empty() {
        return Ok(None);
    }
    let known = || match kubeconfig.contexts.iter().map(|c| c.name.as_str()).collect::<Vec<_>>() {
        names if names.is_empty() => "none".to_owned(),
        names => names.join(", "),
    };
    let Some(name) = options.context.clone().or_else(|| kubeconfig.current_context.clone()) else {
        return Err(ConnectError::NoCurrentContext { known: known() });
    };
    if !kubeconfig.contexts.iter().any(|c| c.name == name) {
        return Err(ConnectError::NoContext { name, known: known() });
    }
    Ok(Some(name))
}

/// What a connection is made from: kube's configuration and what to call it.
pub(super) struct Loaded {
    pub config: Config,
    pub info: ContextInfo,
}

/// Reads files and settings; runs no plugin and opens no connection.
pub(super) async fn load(options: &ConnectOptions) -> Result<Loaded, ConnectError> {
    let (kubeconfig, looked) = read(options)?;
    let Some(name) = chosen(&kubeconfig, options)? else { return in_cluster(options, looked) };
    let mut info = info(&kubeconfig, &name);
    let own_proxy = cluster_of(&kubeconfig, &name).and_then(|c| c.proxy_url.clone()).filter(|url| !url.is_empty());
    let choice = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let settings = |why: String| ConnectError::Settings { context: name.clone(), why };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &choice).await.map_err(|error| settings(error.to_string()))?;
    config.proxy_url = proxy::choose(own_proxy.as_deref(), &config.cluster_url, |name| env::var(name).ok())
        .map_err(|why| settings(format!("proxy: {why}")))?;
    if let Some(namespace) = &options.namespace {
        info.namespace.clone_from(namespace);
    }
    config.default_namespace.clone_from(&info.namespace);
    Ok(Loaded { config, info })
}

fn in_cluster(options: &ConnectOptions, looked: String) -> Result<Loaded, ConnectError> {
    if env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
        return Err(ConnectError::NoCluster { looked });
    }
    let settings = |why: String| ConnectError::Settings { context: "in-cluster".into(), why };
    let mut config = Config::incluster().map_err(|error| settings(error.to_string()))?;
    config.proxy_url = proxy::choose(None, &config.cluster_url, |name| env::var(name).ok()).map_err(settings)?;
    if let Some(namespace) = &options.namespace {
        config.default_namespace.clone_from(namespace);
    }
    let server = config.cluster_url.to_string();
    let info = ContextInfo {
        name: "in-cluster".into(),
        loopback: is_loopback(&server),
        server,
        namespace: config.default_namespace.clone(),
        user: "service account".into(),
    };
    Ok(Loaded { config, info })
}

/// The merged kubeconfig, and a phrase that says where it was looked for.
pub(super) fn read(options: &ConnectOptions) -> Result<(Kubeconfig, String), ConnectError> {
    let (files, looked) = sources(options);
    let mut merged = Kubeconfig::default();
    for file in files {
        let mut next = match Kubeconfig::read_from(&file) {
            Ok(next) => next,
            Err(KubeconfigError::ReadConfig(error, _))
                if error.kind() == std::io::ErrorKind::NotFound && options.kubeconfig.is_none() =>
            {
                continue;
            }
            Err(KubeconfigError::ReadConfig(error, path)) => {
                return Err(ConnectError::Kubeconfig(format!("{}: {error}", path.display())));
            }
            Err(error) => {
                // Below its first line the parser draws the place with a piece of the file, which may be a credential.
                let text = error.to_string();
                let cause = text.lines().next().unwrap_or_default().trim_end();
                return Err(ConnectError::Kubeconfig(format!("{}: {cause}", file.display())));
            }
        };
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        merged = merged.merge(next).map_err(|error| ConnectError::Kubeconfig(error.to_string()))?;
    }
    Ok((merged, looked))
}

/// The files that are read, in order, and a phrase that says where was looked.
pub(super) fn sources(options: &ConnectOptions) -> (Vec<PathBuf>, String) {
    files(options, env::var_os("KUBECONFIG"), home())
}

fn files(
    options: &ConnectOptions,
    variable: Option<std::ffi::OsString>,
    home: Option<PathBuf>,
) -> (Vec<PathBuf>, String) {
    if let Some(file) = &options.kubeconfig {
        return (vec![file.clone()], format!("{} names no cluster", file.display()));
    }
    let listed: Vec<PathBuf> = variable
        .map(|value| env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if !listed.is_empty() {
        return (listed, "the files of KUBECONFIG name none".into());
    }
    let default = home.map(|home| home.join(".kube").join("config"));
    (default.into_iter().collect(), "there is no kubeconfig (~/.kube/config, KUBECONFIG)".into())
}

fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|dirs| Path::to_path_buf(dirs.home_dir()))
}

fn cluster_of<'a>(kubeconfig: &'a Kubeconfig, context: &str) -> Option<&'a ::kube::config::Cluster> {
    let context = kubeconfig.contexts.iter().find(|c| c.name == context)?.context.as_ref()?;
    kubeconfig.clusters.iter().find(|c| c.name == context.cluster)?.cluster.as_ref()
}

fn info(kubeconfig: &Kubeconfig, name: &str) -> ContextInfo {
    let context = kubeconfig.contexts.iter().find(|c| c.name == name).and_then(|c| c.context.clone());
    let context = context.unwrap_or_default();
    let server = cluster_of(kubeconfig, name).and_then(|c| c.server.clone()).unwrap_or_default();
    ContextInfo {
        name: name.to_owned(),
        loopback: is_loopback(&server),
        server,
        namespace: context.namespace.filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into()),
        user: context.user.unwrap_or_default(),
    }
}

/// Whether the URL names this machine.
fn is_loopback(server: &str) -> bool {
    server.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some_and(crate::connect::is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn kubeconfig(context: &str, server: &str, current: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: '{current}'\nclusters: [{{name: {context}, cluster: {{server: '{server}'}}}}]\n\
             users: [{{name: u, user: {{token: secret}}}}]\n\
             contexts: [{{name: {context}, context: {{cluster: {context}, user: u, namespace: shop}}}}]\n"
        )
    }

    #[tokio::test]
    async fn one_file_is_read_and_its_context_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "a", &kubeconfig("dev", "https://127.0.0.1:6443", "dev"));
        let options = ConnectOptions { kubeconfig: Some(file), ..ConnectOptions::default() };
        let loaded = load(&options).await.unwrap();
        assert_eq!(loaded.info.name, "dev");
        assert_eq!(loaded.info.namespace, "shop");
        assert!(loaded.info.loopback);
        let options = ConnectOptions { context: Some("nope".into()), ..options };
        let error = load(&options).await.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("no context `nope`") && error.to_string().contains("dev"), "{error}");
    }

    #[test]
    fn an_empty_current_context_does_not_hide_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path(), "a", &kubeconfig("dev", "https://dev:6443", ""));
        let second = write(folder.path(), "b", &kubeconfig("prod", "https://prod:6443", "prod"));
        let listed = env::join_paths([first, folder.path().join("missing"), second]).unwrap();
        let (files, _) = files(&ConnectOptions::default(), Some(listed), None);
        assert_eq!(files.len(), 3);
        let merged =
            files.iter().filter_map(|f| Kubeconfig::read_from(f).ok()).fold(Kubeconfig::default(), |all, mut k| {
                k.current_context = k.current_context.filter(|name| !name.is_empty());
                all.merge(k).unwrap()
            });
        assert_eq!(merged.current_context.as_deref(), Some("prod"));
        assert_eq!(merged.contexts.len(), 2);
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let options =
            ConnectOptions { kubeconfig: Some("/nonexistent/kubeconfig".into()), ..ConnectOptions::default() };
        assert!(matches!(contexts(&options), Err(ConnectError::Kubeconfig(_))));
    }
}
