//! The tags that an image could be given: registry and Git asked side by side, then the team's rules for what they told.

use super::{
    effects::{Hands, send},
    session::Session,
};
use crate::{
    connect::registry::{Registry, RegistryError},
    model::{Agreed, ObjectRef, TagDetail, TagNews, TagRules, TagsWanted, image::ImageReference},
    observe::{ObserveError, look},
    plan,
    ui::{Message, Ticket},
};
use futures::{StreamExt as _, stream};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// How long each source may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tags that are described at once.
const AT_ONCE: usize = 6;

impl Session {
    /// What to ask for: the tags of the container that is named, or of the only one.
    ///
    /// # Errors
    /// The workload cannot be read, or which container is meant is not clear.
    pub async fn tags_wanted(&self, target: &ObjectRef, container: Option<&str>) -> Result<TagsWanted, ObserveError> {
        look::tags_wanted(&self.world(), target, container).await
    }

    /// Asks all sources, and hands over what each told as soon as it has.
    pub async fn tags<F, A>(&self, wanted: &TagsWanted, mut take: F)
    where
        F: FnMut(TagNews) -> A,
        A: Future<Output = ()>,
    {
        let image = match ImageReference::parse(&wanted.image) {
            Ok(image) => image,
            Err(error) => return take(TagNews::Registry(Err(error.to_string()))).await,
        };
        let (news, mut told) = tokio::sync::mpsc::channel(4);
        let asked = async move {
            let (listed, git) = tokio::join!(
                async {
                    let listed = listed(&image).await;
                    let heard = listed.as_ref().map_err(ToString::to_string).map(|(registry, tags, more)| {
                        (format!("{}/{}", registry.name(), registry.path()), tags.clone(), *more)
                    });
                    let _ = news.send(TagNews::Registry(heard)).await; // whoever asked may have gone
                    listed
                },
                async {
                    let git = self.git_tags(wanted).await;
                    let heard = match &git {
                        Ok(git) => git.place.clone().map(|place| (place, git.tags.clone())),
                        Err(why) => Err(why.clone()),
                    };
                    let _ = news.send(TagNews::Git(heard)).await; // as above
                    git
                },
            );
            let Ok(git) = git else { return };
            let known = git.tags.iter().map(|(tag, _)| tag.as_str());
            let tags: Vec<&str> =
                listed.iter().flat_map(|(_, tags, _)| tags.iter().map(String::as_str)).chain(known).collect();
            let rules = self.rules(wanted, &image, &git, &tags);
            let moving = plan::moving_tag(&git.agreed);
            let certified = match (&listed, moving) {
                (Ok((registry, ..)), Some(moving)) => registry.digest(moving).await.ok().flatten(),
                _ => None,
            };
            let _ = news.send(TagNews::Rules(rules, certified)).await; // as above
        };
        let passed = async {
            while let Some(news) = told.recv().await {
                take(news).await;
            }
        };
        // The sender lives in the first of them, so the second ends with it.
        tokio::join!(asked, passed);
    }

    async fn git_tags(&self, wanted: &TagsWanted) -> Result<look::GitTags, String> {
        let world = self.world();
        let asked = look::git_tags(&world, &wanted.target, Some(&wanted.container));
        match timeout(PATIENCE, asked).await {
            Ok(told) => told.map_err(|error| crate::formats::redact::text(&error.to_string())),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    fn rules(
        &self,
        wanted: &TagsWanted,
        image: &ImageReference,
        git: &look::GitTags,
        tags: &[&str],
    ) -> HashMap<String, TagRules> {
        let Agreed::Read(reading) = &git.agreed else { return HashMap::new() };
        let from = git.says.clone().or_else(|| image.tag.clone()).unwrap_or_default();
        let place = (self.cluster.info().name.as_str(), git.server.as_str(), &*wanted.target.namespace);
        plan::tag_rules(reading, place, &from, tags, self.clock.now())
    }
}

/// The registry and what it lists.
async fn listed(image: &ImageReference) -> Result<(Registry, Vec<String>, bool), RegistryError> {
    let registry = Registry::of(&image.repository)?;
    let late = || RegistryError::Unreachable {
        registry: registry.name().to_owned(),
        why: format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let (tags, more) = timeout(PATIENCE, registry.tags()).await.unwrap_or_else(|_| Err(late()))?;
    Ok((registry, tags, more))
}

/// What the registry tells of these tags.
pub async fn described(repository: &str, tags: Vec<String>) -> Vec<(String, Result<TagDetail, String>)> {
    let registry = match Registry::of(repository) {
        Ok(registry) => registry,
        Err(error) => return tags.into_iter().map(|tag| (tag, Err(error.to_string()))).collect(),
    };
    let registry = &registry;
    let asked = tags.into_iter().map(|tag| async move {
        let told = match timeout(PATIENCE, registry.describe(&tag)).await {
            Ok(Ok(Some(told))) => {
                let (digest, created, platforms) = (told.digest, told.created, told.platforms);
                Ok(TagDetail { digest, created, platforms })
            }
            Ok(Ok(None)) => Err("the registry does not have it".into()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        (tag, told)
    });
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

impl Hands {
    /// Asks for the tags of an image; each source is answered for by itself.
    pub(super) fn list_tags(&mut self, ticket: Ticket, wanted: TagsWanted) {
        let (session, inbox) = (Arc::clone(&self.session), self.inbox.clone());
        let task = tokio::spawn(async move {
            session.tags(&wanted, |news| send(&inbox, Message::Tags { ticket, news })).await;
        });
        self.gathering.insert(ticket, AbortOnDropHandle::new(task));
    }

    /// Asks what is behind some tags.
    pub(super) fn describe_tags(&self, ticket: Ticket, repository: String, tags: Vec<String>) {
        let inbox = self.inbox.clone();
        // It ends by itself soon, and an answer that nobody waits for any more is dropped.
        tokio::spawn(async move {
            let news = TagNews::Described(described(&repository, tags).await);
            send(&inbox, Message::Tags { ticket, news }).await;
        });
    }
}
