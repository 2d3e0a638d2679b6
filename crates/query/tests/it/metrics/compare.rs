//! Some spans beside the rest, attribute by attribute.

use super::cases::spans;
use super::{SECOND_NS, answer, lines};
use crate::store_of;
use tracewell_query::metrics::{Asked, Steps};
use tracewell_query::{lower, traceql};

#[test]
fn a_selection_is_compared_with_the_rest_by_every_attribute() {
    let store = store_of(&[&spans()]);
    let steps = Steps::over(0, 180 * SECOND_NS, Some(180 * SECOND_NS)).unwrap();
    let ask = |query: &str| lines(&answer(&store, query, &Asked::of(steps)), &steps);
    // Also where spans come from whole traces.
    for query in [
        "{ name != \"sweep\" } | compare({ status = error })",
        "{ name != \"sweep\" && trace:duration > 0ns } | compare({ status = error })",
    ] {
        let got = ask(query);
        for want in [
            "__meta_type=baseline,name=add: 0=0 180=2",
            "__meta_type=baseline,name=buy: 0=0 180=2",
            "__meta_type=baseline_total,name=nil: 0=0 180=4",
            "__meta_type=selection,name=add: 0=0 180=1",
            "__meta_type=selection_total,name=nil: 0=0 180=1",
            "__meta_type=selection,resource.service.name=cart: 0=0 180=1",
            "__meta_type=baseline,span.items=none: 0=0 180=1",
            "__meta_type=baseline,span.items=3: 0=0 180=1",
            "__meta_type=baseline_total,span.items=nil: 0=0 180=3",
            "__meta_type=baseline,status=unset: 0=0 180=4",
            "__meta_type=selection,status=error: 0=0 180=1",
            "__meta_type=selection,event:name=retry: 0=0 180=1",
            "__meta_type=selection,event.attempt=2: 0=0 180=1",
        ] {
            assert!(
                got.iter().any(|line| line == want),
                "{query}: {want} of {got:#?}"
            );
        }
        let absent = "__meta_type=selection_total,span.items";
        assert!(!got.iter().any(|line| line.starts_with(absent)), "{got:#?}");
    }
    let got = ask("{ } | compare({ true }, 1)");
    let of_name = |line: &&String| line.contains(",name=") && line.contains("=selection");
    assert_eq!(
        got.iter().filter(of_name).collect::<Vec<_>>(),
        [
            "__meta_type=selection,name=add: 0=0 180=3",
            "__meta_type=selection_total,name=nil: 0=0 180=6",
            "__meta_type=selection,__meta_error=__too_many_values__,name=nil: 0=0 180=6",
        ]
    );
    let got = ask("{ } | compare({ true }, 10, 60000000000, 61000000000)");
    let total = "__meta_type=selection_total,name=nil: 0=0 180=3";
    assert!(got.iter().any(|line| line == total), "{got:#?}");
}

#[test]
fn compare_stands_alone_and_shows_some() {
    for (query, message) in [
        ("{ } | compare({ error }, 1001)", "cannot show 1001 values"),
        (
            "{ } | compare({ error }) | topk(2)",
            "nothing can follow `compare`",
        ),
        (
            "2 * ({ } | compare({ error }))",
            "nothing can follow `compare`",
        ),
    ] {
        let query = traceql::parse(query).unwrap();
        let error = lower::metrics(&query).unwrap_err();
        assert!(error.message.contains(message), "{error}");
    }
}
