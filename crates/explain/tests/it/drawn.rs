//! Traces as text, a line a span: depth by indentation, then service, kind,
//! start and end in ms, name; behind bars attributes; `!` before the name of one
//! that failed.
//!
//! ```text
//! shop server 0-100 GET /cart
//!   shop client 10-40 SELECT | db.system=postgresql | db.query.text=SELECT 1
//! ```

use tracewell_model::{AnyValue, SpanBatch, SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};

const MS: u64 = 1_000_000;

/// Where traces begin: skewed clocks show times before it.
const EPOCH_MS: u64 = 1_000_000;

pub(crate) fn drawn(text: &str) -> SpanBatch {
    let mut open: Vec<(usize, u64)> = Vec::new();
    let mut spans = Vec::new();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    for (id, line) in (1..).zip(lines) {
        let depth = line.len() - line.trim_start().len();
        open.retain(|(above, _)| *above < depth);
        let mut parts = line.trim().split(" | ");
        let mut words = parts.next().unwrap().splitn(4, ' ');
        let service = words.next().unwrap();
        let kind = words.next().unwrap();
        let (from, to) = words.next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|ms| (ms.parse::<f64>().unwrap() * MS as f64) as u64);
        let name = words.next().unwrap();
        let start_ns = EPOCH_MS * MS + from;
        let mut span = TestSpan::new(1, id, service, name.trim_start_matches('!'), start_ns);
        span.end_ns = EPOCH_MS * MS + to;
        span.kind = *SpanKind::ALL.iter().find(|one| one.name() == kind).unwrap();
        if name.starts_with('!') {
            span.status = StatusCode::Error;
        }
        if let Some((_, parent)) = open.last() {
            span = span.child_of(*parent);
        }
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap();
            let value = match value.parse() {
                Ok(number) => AnyValue::Int(number),
                Err(_) => AnyValue::String(value.to_owned()),
            };
            span = span.with(key, value);
        }
        open.push((depth, id));
        spans.push(span);
    }
    batch(&spans)
}
