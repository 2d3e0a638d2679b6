//! Matching spans over time, line by line while they are counted.
//!
//! A line of counts names only the buckets that changed, with what they hold
//! by then: **whoever misses one line has lost nothing that the next does not
//! say again or leave as it was**.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracewell_model::{TimeRange, TraceStore};
use tracewell_query::histogram::{
    Bucket, Buckets, Counted, Counting, Histogram, histogram as count,
};
use tracewell_query::{lower, traceql};

use super::UiState;
use super::lines::{Searched, elapsed_ms, line, ndjson};
use crate::blocking::{StreamSender, stream_query};
use crate::error::ApiError;
use crate::pace::Pace;
use crate::params::Params;

const DEFAULT_BUCKETS: usize = 60;
const MAX_BUCKETS: usize = 500;

/// `GET /histogram`
pub(super) async fn histogram(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let query = traceql::parse(params.text("q").unwrap_or("{}"))?;
    let filter = lower::search(&query)?;
    let range = params.range(state.query.clock.now_ns())?;
    let most = params.number("buckets", DEFAULT_BUCKETS, MAX_BUCKETS)?;
    let store = Arc::clone(&state.query.store);
    let started = Instant::now();
    let work = move |cancelled: &AtomicBool, sender: StreamSender<Bytes>| {
        let range = narrowed(&*store, range);
        let counting = Counting {
            filter,
            range,
            buckets: Buckets::covering(range, most),
        };
        // Nobody may be there to hear any of it.
        let mut flow = sender.send(buckets_line(&counting.buckets));
        let mut pace = Pace::starting();
        let mut told = Told::nothing(counting.buckets.count);
        let counted = count(&*store, &counting, cancelled, &mut |so_far| {
            if flow.is_continue() && pace.is_due() {
                flow = told.tell(so_far, &sender);
                if flow.is_continue() {
                    flow = sender.send(line("progress", &Searched::new(&so_far.report)));
                }
            }
            if sender.is_late() {
                return ControlFlow::Break(());
            }
            flow
        })?;
        let Counted { histogram, partial } = counted;
        if told.tell(&histogram, &sender).is_continue() {
            let _unheard = sender.send(done_line(&histogram, partial, started));
        }
        Ok(())
    };
    Ok(ndjson(stream_query(&state.query, work).await?))
}

/// A range that is open has buckets where spans are, not since 1970.
fn narrowed(store: &dyn TraceStore, range: TimeRange) -> TimeRange {
    let (is_begun, is_ended) = (range.start_ns > 0, range.end_ns < u64::MAX);
    if is_begun && is_ended {
        return range;
    }
    let Some((first_ns, last_ns)) = store.status().start_range_ns else {
        let end_ns = range.start_ns;
        return TimeRange { end_ns, ..range };
    };
    TimeRange {
        start_ns: range.start_ns.max(if is_begun { 0 } else { first_ns }),
        end_ns: range.end_ns.min(if is_ended {
            u64::MAX
        } else {
            last_ns.saturating_add(1)
        }),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketsLine {
    start_ns: String,
    step_ns: String,
    count: usize,
}

fn buckets_line(buckets: &Buckets) -> Bytes {
    let content = BucketsLine {
        start_ns: buckets.start_ns.to_string(),
        step_ns: buckets.step_ns.to_string(),
        count: buckets.count,
    };
    line("buckets", &content)
}

#[derive(Serialize)]
struct Counts {
    /// Place, spans, failed ones.
    buckets: Vec<(usize, u64, u64)>,
    settled: usize,
}

/// What the client knows.
struct Told {
    counts: Vec<Bucket>,
    settled: usize,
}

impl Told {
    fn nothing(count: usize) -> Self {
        Self {
            counts: vec![Bucket::default(); count],
            settled: count,
        }
    }

    /// Says what is new.
    fn tell(&mut self, so_far: &Histogram, sender: &StreamSender<Bytes>) -> ControlFlow<()> {
        let pairs = self.counts.iter().zip(&so_far.counts).enumerate();
        let changed = pairs.filter(|(_, (told, now))| told != now);
        let changed = changed.map(|(place, (_, now))| (place, now.spans, now.failed));
        let buckets: Vec<_> = changed.collect();
        if buckets.is_empty() && self.settled == so_far.settled {
            return ControlFlow::Continue(());
        }
        self.counts.clone_from(&so_far.counts);
        self.settled = so_far.settled;
        let settled = self.settled;
        sender.send(line("counts", &Counts { buckets, settled }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    spans: u64,
    errors: u64,
    elapsed_ms: u64,
    #[serde(flatten)]
    searched: Searched,
    searched_spans: u64,
    partial: Option<String>,
}

fn done_line(counted: &Histogram, partial: Option<String>, started: Instant) -> Bytes {
    let total = counted.total();
    let done = Done {
        spans: total.spans,
        errors: total.failed,
        elapsed_ms: elapsed_ms(started),
        searched: Searched::new(&counted.report),
        searched_spans: counted.report.searched_spans,
        partial,
    };
    line("done", &done)
}
