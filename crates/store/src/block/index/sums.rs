//! Sums of a row group: how many of its spans look alike in service, name, kind,
//! status, failure, bucket of duration ([`tracewell_model::log2`]) and the step in which
//! they start, so that whoever adds up reads some kilobytes and no span.
//!
//! ```text
//! step, ns v | flags u8: 1 spans count for other than one
//! services    count v | per service: u8 1 | text, or u8 0 for spans without
//! names       count v | per name: text
//! looks       count v | per look: service v | name v | kind v | status v | failed u8 |
//!             its longest span: trace id 16 | span id 8 | start v, after the earliest of
//!             the row group | duration v
//! kinds       count v | per kind of span: look v | bucket u8 (0: of zero; n + 1: of 2^n ns)
//! steps       count v | per step: its number v, after that of the one before |
//!             cells v | per cell: kind v, after that of the one before | spans v |
//!             with flag 1 for how many they count f64
//! ```
//!
//! Integers as in the parent; a step is numbered by its end divided by its length.
//! Which length it is depends on the row group: the shortest with which the sums are
//! much fewer than the spans. **A row group whose spans hardly repeat has none**, nor
//! has one whose services the column `service_name` does not tell.

mod encode;
mod read;

pub(super) use encode::section;
pub(in crate::block) use read::Sums;

/// Lengths of steps, ns.
const STEPS_NS: [u64; 7] = {
    const SECOND_NS: u64 = 1_000_000_000;
    [
        SECOND_NS,
        5 * SECOND_NS,
        15 * SECOND_NS,
        60 * SECOND_NS,
        300 * SECOND_NS,
        900 * SECOND_NS,
        3_600 * SECOND_NS,
    ]
};

/// Spans for each sum, at least.
const SPANS_A_CELL: usize = 6;

/// Flag: spans count for other than one.
const HAS_WEIGHTS: u8 = 1;

/// Buckets of durations: of zero, and of each power of two below 2^64.
const BUCKETS: usize = 65;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::tests::block_of;
    use tracewell_testkit::{TestSpan, batch};

    #[test]
    fn whatever_a_section_says_reading_it_ends_and_no_step_is_empty() {
        let span = |number: u64| {
            let name = ["add", "buy"][(number % 2) as usize];
            TestSpan::new(number, 1, "cart", name, number * 1_000_000).lasting_ns(number)
        };
        let (_, block) = block_of(&batch(&(1..400).map(span).collect::<Vec<_>>()));
        let place = block.index.core.row_groups[0].sums;
        let section = block.index.section(place, 0..place.bytes).unwrap();
        assert!(matches!(Sums::read(&section, (0, u64::MAX)), Ok(Some(_))));
        for at in 0..section.len() {
            let cut = Sums::read(&section[..at], (0, u64::MAX));
            assert!(at == 0 || cut.is_err(), "cut at {at}");
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = section.clone();
                changed[at] = value;
                if let Ok(Some(sums)) = Sums::read(&changed, (0, u64::MAX)) {
                    assert!(sums.step_ns > 0, "{value} at {at}");
                    assert_eq!(sums.weights.len(), sums.batch.len());
                }
            }
        }
    }
}
