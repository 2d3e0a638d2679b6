//! How many spans and traces match.

use std::sync::atomic::AtomicBool;

use tracewell_model::{StoreError, TimeRange};
use tracewell_query::count::count;
use tracewell_testkit::{Random, TestSpan};

use crate::{filter, matching, store_of};

const MS: u64 = 1_000_000;

#[test]
fn a_count_is_the_length_of_the_list() {
    let spans = Random::new(9).spans(600, 1_700_000_000_000_000_000);
    let mut parts: Vec<&[TestSpan]> = spans.chunks(80).collect();
    // Some of it was sent twice.
    parts.push(&spans[100..250]);
    let store = store_of(&parts);
    let never = AtomicBool::new(false);
    for query in [
        "{}",
        r#"{ resource.service.name = "cart" }"#,
        "{ error }",
        "{ span:childCount > 1 }",
        r#"{ name = "nothing has this name" }"#,
    ] {
        let all = count(&store, &filter(query), TimeRange::ALL, &never).unwrap();
        let traces = matching(&store, query).len() as u64;
        assert_eq!(all.traces, Some(traces), "{query}");
        assert!(all.is_exact && all.partial.is_none(), "{query}");
        if query == "{}" {
            assert_eq!(all.spans, 600);
        }
    }
    // A condition on the trace and the same one on the span.
    let of = |query| count(&store, &filter(query), TimeRange::ALL, &never).unwrap();
    let (local, judged) = (of("{ error }"), of("{ error && trace:duration >= 0s }"));
    assert_eq!((local.spans, local.traces), (judged.spans, judged.traces));
}

#[test]
fn only_spans_in_the_range_are_counted() {
    let spans: Vec<_> = (0..10)
        .map(|n| TestSpan::new(n / 5, n + 1, "shop", "op", n * MS))
        .collect();
    let store = store_of(&[&spans]);
    let range = TimeRange {
        start_ns: 2 * MS,
        end_ns: 6 * MS,
    };
    for query in ["{}", "{ trace:duration > 0s }"] {
        let some = count(&store, &filter(query), range, &AtomicBool::new(false)).unwrap();
        assert_eq!((some.spans, some.traces), (4, Some(2)), "{query}");
    }
    let cancelled = count(&store, &filter("{}"), range, &AtomicBool::new(true));
    assert_eq!(cancelled, Err(StoreError::Cancelled));
}
