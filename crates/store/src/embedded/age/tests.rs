//! Which blocks go under which clock, hour by hour.

use super::*;

const DAY_NS: u64 = 24 * HOUR_NS;
const NOW_NS: u64 = 20_000 * DAY_NS;
const AGE: Duration = Duration::from_secs(7 * 86_400);

fn block(name: &str, listed_ns: u64, max_start_ns: u64) -> BlockEntry {
    BlockEntry {
        name: name.to_owned(),
        bytes: 1,
        spans: 1,
        traces: 1,
        min_start_ns: 0,
        max_start_ns,
        listed_ns,
    }
}

/// A block for each of the last ten days, sealed and started then.
fn ten_days() -> Vec<BlockEntry> {
    let days = (0..10).rev().map(|day| {
        let at_ns = NOW_NS - day * DAY_NS;
        block(&format!("{day}"), at_ns, at_ns)
    });
    let half_days = (0..9).map(|day| NOW_NS - day * DAY_NS - DAY_NS / 2);
    let mut all: Vec<_> = days.chain(half_days.map(|ns| block("h", ns, ns))).collect();
    all.sort_by_key(|entry| entry.listed_ns);
    all
}

fn at(wall_ns: u64, steady_ns: u64) -> Look {
    Look { wall_ns, steady_ns }
}

#[test]
fn under_a_good_clock_what_is_too_old_goes_at_once() {
    let blocks = ten_days();
    let mut age = Age::new(AGE, &blocks, at(NOW_NS, 5));
    let verdict = age.judge(&blocks, at(NOW_NS + 1, 6));
    assert_eq!(verdict.old.len(), 5, "{verdict:?}");
    assert_eq!(verdict.waits, None);
}

#[test]
fn thirty_days_ahead_at_a_start_waits_an_hour_says_so_and_then_goes() {
    let blocks = ten_days();
    let wall_ns = NOW_NS + 30 * DAY_NS;
    let mut age = Age::new(AGE, &blocks, at(wall_ns, 0));
    let verdict = age.judge(&blocks, at(wall_ns, 0));
    assert_eq!(verdict.old.len(), 4, "{verdict:?}");
    let waits = verdict.waits.unwrap();
    assert!(
        waits.contains("720 hours ahead") && waits.contains("60 minutes"),
        "{waits}"
    );
    let late = age.judge(&blocks, at(wall_ns + HOUR_NS - 1, HOUR_NS - 1));
    assert_eq!(late.old.len(), 5, "one by the time that went by");
    let confirmed = age.judge(&blocks, at(wall_ns + HOUR_NS, HOUR_NS));
    assert_eq!((confirmed.old.len(), confirmed.waits), (19, None));
}

#[test]
fn a_restart_within_the_hour_does_not_confirm_a_jump() {
    let mut blocks = ten_days();
    let wall_ns = NOW_NS + 30 * DAY_NS;
    blocks.push(block("new", wall_ns, wall_ns));
    let look = at(wall_ns + HOUR_NS / 2, 0);
    let mut age = Age::new(AGE, &blocks, look);
    assert!(age.judge(&blocks, look).waits.is_some());
}

#[test]
fn a_jump_of_the_running_clock_is_noticed_and_forgotten_when_it_is_put_right() {
    let blocks = ten_days();
    let mut age = Age::new(AGE, &blocks, at(NOW_NS, 0));
    let jumped = age.judge(&blocks, at(NOW_NS + 3650 * DAY_NS, 1));
    assert_eq!(jumped.old.len(), 5, "by the time known before");
    assert!(jumped.waits.is_some());
    let right = age.judge(&blocks, at(NOW_NS + 2 * HOUR_NS, 2 * HOUR_NS));
    assert_eq!((right.old.len(), right.waits), (5, None));
}

#[test]
fn blocks_sealed_ten_years_ahead_go_with_what_came_after_them_or_after_their_age() {
    let ahead_ns = NOW_NS + 3650 * DAY_NS;
    let ahead = block("ahead", ahead_ns, ahead_ns);
    let alone = [ahead.clone()];
    let mut age = Age::new(AGE, &alone, at(NOW_NS, 0));
    assert_eq!(age.judge(&alone, at(NOW_NS, 0)), Verdict::default());
    let last = at(NOW_NS + 7 * DAY_NS, 7 * DAY_NS);
    assert_eq!(age.judge(&alone, last), Verdict::default());
    let over = at(NOW_NS + 7 * DAY_NS + 1, 7 * DAY_NS + 1);
    assert_eq!(age.judge(&alone, over).old, ["ahead"]);

    let mut blocks = ten_days();
    blocks.insert(0, ahead);
    let mut age = Age::new(AGE, &blocks, at(NOW_NS, 0));
    let old = age.judge(&blocks, at(NOW_NS, 1)).old;
    assert!(old.contains(&"ahead".to_owned()), "{old:?}");
}

#[test]
fn a_block_sealed_before_the_clock_was_set_counts_from_its_newest_span() {
    let mut blocks = ten_days();
    blocks.push(block("unset", 60_000_000_000, NOW_NS - HOUR_NS));
    let mut age = Age::new(AGE, &blocks, at(NOW_NS, 0));
    let old = age.judge(&blocks, at(NOW_NS, 0)).old;
    assert!(!old.contains(&"unset".to_owned()), "{old:?}");
}

#[test]
fn what_was_imported_counts_from_its_seal_and_spans_from_the_future_keep_nothing() {
    let blocks = [
        block("future", NOW_NS - 8 * DAY_NS, NOW_NS + 3650 * DAY_NS),
        block("between", NOW_NS - DAY_NS / 2, NOW_NS - DAY_NS / 2),
        block("import", NOW_NS, NOW_NS - 400 * DAY_NS),
    ];
    let mut age = Age::new(AGE, &blocks[1..], at(NOW_NS, 0));
    assert_eq!(age.judge(&blocks, at(NOW_NS, 0)).old, ["future"]);
}

#[test]
fn what_was_sealed_under_a_clock_that_was_behind_is_no_older_than_what_came_before() {
    let year_ns = 365 * DAY_NS;
    let blocks = [
        block("before", NOW_NS, 0),
        block("behind", NOW_NS - year_ns, 0),
        block("further behind", NOW_NS - 2 * year_ns, 0),
    ];
    // Right again, and years ahead, at a start and while it runs.
    for wall_ns in [NOW_NS + 1, NOW_NS + year_ns] {
        let mut age = Age::new(AGE, &blocks, at(wall_ns, 0));
        assert_eq!(age.judge(&blocks, at(wall_ns, 1)).old, [""; 0]);
        let mut age = Age::new(AGE, &blocks, at(NOW_NS - 2 * year_ns, 0));
        assert_eq!(age.judge(&blocks, at(wall_ns, 1)).old, [""; 0]);
    }
    let later = at(NOW_NS + 8 * DAY_NS, 8 * DAY_NS);
    let mut age = Age::new(AGE, &blocks, at(NOW_NS + 1, 0));
    age.judge(&blocks, later);
    let later = at(later.wall_ns + HOUR_NS, later.steady_ns + HOUR_NS);
    assert_eq!(age.judge(&blocks, later).old.len(), 3);
}
