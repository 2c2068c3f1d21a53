//! Lending the terminal to a login command, and noticing that the kubeconfig was written to: both off the event loop.

use crate::connect::kube::{Cluster, ConnectError, KnownContexts};
use std::{
    io::{self, Write as _},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};

/// How often the kubeconfig's files are looked at from outside.
const LOOK: Duration = Duration::from_secs(2);

/// The terminal while somebody else has it.
pub struct Loan {
    /// The context whose login command has it.
    pub context: String,
    task: JoinHandle<Result<(), ConnectError>>,
    /// Whether the command has ended, and what it wrote is being read.
    read: bool,
}

impl Loan {
    /// Runs the credential plugin of a cluster on the terminal, which the caller has cleared of the screen.
    pub fn to(cluster: Cluster) -> Self {
        let context = cluster.info().name.clone();
        tell(&format!("pilothouse: logging in to context {context} as {}…\r\n", cluster.info().user));
        Self { context, task: tokio::spawn(async move { cluster.log_in_on_terminal().await }), read: false }
    }

    /// Waits until the command has ended, or what it wrote was read; whether there are credentials now.
    pub async fn ended(&mut self) -> Result<(), ConnectError> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(ConnectError::Settings { context: self.context.clone(), why: error.to_string() }),
        }
    }

    /// What a command wrote before it failed is gone once the screen is back: keeps the terminal until enter is pressed. Whether
    /// that was begun; it was not where it is over.
    pub fn keep(&mut self, error: &ConnectError) -> bool {
        if self.read {
            return false;
        }
        tell(&format!("pilothouse: {error}\r\npress enter to go back to the screen\r\n"));
        let error = error.clone();
        self.task = tokio::task::spawn_blocking(move || {
            // A terminal that cannot be read from is one on which nothing is waited for.
            let _ = io::stdin().read_line(&mut String::new());
            Err(error)
        });
        self.read = true;
        true
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes to the terminal that was lent; one that is gone hears nothing. For the event loop's own thread, which may hold the lock.
fn tell(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Reads the kubeconfig again each time its files were written to, until nobody listens.
pub async fn watch_kubeconfig(mut known: KnownContexts, readings: mpsc::Sender<Result<KnownContexts, ConnectError>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        // A home folder may be on a network that does not answer.
        let look = tokio::task::spawn_blocking(move || {
            let reading = known.is_touched().then(|| known.again());
            (known, reading)
        });
        let Ok((seen, reading)) = look.await else { return };
        known = seen;
        if let Some(reading) = reading
            && readings.send(reading).await.is_err()
        {
            return;
        }
    }
}
