//! The forms of the verbs that need parameters, and the intents they make.

use super::{
    form::{Field, Form},
    typed,
};
use crate::{
    model::{Intent, ObjectRef, Route, Workload, image::ImageReference},
    ui::tables::version,
};

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A rollback of this Helm release to a revision that the operator names.
    Rollback(ObjectRef),
    /// A shift of this route.
    Shift(ObjectRef),
    /// A bump of this workload.
    Bump(ObjectRef),
    /// A migration with this workload's template.
    Migrate(ObjectRef),
}

/// What is wrong with which field.
type Errors = Vec<(usize, String)>;

impl Purpose {
    /// The intent that the fields describe, or what is wrong with them.
    pub fn intent(&self, fields: &[Field]) -> Result<Intent, Errors> {
        let at = |label: &str| fields.iter().position(|field| field.label == label);
        let value = |label: &str| at(label).map_or("", |at| fields[at].value());
        let optional = |label: &str| Some(value(label)).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut errors = Errors::new();
        let target = match self {
            Self::Rollback(target) | Self::Shift(target) | Self::Bump(target) | Self::Migrate(target) => target.clone(),
        };
        let intent = match self {
            Self::Rollback(_) => Intent::Rollback {
                target,
                revision: checked(&mut errors, at("revision"), typed::revision(value("revision"))),
            },
            Self::Shift(_) => Intent::Shift {
                target,
                to: value("to").to_owned(),
                steps: checked(&mut errors, at("steps"), typed::steps(value("steps"))),
                hold: checked(&mut errors, at("hold"), typed::duration(value("hold"))),
            },
            Self::Bump(_) => Intent::Bump {
                target,
                tag: checked(&mut errors, at("tag"), typed::tag(value("tag"))),
                container: optional("container"),
                repository: optional("repository"),
                branch: optional("branch"),
                file: optional("file"),
                wait: true,
            },
            Self::Migrate(_) => Intent::Migrate {
                target,
                tag: Some(checked(&mut errors, at("tag"), typed::tag(value("tag")))),
                container: optional("container"),
                command: checked(&mut errors, at("command"), typed::command(value("command"))),
            },
        };
        if errors.is_empty() { Ok(intent) } else { Err(errors) }
    }
}

fn checked<T: Default>(errors: &mut Errors, at: Option<usize>, result: Result<T, String>) -> T {
    result.unwrap_or_else(|error| {
        errors.push((at.unwrap_or(0), error));
        T::default()
    })
}

/// The form of the rollback of a Helm release to a revision of choice.
pub fn rollback(release: ObjectRef, current: u32) -> Form {
    let fields = vec![Field::text("revision", "its number; the best known good one where empty", "")];
    let title = format!("Roll back {release} from {current}");
    Form::new(title, Purpose::Rollback(release), fields)
}

/// The form of a shift: to the backend that has least, in quarters.
pub fn shift(route: &Route) -> Form {
    let options: Vec<String> = route.backends.iter().map(|backend| backend.name.to_string()).collect();
    let least = route.backends.iter().enumerate().min_by_key(|(_, backend)| backend.percent);
    let (chosen, percent) = least.map_or((0, 0), |(at, backend)| (at, backend.percent));
    let steps: Vec<String> = [25, 50, 75, 100].iter().filter(|s| **s > percent).map(u32::to_string).collect();
    let fields = vec![
        Field::choice("to", options, chosen),
        Field::text("steps", "shares in percent, in order", steps.join(",")),
        Field::text("hold", "how long each step is watched", "5m"),
    ];
    Form::new(format!("Shift traffic of {}", route.object.path()), Purpose::Shift(route.object.clone()), fields)
}

/// The form of a bump of the container of this number, beginning with a tag.
pub fn bump(workload: &Workload, at: usize, tag: &str, repository: Option<&str>) -> Form {
    let mut fields = vec![Field::text("tag", "the new tag", tag)];
    fields.extend(container(workload, at));
    fields.push(Field::text("repository", "path or URL; found by itself where empty", repository.unwrap_or("")));
    fields.push(Field::text("branch", "its default branch where empty", ""));
    fields.push(Field::text("file", "PATH[:LINE], where several could be meant", ""));
    let title = format!("Bump {} from {}", workload.object.path(), current_version(workload));
    Form::new(title, Purpose::Bump(workload.object.clone()), fields)
}

/// The form of a migration.
pub fn migrate(workload: &Workload) -> Form {
    let mut fields = vec![
        Field::text("command", "what migrates, such as ./manage migrate", ""),
        Field::text("tag", "the tag of the image that runs it", current_tag(workload)),
    ];
    fields.extend(container(workload, 0));
    let title = format!("Migrate with {}", workload.object.path());
    Form::new(title, Purpose::Migrate(workload.object.clone()), fields)
}

/// The choice of a container, where there is one to make.
fn container(workload: &Workload, at: usize) -> Option<Field> {
    let names: Vec<String> = workload.containers.iter().map(|container| container.name.to_string()).collect();
    (names.len() > 1).then(|| Field::choice("container", names, at))
}

fn current_tag(workload: &Workload) -> String {
    let image = workload.containers.first().and_then(|container| ImageReference::parse(&container.image).ok());
    image.and_then(|image| image.tag).unwrap_or_default()
}

fn current_version(workload: &Workload) -> String {
    workload.containers.first().map_or_else(String::new, |container| version(&container.image))
}
