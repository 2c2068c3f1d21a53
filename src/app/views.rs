//! The file of saved views on the disk: read again before each change, replaced whole, and left alone where it has a mistake.

use crate::{
    config::{View, Views},
    ui::{Failure, Message, Notice},
};
use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Where views are kept; nowhere in the demo, which leaves nothing behind.
#[derive(Debug, Default)]
pub struct ViewsFile {
    path: Option<PathBuf>,
    /// Held from reading to writing: two changes at once must not undo each other.
    changing: Mutex<()>,
}

impl ViewsFile {
    /// The file at this place, which need not exist yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path: Some(path), changing: Mutex::default() }
    }
}

/// Keeps a view under a name, or with None removes it; says what became of it.
pub fn keep(file: &ViewsFile, name: &str, view: Option<&View>) -> Message {
    let done = if view.is_some() { "saved" } else { "removed" };
    let Some(path) = &file.path else {
        return information(format!("{done} the view {name}, until the demo ends"));
    };
    let changing = file.changing.lock().unwrap_or_else(PoisonError::into_inner);
    let result = change(path, name, view);
    drop(changing);
    match result {
        Ok(()) => information(format!("{done} the view {name} in {}", path.display())),
        Err(message) => Message::Failed(Failure {
            title: format!("The view {name} is {done} only until pilothouse ends"),
            message,
            hint: Some("put that right, then say it again".into()),
            choices: Vec::new(),
        }),
    }
}

fn information(text: String) -> Message {
    Message::Notice(Notice::information(text))
}

fn change(path: &Path, name: &str, view: Option<&View>) -> Result<(), String> {
    // What is linked to from here, from a folder of dotfiles say, is written there.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let text = match fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    let edited = Views::edit(path, &text, name, view).map_err(|mistake| format!("not written: {mistake}"))?;
    if edited == text { Ok(()) } else { replace(&target, &edited).map_err(failed) }
}

/// Replaces the file in one step, so that nobody ever reads half of it; who may read it stays as it is.
fn replace(target: &Path, text: &str) -> std::io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(target) {
        draft.as_file().set_permissions(before.permissions())?;
    }
    draft.as_file().sync_all()?;
    draft.persist(target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Action;

    fn file() -> (tempfile::TempDir, PathBuf, ViewsFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not yet/views.toml");
        (folder, path.clone(), ViewsFile::at(path))
    }

    #[test]
    fn views_are_kept_and_removed() {
        let (_folder, path, file) = file();
        let view = View::of(Action::Jobs);
        for (name, view) in [("b", Some(&view)), ("a", Some(&view)), ("b", None)] {
            let told = keep(&file, name, view);
            assert!(matches!(told, Message::Notice(_)), "{told:?}");
        }
        let (views, mistakes) = Views::parse(&path, &fs::read_to_string(&path).unwrap());
        assert_eq!((views.iter().collect::<Vec<_>>(), mistakes), (vec![("a", &view)], vec![]));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_with_a_mistake_is_left_as_it_is() {
        let (_folder, path, file) = file();
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, "[a]\nscren = \"jobs\"\n").unwrap();
        let told = keep(&file, "b", Some(&View::of(Action::Jobs)));
        let Message::Failed(failure) = told else { panic!("{told:?}") };
        assert!(failure.title.ends_with("only until pilothouse ends"), "{failure:?}");
        assert!(failure.message.contains("views.toml:1:2: the view `a` has no `screen`"), "{failure:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "[a]\nscren = \"jobs\"\n");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_and_the_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (folder, path, file) = file();
        let real = folder.path().join("dotfiles.toml");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&real, "").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &path).unwrap();
        keep(&file, "a", Some(&View::of(Action::Jobs)));
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("[\"a\"]"));
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn the_demo_keeps_nothing() {
        let Message::Notice(notice) = keep(&ViewsFile::default(), "a", None) else { panic!("it failed") };
        assert_eq!(notice.text, "removed the view a, until the demo ends");
    }
}
