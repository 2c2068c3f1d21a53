//! Pushing one commit to one branch, never with force.

use git2::Oid;

use super::error::GitError;
use super::repository::{Repository, head_ref};

/// The branch has the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Whether it already had it before, as after an earlier push whose answer was lost.
    pub already_there: bool,
}

/// Why the branch has not got the commit.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Somebody else pushed first: fetch, look at the value again, apply the edit again.
    #[error("{branch} has moved on since it was read: somebody else pushed")]
    NonFastForward {
        /// The branch.
        branch: String,
    },
    /// A hook on the server refused.
    #[error("the server refused the push to {branch} ({reason}): {message}")]
    Hook {
        /// The branch.
        branch: String,
        /// The server's reason, for example `pre-receive hook declined`.
        reason: String,
        /// What the hook said.
        message: String,
    },
    /// The server refused for another reason, such as a branch that is checked out there.
    #[error("the server refused the push to {branch} ({reason}) {message}")]
    Refused {
        /// The branch.
        branch: String,
        /// The server's reason.
        reason: String,
        /// What else it said.
        message: String,
    },
    /// The connection broke or the time ran out after the push began: fetch and look whether the commit arrived.
    #[error("whether the push to {branch} arrived is not known: {detail}")]
    Unknown {
        /// The branch.
        branch: String,
        /// What happened.
        detail: String,
    },
    /// Nothing was sent: no credentials, no connection, no git.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Repository {
    /// Pushes `commit` to `branch`, which is expected to be at `expected` (`None`: not to exist yet). It only ever moves forward.
    pub fn push(&self, commit: Oid, branch: &str, expected: Option<Oid>) -> Result<Pushed, PushError> {
        let target = head_ref(branch)?;
        let is_descendant = match expected {
            Some(expected) => self.descends(commit, expected)?,
            None => true,
        };
        if !is_descendant {
            return Err(PushError::NonFastForward { branch: branch.to_owned() });
        }
        let refs = format!("{commit}:{target}");
        let output = match self.network(&["push", "--porcelain", "--no-verify", "--", self.push_url(), &refs]) {
            Err(GitError::TimedOut { command, seconds }) => {
                let detail = GitError::TimedOut { command, seconds }.to_string();
                return Err(PushError::Unknown { branch: branch.to_owned(), detail });
            }
            other => other?,
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match Answer::read(&text, &target) {
            Some(Answer::Accepted { already_there }) if output.status.success() => {
                self.remember_tip(branch, commit);
                Ok(Pushed { already_there })
            }
            Some(Answer::Rejected { summary, reason }) => Err(rejected(branch, &summary, reason, &output.stderr)),
            _ => {
                let broke =
                    ["hung up unexpectedly", "early EOF", "Broken pipe", "unexpected disconnect", "Connection reset"];
                let failure = output.failure("push", &self.remote());
                // Whatever else was said: after the connection broke, the server may have taken the commit.
                let is_unknown = !matches!(failure, GitError::Auth { .. })
                    && broke.iter().any(|words| output.stderr.contains(words));
                let unknown = || PushError::Unknown { branch: branch.to_owned(), detail: output.detail() };
                Err(if is_unknown { unknown() } else { PushError::Git(failure) })
            }
        }
    }

    fn descends(&self, commit: Oid, from: Oid) -> Result<bool, GitError> {
        let descends = commit == from
            || self.objects()?.graph_descendant_of(commit, from).map_err(GitError::objects("comparing commits"))?;
        Ok(descends)
    }
}

/// The server's answer for one branch, as `--porcelain` prints it: flag, `from:to`, summary and reason, with tabs between.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Accepted { already_there: bool },
    Rejected { summary: String, reason: String },
}

impl Answer {
    fn read(output: &str, target: &str) -> Option<Self> {
        output.lines().find_map(|line| {
            let mut parts = line.split('\t');
            let (flag, refs, rest) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
            if refs.split_once(':')?.1 != target {
                return None;
            }
            match flag {
                "=" => Some(Self::Accepted { already_there: true }),
                " " | "*" => Some(Self::Accepted { already_there: false }),
                _ => {
                    let (summary, reason) = rest.split_once(" (").unwrap_or((rest, ""));
                    Some(Self::Rejected {
                        summary: summary.to_owned(),
                        reason: reason.trim_end_matches(')').to_owned(),
                    })
                }
            }
        })
    }
}

fn rejected(branch: &str, summary: &str, reason: String, stderr: &str) -> PushError {
    let branch = branch.to_owned();
    let moved = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "cannot lock ref",
        "failed to update ref",
        "remote ref updated since",
    ];
    if summary == "[rejected]" || moved.iter().any(|words| reason.contains(words)) {
        return PushError::NonFastForward { branch };
    }
    let said: Vec<&str> = stderr
        .lines()
        .filter_map(|line| Some(line.strip_prefix("remote:")?.trim()))
        .filter(|line| !line.is_empty())
        .collect();
    let message = said.join("\n");
    if reason.contains("hook") {
        PushError::Hook { branch, reason, message }
    } else {
        PushError::Refused { branch, reason, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let read = |line: &str| Answer::read(&format!("To /srv/a.git\n{line}\nDone\n"), "refs/heads/main");
        assert_eq!(read(" \tabc:refs/heads/main\t123..abc"), Some(Answer::Accepted { already_there: false }));
        assert_eq!(read("=\tabc:refs/heads/main\t[up to date]"), Some(Answer::Accepted { already_there: true }));
        assert_eq!(
            read("!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)"),
            Some(Answer::Rejected { summary: "[remote rejected]".into(), reason: "pre-receive hook declined".into() })
        );
        assert_eq!(read(" \tabc:refs/heads/other\t123..abc"), None);
    }

    #[test]
    fn a_lost_race_is_no_refusal() {
        let error = rejected(
            "main",
            "[remote rejected]",
            "cannot lock ref 'refs/heads/main': is at 1 but expected 2".into(),
            "",
        );
        assert!(matches!(error, PushError::NonFastForward { .. }));
        let error = rejected(
            "main",
            "[remote rejected]",
            "protected branch hook declined".into(),
            "remote: no\nremote:   go away\nx\n",
        );
        assert!(matches!(error, PushError::Hook { message, .. } if message == "no\ngo away"));
    }
}
