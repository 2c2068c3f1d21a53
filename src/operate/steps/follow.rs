//! Follows the log of a Job's pod into a file beside the journal and to whoever watches. The deadline of a Job deletes its
//! pods, so lines are saved as they come.

use crate::{
    connect::kube::{LogOptions, Reader},
    model::Progress,
};
use futures::StreamExt as _;
use jiff::Timestamp;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Pause before a log that could not be followed, or broke off, is asked for again.
const AGAIN: Duration = Duration::from_secs(2);

/// A log being followed. It stops when dropped.
pub(super) struct Follower {
    /// The pod's name.
    pub(super) pod: String,
    task: JoinHandle<()>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Follower {
    /// Follows a container from its first line that is not in `file` yet, until the container ends.
    pub(super) fn start(
        reader: Reader,
        (namespace, pod, container): (String, String, String),
        file: Option<PathBuf>,
        progress: mpsc::Sender<Progress>,
    ) -> Self {
        let name = pod.clone();
        let task = tokio::spawn(async move {
            let mut last = file.as_deref().and_then(last_line);
            loop {
                let options = LogOptions {
                    container: Some(container.clone()),
                    since: last,
                    timestamps: true,
                    ..LogOptions::default()
                };
                // A container that has not begun has no log yet; that is an error of the API server's, and no news.
                if let Ok(lines) = reader.follow_log(&namespace, &pod, &options).await {
                    let mut lines = std::pin::pin!(lines);
                    let mut whole = true;
                    while let Some(line) = lines.next().await {
                        let Ok(line) = line else {
                            whole = false;
                            break;
                        };
                        let (at, text) = split(&line);
                        if at.is_some() && at <= last {
                            continue;
                        }
                        last = at.or(last);
                        if let Some(file) = &file {
                            save(file, &line);
                        }
                        let _ = progress.try_send(Progress::Log(text.to_owned())); // the file has it in any case
                    }
                    if whole && last.is_some() {
                        return;
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { pod: name, task }
    }

    /// Gives the last lines a moment to arrive.
    pub(super) async fn finish(&mut self, patience: Duration) {
        let _ = tokio::time::timeout(patience, &mut self.task).await; // what has not come by then is still in the pod
    }
}

/// A line's time and its text.
fn split(line: &str) -> (Option<Timestamp>, &str) {
    match line.split_once(' ') {
        Some((at, text)) if at.parse::<Timestamp>().is_ok() => (at.parse().ok(), text),
        _ => (None, line),
    }
}

fn last_line(file: &Path) -> Option<Timestamp> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().rev().find_map(|line| split(line).0)
}

/// Saving is best effort: a full disk must not stop a migration from being watched.
fn save(file: &Path, line: &str) {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(file).and_then(|mut file| writeln!(file, "{line}")); // see above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_time_or_are_all_text() {
        let (at, text) = split("2026-01-01T00:00:07.123456789Z adding column total");
        assert_eq!((at.unwrap().as_second(), text), (1_767_225_607, "adding column total"));
        assert_eq!(split("no time here"), (None, "no time here"));
        assert_eq!(split(""), (None, ""));
    }
}
