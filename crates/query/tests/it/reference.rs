//! The examples of the reference for users run.

use std::sync::atomic::AtomicBool;

use tracewell_query::metrics::{self, Asked, Steps};
use tracewell_query::{lower, traceql};
use tracewell_testkit::Random;

use crate::{matching, store_of};

const REFERENCE: &str = include_str!("../../../../docs/traceql.md");

/// The lines of all blocks that begin so.
fn examples(fence: &str) -> Vec<&'static str> {
    let blocks = REFERENCE.split(fence).skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    blocks.flat_map(str::lines).collect()
}

#[test]
fn every_example_of_a_search_runs() {
    let spans = Random::new(3).spans(200, 1_700_000_000_000_000_000);
    let store = store_of(&[&spans]);
    let examples = examples("```traceql\n");
    assert!(examples.len() > 35, "{} examples", examples.len());
    for example in examples {
        let _some_or_none = matching(&store, example);
    }
}

#[test]
fn every_example_of_metrics_is_answered_and_is_no_search() {
    let spans = Random::new(3).spans(200, 1_700_000_000_000_000_000);
    let store = store_of(&[&spans]);
    let (from, to) = (1_700_000_000_000_000_000, 1_700_000_060_000_000_000);
    let steps = Steps::over(from, to, None).unwrap();
    let examples = examples("```traceql metrics\n");
    assert!(examples.len() > 5, "{} examples", examples.len());
    for example in examples {
        let query = traceql::parse(example).unwrap();
        assert_eq!(traceql::parse(&query.to_string()), Ok(query.clone()));
        let error = lower::search(&query).unwrap_err();
        assert!(error.message.starts_with("metrics (`"), "{error}");
        assert!(!error.span.is_empty(), "{error}");
        let query = lower::metrics(&query).unwrap();
        let never = AtomicBool::new(false);
        let answer = metrics::series(&store, &query, &Asked::of(steps), &never).unwrap();
        assert!(!answer.series.is_empty(), "{example}");
    }
}

#[test]
fn what_cannot_be_answered_is_refused_where_it_stands() {
    let query = traceql::parse("({ } | count()) > ({ .a } | count())").unwrap();
    let error = lower::search(&query).unwrap_err();
    assert_eq!(error.span, 0..15);
    let query = traceql::parse("{ error }").unwrap();
    let error = lower::metrics(&query).unwrap_err();
    assert_eq!(error.span, 0..1);
    assert!(error.message.contains("no metrics query"), "{error}");
}
