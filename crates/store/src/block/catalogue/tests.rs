//! What memory keeps of very many operations, and that searches find the spans
//! of those that it let go.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal, Place};
use tracewell_model::store::{OperationQuery, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, SpanKind, StatusCode, TimeRange};
use tracewell_testkit::{TestSpan, batch};

use super::*;
use crate::block::Block;
use crate::block::tests::{block_of, scan_whole};
use crate::listing::{OperationCounts, ServiceCounts};

fn read<'a>(name: &'a str, spans: u64) -> ReadOperation<'a> {
    ReadOperation {
        name,
        kind: SpanKind::Server,
        spans,
        failed: 1,
        groups: OperationGroups { all: 2, failed: 1 },
    }
}

fn names(service: &ServiceEntry) -> Vec<&str> {
    service.operations.iter().map(|o| &*o.name).collect()
}

#[test]
fn every_service_keeps_its_most_frequent_operations() {
    let one = size_of::<OperationEntry>() + 1;
    let services = vec![
        ReadService {
            name: "noisy",
            operations: vec![read("a", 1), read("b", 9), read("c", 3), read("d", 9)],
        },
        ReadService {
            name: "quiet",
            operations: vec![read("x", 1)],
        },
    ];
    let kept = Catalogue::within(services, usize::MAX, 3 * one);
    let [noisy, quiet] = &*kept.services else {
        panic!("{kept:?}");
    };
    assert_eq!((names(noisy), noisy.spans), (vec!["b", "d"], 22));
    let groups = OperationGroups { all: 2, failed: 1 };
    let gone = Rest {
        spans: 4,
        failed: 2,
        groups,
    };
    assert_eq!(noisy.rest, gone);
    assert_eq!((names(quiet), quiet.rest.is_none()), (vec!["x"], true));
    assert!(kept.rest.is_none());
}

#[test]
fn of_very_many_services_the_largest_are_kept() {
    let all = ["a", "b", "c"];
    let services = all.iter().zip([1, 5, 3]).map(|(name, spans)| ReadService {
        name,
        operations: vec![read("x", spans)],
    });
    let two = 2 * (size_of::<ServiceEntry>() + 1);
    let kept = Catalogue::within(services.collect(), two, usize::MAX);
    let kept_names: Vec<&str> = kept.services.iter().map(|s| &*s.name).collect();
    assert_eq!(kept_names, ["b", "c"]);
    assert_eq!((kept.rest.spans, kept.rest.groups.all), (1, 2));
    assert_eq!(
        (
            kept.services(Some("a")).len(),
            kept.services(Some("c")).len()
        ),
        (0, 1)
    );
}

/// Three times as many operations of one service as memory keeps, each once,
/// the last one failed; and one of another.
fn many() -> Block {
    let many = (3 * OPERATIONS_BYTES / size_of::<OperationEntry>()) as u64;
    let mut spans: Vec<TestSpan> = (0..many)
        .map(|n| TestSpan::new(1, n + 1, "shop", &format!("GET /{n:06}"), 1_000 + n))
        .map(|span| span.kind(SpanKind::Server))
        .collect();
    let last = spans.pop().expect("there are many");
    spans.push(last.status(StatusCode::Error));
    spans.push(TestSpan::new(2, 1, "pay", "charge", 1_000));
    block_of(&batch(&spans)).1
}

fn found(block: &Block, filter: &SpanFilter) -> usize {
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let mut found = 0;
    let scanned = scan_whole(
        block,
        &request,
        &mut ScanReport::default(),
        &mut |part, _| {
            found += part.rows.count();
            ControlFlow::Continue(())
        },
    );
    assert!(scanned.is_ok());
    found
}

#[test]
fn spans_of_operations_that_were_let_go_are_found() {
    let block = many();
    let spans = block.meta().spans as usize;
    let field = |field| Field::Intrinsic(field);
    let equals = |field: Field, text: &str| {
        let literal = Literal::Str(text.into());
        SpanFilter::Test(field, Condition::Compare(CompareOp::Equal, literal))
    };
    let name = |text: &str| equals(field(Intrinsic::Name), text);
    let service = |text: &str| {
        equals(
            Field::Attribute(Place::Resource, vec!["service.name".into()]),
            text,
        )
    };
    let not = |filter| SpanFilter::Not(Box::new(filter));
    let last = format!("GET /{:06}", spans - 2);
    for (filter, wanted) in [
        (name("GET /000000"), 1),
        (name(&last), 1),
        (name("GET /nowhere"), 0),
        (not(name(&last)), spans - 1),
        (SpanFilter::And(vec![service("shop"), name(&last)]), 1),
        (SpanFilter::And(vec![service("pay"), name(&last)]), 0),
        (SpanFilter::And(vec![service("none"), name(&last)]), 0),
    ] {
        assert_eq!(found(&block, &filter), wanted, "{filter:?}");
    }
}

#[test]
fn attributes_whose_keys_were_let_go_are_found() {
    // Too many keys for memory, and each too rare for a column.
    let spans: Vec<TestSpan> = (0..5_000)
        .map(|n| TestSpan::new(1, n + 1, "shop", "GET /", 1_000 + n))
        .zip(0..)
        .map(|(span, n)| span.with_text(&format!("order.{n:05}"), "paid"))
        .collect();
    let sent = batch(&spans);
    let block = block_of(&sent).1;
    assert!(!block.has_all_keys());
    assert!(block.memory_bytes() < 2 * OPERATIONS_BYTES);
    let text = |value: &str| Condition::Compare(CompareOp::Equal, Literal::Str(value.into()));
    for key in ["order.00000", "order.04999", "order", "service.name"] {
        for place in [Place::Any, Place::Span, Place::Resource] {
            for condition in [text("paid"), text("shop"), text("x"), Condition::Exists] {
                let field = Field::Attribute(place, vec![key.into()]);
                let filter = SpanFilter::Test(field, condition);
                let wanted = filter.matching(&sent).count();
                assert_eq!(found(&block, &filter), wanted, "{filter:?}");
                let filter = SpanFilter::Not(Box::new(filter));
                let wanted = sent.len() - wanted;
                assert_eq!(found(&block, &filter), wanted, "{filter:?}");
            }
        }
    }
}

#[test]
fn memory_is_bounded_and_lists_say_that_there_are_more() {
    let block = many();
    // Also what a search makes of the operations.
    let failed = SpanFilter::Test(Field::Intrinsic(Intrinsic::Failed), Condition::Exists);
    found(&block, &failed);
    let bytes = block.memory_bytes();
    assert!(bytes < 4 * OPERATIONS_BYTES, "{bytes} bytes");
    let mut services = ServiceCounts::default();
    assert!(block.count_services(&mut services), "services are complete");
    let counted: u64 = services.finish().iter().map(|service| service.spans).sum();
    assert_eq!(counted, block.meta().spans);
    let all = OperationQuery::all(TimeRange::ALL);
    for (service, prefix, has_more) in [
        (None, "", true),
        (None, "get /", false),
        (Some("shop"), "", true),
        (Some("shop"), "get /0000", false),
        (Some("pay"), "", false),
        (Some("none"), "", false),
    ] {
        let query = OperationQuery {
            service,
            prefix,
            ..all
        };
        let mut counts = OperationCounts::new(&query);
        block.count_operations(&mut counts).unwrap();
        assert_eq!(counts.finish().1, has_more, "{query:?}");
    }
}
