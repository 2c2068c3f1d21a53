//! What an operator talks about: pure values and functions, importing nothing from the other rooms.

pub mod image;
