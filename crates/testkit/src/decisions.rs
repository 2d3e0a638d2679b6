//! The tables of `docs/adr`: what was decided is what is tested.
//!
//! A decision lists its cases in Markdown, for people; tests read the same
//! lines. **A case that stands only in a test is not decided.**

mod failures;
mod identities;
mod trees;

pub use failures::{FailureCase, failures};
pub use identities::{IdentityCase, identities};
pub use trees::{TreeCase, trees};

use std::path::PathBuf;
use tracewell_model::AnyValue;

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
