//! ADR-010, what failed, as spans.

use super::{table, value};
use crate::TestSpan;
use tracewell_model::StatusCode;

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

fn span_that_has(trace: u64, status: &str, has: &str) -> TestSpan {
    let statuses = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
    let known = statuses.into_iter().find(|known| known.name() == status);
    let known = known.unwrap_or_else(|| panic!("{status} is no status"));
    let mut span = TestSpan::new(trace, 1, "shop", "op", trace * 1_000).status(known);
    if has == "nothing more" {
        return span;
    }
    if let Some(name) = has.strip_prefix("event ") {
        return span.with_event(name, 1, vec![]);
    }
    let attribute = has.split_once('.').zip(has.split_once(" = "));
    let ((place, _), (name, literal)) = attribute.unwrap_or_else(|| panic!("{has}?"));
    let key = name[place.len() + 1..].to_owned();
    match place {
        "span" => span.attributes.push((key, value(literal))),
        "resource" => span.resource.push((key, value(literal))),
        "event" => return span.with_event("log", 1, vec![(key, value(literal))]),
        other => panic!("{other} is no place"),
    }
    span
}
