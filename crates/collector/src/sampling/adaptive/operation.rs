//! One operation: how many traces it begins, and the share that makes the
//! target of them.

use std::collections::VecDeque;
use std::time::Duration;

use super::chance::Chance;
use crate::sampling::FIRST_PROBABILITY;

/// No share is smaller: a client that never records cannot be corrected.
const LEAST_PROBABILITY: f64 = 1e-5;

/// Intervals that count, the newest most.
const INTERVALS: usize = 10;

/// By so much the traffic has jumped, and what was before says nothing more.
const JUMP: f64 = 2.0;

/// From so few root spans nobody can tell more than the order of magnitude:
/// the share at most doubles.
const FEW: u64 = 30;

/// Changes below this part are chance, and not told to clients.
const TOLERANCE: f64 = 0.05;

/// Why a share is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No interval has passed since it was first seen.
    First,
    /// Nothing came: the share grows until something does.
    Idle,
    /// Too little came to be sure of: the share at most doubles.
    Few,
    /// Fewer traces begin than are wanted.
    Everything,
    /// It makes the target.
    OnTarget,
    /// More traces begin than the smallest share can make the target of.
    Least,
}

impl Reason {
    /// In a sentence, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::First => "seen for the first time",
            Self::Idle => "nothing came; the share grows until something does",
            Self::Few => "few traces came; the share at most doubles",
            Self::Everything => "fewer traces begin than are wanted; all are recorded",
            Self::OnTarget => "makes the target of what begins",
            Self::Least => "more begin than the smallest share makes the target of",
        }
    }
}

#[derive(Debug)]
pub(super) struct Operation {
    probability: f64,
    /// It changed when this interval began, and clients learn of it one after
    /// another: spans that do not say how they were sampled tell nothing.
    is_settling: bool,
    /// Root spans of this interval.
    came: u64,
    /// Those of them that stand for others.
    telling: u64,
    /// What they stand for.
    stand_for: f64,
    /// Whether a span came that may have had either share: what the others
    /// stand for is then not all that began.
    is_unclear: bool,
    /// Traces begun a second in the last intervals, the oldest first.
    offered: VecDeque<f64>,
    recorded_per_second: f64,
    idle: Duration,
    reason: Reason,
}

impl Default for Operation {
    fn default() -> Self {
        Self {
            probability: FIRST_PROBABILITY,
            is_settling: false,
            came: 0,
            telling: 0,
            stand_for: 0.0,
            is_unclear: false,
            offered: VecDeque::new(),
            recorded_per_second: 0.0,
            idle: Duration::ZERO,
            reason: Reason::First,
        }
    }
}

impl Operation {
    pub(super) fn count(&mut self, chance: Chance) {
        self.came += 1;
        match chance {
            Chance::Floor => {}
            Chance::Unknown if self.is_settling => self.is_unclear = true,
            Chance::Unknown => self.stands_for(1.0 / self.probability),
            Chance::Known(share) => self.stands_for(1.0 / share.max(LEAST_PROBABILITY)),
        }
    }

    fn stands_for(&mut self, traces: f64) {
        self.telling += 1;
        self.stand_for += traces;
    }

    pub(super) fn adjust(&mut self, target_per_second: f64, interval: Duration) {
        let seconds = interval.as_secs_f64();
        let (came, telling) = (self.came, std::mem::take(&mut self.telling));
        let stand_for = std::mem::take(&mut self.stand_for);
        let is_unclear = std::mem::take(&mut self.is_unclear);
        self.came = 0;
        self.is_settling = false;
        self.recorded_per_second = came as f64 / seconds;
        self.idle = match came {
            0 => self.idle + interval,
            _ => Duration::ZERO,
        };
        if is_unclear {
            return;
        }
        let (mean, now) = (self.offered_per_second(), stand_for / seconds);
        let is_steady = mean == 0.0 || (1.0 / JUMP..=JUMP).contains(&(now / mean));
        if telling >= FEW && !is_steady {
            self.offered.clear();
        }
        self.offered.push_back(now);
        if self.offered.len() > INTERVALS {
            self.offered.pop_front();
        }
        let offered = self.offered_per_second();
        let most = self.probability * 2.0;
        let (wanted, reason) = match target_per_second / offered {
            _ if came == 0 || offered == 0.0 => (most, Reason::Idle),
            wanted if telling < FEW && wanted > most => (most, Reason::Few),
            wanted => (wanted, Reason::OnTarget),
        };
        let new = wanted.clamp(LEAST_PROBABILITY, 1.0);
        self.reason = match reason {
            Reason::OnTarget if wanted >= 1.0 => Reason::Everything,
            Reason::OnTarget if wanted < LEAST_PROBABILITY => Reason::Least,
            reason => reason,
        };
        let is_other = (new / self.probability - 1.0).abs() > TOLERANCE;
        if is_other || new == 1.0 {
            // Where nothing comes there is nothing to be taken for another.
            self.is_settling = new != self.probability && came > 0;
            self.probability = new;
        }
    }

    /// The weighted mean, with Jaeger's weights: the newest interval counts for
    /// two fifths.
    pub(super) fn offered_per_second(&self) -> f64 {
        let weighted = (1i32..).zip(&self.offered).map(|(place, offered)| {
            let weight = f64::from(place).powi(4);
            (weight, weight * offered)
        });
        let (weights, sum) = weighted.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
        if weights == 0.0 { 0.0 } else { sum / weights }
    }

    pub(super) fn restore(&mut self, probability: f64, offered_per_second: &[f64]) {
        if (LEAST_PROBABILITY..=1.0).contains(&probability) {
            self.probability = probability;
            // Some clients may still have the one before.
            self.is_settling = true;
        }
        let sane = |offered: &&f64| offered.is_finite() && **offered >= 0.0;
        let last = offered_per_second.iter().rev().filter(sane).take(INTERVALS);
        self.offered = last.copied().collect();
        self.offered.make_contiguous().reverse();
    }

    pub(super) fn probability(&self) -> f64 {
        self.probability
    }

    pub(super) fn recorded_per_second(&self) -> f64 {
        self.recorded_per_second
    }

    pub(super) fn history(&self) -> impl Iterator<Item = f64> + '_ {
        self.offered.iter().copied()
    }

    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    pub(super) fn reason(&self) -> Reason {
        self.reason
    }
}
