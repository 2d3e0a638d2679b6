//! ADR-012, root and parents, as spans.

use super::table;
use crate::TestSpan;
use crate::spans::TestLink;
use tracewell_model::{SpanId, SpanKind};

/// A case of ADR-012.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the decision")]
pub struct TreeCase {
    pub line: usize,
    /// Named by their letters.
    pub spans: Vec<TestSpan>,
    /// `a(b c)`: nested, siblings in order.
    pub tree: String,
    /// Empty for none.
    pub root: String,
    /// Letters, with spaces between them.
    pub orphans: String,
    /// Letters, with spaces between them.
    pub cut: String,
}

/// The cases of ADR-012, each in a trace that is numbered by its line.
#[must_use]
pub fn trees() -> Vec<TreeCase> {
    let rows = table(
        "012-root-and-parents.md",
        &["spans by start", "tree", "root", "orphans", "cut"],
    );
    let case = |(line, cells): (usize, Vec<String>)| TreeCase {
        line,
        spans: spans_of(line as u64, &cells[0]),
        tree: cells[1].clone(),
        root: cells[2].clone(),
        orphans: cells[3].clone(),
        cut: cells[4].clone(),
    };
    rows.into_iter().map(case).collect()
}

/// The spans that a cell names, as ADR-012 writes them.
///
/// # Panics
/// If it is written otherwise.
#[must_use]
pub fn spans_of(trace: u64, cell: &str) -> Vec<TestSpan> {
    let spans = (1u64..).zip(cell.split(' '));
    spans
        .map(|(place, text)| span(trace, place, text))
        .collect()
}

/// A letter as an id.
fn id(letter: &str) -> SpanId {
    let mut id = SpanId::default();
    id.0[7] = letter.as_bytes()[0];
    id
}

fn span(trace: u64, place: u64, text: &str) -> TestSpan {
    let mut span = TestSpan::new(trace, 1, "shop", &text[..1], place * 1_000);
    span.span_id = id(&text[..1]);
    let mut rest = &text[1..];
    while let Some(mark) = rest.chars().next() {
        let twice = rest.starts_with("^^");
        let begin = if twice { 2 } else { 1 };
        let end = rest[begin..].find(['=', '/', '<', '^', '~']);
        let end = end.map_or(rest.len(), |end| begin + end);
        let word = &rest[begin..end];
        match mark {
            '=' => span.span_id = id(word),
            '/' => {
                let kind = SpanKind::from_name(word);
                span.kind = kind.unwrap_or_else(|| panic!("{word} is no kind"));
            }
            '<' => span.parent_span_id = id(word),
            '^' | '~' => {
                let mut trace_id = span.trace_id;
                trace_id.0[0] ^= u8::from(twice);
                let ref_type = if mark == '^' {
                    "child_of"
                } else {
                    "follows_from"
                };
                span.links.push(TestLink {
                    trace_id,
                    span_id: id(word),
                    trace_state: String::new(),
                    flags: 0,
                    attributes: vec![("opentracing.ref_type".to_owned(), ref_type.into())],
                    dropped: 0,
                });
            }
            other => panic!("{text}: what is {other}?"),
        }
        rest = &rest[end..];
    }
    span
}
