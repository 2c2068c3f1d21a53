//! Nodes: whether they take pods, what presses them, and what they have.

use super::{Amount, Health, Labels, ObjectRef};
use jiff::Timestamp;

/// What keeps a node from doing well: a condition of that type which is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// `MemoryPressure`.
    Memory,
    /// `DiskPressure`.
    Disk,
    /// `PIDPressure`.
    Pids,
    /// `NetworkUnavailable`.
    Network,
}

impl Pressure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Network, Self::Memory, Self::Disk, Self::Pids];

    /// The condition's type.
    pub const fn condition(self) -> &'static str {
        match self {
            Self::Memory => "MemoryPressure",
            Self::Disk => "DiskPressure",
            Self::Pids => "PIDPressure",
            Self::Network => "NetworkUnavailable",
        }
    }

    /// In a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Pids => "PIDs",
            Self::Network => "no network",
        }
    }

    /// What follows from it.
    pub const fn consequence(self) -> &'static str {
        match self {
            Self::Memory => "memory runs short: pods are evicted, first those that use more than they asked for",
            Self::Disk => "disk runs short: images are removed and pods evicted, and new ones stay away",
            Self::Pids => "process numbers run short: pods may not start, and are evicted",
            Self::Network => "its network is not set up: pods on it reach nothing",
        }
    }
}

/// Whether a node's kubelet is there and well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is.
    Ready,
    /// It says that it is not well.
    NotReady,
    /// It has not been heard of: the node may be off, or cut off.
    Silent,
}

/// A condition that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// Which.
    pub pressure: Pressure,
    /// The kubelet's sentence.
    pub message: Box<str>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub object: ObjectRef,
    /// Whether its kubelet is there and well.
    pub readiness: Readiness,
    /// What the kubelet says about that, and since when, where it is not ready.
    pub trouble: Option<(Box<str>, Option<Timestamp>)>,
    /// What presses it.
    pub pressed: Vec<Pressed>,
    /// Whether it takes no new pods by an operator's word.
    pub cordoned: bool,
    /// Its taints as `key=value:Effect`, without those that repeat what conditions and cordoning say.
    pub taints: Vec<Box<str>>,
    /// What it is there for: `control-plane`.
    pub roles: Vec<Box<str>>,
    /// The zone it is in.
    pub zone: Option<Box<str>>,
    /// The kubelet's version.
    pub version: Box<str>,
    /// What pods may ask for in all.
    pub allocatable: Amount,
    /// How many pods it takes.
    pub pods: Option<u64>,
    /// When it joined.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl Node {
    /// How much attention it needs. One that is cordoned is on its way somewhere.
    pub fn health(&self) -> Health {
        let cut_off = || self.pressed.iter().any(|pressed| pressed.pressure == Pressure::Network);
        match self.readiness {
            Readiness::NotReady | Readiness::Silent => Health::Broken,
            Readiness::Ready if cut_off() => Health::Broken,
            Readiness::Ready if !self.pressed.is_empty() => Health::Degraded,
            Readiness::Ready if self.cordoned => Health::Progressing,
            Readiness::Ready => Health::Healthy,
        }
    }
}
