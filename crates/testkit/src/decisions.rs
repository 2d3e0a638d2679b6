//! The tables of `docs/adr`: what was decided is what is tested.
//!
//! A decision lists its cases in Markdown, for people; tests read the same
//! lines. **A case that stands only in a test is not decided.**

mod failures;
mod identities;
mod trees;

pub use failures::{FailureCase, failures};
pub use identities::{IdentityCase, identities};
pub use trees::{TreeCase, spans_of, trees};

use crate::TestSpan;
use crate::spans::TestLink;
use std::path::PathBuf;
use tracewell_model::{AnyValue, SpanKind, StatusCode};

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

/// Without the backticks of code.
fn plain(cell: &str) -> String {
    cell.trim().replace('`', "")
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

/// Gives a span what a cell says: `span.key = 1`, `event.key = "a"`,
/// `event name`, `kind server`, `status error`, `message text`, `scope name`,
/// several of these with `and`, or nothing.
///
/// # Panics
/// If it says anything else.
pub fn give(span: &mut TestSpan, cell: &str) {
    for what in cell.split(" and ") {
        match what.split_once(" = ") {
            Some((name, literal)) => give_attribute(span, name, value(literal)),
            None => give_field(span, what),
        }
    }
}

fn give_attribute(span: &mut TestSpan, name: &str, value: AnyValue) {
    let (place, key) = name.split_once('.').unwrap_or((name, ""));
    let attribute = (key.to_owned(), value);
    match place {
        "span" => span.attributes.push(attribute),
        "resource" => span.resource.push(attribute),
        "instrumentation" => span.scope.push(attribute),
        "event" => *span = span.clone().with_event("log", 1, vec![attribute]),
        "link" => span.links.push(TestLink {
            trace_id: span.trace_id,
            span_id: span.span_id,
            trace_state: String::new(),
            flags: 0,
            attributes: vec![attribute],
            dropped: 0,
        }),
        other => panic!("{other} is no place"),
    }
}

fn give_field(span: &mut TestSpan, what: &str) {
    let Some((field, text)) = what.split_once(' ') else {
        assert_eq!(what, "nothing", "what is that?");
        return;
    };
    match field {
        "nothing" => {}
        "event" => *span = span.clone().with_event(text, 1, vec![]),
        "kind" => {
            let kind = SpanKind::from_name(text);
            span.kind = kind.unwrap_or_else(|| panic!("{text} is no kind"));
        }
        "status" => {
            let statuses = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
            let status = statuses.into_iter().find(|known| known.name() == text);
            span.status = status.unwrap_or_else(|| panic!("{text} is no status"));
        }
        "message" => text.clone_into(&mut span.status_message),
        "scope" => text.clone_into(&mut span.scope_name),
        other => panic!("{other} is no field"),
    }
}
