//! What failed is what ADR-010 says.

use tracewell_model::failure::failed_rows;
use tracewell_testkit::decisions::failures;
use tracewell_testkit::{TestSpan, batch};

#[test]
fn every_case_of_the_decision() {
    for case in failures() {
        let failed = failed_rows(&batch(std::slice::from_ref(&case.span)));
        assert_eq!(!failed.is_empty(), case.failed, "line {}", case.line);
    }
}

/// Attributes beyond the columns of a batch count as well.
#[test]
fn what_has_no_column_of_its_own_is_looked_at_too() {
    let crowded =
        |span: TestSpan| (0..5_000).fold(span, |span, n| span.with_text(&format!("key.{n}"), "x"));
    let spans = [
        crowded(TestSpan::new(1, 1, "shop", "op", 1)).with_text("error", "true"),
        crowded(TestSpan::new(1, 2, "shop", "op", 1)),
    ];
    let batch = batch(&spans);
    assert!(batch.overflow().keys.iter().any(|key| key == "error"));
    assert_eq!(failed_rows(&batch).iter().collect::<Vec<_>>(), [0]);
}
