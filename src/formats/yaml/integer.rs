//! Replacing a plain integer, such as a traffic weight or a replica count.

use super::pointer::Pointer;
use super::refusal::{Reason, Refusal};
use super::splice::{Edited, Target, splice};
use super::tree::Tree;

/// Replaces the plain decimal integer at `pointer` by `new_value`, which stays plain.
///
/// Errors: as [`replace_scalar`](super::replace_scalar), and where the value is no plain decimal integer.
pub fn replace_integer(bytes: &[u8], document: usize, pointer: &Pointer, new_value: i64) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let target = Target::at(&tree, document, pointer)?;
    let value = tree.resolve(document, pointer).ok().and_then(|id| tree.scalar(id)).unwrap_or_default();
    if !(target.is_plain() && is_decimal(value)) {
        return Err(target.refuse(Reason::NotAnInteger));
    }
    let text = new_value.to_string();
    splice(&tree, &target, text.clone(), &text)
}

/// A decimal integer to every reader: no leading zero, which YAML 1.1 takes for octal.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0')) && !digits.is_empty()
}
