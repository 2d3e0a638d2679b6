//! ADR-011, when two spans are one, as pairs of spans.

use super::table;
use crate::spans::TestLink;
use crate::{TestEvent, TestSpan};
use tracewell_model::{AnyValue, SpanKind, StatusCode};

/// A case of ADR-011.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the decision")]
pub struct IdentityCase {
    pub what: String,
    pub spans: [TestSpan; 2],
    pub are_one: bool,
}

/// The cases of ADR-011, each in a trace that is numbered by its line.
#[must_use]
pub fn identities() -> Vec<IdentityCase> {
    let rows = table(
        "011-identity-of-a-span.md",
        &["the second differs in", "they are"],
    );
    let case = |(line, mut cells): (usize, Vec<String>)| {
        let first = full_span(line as u64);
        let mut second = first.clone();
        change(&mut second, &cells[0]);
        IdentityCase {
            are_one: cells[1] == "one",
            what: cells.swap_remove(0),
            spans: [first, second],
        }
    };
    rows.into_iter().map(case).collect()
}

/// A span with two of everything.
fn full_span(trace: u64) -> TestSpan {
    let mut span = TestSpan::new(trace, 1, "cart", "add", 1_000)
        .with_text("a", "1")
        .with_text("b", "2")
        .with_event("first", 5, vec![("e".to_owned(), "1".into())])
        .with_event("second", 5, vec![]);
    span.resource.push(("host.name".to_owned(), "h".into()));
    span.scope.push(("s".to_owned(), "1".into()));
    span.links.push(TestLink {
        trace_id: span.trace_id,
        span_id: span.span_id,
        trace_state: String::new(),
        flags: 0,
        attributes: vec![],
        dropped: 0,
    });
    span
}

fn change(span: &mut TestSpan, what: &str) {
    match what {
        "nothing" => {}
        "order of attributes" => span.attributes.reverse(),
        "order of resource attributes" => span.resource.reverse(),
        "trace id" => span.trace_id.0[0] ^= 1,
        "span id" => span.span_id.0[0] ^= 1,
        "parent" => span.parent_span_id.0[7] = 9,
        "name" => span.name.push('x'),
        "kind" => span.kind = SpanKind::Client,
        "start" => span.start_ns += 1,
        "end" => span.end_ns += 1,
        "status" => span.status = StatusCode::Ok,
        "status message" => span.status_message.push('x'),
        "flags" => span.flags = 1,
        "trace state" => span.trace_state.push('x'),
        "an attribute's value" => span.attributes[0].1 = "2".into(),
        "an attribute's type" => span.attributes[0].1 = AnyValue::Int(1),
        "one attribute more" => span.attributes.push(("c".to_owned(), "3".into())),
        "a resource attribute" => span.resource[1].1 = "other".into(),
        "resource schema" => span.resource_schema_url.push('x'),
        "scope name" => span.scope_name.push('x'),
        "scope version" => span.scope_version.push('x'),
        "a scope attribute" => span.scope[0].1 = "2".into(),
        "one event more" => span.events.push(TestEvent {
            time_ns: 5,
            name: "third".to_owned(),
            attributes: vec![],
            dropped: 0,
        }),
        "an event's time" => span.events[0].time_ns += 1,
        "an event's attribute" => span.events[0].attributes[0].1 = "2".into(),
        "order of events" => span.events.reverse(),
        "a link's target" => span.links[0].span_id.0[0] ^= 1,
        "a link's flags" => span.links[0].flags = 1,
        "dropped attributes" => span.dropped[0] = 1,
        other => panic!("ADR-011 names {other}, which no test knows"),
    }
}
