//! Writing what the journals tell into a Markdown file, in the folder that the program was started from.

use crate::{
    model::{Account, OperationId},
    operate::{self, Journals},
    ui::Notice,
};
use jiff::Timestamp;
use std::io::Write as _;

/// Writes the report of these operations and says where it is, or why it is not.
pub fn write(journals: &Journals, ids: &[OperationId], now: Timestamp) -> Notice {
    let listing = journals.list();
    let accounts: Vec<&Account> = listing.accounts.iter().filter(|account| ids.contains(&account.id)).collect();
    let Some(first) = accounts.first() else {
        return Notice::warning("there is no journal of it on this machine")
            .hint("export it on the machine that carries it out");
    };
    let name = match accounts.len() {
        1 => format!("pilothouse-{}.md", first.id),
        _ => format!("pilothouse-journal-{}.md", now.strftime("%Y%m%d-%H%M%S")),
    };
    let text = operate::markdown(&accounts, now);
    // Whole or not at all: a report that is half there would be pasted as if it were all.
    let written = tempfile::NamedTempFile::new_in(".").and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.persist(&name).map_err(std::io::Error::from)
    });
    let missing = ids.len().saturating_sub(accounts.len());
    match written {
        Ok(_) if missing > 0 => {
            Notice::warning(format!("wrote {name}, without {missing} whose journal is on another machine"))
        }
        Ok(_) => Notice::information(format!("wrote {name}")),
        Err(error) => {
            Notice::error(format!("cannot write {name}: {error}")).hint("start from a folder you may write to")
        }
    }
}
