//! Random windows over random spans: the same as counting plain spans one by one, and
//! as TraceQL's metrics where both can say it; wherever the spans lie.

use super::{SECOND_NS, answer};
use crate::sealed::embedded;
use crate::store_of;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use tracewell_model::{AnyValue, StatusCode, TraceStore};
use tracewell_query::metrics::{self, Asked, Steps};
use tracewell_query::promql::{Labels, Moments, Value, Vector};
use tracewell_query::{lower, traceql};
use tracewell_testkit::{Random, TestSpan, conformance};

const START_NS: u64 = 1_700_000_000 * SECOND_NS;

/// Calls with few names, so that most groups have several.
fn spans(random: &mut Random) -> Vec<TestSpan> {
    let mut spans = Vec::new();
    for trace in 0..60 {
        for span in 1..=4_u64 {
            let start_ns =
                START_NS + random.below(600) * SECOND_NS + random.below(3) * (SECOND_NS / 2);
            let service = *random.pick(&["shop", "cart", "bank"]);
            let name = *random.pick(&["get", "put"]);
            let mut made = TestSpan::new(trace, span, service, name, start_ns)
                .lasting_ns(random.below(3_000_000_000));
            if span > 1 {
                made = made.child_of(1 + random.below(span - 1));
            }
            if random.once_in(4) {
                made = made.status(StatusCode::Error);
            }
            spans.push(made);
        }
    }
    spans
}

fn service(span: &TestSpan) -> &str {
    match &span.resource[0].1 {
        AnyValue::String(service) => service,
        _ => "",
    }
}

/// The labels of a span with this parent, where it counts.
type LabelsOf = fn(&TestSpan, Option<&TestSpan>) -> Option<Vec<(&'static str, String)>>;

/// What the query is, of which spans, by what, and what of each.
type Question = (&'static str, LabelsOf, fn(&TestSpan) -> f64);

const QUESTIONS: [Question; 5] = [
    (
        "sum by (service, span_name) (increase(traces_spanmetrics_calls_total[WINDOW]))",
        |span, _| {
            Some(vec![
                ("service", service(span).to_owned()),
                ("span_name", span.name.clone()),
            ])
        },
        |_| 1.0,
    ),
    (
        "sum by (status_code) (increase(traces_spanmetrics_calls_total{service!=\"cart\"}[WINDOW]))",
        |span, _| {
            let status = format!("STATUS_CODE_{}", span.status.name().to_uppercase());
            (service(span) != "cart").then(|| vec![("status_code", status)])
        },
        |_| 1.0,
    ),
    (
        "sum by (service) (increase(traces_spanmetrics_latency_sum{span_name=\"get\"}[WINDOW]))",
        |span, _| (span.name == "get").then(|| vec![("service", service(span).to_owned())]),
        |span| (span.end_ns - span.start_ns) as f64 / 1e9,
    ),
    (
        "sum by (client, server) (increase(traces_service_graph_request_total[WINDOW]))",
        |span, parent| {
            let (client, server) = (service(parent?).to_owned(), service(span).to_owned());
            (client != server).then(|| vec![("client", client), ("server", server)])
        },
        |_| 1.0,
    ),
    (
        "sum by (le) (increase(traces_spanmetrics_latency_bucket{le=\"1.073741824\"}[WINDOW]))",
        |span, _| {
            let is_in = span.end_ns - span.start_ns <= 1 << 30;
            is_in.then(|| vec![("le", "1.073741824".to_owned())])
        },
        |_| 1.0,
    ),
];

#[test]
fn windows_agree_with_counting_spans_one_by_one() {
    for seed in 0..3 {
        let mut random = Random::new(seed);
        let spans = spans(&mut random);
        let memory = store_of(&spans.chunks(50).collect::<Vec<_>>());
        let merged = embedded(1);
        for part in spans.chunks(50) {
            conformance::append(&merged, part).unwrap();
        }
        while merged.status().blocks == 0 {
            std::thread::yield_now();
        }
        let stores: [(&str, &dyn TraceStore); 2] = [("memory", &memory), ("sealed", &merged)];
        for number in 0..24 {
            let (text, labels, weight) = random.pick(&QUESTIONS);
            let step_s = *random.pick(&[5, 15, 30, 60]);
            let window_s = *random.pick(&[5, 20, 60, 90, 300]);
            let first_ns = START_NS + random.below(300) * SECOND_NS / 2;
            let count = random.below(20);
            let moments = Moments::over(
                first_ns,
                first_ns + count * step_s * SECOND_NS,
                step_s * SECOND_NS,
            );
            let moments = moments.unwrap();
            let query = text.replace("WINDOW", &format!("{window_s}s"));
            let want = naive(&spans, moments, window_s * SECOND_NS, *labels, *weight);
            for (place, store) in stores {
                let case = format!("seed {seed}, query {number}, {place}: {query}");
                let Value::Vectors(got) = answer(store, &query, moments).value else {
                    panic!("{case}");
                };
                agree(&got, &want, &case);
            }
        }
        merged.shut_down();
    }
}

fn naive(
    spans: &[TestSpan],
    moments: Moments,
    window_ns: u64,
    labels: LabelsOf,
    weight: fn(&TestSpan) -> f64,
) -> BTreeMap<Labels, Vec<f64>> {
    let mut series: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for span in spans {
        let is_parent = |other: &&TestSpan| {
            other.trace_id == span.trace_id && other.span_id == span.parent_span_id
        };
        let Some(labels) = labels(span, spans.iter().find(is_parent)) else {
            continue;
        };
        let labels = labels
            .into_iter()
            .map(|(label, value)| (label.to_owned(), value))
            .collect();
        for (place, at_ns) in moments.all_ns().enumerate() {
            if span.start_ns <= at_ns && span.start_ns + window_ns > at_ns {
                let values = series.entry(Labels::clone(&labels));
                let values = values.or_insert_with(|| vec![0.0; moments.all_ns().count()]);
                values[place] += weight(span);
            }
        }
    }
    series
}

fn agree(got: &[Vector], want: &BTreeMap<Labels, Vec<f64>>, case: &str) {
    // Series of 0 alone may be there, of spans between the windows.
    let got = got
        .iter()
        .filter(|vector| vector.values.iter().any(|value| *value != Some(0.0)));
    let got: BTreeMap<&Labels, &Vec<Option<f64>>> =
        got.map(|vector| (&vector.labels, &vector.values)).collect();
    assert_eq!(
        got.keys().copied().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>(),
        "{case}"
    );
    for (labels, values) in want {
        for (got, want) in got[labels].iter().zip(values) {
            let got = got.unwrap();
            assert!(
                (got - want).abs() < 1e-6,
                "{case}: {labels:?} {got}, not {want}"
            );
        }
    }
}

#[test]
fn rates_are_those_of_traceql() {
    let spans = spans(&mut Random::new(7));
    let store = store_of(&[&spans]);
    let (start_ns, end_ns, step_ns) = (START_NS, START_NS + 600 * SECOND_NS, 60 * SECOND_NS);
    // Edges of TraceQL's steps are multiples of the step.
    let (start_ns, end_ns) = (start_ns / step_ns * step_ns, end_ns / step_ns * step_ns);
    let moments = Moments::over(start_ns, end_ns, step_ns).unwrap();
    for (promql, query, names) in [
        (
            "sum by (span_name) (rate(traces_spanmetrics_calls_total[1m]))",
            "{ } | rate() by (name)",
            [("name", "span_name")],
        ),
        (
            "sum by (server) (rate(traces_service_graph_request_total{client!=\"user\"}[1m]))",
            "{ parent.resource.service.name != resource.service.name } | rate() by (resource.service.name)",
            [("resource.service.name", "server")],
        ),
    ] {
        let steps = Steps::over(start_ns, end_ns, Some(step_ns)).unwrap();
        let parsed = lower::metrics(&traceql::parse(query).unwrap()).unwrap();
        let flag = AtomicBool::new(false);
        let wanted = metrics::series(&store, &parsed, &Asked::of(steps), &flag)
            .unwrap()
            .series;
        let Value::Vectors(got) = answer(&store, promql, moments).value else {
            panic!("{promql}");
        };
        assert_eq!(got.len(), wanted.len());
        for series in wanted {
            let (name, value) = &series.labels[0];
            let label = names.iter().find(|(field, _)| field == name).unwrap().1;
            let vector = got.iter().find(|vector| {
                matches!(value, tracewell_model::values::Value::Str(text) if vector.labels[label] == *text)
            });
            let values: Vec<f64> = vector.unwrap().values.iter().flatten().copied().collect();
            assert_eq!(values, series.values, "{promql}");
        }
    }
}
