//! Batches that hold only some columns: filters see what they need, and
//! joining keeps what is known of them.

use proptest::prelude::*;
use tracewell_model::RowSet;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::ScanColumns;
use tracewell_testkit::conformance::filters;
use tracewell_testkit::narrow::narrowed;
use tracewell_testkit::{Random, TestSpan, batch};

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Half of the possible columns.
fn some_columns(random: &mut Random) -> ScanColumns {
    ScanColumns {
        names: random.once_in(2),
        events: random.once_in(2),
        failures: true,
        ..ScanColumns::default()
    }
}

fn rows(set: &RowSet) -> Vec<usize> {
    set.iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_filter_finds_the_same_in_the_columns_it_names(seed: u64, count in 0usize..80) {
        let whole = batch(&Random::new(seed).spans(count, START_NS));
        for filter in filters() {
            let part = narrowed(&whole, &ScanColumns::of_filter(&filter));
            prop_assert_eq!(rows(&filter.matching(&part)), rows(&filter.matching(&whole)), "{:?}", filter);
        }
    }

    #[test]
    fn joining_keeps_which_spans_failed(seed: u64, sizes in prop::collection::vec(0usize..40, 0..6)) {
        let mut random = Random::new(seed);
        let mut joiner = BatchJoiner::new();
        let mut wanted = Vec::new();
        for size in sizes {
            let spans = random.spans(size, START_NS);
            let whole = batch(&spans);
            let chosen = RowSet::from_fn(size, |_| !random.once_in(3));
            let failed = failed_rows(&whole);
            wanted.extend(chosen.iter().map(|row| failed.contains(row)));
            let is_partial = random.once_in(2);
            let part = if is_partial { narrowed(&whole, &some_columns(&mut random)) } else { whole };
            joiner.append_rows(&part, &chosen).unwrap();
        }
        let failed = failed_rows(&joiner.finish());
        let got: Vec<bool> = (0..wanted.len()).map(|row| failed.contains(row)).collect();
        prop_assert_eq!(got, wanted);
    }
}

#[test]
fn only_spans_that_look_the_same_may_be_repeated() {
    let span = |id| TestSpan::new(1, id, "cart", "add", START_NS);
    for (other, want) in [
        (span(2), false),
        (span(1), true),
        (span(1).with_text("attempt", "second"), true),
        (span(1).lasting_ns(7), false),
        (span(1).child_of(9), false),
    ] {
        let both = batch(&[span(1), other.clone()]);
        assert_eq!(both.may_repeat_spans(), want, "{other:?}");
    }
}

#[test]
fn a_joiner_stops_at_its_limit_and_keeps_what_it_has() {
    let part = batch(&Random::new(3).spans(50, START_NS));
    let mut joiner = BatchJoiner::with_limit(part.memory_bytes() * 3);
    let appended = (0..10).take_while(|_| joiner.append(&part).is_ok()).count();
    assert!((1..=5).contains(&appended), "{appended}");
    assert_eq!(joiner.finish().len(), appended * part.len());
}
