//! Facts for a bump: the repository, the one place in it that sets the image, the edit, and whether the image exists.

use super::{
    World, application, common, container,
    place::{self, Tip},
    policy,
    repository::{self, Found},
};
use crate::{
    connect::registry::{self, Registry},
    formats::{self, index::Target},
    model::{self, BumpFacts, EditSite, Intent, Kind},
    observe::ObserveError,
};
use jiff::Timestamp;
use serde_json::Value;
use std::{path::Path, time::Duration};

/// How long a registry may take to tell when an image was built.
const BUILT: Duration = Duration::from_secs(5);

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<BumpFacts, ObserveError> {
    let target = intent.target();
    let Intent::Bump { tag, container: asked, repository: named, branch, file, .. } = intent else {
        return Err(ObserveError::WrongKind { verb: "bump", expected: "a bump", kind: target.kind.to_string() });
    };
    let container = container(&object, target, asked.as_deref())?;
    let (owner, _) = application::owner(world.cluster.reader(), &object).await;
    let found = repository::find(world, owner.as_ref(), named.as_deref(), branch.as_deref()).await?;
    let wanted = place::wanted(world, target, &container, owner.as_ref(), &found)?;
    wanted
        .image
        .with_tag(tag)
        .map_err(|error| ObserveError::Image { container: container.name.to_string(), why: error.to_string() })?;
    let asked = Asked { tag: tag.clone(), file: file.clone() };
    let (cache, now) = (world.git_cache.clone(), world.cluster.clock().now());
    let wanted_image = wanted.image.clone();
    let reading = tokio::task::spawn_blocking(move || read(&found, &cache, &wanted, &asked, now));
    let (common, read) = tokio::join!(common::gather(world, intent, object), reading);
    let Read { repository, mut site, author, agreed, is_automated, recorded } = read.map_err(place::stopped)??;
    if is_automated {
        site.automations = automations(world).await;
    }
    let moving = moving(&agreed).and_then(|tag| wanted_image.with_tag(tag).ok());
    let moving = async {
        match moving {
            Some(image) => Some(digest(&image.to_string()).await),
            None => None,
        }
    };
    let (registry, moving, built) = tokio::join!(digest(&site.image), moving, built(&site.image));
    let common = model::CommonFacts { agreed, ..common? };
    Ok(BumpFacts { common, container, repository, site, registry, recorded, moving, built, author })
}

/// The tag that the team moves to what is certified.
fn moving(agreed: &model::Agreed) -> Option<&str> {
    let model::Agreed::Read(reading) = agreed else { return None };
    reading.team.as_ref().ok()?.as_ref()?.certified.moving.as_deref()
}

async fn digest(image: &str) -> Result<Option<String>, String> {
    registry::digest(image).await.map_err(|error| error.to_string())
}

/// Commits whose trailers are looked at.
const LOOKED_AT: usize = 5_000;

/// The digest that an image had when it was first bumped to. What cannot be read keeps no bump back.
fn recorded(tip: &Tip, image: &str) -> Option<(String, String)> {
    let found = tip.git.first_trailer(tip.commit, model::DIGEST_TRAILER, &format!("{image}@"), LOOKED_AT);
    let (commit, digest) = found.ok().flatten()?;
    Some((digest, commit.to_string().chars().take(7).collect()))
}

/// When an image was built. Only the lead time is told by it, so that what is not learnt in time is not known.
async fn built(image: &str) -> Option<Timestamp> {
    let image = model::image::ImageReference::parse(image).ok()?;
    let registry = Registry::of(&image.repository).ok()?;
    let described = registry.describe(image.digest.as_deref().or(image.tag.as_deref())?);
    tokio::time::timeout(BUILT, described).await.ok()?.ok()??.created
}

/// What the operator asks for.
struct Asked {
    tag: String,
    file: Option<String>,
}

/// What the repository tells.
struct Read {
    repository: model::Repository,
    site: EditSite,
    author: Result<String, String>,
    agreed: model::Agreed,
    /// Whether a setter marker stands at what is edited.
    is_automated: bool,
    recorded: Option<(String, String)>,
}

/// Fetches the branch and finds the place. Blocks.
fn read(found: &Found, cache: &Path, target: &Target, asked: &Asked, now: Timestamp) -> Result<Read, ObserveError> {
    let tip = Tip::fetch(found, cache)?;
    let (site, is_automated) = site(&tip, target, asked)?;
    let agreed = policy::at(&tip.git, found, &tip.branch, tip.commit, cache, now);
    let recorded = recorded(&tip, &site.image);
    Ok(Read {
        recorded,
        agreed: model::Agreed::Read(Box::new(agreed)),
        repository: model::Repository {
            location: found.location.clone(),
            branch: tip.branch,
            tip: tip.commit.to_string(),
            found: found.how.clone(),
        },
        site,
        author: tip.git.author().map_err(|error| error.to_string()),
        is_automated,
    })
}

/// The place that sets the image, and the edit of it.
fn site(tip: &Tip, target: &Target, asked: &Asked) -> Result<(EditSite, bool), ObserveError> {
    let file = asked.file.as_deref();
    let placed = file.map_or_else(|| tip.index.place(target), |file| tip.index.place_in(target, file));
    let candidate = placed.map_err(|error| place::unplaced(&error, file))?;
    let drafted = tip.draft(&candidate, &asked.tag)?;
    let is_automated = drafted.warnings.iter().any(place::is_automated);
    let site = EditSite {
        edits: drafted.edit.iter().map(formats::images::Edit::planned).collect(),
        place: place::written(&candidate),
        reason: candidate.reason.clone(),
        image: drafted.image.to_string(),
        from: candidate.image.tag.clone().unwrap_or_else(|| candidate.image.version()),
        reaches: place::reaches(&candidate, target),
        protected: place::protected(&candidate, target),
        automations: Vec::new(),
        warnings: drafted.warnings.iter().map(ToString::to_string).collect(),
        diff: drafted.diff,
    };
    Ok((site, is_automated))
}

/// The automations of the cluster that are not suspended, and how to suspend each.
async fn automations(world: &World) -> Vec<String> {
    let found = world.cluster.reader().list(Kind::ImageUpdateAutomation, None, None).await.unwrap_or_default();
    let active = found.iter().filter(|object| object["spec"]["suspend"] != true);
    let told = active.filter_map(|object| {
        let text = |field: &str| object["metadata"][field].as_str();
        let (namespace, name) = (text("namespace")?, text("name")?);
        Some(format!("{namespace}/{name} (`flux suspend image update {name} -n {namespace}`)"))
    });
    told.collect()
}
