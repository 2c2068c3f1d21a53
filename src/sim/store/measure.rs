//! By what the usage of what runs is measured: the one thing besides objects and logs that every handle on a world shares.

use super::Store;
use crate::sim::meter::Meter;

impl Store {
    /// By what usage is measured from now on: how busy the world is. Only the first word counts.
    pub fn measure_by(&self, meter: Meter) {
        // Controllers that are started a second time are as busy as the first.
        let _ = self.meter.set(meter);
    }

    /// By what usage is measured.
    pub fn meter(&self) -> &Meter {
        self.meter.get_or_init(Meter::default)
    }
}
