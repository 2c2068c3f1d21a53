//! Plan → world: the only room that obtains a writer.

#[cfg(test)]
mod fixtures;
pub mod journal;
