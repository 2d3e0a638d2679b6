//! The batches on the disk of which somebody still needs a span, by number.
//!
//! A trace knows its batches by numbers of four bytes; where they lie is kept here
//! once. **What comes before [`HeldBatches::first_place`] is needed by nobody.**

use std::collections::VecDeque;

use tracewell_model::SpanBatch;
use tracewell_model::spool::SpoolPlace;
use tracewell_model::waiting::{BatchTimes, WaitingBatch};

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct HeldBatches {
    /// The number of the first; numbers go round.
    first: u32,
    held: VecDeque<Held>,
}

#[derive(Debug)]
struct Held {
    place: SpoolPlace,
    /// Traces that need it.
    traces: u32,
    spans: u32,
    times: BatchTimes,
}

impl Held {
    fn numbered(&self, number: u32) -> WaitingBatch {
        WaitingBatch {
            number,
            place: self.place,
            spans: self.spans,
            times: self.times,
        }
    }
}

impl HeldBatches {
    /// A batch that nobody needs yet.
    pub(super) fn add(&mut self, place: SpoolPlace, batch: &SpanBatch) -> u32 {
        let number = self.first.wrapping_add(self.held.len() as u32);
        self.held.push_back(Held {
            place,
            traces: 0,
            spans: batch.len() as u32,
            times: BatchTimes::of(batch),
        });
        number
    }

    fn index(&self, number: u32) -> usize {
        number.wrapping_sub(self.first) as usize
    }

    /// One trace more needs it.
    pub(super) fn hold(&mut self, number: u32) {
        let index = self.index(number);
        if let Some(held) = self.held.get_mut(index) {
            held.traces += 1;
        }
    }

    /// One trace less needs each of these.
    pub(super) fn let_go(&mut self, batches: &Batches) {
        for number in batches.numbers() {
            let index = self.index(*number);
            if let Some(held) = self.held.get_mut(index) {
                held.traces = held.traces.saturating_sub(1);
            }
        }
        self.trim();
    }

    /// Forgets those before the first that is needed.
    pub(super) fn trim(&mut self) {
        while self.held.front().is_some_and(|held| held.traces == 0) {
            self.held.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Where it lies, if it is needed.
    pub(super) fn place(&self, number: u32) -> Option<SpoolPlace> {
        self.get(number).map(|held| held.place)
    }

    /// It, if it is needed.
    pub(super) fn get(&self, number: u32) -> Option<WaitingBatch> {
        let held = self.held.get(self.index(number));
        let needed = held.filter(|held| held.traces > 0);
        needed.map(|held| held.numbered(number))
    }

    /// All that are needed, as they came.
    pub(super) fn needed(&self) -> impl Iterator<Item = WaitingBatch> {
        let numbered = self.held.iter().zip(0..);
        let needed = numbered.filter(|(held, _)| held.traces > 0);
        needed.map(|(held, index)| held.numbered(self.first.wrapping_add(index)))
    }

    /// From the first that is needed to the newest.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Where the first lies that is needed.
    pub(super) fn first_place(&self) -> Option<SpoolPlace> {
        self.held.front().map(|held| held.place)
    }
}

/// Numbers of the batches that have spans of a trace, ascending: mostly few.
#[derive(Debug, Clone)]
pub(super) enum Batches {
    Few {
        count: u8,
        numbers: [u32; FEW],
    },
    #[expect(
        clippy::box_collection,
        reason = "the few that have many pay for it, not all that have few"
    )]
    Many(Box<Vec<u32>>),
}

/// As many as fit beside the pointer that many need.
const FEW: usize = 5;

impl Default for Batches {
    fn default() -> Self {
        Self::Few {
            count: 0,
            numbers: [0; FEW],
        }
    }
}

impl Batches {
    pub(super) fn numbers(&self) -> &[u32] {
        match self {
            Self::Few { count, numbers } => &numbers[..usize::from(*count)],
            Self::Many(numbers) => numbers,
        }
    }

    /// Is a batch among them?
    pub(super) fn has(&self, number: u32) -> bool {
        self.numbers().contains(&number)
    }

    /// Adds the newest batch; answers whether it is not there yet.
    pub(super) fn add(&mut self, number: u32) -> bool {
        if self.numbers().last() == Some(&number) {
            return false;
        }
        match self {
            Self::Few { count, numbers } if usize::from(*count) < FEW => {
                numbers[usize::from(*count)] = number;
                *count += 1;
            }
            Self::Few { numbers, .. } => {
                let mut many = numbers.to_vec();
                many.push(number);
                *self = Self::Many(Box::new(many));
            }
            Self::Many(numbers) => numbers.push(number),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_knows_its_batches_in_a_few_bytes() {
        assert!(size_of::<Batches>() <= 24, "{}", size_of::<Batches>());
        let mut batches = Batches::default();
        for number in 0..20 {
            assert!(batches.add(number));
            assert!(!batches.add(number), "twice the same");
        }
        assert_eq!(batches.numbers(), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_needed_begins_with_the_oldest_that_somebody_needs() {
        let mut held = HeldBatches {
            first: u32::MAX - 1,
            ..HeldBatches::default()
        };
        let of = |numbers: &[u32]| {
            let mut batches = Batches::default();
            numbers.iter().for_each(|number| {
                batches.add(*number);
            });
            batches
        };
        let numbers: Vec<u32> = (0..4)
            .map(|place| {
                let number = held.add(SpoolPlace(place, 0), &SpanBatch::default());
                held.hold(number);
                number
            })
            .collect();
        assert_eq!(numbers, [u32::MAX - 1, u32::MAX, 0, 1]);
        held.hold(numbers[1]);
        held.let_go(&of(&numbers[2..3]));
        assert_eq!(held.first_place(), Some(SpoolPlace(0, 0)));
        held.let_go(&of(&numbers[..2]));
        assert_eq!(held.first_place(), Some(SpoolPlace(1, 0)));
        assert_eq!(held.place(numbers[3]), Some(SpoolPlace(3, 0)));
        held.let_go(&of(&numbers[1..2]));
        assert_eq!(held.first_place(), Some(SpoolPlace(3, 0)));
        held.let_go(&of(&numbers[3..]));
        assert_eq!(held.first_place(), None);
        assert_eq!(held.add(SpoolPlace(9, 0), &SpanBatch::default()), 2);
    }
}
