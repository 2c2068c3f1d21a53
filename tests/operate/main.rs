//! Operations in the embedded world, carried out, crashed, taken up again and taken back.

mod shift;
mod stage;
