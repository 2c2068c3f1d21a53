//! How well a container of the repository fits the running one.
//!
//! What is told beats what fits by name: the folder that a reconciler applies, the release that owns the workload. Then names,
//! then the namespace, then words of folders and files.

use super::Index;
use super::deliver::Valued;
use super::environment::folder_fit;
use super::mapping::Target;
use super::release::ReleaseKind;
use super::render::{Instance, Source};
use crate::model::image::{ImageReference, familiar};
use crate::model::{Owner, OwnerKind};

const BY_PATH: u32 = 10_000;
const BY_NAME: u32 = 1_000;
const BY_NAMESPACE: u32 = 100;
const BY_FOLDER: u32 = 30;
const BY_REPOSITORY: u32 = 10;

impl Index {
    /// `None` when it is another container.
    pub(super) fn score(&self, instance: &Instance, target: &Target) -> Option<u32> {
        match &instance.values {
            Some(values) => self.released(instance, values, target),
            None => self.built(instance, target),
        }
    }

    /// A container that is written out.
    fn built(&self, instance: &Instance, target: &Target) -> Option<u32> {
        if !instance.image.same_repository(&target.image) {
            return None;
        }
        let is_custom = !instance.slot.is_empty();
        let by_name = match &instance.object {
            Some(object) if is_custom => u32::from(is_part(&object.name, &target.name)?),
            Some(object) if object.name != target.name => return None,
            Some(object) if !object.container.is_empty() && object.container != target.container => return None,
            Some(object) if object.kind == target.kind => 3,
            Some(_) => 2,
            None => 1,
        };
        let by_namespace = fits(self.namespace(instance), &target.namespace)?;
        let (by_folder, _) = folder_fit(&self.path_of(instance), &target.environment_names());
        // What a reconciler applies is told, not guessed.
        let by_path = u32::from(target.path.as_deref().is_some_and(|path| applies(path, instance)));
        Some(
            by_path * BY_PATH
                + by_name * BY_NAME
                + by_namespace * BY_NAMESPACE
                + u32::from(by_folder) * BY_FOLDER
                + 2 * BY_REPOSITORY,
        )
    }

    /// An image that values set for a release.
    fn released(&self, instance: &Instance, values: &Valued, target: &Target) -> Option<u32> {
        let release = &values.release;
        let owned = match &target.release {
            Some(owner) => owns(owner, values)?,
            None => None,
        };
        let by_repository = same(&instance.image, &target.image);
        if by_repository == 0 {
            // A tag alone is the running one's only where the release is, and says the same.
            let is_known = owned == Some(true) || self.is_named(values, target) >= 2;
            let says_same = instance.image.repository.is_empty() && instance.image.tag == target.image.tag;
            if !(is_known && says_same && target.image.tag.is_some()) {
                return None;
            }
        }
        let by_name = if owned == Some(true) { 3 } else { self.is_named(values, target) };
        let by_namespace = fits(self.namespace(instance), &target.namespace)?;
        let (by_folder, _) = folder_fit(&self.path_of(instance), &target.environment_names());
        let by_path = target.path.as_deref().is_some_and(|path| {
            applies(path, instance) || release.own.as_ref().is_some_and(|(file, ..)| is_below(path, file))
        });
        let by_slot = slot_fit(&instance.slot, target);
        Some(
            u32::from(by_path) * BY_PATH
                + by_name * BY_NAME
                + by_namespace * BY_NAMESPACE
                + u32::from(by_folder) * BY_FOLDER
                + by_repository * BY_REPOSITORY
                + by_slot,
        )
    }

    /// 2 where the workload's name is the release's, or made from it as charts do; 1 where it says nothing.
    fn is_named(&self, values: &Valued, target: &Target) -> u32 {
        let release = &values.release;
        let named = |name: &Option<String>| name.as_deref().and_then(|name| is_part(name, &target.name)).is_some();
        let in_words = release.environment.split('/').any(|word| word == target.name);
        if named(&release.name) || (release.name.is_none() && (named(&release.chart) || in_words)) { 2 } else { 1 }
    }
}

/// Whether a release is the owner of the workload; None (inside) where that cannot be told, None (outside) where it is not.
#[expect(clippy::option_option, reason = "the outer one ends the search as elsewhere here")]
fn owns(owner: &Owner, values: &Valued) -> Option<Option<bool>> {
    let release = &values.release;
    let named = |name: &str| name == &*owner.name;
    let fits = |namespace: Option<&str>| owner.namespace.is_empty() || namespace.is_none_or(|n| n == &*owner.namespace);
    let of_object = release.object.as_ref().map(|(namespace, name)| named(name) && fits(namespace.as_deref()));
    match (owner.kind, release.kind) {
        (_, ReleaseKind::Values) | (OwnerKind::Kustomization, _) | (_, ReleaseKind::Kustomization) => Some(None),
        (OwnerKind::HelmRelease, ReleaseKind::HelmRelease) => of_object.filter(|owns| *owns).map(Some),
        (OwnerKind::HelmRelease, _) => None,
        (OwnerKind::Application, ReleaseKind::Application) => {
            // Tracking names the application, seldom its namespace.
            release.object.as_ref().is_some_and(|(_, name)| named(name)).then_some(Some(true))
        }
        (OwnerKind::Application, ReleaseKind::ApplicationSet) => Some(None),
        (OwnerKind::Application, ReleaseKind::HelmRelease) => None,
        (OwnerKind::Helm, _) => match &release.name {
            Some(name) => named(name).then_some(Some(true)),
            None => Some(None),
        },
    }
}

/// 2 where both are one repository, 1 where all but the registry's name is the same.
fn same(written: &ImageReference, running: &ImageReference) -> u32 {
    fn path(repository: &str) -> &str {
        match repository.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => repository,
        }
    }
    if written.repository.is_empty() {
        return 0;
    }
    if written.same_repository(running) {
        return 2;
    }
    let (written, running) = (path(familiar(&written.repository)), path(familiar(&running.repository)));
    u32::from(running == written || running.strip_suffix(written).is_some_and(|before| before.ends_with('/')))
}

/// Whether the workload's name is the other one or has it as its first or last words; whether exactly.
fn is_part(name: &str, workload: &str) -> Option<bool> {
    if name.is_empty() {
        return None;
    }
    let before = workload.strip_suffix(name).is_some_and(|before| before.ends_with('-'));
    let after = workload.strip_prefix(name).is_some_and(|after| after.starts_with('-'));
    (workload == name || before || after).then_some(workload == name)
}

/// Keys that name the workload's component or its container.
fn slot_fit(slot: &[String], target: &Target) -> u32 {
    let word = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let (workload, container) = (word(&target.name), word(&target.container));
    let fit = |step: &String| {
        let step = word(step);
        let step = step.strip_suffix("image").unwrap_or(&step);
        match step {
            "" => 0,
            step if container == step => 4,
            step if workload.ends_with(step) => 3,
            step if workload.contains(step) => 1,
            _ => 0,
        }
    };
    slot.iter().map(fit).max().unwrap_or(0)
}

fn fits(namespace: Option<&str>, wanted: &str) -> Option<u32> {
    match namespace {
        Some(namespace) if namespace == wanted => Some(2),
        Some(_) => None,
        None => Some(1),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.is_empty() || folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a folder of the repository, applied, brings this container.
fn applies(path: &str, instance: &Instance) -> bool {
    match &instance.source {
        Source::Found(file, _) if instance.chain.is_empty() => is_below(path, super::folder_of(file)),
        _ => instance.chain.iter().any(|(folder, _)| is_below(path, folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_that_differ_in_the_registry_only() {
        let score = |written: &str, running: &str| {
            same(&ImageReference::parse(written).unwrap(), &ImageReference::parse(running).unwrap())
        };
        assert_eq!(score("nginx", "docker.io/library/nginx:1"), 2);
        assert_eq!(score("team/app", "mirror.example.com/team/app:1"), 1);
        assert_eq!(score("quay.io/team/app", "mirror.example.com/quay/team/app:1"), 1);
        assert_eq!(score("app", "mirror.example.com/team/app:1"), 1);
        assert_eq!(score("app", "mirror.example.com/team/my-app:1"), 0);
    }

    #[test]
    fn names_that_charts_make() {
        assert_eq!(is_part("shop", "shop"), Some(true));
        assert_eq!(is_part("shop", "shop-web"), Some(false));
        assert_eq!(is_part("web", "shop-web"), Some(false));
        assert_eq!(is_part("sho", "shop"), None);
        assert_eq!(is_part("", "shop"), None);
    }
}
