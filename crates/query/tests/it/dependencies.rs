//! Calls between services.

use std::sync::atomic::AtomicBool;

use tracewell_model::TimeRange;
use tracewell_query::dependencies::dependencies;
use tracewell_testkit::TestSpan;

use crate::store_of;

#[test]
fn calls_are_counted_wherever_parent_and_child_lie() {
    let first = [
        TestSpan::new(1, 1, "frontend", "GET /", 10),
        TestSpan::new(1, 2, "cart", "get", 11).child_of(1),
        TestSpan::new(1, 3, "cart", "inner", 12).child_of(2),
        // Its parent comes in the other batch.
        TestSpan::new(2, 5, "db", "SELECT", 22).child_of(4),
        // Its parent never comes; the same number exists in another trace.
        TestSpan::new(3, 6, "db", "SELECT", 30).child_of(1),
    ];
    let second = [
        TestSpan::new(2, 4, "cart", "get", 21).child_of(1),
        TestSpan::new(2, 1, "frontend", "GET /", 20),
        TestSpan::new(1, 7, "db", "SELECT", 13).child_of(3),
    ];
    let store = store_of(&[&first, &second]);
    let calls = |start_ns, end_ns| {
        let range = TimeRange { start_ns, end_ns };
        let found = dependencies(&store, range, &AtomicBool::new(false)).unwrap();
        assert_eq!(found.skipped, 0);
        let calls = found.calls.into_iter();
        calls
            .map(|call| (call.parent, call.child, call.calls))
            .collect::<Vec<_>>()
    };
    let want = |calls: &[(&str, &str, u64)]| {
        let calls = calls.iter();
        calls
            .map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        calls(0, u64::MAX),
        want(&[("cart", "db", 2), ("frontend", "cart", 2)])
    );
    assert_eq!(
        calls(20, 25),
        want(&[("cart", "db", 1), ("frontend", "cart", 1)])
    );
    assert_eq!(calls(100, 200), want(&[]));
}
