//! ADR-010, what failed, as spans.

use super::{give, table};
use crate::TestSpan;

/// A case of ADR-010.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the decision")]
pub struct FailureCase {
    pub line: usize,
    pub span: TestSpan,
    pub failed: bool,
}

/// The cases of ADR-010, each in a trace that is numbered by its line.
#[must_use]
pub fn failures() -> Vec<FailureCase> {
    let rows = table("010-what-failed.md", &["status", "the span has", "failed"]);
    let case = |(line, cells): (usize, Vec<String>)| FailureCase {
        line,
        span: span_that_has(line as u64, &cells[0], &cells[1]),
        failed: cells[2] == "yes",
    };
    rows.into_iter().map(case).collect()
}

/// A span that has what a cell says, and this status.
fn span_that_has(trace: u64, status: &str, has: &str) -> TestSpan {
    let mut span = TestSpan::new(trace, 1, "shop", "op", trace * 1_000);
    give(&mut span, &format!("status {status}"));
    give(&mut span, has);
    span
}
