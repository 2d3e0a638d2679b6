//! `POST /api/transform`: a file of OTLP JSON as traces of Jaeger's UI, which
//! sends it what people drop onto its search page.
//!
//! **Nothing is stored.** The file may be `{"resourceSpans":[…]}` or one such
//! object a line, as the Collector's file exporter writes. What it costs while
//! it is here is charged to the memory of queries, and has a limit of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::batch::view::BatchView;
use tracewell_model::budget::{OverBudget, Reservation};
use tracewell_model::store::ScanReport;
use tracewell_model::{SpanBatch, StoreError, TraceId};
use tracewell_wire::{Decoded, Room, otlp};

use super::answer::{ErrorEntry, failed, is_pretty, refused};
use super::trace_json::TraceJson;
use super::traces::Envelope;
use crate::QueryState;
use crate::blocking::{QueryError, run_query};
use crate::jaeger::params::Params;
use crate::streamed::{JsonWriter, Outcome, respond};

/// The largest file.
const MAX_BODY_BYTES: usize = 64 << 20;

/// How long a file may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// Why a file cannot be shown.
#[derive(Debug)]
enum Fault {
    /// Its sender should change it.
    Body(StatusCode, String),
    /// There is no room for it, or nobody waits for it any more.
    Query(StoreError),
}

impl From<OverBudget> for Fault {
    fn from(over: OverBudget) -> Self {
        Self::Query(over.into())
    }
}

impl Fault {
    fn unreadable(text: impl Into<String>) -> Self {
        Self::Body(StatusCode::BAD_REQUEST, text.into())
    }

    fn answer(self) -> Response {
        match self {
            Self::Body(status, text) => refused(status, &text),
            Self::Query(error) => failed(&QueryError::from(error)),
        }
    }
}

/// What was in a file.
struct Found {
    batch: SpanBatch,
    /// Spans that cannot be shown, in words.
    left_out: Vec<String>,
    /// The memory of it all.
    _held: Reservation,
}

pub(super) async fn transform(
    State(state): State<Arc<QueryState>>,
    params: Params,
    body: Body,
) -> Response {
    let mut held = state.store.query_memory().reservation();
    let body = match timeout(BODY_TIME, read(body, &mut held)).await {
        Ok(Ok(body)) => body,
        Ok(Err(fault)) => return fault.answer(),
        Err(_) => {
            let text = format!("the body took longer than {} s", BODY_TIME.as_secs());
            return refused(StatusCode::REQUEST_TIMEOUT, &text);
        }
    };
    let decode = move |cancelled: &AtomicBool| match decode_file(&body, held, cancelled) {
        Err(Fault::Query(error)) => Err(error),
        decoded => Ok(decoded),
    };
    let found = match run_query(&state, decode).await {
        Ok(Ok(found)) => found,
        Ok(Err(fault)) => return fault.answer(),
        Err(error) => return failed(&error),
    };
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        write_traces(&found, cancelled, writer)
    };
    let nothing = || refused(StatusCode::BAD_REQUEST, "resourceSpans has no spans");
    respond(&state, is_pretty(&params), write, nothing, failed).await
}

/// The whole body, of which each piece is charged before it is kept.
async fn read(mut body: Body, held: &mut Reservation) -> Result<Vec<u8>, Fault> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Fault::unreadable(format!("the body could not be read: {error}")))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if read.len() + piece.len() > MAX_BODY_BYTES {
            let text = format!(
                "the body has more than {} MiB; import larger files with `tracewell import`",
                MAX_BODY_BYTES >> 20
            );
            return Err(Fault::Body(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        held.grow(piece.len())?;
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

fn decode_file(body: &[u8], mut held: Reservation, cancelled: &AtomicBool) -> Result<Found, Fault> {
    let (batch, left_out) = match decode(body, 1, &mut held, cancelled) {
        Ok(decoded) => {
            let (batch, left_out) = kept(decoded, "")?;
            (batch, Vec::from_iter(left_out))
        }
        Err(Fault::Body(status, whole)) => {
            // Of a file of lines only the first can be read as a whole.
            let lines = decode_lines(body, &mut held, cancelled)?;
            lines.ok_or(Fault::Body(status, whole))?
        }
        Err(fault) => return Err(fault),
    };
    if let ([first, ..], true) = (&left_out[..], batch.is_empty()) {
        return Err(Fault::unreadable(first));
    }
    Ok(Found {
        batch,
        left_out,
        _held: held,
    })
}

/// Nothing if the first line is no document, or the only one.
fn decode_lines(
    body: &[u8],
    held: &mut Reservation,
    cancelled: &AtomicBool,
) -> Result<Option<(SpanBatch, Vec<String>)>, Fault> {
    let lines = (1..).zip(body.split(|byte| *byte == b'\n'));
    let mut lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let (Some((number, first)), Some(second)) = (lines.next(), lines.next()) else {
        return Ok(None);
    };
    let first = match decode(first, number, held, cancelled) {
        Err(Fault::Body(..)) => return Ok(None),
        first => (number, first),
    };
    let mut joiner = BatchJoiner::new();
    let mut left_out = Vec::new();
    let rest = std::iter::once(second).chain(lines);
    let rest = rest.map(|(number, line)| (number, decode(line, number, held, cancelled)));
    for (number, decoded) in std::iter::once(first).chain(rest) {
        let place = format!("document in line {number}: ");
        let (batch, others) = kept(decoded?, &place)?;
        joiner
            .append(&batch)
            .map_err(|error| Fault::unreadable(error.to_string()))?;
        left_out.extend(others);
    }
    Ok(Some((joiner.finish(), left_out)))
}

/// One document, which begins in line `first_line`. What it becomes is charged
/// while it is read, and whether anybody waits for it is looked at as often.
fn decode(
    document: &[u8],
    first_line: usize,
    held: &mut Reservation,
    cancelled: &AtomicBool,
) -> Result<Decoded, Fault> {
    let (before_bytes, mut over) = (held.bytes(), None);
    let is_cancelled = || cancelled.load(Ordering::Relaxed);
    let mut grant = |bytes: usize| {
        let resized = held.resize(before_bytes + bytes);
        over = resized.err();
        over.is_none() && !is_cancelled()
    };
    let decoded = otlp::json::decode_within(document, Room::granted_by(&mut grant));
    match over {
        _ if is_cancelled() => Err(Fault::Query(StoreError::Cancelled)),
        Some(over) => Err(over.into()),
        None => decoded.map_err(|error| Fault::unreadable(error.from_line(first_line).to_string())),
    }
}

/// The spans of a document, and what was left out of it.
fn kept(decoded: Decoded, place: &str) -> Result<(SpanBatch, Option<String>), Fault> {
    match decoded.no_spans {
        Some(instead) => Err(Fault::unreadable(format!("{place}{instead}"))),
        None => {
            let left_out = decoded.rejected.message();
            let left_out = left_out.map(|text| format!("{place}{text}"));
            Ok((decoded.batch, left_out))
        }
    }
}

/// Traces in the order in which they come in the file.
fn write_traces(
    found: &Found,
    cancelled: &AtomicBool,
    writer: &mut JsonWriter,
) -> Result<Outcome, StoreError> {
    if found.batch.is_empty() {
        return Ok(Outcome::NothingFound);
    }
    let view = BatchView::new(&found.batch);
    let mut envelope = Envelope::open(writer);
    for rows in rows_of_traces(&found.batch) {
        if cancelled.load(Ordering::Relaxed) || envelope.is_broken() {
            return Err(StoreError::Cancelled);
        }
        envelope.json(&TraceJson::of_rows(&view, rows));
    }
    let errors = found.left_out.iter().map(|text| ErrorEntry {
        msg: text.clone(),
        ..ErrorEntry::default()
    });
    envelope.close(&errors.collect::<Vec<_>>());
    Ok(Outcome::Written(ScanReport::default()))
}

fn rows_of_traces(batch: &SpanBatch) -> Vec<Vec<usize>> {
    let mut traces: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<TraceId, usize> = HashMap::new();
    for (row, trace_id) in batch.spans().trace_id.iter().enumerate() {
        let place = *places.entry(*trace_id).or_insert_with(|| {
            traces.push(Vec::new());
            traces.len() - 1
        });
        traces[place].push(row);
    }
    traces
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::QueryMemory;
    use tracewell_testkit::{TestSpan, batch};

    #[test]
    fn a_file_nobody_waits_for_is_read_no_further() {
        let memory = QueryMemory::new(1 << 30, 1 << 30);
        let spans: Vec<TestSpan> = (1..=5_000)
            .map(|id| TestSpan::new(1, id, "shop", "step", id))
            .collect();
        let one = otlp::json::encode(&batch(&spans));
        let lines = [&one[..], b"\n", &one].concat();
        for (body, what) in [(one, "one document"), (lines, "lines")] {
            let decoded = |is_cancelled| {
                let cancelled = AtomicBool::new(is_cancelled);
                decode_file(&body, memory.reservation(), &cancelled)
            };
            assert!(decoded(false).is_ok(), "{what}");
            let fault = decoded(true).err();
            let is_cancelled = matches!(fault, Some(Fault::Query(StoreError::Cancelled)));
            assert!(is_cancelled, "{what}: {fault:?}");
        }
    }
}
