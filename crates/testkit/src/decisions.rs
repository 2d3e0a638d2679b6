//! The tables of `docs/adr`: what was decided is what is tested.
//!
//! A decision lists its cases in Markdown, for people; tests read the same
//! lines. **A case that stands only in a test is not decided.**

use crate::TestSpan;
use std::path::PathBuf;
use tracewell_model::{AnyValue, StatusCode};

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

/// The rows of the table in a decision that is headed by these columns, each
/// with the line where it stands. Cells have lost their backticks.
///
/// # Panics
/// If the decision or the table is not there: a test would pass by testing
/// nothing.
#[must_use]
pub fn table(decision: &str, columns: &[&str]) -> Vec<(usize, Vec<String>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/adr");
    let path = folder.join(decision);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = (1..).zip(text.lines());
    let rows: Vec<_> = lines
        .skip_while(|(_, line)| cells(line) != columns)
        .skip(2)
        .map_while(|(number, line)| line.starts_with('|').then(|| (number, cells(line))))
        .collect();
    assert!(!rows.is_empty(), "{decision} has no table of {columns:?}");
    rows
}

/// The cells of a line; `\|` is a bar within one.
fn cells(line: &str) -> Vec<String> {
    const BAR: &str = "\u{0}";
    let line = line.trim().replace("\\|", BAR);
    let inner = line.trim_start_matches('|').trim_end_matches('|');
    inner
        .split('|')
        .map(|cell| plain(&cell.replace(BAR, "|")))
        .collect()
}

/// Without the backticks of code, single or double.
fn plain(cell: &str) -> String {
    let cell = cell.trim();
    for quotes in ["``", "`"] {
        let inner = cell
            .strip_prefix(quotes)
            .and_then(|rest| rest.strip_suffix(quotes));
        if let Some(inner) = inner {
            // Double quotes want a space beside a backtick.
            return if quotes == "``" { inner.trim() } else { inner }.to_owned();
        }
    }
    cell.to_owned()
}

/// A value as TraceQL writes it: `true`, `503`, `0.5`, `"text"`.
///
/// # Panics
/// If it is none of these.
#[must_use]
pub fn value(text: &str) -> AnyValue {
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    if let Some(text) = quoted {
        return AnyValue::String(text.to_owned());
    }
    if let Ok(value) = text.parse() {
        return AnyValue::Bool(value);
    }
    if let Ok(value) = text.parse() {
        return AnyValue::Int(value);
    }
    let number = text.parse().map(AnyValue::Double);
    number.unwrap_or_else(|_| panic!("{text} is no value"))
}
