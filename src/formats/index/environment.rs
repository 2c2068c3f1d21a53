//! Which environment a container belongs to, and which folder stands for it.

use super::Index;
use super::render::Instance;

impl Index {
    /// The innermost kustomization that only this environment passes through: where an override reaches nothing else.
    pub(super) fn own_kustomization<'i>(&'i self, instance: &'i Instance) -> Option<&'i (String, String)> {
        let chain = &instance.chain;
        let own = |at: usize| {
            let folder = &chain[at].0;
            let outer = &chain[at..];
            self.instances.iter().all(|other| {
                let passes = other.chain.iter().position(|(name, _)| name == folder);
                passes.is_none_or(|place| same_folders(&other.chain[place..], outer))
            })
        };
        let holds_base = |at: usize| is_base(&chain[at].0) && at + 1 < chain.len();
        (0..chain.len()).find(|at| own(*at) && !holds_base(*at)).map(|at| &chain[at])
    }

    /// A folder that names the environment of a container.
    pub(super) fn environment(&self, instance: &Instance) -> String {
        match self.own_kustomization(instance) {
            Some((folder, _)) => folder.clone(),
            None => instance.chain.last().map(|(folder, _)| folder.clone()).unwrap_or_default(),
        }
    }
}

/// Whether two ways lead through the same kustomizations.
pub(super) fn same_folders(left: &[(String, String)], right: &[(String, String)]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.0 == right.0)
}

/// Whether a folder is by its name shared by several environments.
pub(super) fn is_base(folder: &str) -> bool {
    folder.split('/').any(|step| matches!(step, "base" | "bases" | "common" | "shared" | "components"))
}

/// Whether folders, a namespace or a name are by a word of theirs production's.
pub fn is_production(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| same_word(word, "production") || same_word(word, "live"))
}

/// How well the folders of a path fit a namespace or another name of the environment: 2 for a folder of that name, 1 for a
/// folder that is one of its words (`production` for `shop-production`), with usual short forms.
pub(super) fn folder_fit<'p>(path: &'p str, names: &[&str]) -> (u8, Option<&'p str>) {
    let fit = |folder: &str| {
        let fits = |name: &&str| {
            if same_word(folder, name) {
                2
            } else if name.split(['-', '_', '.', '/', ':', '@']).any(|word| same_word(folder, word)) {
                1
            } else {
                0
            }
        };
        names.iter().map(fits).max().unwrap_or(0)
    };
    let best = path
        .split('/')
        .filter(|folder| !folder.is_empty())
        .map(|folder| (fit(folder), folder))
        .max_by_key(|(fit, _)| *fit);
    best.filter(|(fit, _)| *fit > 0).map_or((0, None), |(fit, folder)| (fit, Some(folder)))
}

fn same_word(left: &str, right: &str) -> bool {
    fn long(word: &str) -> &str {
        match word {
            "prod" | "prd" => "production",
            "stg" | "stage" => "staging",
            "dev" => "development",
            other => other,
        }
    }
    !left.is_empty() && long(&left.to_ascii_lowercase()) == long(&right.to_ascii_lowercase())
}
