//! Logs carried to the screen, and saved.

use crate::{
    connect::kube::Cluster,
    model::LogRequest,
    observe,
    ui::{Message, Notice, Ticket},
};
use jiff::Timestamp;
use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// Files of one second that are told apart by a number.
const NAMESAKES: u32 = 100;

/// Follows logs and passes on what they tell, until dropped.
pub(super) async fn follow(cluster: Cluster, ticket: Ticket, request: LogRequest, out: mpsc::Sender<Message>) {
    let (news, mut arriving) = mpsc::channel(1);
    let pass_on = async {
        while let Some(news) = arriving.recv().await {
            if out.send(Message::Logs(ticket, news)).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(observe::follow_logs(cluster, request, rand::random(), news), pass_on);
}

/// Saves lines as a new file in the folder that the program was started in.
pub(super) fn save(name: &str, lines: usize, text: &str, now: Timestamp) -> Notice {
    save_as(name, "log", &format!("{lines} lines"), text, now)
}

/// Saves a text as a new file there; `what` says what it is.
pub(super) fn save_as(name: &str, extension: &str, what: &str, text: &str, now: Timestamp) -> Notice {
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let name = format!("{name}-{}", now.strftime("%Y%m%d-%H%M%S"));
    match create(&folder, &name, extension).and_then(|(mut file, path)| file.write_all(text.as_bytes()).map(|()| path))
    {
        Ok(path) => Notice::information(format!("saved {what} as {}", path.display())),
        Err(error) => Notice::error(format!("cannot save {what} in {}: {error}", folder.display()))
            .hint("start from a folder you may write to"),
    }
}

/// A file that was not there before.
fn create(folder: &Path, name: &str, extension: &str) -> io::Result<(File, PathBuf)> {
    let mut error = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 1..=NAMESAKES {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{name}{number}.{extension}"));
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(failed) if failed.kind() == io::ErrorKind::AlreadyExists => error = failed,
            Err(failed) => return Err(failed),
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_ever_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..3).map(|_| create(folder.path(), "a", "log").unwrap().1).collect();
        let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.log", "a-2.log", "a-3.log"]);
        assert!(create(&folder.path().join("missing"), "a", "log").is_err());
    }
}
