//! One journal as a file: locked while it is open, appended to and synced, read back with every line checked.
//!
//! Invariant: when [`Journal::append`] returns Ok the record is on disk; when it returns an error the file ends where it ended
//! before (or the journal refuses everything after). Only a torn last line is ever dropped.

use super::{
    error::JournalError,
    history::History,
    record::{Entry, Record},
};
use crate::model::OperationId;
use jiff::Timestamp;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// A journal that this process holds. The lock goes with the value.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    length: u64,
    seq: u64,
    sum: String,
    broken: bool,
    /// Bytes that the disk still takes, in tests.
    #[cfg(test)]
    pub(crate) room: Option<usize>,
}

/// What a journal's text says.
pub(super) struct Lines {
    pub(super) entries: Vec<Entry>,
    /// The sum of the last intact line.
    sum: String,
    /// Where the last intact line ends.
    length: u64,
}

impl Journal {
    /// Creates the file, which must not exist, and locks it; it and its folder's entry are synced with the first record.
    pub(super) fn create(path: PathBuf, id: &OperationId) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        private(&mut options);
        let file =
            options.open(&path).map_err(|source| JournalError::Io { action: "create", path: path.clone(), source })?;
        lock(&file, &path, id)?;
        Ok(Self::around(file, path))
    }

    fn around(file: File, path: PathBuf) -> Self {
        Self {
            file,
            path,
            length: 0,
            seq: 0,
            sum: String::new(),
            broken: false,
            #[cfg(test)]
            room: None,
        }
    }

    /// Opens, locks and reads a journal; a torn last line is cut off.
    pub(super) fn open(path: PathBuf, id: &OperationId) -> Result<(Self, History), JournalError> {
        let file = OpenOptions::new().read(true).append(true).open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => JournalError::Unknown { id: id.0.clone() },
            _ => JournalError::Io { action: "open", path: path.clone(), source },
        })?;
        lock(&file, &path, id)?;
        let mut journal = Self::around(file, path);
        let mut bytes = Vec::new();
        journal.file.read_to_end(&mut bytes).map_err(|source| journal.io("read", source))?;
        let lines = read(&bytes, &journal.path)?;
        let history =
            History::replay(&lines.entries).ok_or_else(|| JournalError::Empty { path: journal.path.clone() })?;
        if lines.length < bytes.len() as u64 {
            journal.file.set_len(lines.length).map_err(|source| journal.io("cut the torn line off", source))?;
            journal.file.sync_data().map_err(|source| journal.io("sync", source))?;
        }
        (journal.length, journal.seq, journal.sum) = (lines.length, lines.entries.len() as u64, lines.sum);
        Ok((journal, history))
    }

    /// Appends a record and waits until it is on disk.
    pub fn append(&mut self, record: Record, now: Timestamp) -> Result<Entry, JournalError> {
        if self.broken {
            return Err(JournalError::Broken { path: self.path.clone() });
        }
        let entry = Entry::new(self.seq, now, record);
        let (line, sum) = entry.encode(&self.sum).map_err(|error| self.io("encode a record for", error.into()))?;
        if let Err(source) = self.put(line.as_bytes()) {
            // Half a line may be there. Take it away; where even that fails the journal is not to be trusted any more.
            self.broken = self.file.set_len(self.length).and_then(|()| self.file.sync_data()).is_err();
            return Err(self.io("write to", source));
        }
        if let Err(source) = self.file.sync_data() {
            // After a failed sync nobody knows what is on disk: the line may be lost although a later sync succeeds.
            self.broken = true;
            return Err(self.io("sync", source));
        }
        if self.seq == 0 {
            sync_folder(&self.path).map_err(|source| self.io("sync the folder of", source))?;
        }
        (self.length, self.seq, self.sum) = (self.length + line.len() as u64, self.seq + 1, sum);
        Ok(entry)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Some(room) = self.room {
            let fits = room.min(bytes.len());
            self.room = Some(room - fits);
            self.file.seek(SeekFrom::End(0))?;
            self.file.write_all(&bytes[..fits])?;
            return if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
        }
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn io(&self, action: &'static str, source: io::Error) -> JournalError {
        JournalError::Io { action, path: self.path.clone(), source }
    }
}

/// Takes the file's lock. A listing holds it for an instant to see who is alive, so one refusal is not believed.
fn lock(file: &File, path: &Path, id: &OperationId) -> Result<(), JournalError> {
    for attempt in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if attempt < 19 => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => {
                return Err(JournalError::Io { action: "lock", path: path.to_owned(), source });
            }
        }
    }
    Err(JournalError::Held { id: id.clone() })
}

/// Whether a process holds the journal at `path`.
pub(super) fn is_held(path: &Path) -> bool {
    // Read access is enough for a lock; it is given back when the file is closed, at once.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Whether nobody holds the journal at `path`: that is certain only where it could be locked.
pub(super) fn is_free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock_shared().is_ok())
}

/// Reads a journal's text. A last line that is not intact was being written when the process ended: it is left out.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Lines, JournalError> {
    let mut lines = Lines { entries: Vec::new(), sum: String::new(), length: 0 };
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        let after = end.map_or(&rest[rest.len()..], |end| &rest[end + 1..]);
        let seq = lines.entries.len() as u64;
        match (end, Entry::decode(line, &lines.sum, seq)) {
            (Some(end), Ok((entry, sum))) => {
                lines.entries.push(entry);
                lines.sum = sum;
                lines.length += end as u64 + 1;
            }
            _ if after.is_empty() => break,
            (_, Err(why)) => {
                return Err(JournalError::Damaged { path: path.to_owned(), line: lines.entries.len() + 1, why });
            }
            (None, Ok(_)) => break,
        }
        rest = after;
    }
    Ok(lines)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// A new file is only found again after a crash when its folder's entry is on disk too.
#[cfg(unix)]
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
