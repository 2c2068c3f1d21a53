//! The tags that an image could be given: from the registry, from Git's history of the reference, from what runs in the cluster.
//!
//! Invariant: where each tag was seen is kept, and of each source whether it was heard, when, or why not. A tag that the team's rules
//! refuse stays in the list with the reason.

use super::{Jump, ObjectRef, tag::TagVersion};
use jiff::Timestamp;
use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
    fmt,
};

/// What is asked for: the tags of one container's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagsWanted {
    /// The workload.
    pub target: ObjectRef,
    /// The container.
    pub container: String,
    /// Its image as it runs.
    pub image: String,
}

/// What a tag is to the one that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It runs.
    Same,
    /// A newer version.
    Newer(Jump),
    /// An older version.
    Older(Jump),
    /// That cannot be told.
    Unknown,
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.pad("runs"),
            Self::Newer(jump) => f.pad(jump.as_str()),
            Self::Older(_) => f.pad("older"),
            Self::Unknown => f.pad(""),
        }
    }
}

/// What the registry tells of one tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagDetail {
    /// Its digest.
    pub digest: String,
    /// When it was built.
    pub created: Option<Timestamp>,
    /// The platforms that it is for.
    pub platforms: Vec<String>,
}

/// What the team's rules say to a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRules {
    /// Whether it is certified by its name.
    pub certified: bool,
    /// What stands against it, with its place.
    pub against: Option<String>,
}

/// One tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagRow {
    /// The tag.
    pub tag: String,
    version: Option<TagVersion>,
    /// What it is to the one that runs.
    pub relation: Relation,
    /// What the rules say.
    pub rules: TagRules,
    /// What the registry tells; None where it was not asked yet.
    pub detail: Option<Result<TagDetail, String>>,
    /// When Git says it was written here last.
    pub committed: Option<Timestamp>,
    /// Where it runs.
    pub seen: Vec<String>,
    /// Whether the registry lists it.
    pub listed: bool,
}

/// What is known of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TagSource {
    /// It has not answered yet.
    #[default]
    Asked,
    /// It has.
    Heard {
        /// What it is: a registry, or a place in a repository at a commit.
        name: String,
        /// How many tags it told of.
        tags: usize,
        /// Whether there are more than it told of.
        more: bool,
        /// When.
        at: Timestamp,
    },
    /// It cannot be asked.
    Silent(String),
}

/// What a source told.
#[derive(Clone, Debug, PartialEq)]
pub enum TagNews {
    /// The registry: its name, the tags, and whether there are more.
    Registry(Result<(String, Vec<String>, bool), String>),
    /// Git: the place with its commit, and the tags with the time of the commit that wrote them last.
    Git(Result<(String, Vec<(String, Timestamp)>), String>),
    /// The team's rules for each tag that is known, and the digest that a moving tag certifies.
    Rules(HashMap<String, TagRules>, Option<String>),
    /// What the registry tells of some tags.
    Described(Vec<(String, Result<TagDetail, String>)>),
}

/// The tags of one image.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// The image's repository.
    pub repository: String,
    /// The tag that runs.
    pub running: Option<String>,
    rows: Vec<TagRow>,
    by_tag: HashMap<String, usize>,
    /// The registry.
    pub registry: TagSource,
    /// Git.
    pub git: TagSource,
    /// The digest that a moving tag certifies.
    pub certified: Option<String>,
}

impl Tags {
    /// Those that run somewhere: pairs of a tag and where.
    pub fn new(repository: String, running: Option<String>, seen: Vec<(String, Vec<String>)>) -> Self {
        let mut tags = Self { repository, running: running.clone(), ..Self::default() };
        if let Some(tag) = running {
            tags.row(&tag);
        }
        for (tag, places) in seen {
            tags.row(&tag).seen = places;
        }
        tags.sort();
        tags
    }

    /// All of them: what is allowed first, newest first.
    pub fn rows(&self) -> &[TagRow] {
        &self.rows
    }

    /// One of them.
    pub fn get(&self, tag: &str) -> Option<&TagRow> {
        self.rows.get(*self.by_tag.get(tag)?)
    }

    /// Whether a tag is certified, by its name or by what it points to.
    pub fn is_certified(&self, row: &TagRow) -> bool {
        let digest = row.detail.as_ref().and_then(|detail| detail.as_ref().ok()).map(|detail| &detail.digest);
        row.rules.certified || (digest.is_some() && digest == self.certified.as_ref())
    }

    /// Takes in what a source told.
    pub fn take(&mut self, news: TagNews, now: Timestamp) {
        match news {
            TagNews::Registry(Ok((name, tags, more))) => {
                self.registry = TagSource::Heard { name, tags: tags.len(), more, at: now };
                tags.iter().for_each(|tag| self.row(tag).listed = true);
            }
            TagNews::Registry(Err(why)) => self.registry = TagSource::Silent(why),
            TagNews::Git(Ok((name, tags))) => {
                self.git = TagSource::Heard { name, tags: tags.len(), more: false, at: now };
                for (tag, at) in tags {
                    let row = self.row(&tag);
                    row.committed = row.committed.max(Some(at));
                }
            }
            TagNews::Git(Err(why)) => self.git = TagSource::Silent(why),
            TagNews::Rules(mut rules, certified) => {
                self.certified = certified;
                for row in &mut self.rows {
                    row.rules = rules.remove(&row.tag).unwrap_or_default();
                }
            }
            TagNews::Described(described) => {
                for (tag, detail) in described {
                    self.row(&tag).detail = Some(detail);
                }
                return;
            }
        }
        self.sort();
    }

    fn row(&mut self, tag: &str) -> &mut TagRow {
        let at = *self.by_tag.entry(tag.to_owned()).or_insert(self.rows.len());
        if at == self.rows.len() {
            let version = TagVersion::of(tag);
            let relation = relation(self.running.as_deref(), tag, version.as_ref());
            self.rows.push(TagRow {
                tag: tag.to_owned(),
                version,
                relation,
                rules: TagRules::default(),
                detail: None,
                committed: None,
                seen: Vec::new(),
                listed: false,
            });
        }
        &mut self.rows[at]
    }

    fn sort(&mut self) {
        self.rows.sort_by(order);
        for (at, row) in self.rows.iter().enumerate() {
            if let Some(known) = self.by_tag.get_mut(&row.tag) {
                *known = at;
            }
        }
    }
}

fn relation(running: Option<&str>, tag: &str, version: Option<&TagVersion>) -> Relation {
    let Some(running) = running else { return Relation::Unknown };
    if running == tag {
        return Relation::Same;
    }
    let (Some(version), Some(running)) = (version, TagVersion::of(running)) else { return Relation::Unknown };
    match (version.compare(&running), version.jump(&running)) {
        (Some(Ordering::Less), Some(jump)) => Relation::Older(jump),
        (Some(Ordering::Greater), Some(jump)) => Relation::Newer(jump),
        _ => Relation::Unknown,
    }
}

/// What is allowed before what is refused; versions before builds before anything else; newest first.
fn order(left: &TagRow, right: &TagRow) -> Ordering {
    let refused = |row: &TagRow| row.rules.against.is_some();
    let kind = |row: &TagRow| match row.version {
        Some(TagVersion::Semantic(_)) => 0,
        Some(TagVersion::Build { .. }) => 1,
        None => 2,
    };
    let newest = match (&left.version, &right.version) {
        (Some(a), Some(b)) => a.compare(b).map_or_else(|| line(a).cmp(&line(b)), Ordering::reverse),
        _ => Reverse(left.committed).cmp(&Reverse(right.committed)),
    };
    refused(left)
        .cmp(&refused(right))
        .then(kind(left).cmp(&kind(right)))
        .then(newest)
        .then_with(|| right.tag.cmp(&left.tag))
}

/// Lines of development that have no order keep theirs: numbers newest first, then names.
fn line(version: &TagVersion) -> (bool, Reverse<u64>, &str) {
    match version {
        TagVersion::Semantic(_) => (false, Reverse(0), ""),
        TagVersion::Build { line, .. } => match line.parse() {
            Ok(number) => (false, Reverse(number), ""),
            Err(_) => (true, Reverse(0), line),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tags: &Tags) -> Vec<&str> {
        tags.rows().iter().map(|row| row.tag.as_str()).collect()
    }

    fn listed(tags: &[&str]) -> TagNews {
        TagNews::Registry(Ok(("here".into(), tags.iter().map(|tag| (*tag).to_owned()).collect(), false)))
    }

    #[test]
    fn what_is_allowed_comes_first_and_the_newest_before() {
        let now = Timestamp::UNIX_EPOCH;
        let mut tags = Tags::new("a".into(), Some("2.4.0".into()), vec![("2.3.0".into(), vec!["staging".into()])]);
        assert_eq!(names(&tags), ["2.4.0", "2.3.0"]);
        tags.take(listed(&["2.10.0", "main", "412-9-9f3c1e2", "412-10-9f3c1e2", "2.9.1", "2.4.0", "latest"]), now);
        let expected = ["2.10.0", "2.9.1", "2.4.0", "2.3.0", "412-10-9f3c1e2", "412-9-9f3c1e2", "main", "latest"];
        assert_eq!(names(&tags), expected);
        let refused = TagRules { certified: false, against: Some("no".into()) };
        let certified = TagRules { certified: true, against: None };
        let rules = [("2.10.0".to_owned(), refused), ("2.9.1".to_owned(), certified)].into();
        tags.take(TagNews::Rules(rules, Some("sha256:aa".into())), now);
        assert_eq!((names(&tags)[0], *names(&tags).last().unwrap()), ("2.9.1", "2.10.0"));
        assert!(tags.is_certified(tags.get("2.9.1").unwrap()) && !tags.is_certified(tags.get("main").unwrap()));
        let detail = TagDetail { digest: "sha256:aa".into(), ..TagDetail::default() };
        tags.take(TagNews::Described(vec![("main".into(), Ok(detail))]), now);
        assert!(tags.is_certified(tags.get("main").unwrap()), "by what it points to");
        assert_eq!(tags.get("2.3.0").unwrap().seen, ["staging"]);
        assert!(matches!(&tags.registry, TagSource::Heard { tags: 7, .. }));
    }

    #[test]
    fn what_a_tag_is_to_the_one_that_runs() {
        let mut tags = Tags::new("a".into(), Some("2.4.0".into()), Vec::new());
        tags.take(listed(&["2.4.1", "2.5.0", "3.0.0", "2.3.9", "main"]), Timestamp::UNIX_EPOCH);
        let told: Vec<String> = tags.rows().iter().map(|row| format!("{} {}", row.tag, row.relation)).collect();
        assert_eq!(told, ["3.0.0 major", "2.5.0 minor", "2.4.1 patch", "2.4.0 runs", "2.3.9 older", "main "]);
    }

    #[test]
    fn git_tells_when_a_tag_was_written_last() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut tags = Tags::new("a".into(), None, Vec::new());
        let told = vec![("b".to_owned(), at(5)), ("a".to_owned(), at(9)), ("b".to_owned(), at(3))];
        tags.take(TagNews::Git(Ok(("k.yaml:3 @ 9f3c1e2".into(), told))), at(10));
        assert_eq!(names(&tags), ["a", "b"]);
        assert_eq!(tags.get("b").unwrap().committed, Some(at(5)));
        tags.take(TagNews::Registry(Err("no route".into())), at(11));
        assert_eq!(tags.registry, TagSource::Silent("no route".into()));
    }
}
