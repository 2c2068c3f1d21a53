//! An edit within a plan: said for readers, and kept as data so that it is applied exactly as it was confirmed.

use super::{Change, Edit};
use crate::model::{FileEdit, ScalarChange};

impl Edit {
    /// The edit for a plan.
    pub fn planned(&self) -> FileEdit {
        FileEdit {
            path: self.path.clone(),
            changes: self.changes.iter().flat_map(said).collect(),
            // An edit holds strings and numbers only, so it always has a JSON form.
            edit: serde_json::to_value(self).unwrap_or_default(),
        }
    }

    /// The edit that a plan holds; Err says why it is none.
    pub fn of_plan(file: &FileEdit) -> Result<Self, String> {
        let edit: Self = serde_json::from_value(file.edit.clone())
            .map_err(|error| format!("the plan's edit of {} cannot be read: {error}", file.path))?;
        let said: Vec<ScalarChange> = edit.changes.iter().flat_map(said).collect();
        if edit.path != file.path || said != file.changes {
            return Err(format!("the plan's edit of {} is not what the plan says", file.path));
        }
        Ok(edit)
    }
}

/// What a change does, scalar by scalar.
fn said(change: &Change) -> Vec<ScalarChange> {
    let scalar = |document: &usize, pointer: String, from: Option<&String>, to: Option<&String>| ScalarChange {
        document: *document,
        pointer,
        from: from.cloned(),
        to: to.cloned(),
    };
    match change {
        Change::Replace { document, pointer, from, to, .. } => {
            vec![scalar(document, pointer.to_string(), Some(from), Some(to))]
        }
        Change::Remove { document, pointer, from, .. } => vec![scalar(document, pointer.to_string(), Some(from), None)],
        Change::InsertKey { document, pointer, to, .. } => vec![scalar(document, pointer.to_string(), None, Some(to))],
        Change::InsertImage { document, image } => {
            let fields =
                [("name", Some(&image.name)), ("newTag", image.new_tag.as_ref()), ("digest", image.digest.as_ref())];
            let set = fields.into_iter().filter_map(|(key, value)| Some((key, value?)));
            set.map(|(key, value)| scalar(document, format!("/images/-/{key}"), None, Some(value))).collect()
        }
        Change::InsertValue { document, pointer, keys, to } => {
            let pointer = keys.iter().fold(pointer.clone(), |pointer, key| pointer.child(key));
            vec![scalar(document, pointer.to_string(), None, Some(to))]
        }
        Change::Within { document, pointer, inner, .. } => {
            let outward = |change: ScalarChange| ScalarChange {
                document: *document,
                pointer: format!("{pointer} {}", change.pointer),
                ..change
            };
            said(inner).into_iter().map(outward).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::yaml::{NewImage, Pointer};

    #[test]
    fn a_plan_keeps_the_edit_and_says_it() {
        let pointer = Pointer::parse("/images/0/newTag");
        let edit = Edit {
            path: "apps/shop/kustomization.yaml".into(),
            changes: vec![
                Change::Replace { document: 0, pointer, identity: vec![], from: "1".into(), to: "2".into() },
                Change::InsertImage {
                    document: 0,
                    image: NewImage { name: "a".into(), new_tag: Some("2".into()), digest: None },
                },
            ],
        };
        let mut planned = edit.planned();
        assert_eq!(planned.changes.len(), 3);
        assert_eq!(Edit::of_plan(&planned).unwrap(), edit);
        planned.changes[0].to = Some("3".into());
        assert!(Edit::of_plan(&planned).is_err(), "what is read and what is applied must agree");
    }
}
