//! Which edges spans come to.

use tracewell_model::clock::ManualClock;
use tracewell_model::{SpanKind, StatusCode};
use tracewell_testkit::{Random, TestSpan, batch};

use super::*;
use crate::series::reading::Read;
use crate::written::section;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const NAME: &str = "traces_service_graph";

fn config(text: &str) -> Result<ServiceGraphConfig, Vec<String>> {
    section::read("s", text, ServiceGraphConfig::read)
}

struct Rig {
    connector: Arc<ServiceGraph>,
    clock: Arc<ManualClock>,
}

fn rig(text: &str) -> Rig {
    let clock = Arc::new(ManualClock::new(0));
    let connector = ServiceGraph::new(config(text).unwrap(), Arc::clone(&clock) as _);
    Rig { connector, clock }
}

impl Rig {
    fn count(&self, spans: &[TestSpan]) {
        self.connector
            .consume(Arc::new(batch(spans)), Box::new(|result| result.unwrap()));
    }

    fn read(&self) -> Read {
        Read::of(&*self.connector)
    }

    /// Requests, of those with such labels.
    fn requests(&self, labels: &str) -> f64 {
        self.read()
            .get(&format!("{NAME}_request_total{{{labels}}}"))
    }
}

fn span(trace: u64, number: u64, service: &str, kind: SpanKind) -> TestSpan {
    TestSpan::new(trace, number, service, "x", SECOND).kind(kind)
}

/// A request of `shop` to `bank`: what the client says, and the server.
fn request(trace: u64) -> [TestSpan; 2] {
    [
        span(trace, 1, "shop", SpanKind::Client).lasting_ns(30 * MS),
        span(trace, 2, "bank", SpanKind::Server)
            .child_of(1)
            .lasting_ns(5 * MS),
    ]
}

const EDGE: &str = "client=\"shop\",server=\"bank\",failed=\"false\"";

#[test]
fn both_sides_find_each_other_in_any_order_and_batch() {
    let rig = rig("{latency_histogram_buckets: [10ms, 1s]}");
    let [client, server] = request(1);
    rig.count(&[client, server]);
    let [client, server] = request(2);
    rig.count(&[server]);
    rig.count(&[client]);
    let [client, server] = request(3);
    rig.count(&[client, span(3, 9, "shop", SpanKind::Internal)]);
    rig.clock.advance_ns(9 * SECOND);
    rig.count(&[server]);
    let read = rig.read();
    for (series, value) in [
        (format!("{NAME}_request_total{{{EDGE}}}"), 3.0),
        (
            format!("{NAME}_request_server_seconds_bucket{{{EDGE},le=\"0.01\"}}"),
            3.0,
        ),
        (
            format!("{NAME}_request_client_seconds_bucket{{{EDGE},le=\"0.01\"}}"),
            0.0,
        ),
        (
            format!("{NAME}_request_client_seconds_bucket{{{EDGE},le=\"1.0\"}}"),
            3.0,
        ),
        (
            format!("{NAME}_request_client_seconds_count{{{EDGE}}}"),
            3.0,
        ),
    ] {
        assert_eq!(
            read.values.get(&series),
            Some(&value),
            "{series}: {read:#?}"
        );
    }
    let sum = read.get(&format!("{NAME}_request_client_seconds_sum{{{EDGE}}}"));
    assert!((sum - 0.09).abs() < 1e-9, "{sum}");
    assert_eq!(read.values.len(), 1 + 2 * (3 + 2));
}

#[test]
fn a_failure_of_either_side_is_one() {
    let rig = rig("{}");
    let [client, server] = request(1);
    rig.count(&[client, server.status(StatusCode::Error)]);
    let [client, server] = request(2);
    // No status, and still a failure (ADR-010).
    rig.count(&[client.with("http.response.status_code", 503.into()), server]);
    rig.count(&request(3));
    let failed = EDGE.replace("false", "true");
    assert_eq!(rig.requests(EDGE), 1.0);
    assert_eq!(rig.requests(&failed), 2.0);
    let read = rig.read();
    assert_eq!(
        read.get(&format!("{NAME}_request_failed_total{{{failed}}}")),
        2.0
    );
    assert_eq!(read.sum(&format!("{NAME}_request_failed_total")), 2.0);
}

#[test]
fn messages_and_databases_are_connections_of_their_own() {
    let rig = rig("{}");
    rig.count(&[
        span(1, 1, "shop", SpanKind::Producer),
        span(1, 2, "mail", SpanKind::Consumer).child_of(1),
        span(1, 3, "shop", SpanKind::Client)
            .with_text("db.name", "orders")
            .lasting_ns(7 * MS),
        span(1, 4, "shop", SpanKind::Client).with_text("db.namespace", "stock"),
    ]);
    let of = |server, connection| {
        format!(
            "client=\"shop\",server=\"{server}\",connection_type=\"{connection}\",failed=\"false\""
        )
    };
    assert_eq!(rig.requests(&of("mail", "messaging_system")), 1.0);
    assert_eq!(rig.requests(&of("orders", "database")), 1.0);
    assert_eq!(rig.requests(&of("stock", "database")), 1.0);
    let labels = of("orders", "database");
    let sum = rig
        .read()
        .get(&format!("{NAME}_request_server_seconds_sum{{{labels}}}"));
    assert!((sum - 0.007).abs() < 1e-9, "{sum}");
}

#[test]
fn an_end_that_sends_no_spans_is_guessed() {
    let rig = rig("{virtual_node_extra_label: true}");
    rig.count(&[
        span(1, 1, "front", SpanKind::Server),
        span(1, 2, "front", SpanKind::Client).with_text("peer.service", "mainframe"),
        span(1, 3, "front", SpanKind::Client),
        span(1, 4, "front", SpanKind::Server).child_of(77),
    ]);
    let user = "client=\"user\",server=\"front\",connection_type=\"virtual_node\",failed=\"false\",virtual_node=\"client\"";
    let peer = "client=\"front\",server=\"mainframe\",connection_type=\"virtual_node\",failed=\"false\",virtual_node=\"server\"";
    assert_eq!(rig.requests(user), 1.0);
    assert_eq!(rig.requests(peer), 0.0, "it may still come");
    rig.clock.advance_ns(10 * SECOND);
    let read = rig.read();
    assert_eq!(rig.requests(peer), 1.0);
    assert_eq!(
        read.get(&format!("{NAME}_unpaired_spans_total{{client=\"front\"}}")),
        1.0
    );
    assert_eq!(
        read.get(&format!("{NAME}_unpaired_spans_total{{server=\"front\"}}")),
        1.0
    );
    // Of the side that nobody saw, nothing is claimed.
    assert_eq!(
        read.sum(&format!("{NAME}_request_server_seconds_count")),
        1.0
    );
    assert_eq!(
        read.sum(&format!("{NAME}_request_client_seconds_count")),
        1.0
    );

    let without = self::rig("{virtual_node_peer_attributes: []}");
    without.count(&[span(1, 1, "front", SpanKind::Server)]);
    let read = without.read();
    assert_eq!(read.values.len(), 1);
    assert_eq!(
        read.get(&format!("{NAME}_unpaired_spans_total{{server=\"front\"}}")),
        1.0
    );
}

#[test]
fn so_many_wait_and_no_more() {
    let rig = rig("{store: {ttl: 1s, max_items: 2}}");
    for trace in 1..=3 {
        rig.count(&request(trace)[..1]);
    }
    for trace in 1..=3 {
        rig.count(&request(trace)[1..]);
    }
    let read = rig.read();
    assert_eq!(rig.requests(EDGE), 2.0);
    assert_eq!(
        read.get(&format!("{NAME}_dropped_spans_total{{client=\"shop\"}}")),
        1.0
    );
    rig.clock.advance_ns(SECOND);
    let read = rig.read();
    assert_eq!(
        read.get(&format!("{NAME}_unpaired_spans_total{{server=\"bank\"}}")),
        1.0
    );
}

#[test]
fn what_waits_is_forgotten_with_its_place() {
    let rig = rig("{store: {max_items: 8}}");
    for trace in 0..1_000 {
        rig.count(&request(trace));
        rig.count(&request(trace)[..1]);
        rig.count(&request(trace)[1..]);
    }
    assert_eq!(rig.requests(EDGE), 2_000.0);
    let graph = rig.connector.graph();
    assert!(
        graph.waiting.remembered() <= 17,
        "{}",
        graph.waiting.remembered()
    );
}

#[test]
fn dimensions_say_whose_they_are_and_sampled_traces_count_for_more() {
    let rig = rig("{dimensions: [http.method, zone]}");
    let [mut client, mut server] = request(1);
    client = client
        .with_text("http.method", "GET")
        .with_text("zone", "a");
    server.resource.push(("zone".to_owned(), "b".into()));
    client.trace_state = "ot=th:c".to_owned();
    server.trace_state = "ot=th:c".to_owned();
    rig.count(&[client, server]);
    let labels = format!("{EDGE},client_http_method=\"GET\",client_zone=\"a\",server_zone=\"b\"");
    assert_eq!(rig.requests(&labels), 4.0);
}

#[test]
fn edges_that_nobody_uses_end() {
    let rig = rig("{}");
    rig.count(&request(1));
    rig.clock.advance_ns(15 * 60 * SECOND);
    assert!(rig.read().values.is_empty());
}

/// However the spans of many traces are cut into batches, edges are the same.
#[test]
fn batches_do_not_matter() {
    let mut random = Random::new(11);
    let mut spans: Vec<TestSpan> = (0..300).flat_map(request).collect();
    for last in (1..spans.len()).rev() {
        spans.swap(last, random.below(last as u64 + 1) as usize);
    }
    let rig = rig("{}");
    let mut rest = &spans[..];
    while !rest.is_empty() {
        let (some, more) = rest.split_at((1 + random.below(20) as usize).min(rest.len()));
        rig.count(some);
        rest = more;
    }
    assert_eq!(rig.requests(EDGE), 300.0);
    rig.clock.advance_ns(60 * SECOND);
    assert_eq!(rig.read().sum(&format!("{NAME}_unpaired_spans_total")), 0.0);
}

#[test]
fn what_is_wrong_or_not_served_is_said() {
    for (text, wanted) in [
        (
            "{exponential_histogram_max_size: many}",
            "s.exponential_histogram_max_size: \"many\" is not a whole number from 0",
        ),
        (
            "{dimensions: [a.b, a_b]}",
            "s.dimensions: two would have the label client_a_b; leave one out",
        ),
        (
            "{store: {max_items: 0}}",
            "s.store.max_items: \"0\" is not a whole number from 1",
        ),
    ] {
        assert_eq!(config(text).unwrap_err(), [wanted], "{text}");
    }
    config(
        "{metrics_flush_interval: 15s, cache_loop: 1m, store_expiration_loop: 2s,
          metrics_exporter: x, database_name_attribute: db, metrics_timestamp_offset: 0s}",
    )
    .unwrap();
}
