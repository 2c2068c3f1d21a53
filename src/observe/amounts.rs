//! From quantities on the wire to amounts. Pure.

use crate::{
    model::{Amount, quantity},
    wire::Quantity,
};
use std::collections::BTreeMap;

/// CPU and memory of a list of resources.
pub(super) fn amount(resources: &BTreeMap<Box<str>, Quantity>) -> Amount {
    let text = |name: &str| resources.get(name)?.text();
    Amount {
        cpu: text("cpu").and_then(|text| quantity::milli(&text)),
        memory: text("memory").and_then(|text| quantity::whole(&text)),
    }
}
