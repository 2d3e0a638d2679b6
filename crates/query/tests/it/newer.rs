//! What lies beyond the end of a search.

use std::sync::atomic::AtomicBool;

use tracewell_query::newer::newest_match;
use tracewell_testkit::TestSpan;

use crate::{filter, store_of};

#[test]
fn the_newest_span_that_matches_is_told_wherever_it_lies() {
    let store = store_of(&[
        &[
            TestSpan::new(1, 1, "shop", "GET /", 10),
            TestSpan::new(1, 2, "db", "SELECT", 50).child_of(1),
        ],
        &[
            TestSpan::new(2, 1, "shop", "GET /", u64::MAX),
            TestSpan::new(3, 1, "shop", "GET /", 40),
        ],
    ]);
    for (query, from_ns, newest_ns) in [
        ("{}", 0, Some(u64::MAX)),
        ("{}", u64::MAX, Some(u64::MAX)),
        (r#"{ name = "SELECT" }"#, 11, Some(50)),
        (
            r#"{ name = "SELECT" && trace:duration > 0s }"#,
            50,
            Some(50),
        ),
        (r#"{ name = "SELECT" }"#, 51, None),
        (r#"{ name = "INSERT" }"#, 0, None),
    ] {
        let found = newest_match(
            &store,
            filter(query).candidates(),
            from_ns,
            &AtomicBool::new(false),
        );
        assert_eq!(found, Ok(newest_ns), "{query} from {from_ns}");
    }
}
