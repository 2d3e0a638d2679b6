//! The number of a series, whatever kind it is: what was added to it, and sums.

use crate::series::{Counter, Histogram};

/// See the module's text.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Counter(Counter),
    Histogram(Histogram),
}

impl Value {
    /// One of the same kind that has counted nothing.
    pub(super) fn nothing(&self) -> Self {
        match self {
            Self::Counter(_) => Self::Counter(Counter::default()),
            Self::Histogram(of) => Self::Histogram(of.nothing()),
        }
    }

    /// Has nothing been counted between the two?
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Counter(a), Self::Counter(b)) => a.count.to_bits() == b.count.to_bits(),
            (Self::Histogram(a), Self::Histogram(b)) => a.buckets == b.buckets,
            _ => false,
        }
    }

    /// What was counted since it was `earlier`, with the newest exemplars.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        since.change(earlier, |own, other| *own -= other);
        since
    }

    /// Counts what the other has counted too.
    pub(super) fn add(&mut self, other: &Self) {
        self.change(other, |own, other| *own += other);
    }

    fn change(&mut self, other: &Self, change: impl Fn(&mut f64, f64)) {
        match (self, other) {
            (Self::Counter(own), Self::Counter(other)) => change(&mut own.count, other.count),
            (Self::Histogram(own), Self::Histogram(other)) => {
                for (own, other) in own.buckets.iter_mut().zip(&other.buckets) {
                    change(own, *other);
                }
                change(&mut own.sum, other.sum);
                if let (Some(own), Some(other)) = (&mut own.exponential, &other.exponential) {
                    own.join(other, change);
                }
            }
            // A metric is of one kind.
            _ => {}
        }
    }
}
