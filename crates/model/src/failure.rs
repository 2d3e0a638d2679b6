//! Which spans failed.
//!
//! Status Error says so. But many real errors arrive otherwise: as an
//! exception event or an HTTP status of 500 and more, with the status left
//! unset (most hand-written instrumentation forgets it). Those are failures
//! too. A status of Ok is somebody's explicit word and is believed.

use crate::batch::columns::ColumnValues;
use crate::batch::{Level, SpanBatch};
use crate::rows::RowSet;
use crate::semconv;
use crate::span_kind::StatusCode;

/// Name of the event that records an exception (semantic conventions).
pub const EXCEPTION_EVENT: &str = "exception";

/// Today's key of the HTTP status of a response.
pub const HTTP_STATUS_KEY: &str = "http.response.status_code";

const FIRST_SERVER_ERROR: i64 = 500;

/// Rows of the spans that failed.
#[must_use]
pub fn failed_rows(batch: &SpanBatch) -> RowSet {
    if let Some(known) = &batch.failed {
        return known.clone();
    }
    let mut suspects = exception_rows(batch);
    suspects.unite(&server_error_rows(batch));
    let codes = &batch.spans().status_code;
    RowSet::from_fn(batch.len(), |row| match StatusCode::from_otlp(codes[row]) {
        StatusCode::Error => true,
        StatusCode::Unset => suspects.contains(row),
        StatusCode::Ok => false,
    })
}

fn exception_rows(batch: &SpanBatch) -> RowSet {
    let mut rows = RowSet::none(batch.len());
    let events = batch.events();
    let named: Vec<bool> = events
        .name
        .dict
        .iter()
        .map(|name| name == EXCEPTION_EVENT)
        .collect();
    for (span, code) in events.span_row.iter().zip(&events.name.codes) {
        if named[*code as usize] {
            rows.insert(*span as usize);
        }
    }
    rows
}

fn server_error_rows(batch: &SpanBatch) -> RowSet {
    let mut rows = RowSet::none(batch.len());
    let keys = semconv::aliases(HTTP_STATUS_KEY);
    let columns = batch.attributes().iter();
    for column in columns.filter(|c| c.level == Level::Span && keys.contains(&&*c.key)) {
        let mut mark = |entry: usize, failed: bool| {
            if failed {
                rows.insert(column.rows[entry] as usize);
            }
        };
        match &column.values {
            ColumnValues::Int(values) => {
                values
                    .iter()
                    .enumerate()
                    .for_each(|(i, v)| mark(i, *v >= FIRST_SERVER_ERROR));
            }
            // Zipkin and old Jaeger clients send every tag as text.
            ColumnValues::Str(values) => {
                let failed = |text: &str| text.parse().is_ok_and(|v: i64| v >= FIRST_SERVER_ERROR);
                let failed: Vec<bool> = values.dict.iter().map(failed).collect();
                values
                    .codes
                    .iter()
                    .enumerate()
                    .for_each(|(i, code)| mark(i, failed[*code as usize]));
            }
            _ => {}
        }
    }
    rows
}
