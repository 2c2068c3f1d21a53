//! Operations in the embedded world, carried out, crashed, taken up again and taken back.

mod migrate;
mod rollback;
mod shift;
mod stage;
