//! What explaining costs; printed, for machines differ.

use std::fmt::Write;
use std::time::Instant;

use tracewell_model::SpanKind;
use tracewell_testkit::{TestSpan, batch};

use crate::bounds::bounded;
use crate::drawn::drawn;
use tracewell_explain::{Explanation, Kind};
use tracewell_model::TraceTree;

#[test]
fn a_trace_of_a_thousand_spans() {
    let mut text = "shop server 0-1000 GET /cart\n".to_owned();
    for call in 0..333 {
        let from = call * 3;
        write!(
            text,
            "  shop client {from}-{} GET | http.request.method=GET | url.full=http://stock/item/{call}\n    \
             stock server {from}.5-{} GET /item/{{id}} | http.route=/item/{{id}}\n      \
             stock client {}-{from}.9 SELECT | db.system=pg | db.query.text=SELECT n FROM t WHERE id = {call}\n",
            from + 2,
            from + 1,
            format_args!("{from}.6"),
        )
        .unwrap();
    }
    let batch = drawn(&text);
    let tree = TraceTree::new(&batch);
    let began = Instant::now();
    let found = Explanation::new(&batch, &tree);
    eprintln!(
        "explaining {} spans took {:?}",
        batch.len(),
        began.elapsed()
    );
    assert_eq!(bounded(&batch), found);
    assert!(found.findings.iter().any(|one| one.kind == Kind::NPlusOne));
}

/// Nothing may be quadratic: these would not come to an end.
#[test]
fn very_deep_and_very_wide_traces_are_explained() {
    let spans = 100_000u64;
    let client = |span: TestSpan| {
        let call = span.kind(SpanKind::Client);
        call.with_text("http.request.method", "GET")
    };
    let chain = |n: u64| {
        let span = TestSpan::new(1, n + 1, "s", "step", n).lasting_ns(2 * (spans - n));
        if n == 0 { span } else { span.child_of(n) }
    };
    let star = |n: u64| {
        let span = TestSpan::new(1, n + 1, "s", "call", n);
        if n == 0 {
            span.lasting_ns(spans + 10)
        } else {
            client(span.child_of(1).lasting_ns(1))
        }
    };
    // Each step calls twice, the second time on to the next step.
    let ladder = |n: u64| {
        let span = TestSpan::new(1, n + 1, "s", "step", n).lasting_ns(2 * (spans - n));
        let parent = if n.is_multiple_of(2) {
            n.saturating_sub(1)
        } else {
            n
        };
        client(if n == 0 {
            span
        } else {
            span.child_of(parent.max(1))
        })
    };
    let wrappers: Vec<_> = (0..spans).map(chain).collect();
    let calls: Vec<_> = (0..spans).map(|n| client(chain(n))).collect();
    let wide: Vec<_> = (0..spans).map(star).collect();
    let steps: Vec<_> = (0..spans).map(ladder).collect();
    for spans in [wrappers, calls, wide, steps] {
        bounded(&batch(&spans));
    }
}
