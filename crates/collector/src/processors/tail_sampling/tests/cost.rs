//! What it costs, asked for by hand: `cargo test -p tracewell-collector --release
//! --lib what_it_costs -- --ignored --nocapture`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tracewell_model::clock::ManualClock;
use tracewell_model::spool::{Spool, SpoolAck, SpoolPlace, SpoolRecord, SpoolStatus, Spools};
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StatusCode, StoreError};
use tracewell_testkit::{TestSpan, batch};

use super::rig::{SECOND, read};
use crate::processors::ProcessorAccount;
use crate::processors::tail_sampling::TailSampling;

const TRACES_A_SECOND: u64 = 5_000;
const BATCHES_A_SECOND: u64 = 40;
const SPANS_A_TRACE: u64 = 8;
const TRACES_A_BATCH: u64 = TRACES_A_SECOND / BATCHES_A_SECOND;

/// Keeps nothing: it makes what is read anew, so that memory is that of the
/// processor alone. That time is not the processor's, and counted apart.
struct Endless(Mutex<u64>);

static READING_NS: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);

fn made(number: u64) -> SpanBatch {
    let first = number * TRACES_A_BATCH;
    let spans = (0..TRACES_A_BATCH * SPANS_A_TRACE).map(|index| {
        let trace = (first + index / SPANS_A_TRACE).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = first * SPANS_A_TRACE + index + 1;
        let span = TestSpan::new(trace, id, "shop", "GET /", 1_700_000_000 * SECOND + id);
        let span = span
            .with_text("http.route", "/cart/{id}")
            .with("http.response.status_code", 200.into());
        if trace.is_multiple_of(100) {
            span.status(StatusCode::Error)
        } else {
            span
        }
    });
    batch(&spans.collect::<Vec<_>>())
}

impl Spools for Endless {
    fn open(
        &self,
        _name: &str,
        _limit_bytes: u64,
        _replay: &mut dyn FnMut(SpoolPlace, SpoolRecord),
    ) -> Result<Arc<dyn Spool>, String> {
        Ok(Arc::new(Self(Mutex::new(0))))
    }
}

impl Spool for Endless {
    fn append(&self, record: &SpoolRecord, ack: SpoolAck) {
        let mut next = self.0.lock().unwrap();
        // Batches at even places, notes between them.
        *next += u64::from(matches!(record, SpoolRecord::Batch(_)));
        let place = SpoolPlace(*next, u32::from(matches!(record, SpoolRecord::Note(_))));
        drop(next);
        ack(Ok(place));
    }

    fn read(&self, place: SpoolPlace) -> Result<SpoolRecord, StoreError> {
        let began = Instant::now();
        let batch = made(place.0 - 1);
        READING_NS.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        READ.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(SpoolRecord::Batch(Arc::new(batch)))
    }

    fn release_before(&self, _place: SpoolPlace) {}

    fn status(&self) -> SpoolStatus {
        SpoolStatus {
            held_bytes: 0,
            limit_bytes: 1,
        }
    }

    fn shut_down(&self) {}
}

struct Taking;

impl Consumer for Taking {
    fn consume(&self, _batch: Arc<SpanBatch>, ack: Ack) {
        ack(Ok(()));
    }
}

fn resident_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    (pages.unwrap_or(0u64) * 4096) >> 20
}

#[test]
#[ignore = "measures, and takes a while"]
fn what_it_costs() {
    let config = read(
        "{num_traces: 200000, policies: [
            {name: failed, type: status_code, status_code: {status_codes: [ERROR]}},
            {name: route, type: string_attribute, string_attribute: {key: http.route, values: [/pay]}},
            {name: code, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500}},
            {name: slow, type: latency, latency: {threshold_ms: 5000}},
            {name: some, type: probabilistic, probabilistic: {sampling_percentage: 5}}]}",
    );
    let account = ProcessorAccount::new("traces".to_owned(), "tail_sampling".to_owned());
    let clock = Arc::new(ManualClock::new(SECOND));
    let (processor, mut sampler) = TailSampling::open(
        config.unwrap(),
        (&Endless(Mutex::new(0)), "test"),
        Arc::new(Taking),
        Arc::clone(&account),
        Arc::<ManualClock>::clone(&clock),
    )
    .unwrap();
    let before = resident_mib();
    let mut spent_ns = 0;
    for number in 0..90 * BATCHES_A_SECOND {
        let batch = Arc::new(made(number));
        let began = Instant::now();
        processor.consume(batch, Box::new(|_| ()));
        sampler.step();
        spent_ns += began.elapsed().as_nanos() as u64;
        clock.advance_ns(SECOND / BATCHES_A_SECOND);
        if number % (BATCHES_A_SECOND * 15) == BATCHES_A_SECOND * 15 - 1 {
            let spans = (number + 1) * TRACES_A_BATCH * SPANS_A_TRACE;
            println!(
                "{:>3} s: {} traces wait, {} MiB more, {} ns a span, {} passed, {} read again",
                (number + 1) / BATCHES_A_SECOND,
                sampler.state.pending.len(),
                resident_mib().saturating_sub(before),
                (spent_ns - READING_NS.load(Ordering::Relaxed)) / spans,
                account.snapshot().passed,
                READ.load(Ordering::Relaxed)
            );
        }
    }
}
