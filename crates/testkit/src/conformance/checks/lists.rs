//! Services, operations, keys and counts.

use super::{MS, START_NS, span};
use crate::conformance::append;
use crate::spans::TestSpan;
use tracewell_model::store::{Listed, Operation, OperationQuery, ServiceCount};
use tracewell_model::{SpanKind, StatusCode, TimeRange, TraceStore};

pub(super) fn operations_are_counted(store: &dyn TraceStore) {
    let server = |number| span(1, number).kind(SpanKind::Server);
    append(
        store,
        &[server(1), server(2).status(StatusCode::Error), span(1, 3)],
    )
    .expect("stored");
    append(
        store,
        &[server(4), TestSpan::new(2, 1, "pay", "charge", START_NS)],
    )
    .expect("stored");
    let counted = |service: &str, name: &str, kind, spans, failed| Operation {
        service: service.to_owned(),
        name: name.to_owned(),
        kind,
        spans,
        failed,
    };
    let every = [
        counted("cart", "add", SpanKind::Internal, 1, 0),
        counted("cart", "add", SpanKind::Server, 3, 1),
        counted("pay", "charge", SpanKind::Internal, 1, 0),
    ];
    let all = OperationQuery::all(TimeRange::ALL);
    let (service, kind) = (Some("cart"), Some(SpanKind::Internal));
    let limit = 2;
    for (query, wanted, has_more) in [
        (all, &every[..], false),
        (OperationQuery { limit, ..all }, &every[..2], true),
        (OperationQuery { service, ..all }, &every[..2], false),
        (
            OperationQuery {
                service,
                kind,
                ..all
            },
            &every[..1],
            false,
        ),
        (
            OperationQuery {
                prefix: "CHA",
                ..all
            },
            &every[2..],
            false,
        ),
        (
            OperationQuery {
                service: Some(""),
                ..all
            },
            &[],
            false,
        ),
    ] {
        let listed = store.operations(&query).expect("reads");
        assert_eq!(
            (&*listed.entries, listed.has_more),
            (wanted, has_more),
            "{query:?}"
        );
    }
    let before = TimeRange {
        start_ns: 0,
        end_ns: START_NS - 1,
    };
    assert_eq!(
        store
            .operations(&OperationQuery::all(before))
            .expect("reads")
            .entries,
        [],
        "nothing was then"
    );
    let services = |range| store.services(range).expect("reads");
    let service = |name: &str, spans, failed| ServiceCount {
        name: name.to_owned(),
        spans,
        failed,
    };
    let both = vec![service("cart", 4, 1), service("pay", 1, 0)];
    assert_eq!(services(TimeRange::ALL), Listed::whole(both));
    assert_eq!(services(before).entries, [], "nothing was then");
}

pub(super) fn keys_are_complete(store: &dyn TraceStore) {
    append(
        store,
        &[
            span(1, 1).with_text("b", "x"),
            span(1, 2).with_text("a", "x"),
        ],
    )
    .expect("stored");
    append(
        store,
        &[span(1, 3).with_event("e", 0, vec![("c".to_owned(), 1.into())])],
    )
    .expect("stored");
    let keys = store.attribute_keys(TimeRange::ALL).expect("reads").entries;
    let shown: Vec<_> = keys
        .iter()
        .map(|key| (key.level.name(), key.key.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("span", "a"),
            ("span", "b"),
            ("resource", "service.name"),
            ("event", "c")
        ]
    );
}

pub(super) fn the_status_counts(store: &dyn TraceStore) {
    append(store, &[span(1, 1), span(1, 2), span(1, 2)]).expect("stored");
    let status = store.status();
    let repeated = 2..=3;
    assert!(repeated.contains(&status.spans), "{status:?}");
    assert_eq!(
        status.start_range_ns,
        Some((START_NS + MS, START_NS + 2 * MS))
    );
    assert!(status.bytes > 0);
}
