//! A table: spans, query and moments, and the series they make.

use super::{SECOND_NS, answer, lines};
use crate::store_of;
use std::sync::atomic::AtomicBool;
use tracewell_model::{AnyValue, SpanKind, StatusCode, TimeRange};
use tracewell_query::promql::{Moments, label_names, label_values, parse_selectors, series};
use tracewell_testkit::TestSpan;

const MS_NS: u64 = 1_000_000;

fn at(trace: u64, span: u64, service: &str, name: &str, second: f64) -> TestSpan {
    TestSpan::new(trace, span, service, name, (second * 1e9) as u64)
}

/// An order in each of two minutes, of which the second fails in the bank. The bank
/// asks its database, and an agency that sends no spans.
fn shop() -> Vec<TestSpan> {
    let order = |trace: u64, second: f64, status: StatusCode| {
        [
            at(trace, 1, "shop", "buy", second)
                .kind(SpanKind::Server)
                .lasting_ns(2_000 * MS_NS)
                .with("http.response.status_code", AnyValue::Int(200)),
            at(trace, 2, "shop", "POST", second + 0.1)
                .kind(SpanKind::Client)
                .lasting_ns(1_000 * MS_NS)
                .child_of(1),
            at(trace, 3, "bank", "pay", second + 0.2)
                .kind(SpanKind::Server)
                .lasting_ns(512 * MS_NS)
                .status(status)
                .with_text("currency", "EUR")
                .child_of(2),
            at(trace, 4, "bank", "SELECT", second + 0.3)
                .kind(SpanKind::Client)
                .lasting_ns(3 * MS_NS)
                .with_text("db.system", "postgresql")
                .with_text("db.name", "accounts")
                .child_of(3),
            at(trace, 5, "bank", "score", second + 0.4)
                .kind(SpanKind::Client)
                .lasting_ns(4 * MS_NS)
                .with_text("peer.service", "agency")
                .child_of(3),
        ]
    };
    let mut spans = Vec::from(order(1, 70.0, StatusCode::Unset));
    spans.extend(order(2, 130.0, StatusCode::Error));
    spans.push(
        at(3, 1, "mail", "send", 135.0)
            .kind(SpanKind::Consumer)
            .child_of(2),
    );
    spans.last_mut().unwrap().trace_id = spans[5].trace_id;
    spans
}

/// Query, then start, end and step in seconds, then the series.
type Case = (&'static str, [u64; 3], &'static [&'static str]);

const CASES: [Case; 37] = [
    // What Grafana's service graph asks for.
    (
        "sum by (client, server, server_service_namespace, client_service_namespace) \
         (rate(traces_service_graph_request_total[100s]))",
        [180, 180, 1],
        &[
            "client=bank,server=accounts: 180=0.01",
            "client=bank,server=agency: 180=0.01",
            "client=shop,server=bank: 180=0.01",
            "client=shop,server=mail: 180=0.01",
            "client=user,server=shop: 180=0.01",
        ],
    ),
    (
        "sum by (client, server) (increase(traces_service_graph_request_failed_total{}[180s]))",
        [180, 180, 1],
        &["client=shop,server=bank: 180=1"],
    ),
    (
        "sum(rate(traces_service_graph_request_server_seconds_sum{server=\"bank\"}[180s])) by \
         (server) / sum(rate(traces_service_graph_request_server_seconds_count{server=\"bank\"}\
         [180s])) by (server)",
        [180, 180, 1],
        &["server=bank: 180=0.512"],
    ),
    (
        "histogram_quantile(0.5, sum(rate(traces_service_graph_request_server_seconds_bucket\
         {client=\"shop\",server=\"bank\"}[180s])) by (le, client, server))",
        [180, 180, 1],
        &["client=shop,server=bank: 180=0.402653"],
    ),
    (
        "sum by (connection_type) (increase(traces_service_graph_request_total[3m]))",
        [180, 180, 1],
        &[
            ": 180=2",
            "connection_type=database: 180=2",
            "connection_type=messaging_system: 180=1",
            "connection_type=virtual_node: 180=4",
        ],
    ),
    (
        "increase(traces_service_graph_request_total{connection_type=\"database\"}[3m])",
        [180, 180, 1],
        &["client=bank,connection_type=database,server=accounts: 180=2"],
    ),
    (
        "sum(increase(traces_service_graph_request_total{client=\"user\"}[3m])) by (server)",
        [180, 180, 1],
        &["server=shop: 180=2"],
    ),
    (
        "sum(increase(traces_service_graph_request_total{server=~\"acc.*|agency\"}[3m])) by (server)",
        [180, 180, 1],
        &["server=accounts: 180=2", "server=agency: 180=2"],
    ),
    // Its table of operations.
    (
        "topk(5, sum(rate(traces_spanmetrics_calls_total{span_kind=\"SPAN_KIND_SERVER\"}[100s])) \
         by (span_name))",
        [180, 180, 1],
        &["span_name=buy: 180=0.01", "span_name=pay: 180=0.01"],
    ),
    (
        "topk(5, sum(increase(traces_spanmetrics_calls_total{status_code=\"STATUS_CODE_ERROR\",\
         span_name=~\"buy|pay\"}[180s])) by (span_name))",
        [180, 180, 1],
        &["span_name=pay: 180=1"],
    ),
    (
        "histogram_quantile(.9, sum(rate(traces_spanmetrics_latency_bucket{span_kind=\
         \"SPAN_KIND_SERVER\", span_name=~\"buy\"}[180s])) by (le))",
        [180, 180, 1],
        &[": 180=2.040109"],
    ),
    // A native histogram is none of ours: no series, and Grafana takes the other.
    ("traces_spanmetrics_latency", [180, 180, 1], &[]),
    (
        "histogram_quantile(0.9, sum(rate(nothing[5m])))",
        [180, 180, 1],
        &[],
    ),
    // A window is (T - d, T], whatever the step.
    (
        "sum(increase(traces_spanmetrics_calls_total{service=\"shop\"}[60s]))",
        [60, 240, 60],
        &[": 60=0 120=2 180=2 240=0"],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{span_name=\"buy\"}[90s]))",
        [70, 250, 30],
        &[": 70=1 100=1 130=2 160=1 190=1 220=0 250=0"],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{span_name=\"buy\"}[60s] offset 1m))",
        [120, 200, 60],
        &[": 120=0 180=1"],
    ),
    // A counter is what was counted up to then.
    (
        "sum(traces_spanmetrics_calls_total) by (service)",
        [60, 180, 60],
        &[
            "service=bank: 120=3 180=6",
            "service=mail: 180=1",
            "service=shop: 120=2 180=4",
        ],
    ),
    (
        "traces_spanmetrics_calls_total{service=\"mail\"}",
        [180, 180, 1],
        &[
            "__name__=traces_spanmetrics_calls_total,service=mail,span_kind=SPAN_KIND_CONSUMER,\
           span_name=send,status_code=STATUS_CODE_UNSET: 180=1",
        ],
    ),
    // Buckets have bounds that are powers of two of a ns, the same for all series.
    (
        "sum by (le, span_name) (increase(traces_spanmetrics_latency_bucket{span_name=~\
         \"SELECT|score\"}[3m]))",
        [180, 180, 1],
        &[
            "le=+Inf,span_name=SELECT: 180=2",
            "le=+Inf,span_name=score: 180=2",
            "le=0.002097152,span_name=SELECT: 180=0",
            "le=0.002097152,span_name=score: 180=0",
            "le=0.004194304,span_name=SELECT: 180=2",
            "le=0.004194304,span_name=score: 180=2",
        ],
    ),
    (
        "sum(increase(traces_spanmetrics_latency_bucket{le=\"+Inf\",service=\"bank\"}[3m]))",
        [180, 180, 1],
        &[": 180=6"],
    ),
    // Attributes are labels when they are asked for, by any of their names.
    (
        "sum by (currency) (increase(traces_spanmetrics_calls_total{service=\"bank\"}[3m]))",
        [180, 180, 1],
        &[": 180=4", "currency=EUR: 180=2"],
    ),
    (
        "sum by (span_name) (increase(traces_spanmetrics_calls_total{http_status_code=~\"2..\"}[3m]))",
        [180, 180, 1],
        &["span_name=buy: 180=2"],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{currency!=\"EUR\"}[3m]))",
        [180, 180, 1],
        &[": 180=9"],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{unheard_of=\"x\"}[3m]))",
        [180, 180, 1],
        &[],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{unheard_of!=\"x\"}[3m]))",
        [180, 180, 1],
        &[": 180=11"],
    ),
    (
        "sum(increase(traces_spanmetrics_calls_total{service!~\"shop|mail\"}[3m]))",
        [180, 180, 1],
        &[": 180=6"],
    ),
    // The Collector's names.
    (
        "sum by (service_name) (increase(traces_span_metrics_duration_milliseconds_sum[3m]))",
        [180, 180, 1],
        &[
            "service_name=bank: 180=1038",
            "service_name=mail: 180=1",
            "service_name=shop: 180=6000",
        ],
    ),
    // What is calculated of series.
    (
        "100 * sum by (service) (rate(traces_spanmetrics_calls_total{status_code=\
         \"STATUS_CODE_ERROR\"}[3m])) / sum by (service) (rate(traces_spanmetrics_calls_total[3m]))",
        [180, 180, 1],
        &["service=bank: 180=16.666667"],
    ),
    (
        "sum by (service) (increase(traces_spanmetrics_calls_total[3m])) > 1 < 5",
        [180, 180, 1],
        &["service=shop: 180=4"],
    ),
    (
        "sum by (service) (increase(traces_spanmetrics_calls_total[3m])) > bool 5",
        [180, 180, 1],
        &[
            "service=bank: 180=1",
            "service=mail: 180=0",
            "service=shop: 180=0",
        ],
    ),
    (
        "sum(rate(traces_spanmetrics_calls_total{service=\"none\"}[3m])) or vector(0)",
        [180, 180, 1],
        &[": 180=0"],
    ),
    (
        "sum by (service) (increase(traces_spanmetrics_calls_total[3m])) unless on (service) \
         sum by (service, span_kind) (increase(traces_spanmetrics_calls_total{span_kind=\
         \"SPAN_KIND_CONSUMER\"}[3m]))",
        [180, 180, 1],
        &["service=bank: 180=6", "service=shop: 180=4"],
    ),
    (
        "count(sum by (service) (traces_spanmetrics_calls_total))",
        [180, 180, 1],
        &[": 180=3"],
    ),
    (
        "bottomk(1, sum without (span_kind, status_code, span_name) \
         (increase(traces_spanmetrics_calls_total[3m])))",
        [180, 180, 1],
        &["service=mail: 180=1"],
    ),
    (
        "sort_desc(sum by (service) (increase(traces_spanmetrics_calls_total[3m])))",
        [180, 180, 1],
        &[
            "service=bank: 180=6",
            "service=shop: 180=4",
            "service=mail: 180=1",
        ],
    ),
    ("2 ^ 3 ^ 2 - -1 * 2 + 7 % 4", [180, 180, 1], &["517"]),
    ("1 + 1", [180, 180, 1], &["2"]),
];

#[test]
fn figures_are_those_of_the_spans() {
    let spans = shop();
    let store = store_of(&[&spans[..4], &spans[4..]]);
    for (query, [start, end, step], want) in CASES {
        let [start, end, step] = [start, end, step].map(|seconds| seconds * SECOND_NS);
        let moments = Moments::over(start, end, step).unwrap();
        let got = lines(&answer(&store, query, moments), moments);
        assert_eq!(got, want, "{query}");
    }
}

#[test]
fn lists_name_what_has_spans() {
    let spans = shop();
    let store = store_of(&[&spans]);
    let flag = AtomicBool::new(false);
    let range = TimeRange {
        start_ns: 0,
        end_ns: 200 * SECOND_NS,
    };
    let selector = |text: &str| parse_selectors(text).unwrap().remove(0);
    let values = |label: &str, of: &[&str]| {
        let of: Vec<_> = of
            .iter()
            .flat_map(|text| parse_selectors(text).unwrap())
            .collect();
        label_values(&store, label, &of, range, &flag)
            .unwrap()
            .entries
    };
    assert_eq!(values("service", &[]), ["bank", "mail", "shop"]);
    assert_eq!(values("client", &[]), ["bank", "shop", "user"]);
    assert_eq!(
        values(
            "span_name",
            &["traces_spanmetrics_calls_total{service=\"bank\"}"]
        ),
        ["SELECT", "pay", "score"]
    );
    assert_eq!(values("currency", &[]), ["EUR"]);
    assert_eq!(values("no_such_label", &[]), Vec::<String>::new());
    assert_eq!(
        values(
            "__name__",
            &[
                "{__name__=~\"traces_service_graph_request_.*total\",__name__=\"traces_service_graph_request_total\"}"
            ]
        ),
        ["traces_service_graph_request_total"]
    );
    assert_eq!(values("__name__", &[]).len(), 13);
    // One that names no metric means each that it allows.
    assert_eq!(
        values("__name__", &["{__name__=~\".*failed.*\"}"]),
        ["traces_service_graph_request_failed_total"]
    );
    assert_eq!(
        values("span_name", &["{service=\"shop\"}"]),
        ["POST", "buy"]
    );
    assert_eq!(values("server", &["{__name__=~\".*failed.*\"}"]), ["bank"]);
    let before = TimeRange {
        start_ns: 0,
        end_ns: 60 * SECOND_NS,
    };
    let nothing = label_values(&store, "service", &[], before, &flag).unwrap();
    assert_eq!(nothing.entries, Vec::<String>::new());

    let of = [selector(
        "traces_service_graph_request_total{client=\"shop\"}",
    )];
    let found = series(&store, &of, range, &flag).unwrap().entries;
    let servers: Vec<&str> = found.iter().map(|labels| &*labels["server"]).collect();
    assert_eq!(servers, ["mail", "bank"]);
    assert_eq!(found[0]["__name__"], "traces_service_graph_request_total");

    let names = label_names(&store, &of, range).unwrap().entries;
    assert_eq!(
        names,
        [
            "__name__",
            "client",
            "client_service_namespace",
            "connection_type",
            "server",
            "server_service_namespace"
        ]
    );
    let names = label_names(&store, &[], range).unwrap().entries;
    for name in ["le", "span_name", "service", "currency", "http_status_code"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}
