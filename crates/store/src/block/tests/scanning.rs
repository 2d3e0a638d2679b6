//! A scan answers what the evaluator answers on the spans themselves.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracewell_model::batch::view::BatchView;
use tracewell_model::failure::failed_rows;
use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal, Place};
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{AnyValue, Level, SpanBatch, SpanFilter, SpanKind, StatusCode, TimeRange};
use tracewell_testkit::{Random, TestSpan, batch};

use super::{block_of, scan_whole};
use crate::block::{Block, BlockError};

type Shown = BTreeSet<(u64, [u8; 16], [u8; 8])>;

fn scan(block: &Block, filter: &SpanFilter, range: TimeRange) -> (Shown, ScanReport) {
    let request = ScanRequest {
        range,
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let (mut shown, mut report) = (Shown::new(), ScanReport::default());
    let mut later = Some(u64::MAX);
    let flow = scan_whole(block, &request, &mut report, &mut |chunk, _| {
        assert!(
            chunk.later_until_ns <= later,
            "what can follow only ever sinks"
        );
        let spans = chunk.batch.spans();
        for row in chunk.rows.iter() {
            assert!(
                Some(spans.start_ns[row]) <= later,
                "a later chunk has no newer span"
            );
            shown.insert((
                spans.start_ns[row],
                spans.trace_id[row].0,
                spans.span_id[row].0,
            ));
        }
        later = chunk.later_until_ns;
        ControlFlow::Continue(())
    });
    assert!(flow.unwrap().is_continue());
    (shown, report)
}

fn naive(batch: &SpanBatch, filter: &SpanFilter, range: TimeRange) -> Shown {
    let spans = batch.spans();
    let matching = filter.matching(batch);
    let rows = matching
        .iter()
        .filter(|row| range.includes(spans.start_ns[*row], spans.duration_ns[*row]));
    rows.map(|row| {
        (
            spans.start_ns[row],
            spans.trace_id[row].0,
            spans.span_id[row].0,
        )
    })
    .collect()
}

fn test(place: Place, key: &str, condition: Condition) -> SpanFilter {
    SpanFilter::Test(Field::Attribute(place, vec![key.into()]), condition)
}

fn intrinsic(field: Intrinsic, condition: Condition) -> SpanFilter {
    SpanFilter::Test(Field::Intrinsic(field), condition)
}

fn is(literal: Literal) -> Condition {
    Condition::Compare(CompareOp::Equal, literal)
}

fn text(text: &str) -> Literal {
    Literal::Str(text.to_owned())
}

/// Filters that look at every kind of column.
fn filters() -> Vec<SpanFilter> {
    let over = |literal| Condition::Compare(CompareOp::Greater, literal);
    let not = |filter| SpanFilter::Not(Box::new(filter));
    let service = |name: &str| test(Place::Resource, "service.name", is(text(name)));
    vec![
        SpanFilter::All,
        SpanFilter::None,
        service("cart"),
        service("größe"),
        service("nobody"),
        not(service("cart")),
        test(Place::Any, "service.name", is(text(""))),
        test(Place::Resource, "service.name", Condition::Absent),
        SpanFilter::And(vec![
            service("cart"),
            intrinsic(Intrinsic::Name, is(text("GET /"))),
        ]),
        SpanFilter::Or(vec![
            service("cart"),
            intrinsic(Intrinsic::Failed, is(Literal::Bool(true))),
        ]),
        intrinsic(Intrinsic::Failed, is(Literal::Bool(false))),
        intrinsic(Intrinsic::Kind, is(Literal::Kind(SpanKind::Server))),
        intrinsic(Intrinsic::Status, is(Literal::Status(StatusCode::Error))),
        intrinsic(Intrinsic::StatusMessage, is(text("failed after 3"))),
        intrinsic(Intrinsic::StatusMessage, is(text(""))),
        intrinsic(Intrinsic::Duration, over(Literal::Int(1_000_000_000))),
        intrinsic(Intrinsic::ParentSpanId, Condition::Absent),
        intrinsic(Intrinsic::EventName, is(text("exception"))),
        intrinsic(Intrinsic::EventTimeSinceStart, over(Literal::Int(500))),
        intrinsic(Intrinsic::LinkTraceId, Condition::Exists),
        intrinsic(Intrinsic::ScopeName, is(text("http"))),
        not(intrinsic(Intrinsic::RootName, is(text("x")))),
        intrinsic(Intrinsic::TraceDuration, over(Literal::Int(0))),
        test(Place::Span, "http.request.method", is(text("GET"))),
        test(Place::Span, "http.status_code", over(Literal::Int(300))),
        test(Place::Span, "http.status_code", is(text("GET"))),
        test(Place::Span, "weight", over(Literal::Double(0.0))),
        test(Place::Span, "retry", is(Literal::Bool(true))),
        test(Place::Span, "items", Condition::Exists),
        test(Place::Span, "items", Condition::Absent),
        test(Place::Span, "payload", Condition::Exists),
        test(Place::Span, "no.such.key", Condition::Exists),
        test(Place::Span, "no.such.key", Condition::Absent),
        test(Place::Event, "no.such.key", Condition::Absent),
        test(Place::Event, "retry", Condition::Absent),
        test(Place::Link, "retry", Condition::Absent),
        not(test(Place::Any, "no.such.key", Condition::Exists)),
        test(Place::Any, "user.id", Condition::Exists),
        test(Place::Any, "url.path", is(text("GET"))),
        test(Place::Event, "ключ", Condition::Exists),
        test(Place::Link, "retry", Condition::Exists),
        test(Place::Resource, "db.statement", Condition::Exists),
        test(Place::Scope, "db.statement", Condition::Exists),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_scan_shows_what_matches(seed: u64, count in 1usize..500, from in 0u64..60, length in 0u64..90) {
        let start = 1_700_000_000_000_000_000;
        let batch = batch(&Random::new(seed).spans(count, start));
        let (_, block) = block_of(&batch);
        let range = TimeRange {
            start_ns: start + from * 1_000_000_000,
            end_ns: start + (from + length) * 1_000_000_000,
        };
        for filter in filters() {
            for range in [range, TimeRange::ALL] {
                let (shown, _) = scan(&block, &filter, range);
                prop_assert_eq!(shown, naive(&batch, &filter, range), "{:?}", filter);
            }
        }
    }
}

/// A row group and a bit, one rare attribute in the latter.
fn large() -> Vec<TestSpan> {
    (0..140_000)
        .map(|n| {
            let service = if n % 2 == 0 { "cart" } else { "pay" };
            let mut span = TestSpan::new(n / 10, n + 1, service, "GET /", 1_000_000 + n);
            span.attributes = vec![("n".to_owned(), AnyValue::Int(n as i64))];
            if n == 133_000 {
                span = span
                    .with_text("rare", "yes")
                    .with_event("exception", 3, vec![]);
            }
            span
        })
        .collect()
}

#[test]
fn rare_matches_in_large_blocks_are_found_and_cost_little() {
    let batch = batch(&large());
    let (_, block) = block_of(&batch);
    let (all, second) = (140_000, 140_000 - 131_072);
    for (filter, searched_spans) in [
        // Its only row group is known by tokens or operations.
        (test(Place::Span, "rare", is(text("yes"))), second),
        (test(Place::Any, "rare", is(text("yes"))), second),
        (
            intrinsic(Intrinsic::Failed, is(Literal::Bool(true))),
            second,
        ),
        (test(Place::Span, "n", is(Literal::Int(133_001))), second),
        (test(Place::Resource, "service.name", is(text("pay"))), all),
        (test(Place::Span, "rare", Condition::Exists), all),
    ] {
        let (shown, report) = scan(&block, &filter, TimeRange::ALL);
        assert_eq!(shown, naive(&batch, &filter, TimeRange::ALL), "{filter:?}");
        let looked_at = (report.searched_blocks, report.searched_spans);
        assert_eq!(looked_at, (1, searched_spans), "{filter:?}");
        assert!(
            report.searched_bytes < block.meta().bytes,
            "only some columns are read"
        );
    }
    for filter in [
        test(Place::Resource, "service.name", is(text("nobody"))),
        intrinsic(Intrinsic::Name, is(text("POST /"))),
        test(Place::Any, "nothing", Condition::Exists),
        test(Place::Span, "rare", is(text("no"))),
        test(Place::Any, "n", is(Literal::Int(-1))),
    ] {
        let (shown, report) = scan(&block, &filter, TimeRange::ALL);
        assert_eq!(
            (shown.len(), report),
            (0, ScanReport::default()),
            "{filter:?}"
        );
    }
}

#[test]
fn the_visitor_sees_the_columns_it_asked_for() {
    let mut spans = large();
    spans.truncate(2_000);
    spans[100] = spans[100]
        .clone()
        .with_event("exception", 3, vec![])
        .with("list", AnyValue::Array(vec![]));
    let (_, block) = block_of(&batch(&spans));
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &test(Place::Span, "n", is(Literal::Int(100))),
        traces: None,
        columns: ScanColumns {
            names: true,
            services: true,
            failures: true,
            attributes: vec![(Level::Span, "n".into()), (Level::Span, "list".into())],
            ..ScanColumns::default()
        },
        cancelled: &AtomicBool::new(false),
    };
    let mut seen = 0;
    let mut report = ScanReport::default();
    let scanned = scan_whole(&block, &request, &mut report, &mut |chunk, _| {
        let view = BatchView::new(&chunk.batch);
        for row in chunk.rows.iter() {
            let span = view.span(row);
            assert_eq!((span.service(), span.name()), ("cart", "GET /"));
            assert_eq!(span.trace_id(), spans[100].trace_id);
            assert_eq!(span.end_ns(), spans[100].end_ns);
            assert!(failed_rows(&chunk.batch).contains(row));
            assert!(span.attribute("n").is_some() && span.attribute("list").is_some());
            seen += 1;
        }
        ControlFlow::Break(())
    });
    assert!(scanned.unwrap().is_break());
    assert_eq!(seen, 1);
    let cancelled = ScanRequest {
        cancelled: &AtomicBool::new(true),
        ..request
    };
    let result = scan_whole(&block, &cancelled, &mut report, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert!(matches!(result, Err(BlockError::Cancelled)));
}
