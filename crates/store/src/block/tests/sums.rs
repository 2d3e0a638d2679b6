//! The sums of a row group say what its spans say.

use super::block_of;
use std::collections::BTreeMap;
use tracewell_model::{SpanBatch, SpanKind, StatusCode, TraceId};
use tracewell_testkit::{TestSpan, batch};

const SECOND_NS: u64 = 1_000_000_000;

fn spans(kinds: u64) -> Vec<TestSpan> {
    let span = |number: u64| {
        let name = format!("operation {}", number % kinds);
        let service = if number.is_multiple_of(2) { "cart" } else { "" };
        let start_ns = SECOND_NS * 1_000 + number * SECOND_NS / 400;
        let mut span = TestSpan::new(number / 4, 1 + number % 4, service, &name, start_ns)
            .lasting_ns([0, 1, 700, 1_024][(number % 4) as usize])
            .kind(SpanKind::ALL[(number % 2) as usize]);
        if number.is_multiple_of(3) {
            span = span.status(StatusCode::Error);
        }
        if number.is_multiple_of(5) {
            span.trace_state = "ot=th:8".to_owned();
        }
        if number % 8 == 2 {
            span.resource.clear();
        }
        span
    };
    (0..4_000).map(span).collect()
}

/// How many there are of each kind, and for how many they count.
type Kinds = BTreeMap<(String, String, i32, i32, bool, i64, u64), (u64, f64)>;

fn kinds(batch: &SpanBatch, step_ns: u64, weight: impl Fn(usize) -> (u64, f64)) -> Kinds {
    let (columns, services) = (batch.spans(), batch.resource_services());
    let failed = tracewell_model::failure::failed_rows(batch);
    let mut kinds = Kinds::new();
    for row in 0..batch.len() {
        let (spans, adjusted) = weight(row);
        if spans == 0 {
            continue;
        }
        let kind = (
            services[columns.resource[row] as usize].to_owned(),
            columns.name.get(row).to_owned(),
            columns.kind[row],
            columns.status_code[row],
            failed.contains(row),
            // A power of two is its own bucket's.
            columns.duration_ns[row]
                .max(0)
                .unsigned_abs()
                .next_power_of_two() as i64
                * i64::from(columns.duration_ns[row] > 0),
            columns.start_ns[row].div_ceil(step_ns),
        );
        let of_kind = kinds.entry(kind).or_default();
        of_kind.0 += spans;
        of_kind.1 += adjusted;
    }
    kinds
}

#[test]
fn sums_are_those_of_the_spans_and_examples_are_spans() {
    let spans = spans(3);
    let all = batch(&spans);
    let (_, block) = block_of(&all);
    let (sums, _) = block.index.sums(0).unwrap().expect("few kinds have sums");
    let weight = |row: usize| (sums.weights[row].spans, sums.weights[row].adjusted);
    let got = kinds(&sums.batch, sums.step_ns, weight);
    let of_span = |row: usize| {
        let is_sampled = all.spans().trace_state.get(row) == "ot=th:8";
        (1, if is_sampled { 2.0 } else { 1.0 })
    };
    assert_eq!(got, kinds(&all, sums.step_ns, of_span));
    let examples: Vec<usize> = (0..sums.batch.len())
        .filter(|row| sums.weights[*row].spans == 0)
        .collect();
    assert!(!examples.is_empty());
    for row in examples {
        let of = sums.batch.spans();
        let is_it = |span: &&TestSpan| {
            (span.trace_id, span.span_id, span.start_ns)
                == (of.trace_id[row], of.span_id[row], of.start_ns[row])
        };
        assert!(of.trace_id[row] != TraceId::default());
        assert!(spans.iter().any(|span| is_it(&span)));
    }
}

#[test]
fn spans_that_hardly_repeat_have_none() {
    let (_, block) = block_of(&batch(&spans(4_000)));
    assert!(block.index.sums(0).unwrap().is_none());
}

#[test]
fn spans_that_may_be_one_have_none() {
    let mut spans = spans(3);
    spans.push(spans[7].clone());
    let (_, block) = block_of(&batch(&spans));
    assert!(block.index.core.row_groups[0].has_alike);
    assert!(block.index.sums(0).unwrap().is_none());
}
