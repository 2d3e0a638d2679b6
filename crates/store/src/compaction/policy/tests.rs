//! Tables of block lists, and years of sealing in a moment.

use super::*;
use tracewell_testkit::random::Random;

const MAX_SPANS: u64 = 1_000_000;
const MINUTE_NS: u64 = 60_000_000_000;

fn policy() -> Policy {
    Policy {
        max_spans: MAX_SPANS,
        max_bytes: 512 * MAX_SPANS,
        window_ns: None,
    }
}

fn blocks(spans: &[u64]) -> Vec<Candidate> {
    let block = |spans: &u64| Candidate {
        spans: *spans,
        bytes: spans * 40,
        core_bytes: spans / 100,
        listed_ns: 0,
    };
    spans.iter().map(block).collect()
}

#[test]
fn what_is_merged_next() {
    type Case = (&'static str, &'static [u64], Option<Range<usize>>);
    const K: u64 = 1_000;
    #[rustfmt::skip]
    let cases: &[Case] = &[
        ("nothing", &[], None),
        ("one block", &[5], None),
        ("few blocks of one size wait for more", &[100; 7], None),
        ("enough of one size", &[100; 8], Some(0..8)),
        ("the small ones behind larger ones", &[6_400, 6_400, 800, 800, 100, 100, 100, 100, 100, 100, 100, 100], Some(4..12)),
        ("a large block is not rewritten for a few small ones", &[50 * K, 100, 100, 100, 100, 100, 100, 100], None),
        ("as many as make a full block, once another one came", &[160 * K; 7], Some(0..6)),
        ("a full block may still get more until then", &[160 * K; 6], None),
        ("full blocks are left alone", &[900 * K, 900 * K, 600 * K, 501 * K], None),
        ("blocks over the limit as well", &[5_000 * K, 5_000 * K, 10], None),
        ("what lies between full blocks", &[900 * K, 10, 20, 900 * K, 30], Some(1..3)),
        ("a block between full blocks has nobody", &[900 * K, 10, 900 * K, 30], None),
    ];
    for (name, spans, expected) in cases {
        assert_eq!(policy().next(&blocks(spans), false), *expected, "{name}");
    }
}

#[test]
fn blocks_of_very_many_names_are_full_early() {
    let names = |core_bytes| {
        move |block| Candidate {
            core_bytes,
            ..block
        }
    };
    let list = |core_bytes| -> Vec<Candidate> {
        let few_spans = blocks(&[1_000; 16]);
        few_spans.into_iter().map(names(core_bytes)).collect()
    };
    assert_eq!(policy().next(&list(1 << 10), false), Some(0..16));
    assert_eq!(policy().next(&list(3 << 20), false), Some(0..10));
    assert_eq!(policy().next(&list(17 << 20), true), None);
}

#[test]
fn to_the_end_nothing_is_left_that_fits_together() {
    let mut list = blocks(&[160_000; 20]);
    let mut merges = 0;
    while let Some(range) = policy().next(&list, true) {
        let spans = list[range.clone()].iter().map(|block| block.spans).sum();
        list.splice(range, blocks(&[spans]));
        merges += 1;
    }
    let left: Vec<u64> = list.iter().map(|block| block.spans).collect();
    assert_eq!(
        (left, merges),
        (vec![960_000, 960_000, 960_000, 320_000], 4)
    );
}

#[test]
fn fat_spans_fill_a_block_earlier() {
    let mut fat = blocks(&[100_000; 7]);
    assert_eq!(policy().next(&fat, false), None);
    fat.iter_mut().for_each(|block| block.bytes *= 20);
    assert_eq!(
        policy().next(&fat, false),
        Some(0..6),
        "six have 480 MB, seven too many"
    );
}

#[test]
fn blocks_of_different_windows_are_not_merged() {
    let policy = Policy {
        window_ns: Some(100),
        ..policy()
    };
    let mut list = blocks(&[50; 12]);
    for (block, listed_ns) in list
        .iter_mut()
        .zip([90, 95, 99, 100, 101, 120, 130, 140, 150, 160, 170, 199])
    {
        block.listed_ns = listed_ns;
    }
    assert_eq!(
        policy.next(&list[..7], false),
        Some(0..3),
        "the first window is over"
    );
    assert_eq!(policy.next(&list[3..11], false), Some(0..8));
    assert_eq!(policy.backlog(&list).blocks, 3 + 9);
}

/// What sealing and merging make of a load.
struct Outcome {
    blocks: Vec<Candidate>,
    most_blocks: usize,
    sealed: u64,
    rewritten: u64,
}

impl Outcome {
    fn rewrites_per_span(&self) -> f64 {
        self.rewritten as f64 / self.sealed as f64
    }
}

/// Seals blocks of these sizes, `gap_ns` apart, and merges until nothing is
/// left to merge, each time.
fn run(policy: Policy, gap_ns: u64, sizes: impl Iterator<Item = u64>) -> Outcome {
    let mut outcome = Outcome {
        blocks: Vec::new(),
        most_blocks: 0,
        sealed: 0,
        rewritten: 0,
    };
    for (number, spans) in sizes.enumerate() {
        outcome.sealed += spans;
        outcome.blocks.push(Candidate {
            spans,
            bytes: spans * 40,
            core_bytes: 0,
            listed_ns: number as u64 * gap_ns,
        });
        while let Some(range) = policy.next(&outcome.blocks, false) {
            let parts = &outcome.blocks[range.clone()];
            let merged = Candidate {
                spans: parts.iter().map(|part| part.spans).sum(),
                bytes: parts.iter().map(|part| part.bytes).sum(),
                core_bytes: parts.iter().map(|part| part.core_bytes).sum(),
                listed_ns: parts[parts.len() - 1].listed_ns,
            };
            assert!(parts.len() > 1, "a merge makes blocks fewer");
            assert!(merged.spans <= policy.max_spans, "{range:?}");
            outcome.rewritten += merged.spans;
            outcome.blocks.splice(range, [merged]);
        }
        outcome.most_blocks = outcome.most_blocks.max(outcome.blocks.len());
    }
    outcome
}

#[test]
fn blocks_stay_few_and_spans_are_rewritten_seldom() {
    let mut random = Random::new(3);
    let mut jitter = |around: u64| around / 2 + random.below(around);
    let busy: Vec<u64> = (0..2_000).map(|_| jitter(160_000)).collect();
    let middling: Vec<u64> = (0..4_000).map(|_| jitter(20_000)).collect();
    let quiet: Vec<u64> = (0..20_000).map(|_| jitter(100)).collect();
    let bursts: Vec<u64> = (0..4_000u64)
        .map(|n| if n % 9 == 0 { 160_000 } else { 300 })
        .collect();
    // Each size twice what is left of it, over and over: no two neighbours alike.
    let ruler: Vec<u64> = (1..20_000u64)
        .map(|n| 3u64.pow(n.trailing_zeros()).min(400_000))
        .collect();
    #[rustfmt::skip]
    let loads = [
        ("busy", &busy, 20, 1.1),
        ("middling", &middling, 20, 2.0),
        ("quiet", &quiet, 40, 6.0),
        ("bursts", &bursts, 30, 2.0),
        ("ruler", &ruler, 80, 8.0),
    ];
    for (name, sizes, most_small, most_rewrites) in loads {
        let outcome = run(policy(), MINUTE_NS, sizes.iter().copied());
        let full = outcome.sealed.div_ceil(MAX_SPANS / 2) as usize;
        let (most, rewrites) = (outcome.most_blocks, outcome.rewrites_per_span());
        assert!(
            most <= full + most_small,
            "{name}: {most} blocks, {full} of them full"
        );
        assert!(
            rewrites <= most_rewrites,
            "{name}: {rewrites} rewrites a span"
        );
    }
}

#[test]
fn a_quiet_year_under_retention_leaves_a_block_per_window() {
    let window_ns = 21 * 60 * MINUTE_NS;
    let policy = Policy {
        window_ns: Some(window_ns),
        ..policy()
    };
    let half_hours = 2 * 24 * 365;
    let outcome = run(policy, 30 * MINUTE_NS, std::iter::repeat_n(100, half_hours));
    let windows = half_hours as u64 * 30 * MINUTE_NS / window_ns + 1;
    assert!(
        outcome.blocks.len() as u64 <= windows + 20,
        "{}",
        outcome.blocks.len()
    );
}
