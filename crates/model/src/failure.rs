//! Which spans failed (ADR-010, which has the cases).
//!
//! A status that the program set is its word. Where it set none, many real
//! errors show otherwise: as an exception event, a status of HTTP or gRPC, an
//! attribute `error`. **There is no other definition**: whatever counts, finds
//! or paints failures asks here.

use crate::batch::view::ValueRef;
use crate::batch::{Level, SpanBatch};
use crate::rows::RowSet;
use crate::span_kind::StatusCode;

/// Name of the event that records an exception (semantic conventions).
const EXCEPTION_EVENT: &str = "exception";

const FIRST_HTTP_FAULT: i64 = 500;

/// The statuses of gRPC that are faults of a server (semantic conventions for
/// gRPC), with their names in the shortest spelling.
const GRPC_FAULTS: [(i64, &str); 6] = [
    (2, "unknown"),
    (4, "deadlineexceeded"),
    (12, "unimplemented"),
    (13, "internal"),
    (14, "unavailable"),
    (15, "dataloss"),
];

/// Rows of the spans that failed.
#[must_use]
pub fn failed_rows(batch: &SpanBatch) -> RowSet {
    if let Some(known) = &batch.failed {
        return known.clone();
    }
    let mut suspects = exception_rows(batch);
    suspects.unite(&batch.owners_with(Level::Span, |key| {
        let proof = Proof::under(key)?;
        Some(move |value: ValueRef<'_>| proof.is_in(value))
    }));
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

/// What an attribute of a span can prove.
#[derive(Clone, Copy)]
enum Proof {
    ErrorFlag,
    HttpStatus,
    GrpcStatus,
    /// Of any RPC system: numbers of others mean other things.
    RpcStatusName,
}

impl Proof {
    fn under(key: &str) -> Option<Self> {
        Some(match key {
            "error" => Self::ErrorFlag,
            "http.response.status_code" | "http.status_code" => Self::HttpStatus,
            "rpc.grpc.status_code" | "grpc.status_code" => Self::GrpcStatus,
            "rpc.response.status_code" => Self::RpcStatusName,
            _ => return None,
        })
    }

    /// Zipkin and old Jaeger clients send every value as text.
    fn is_in(self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::ErrorFlag, ValueRef::Bool(value)) => value,
            (Self::ErrorFlag, ValueRef::Str(text)) => text.eq_ignore_ascii_case("true"),
            (Self::HttpStatus, value) => {
                number(value).is_some_and(|status| status >= FIRST_HTTP_FAULT)
            }
            (Self::GrpcStatus, value) => number(value).map_or_else(
                || is_grpc_fault_name(value),
                |status| GRPC_FAULTS.iter().any(|(fault, _)| *fault == status),
            ),
            (Self::RpcStatusName, value) => is_grpc_fault_name(value),
            _ => false,
        }
    }
}

fn number(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Int(value) => Some(value),
        ValueRef::Double(value) => Some(value as i64),
        ValueRef::Str(text) => text.parse().ok(),
        _ => None,
    }
}

/// `DEADLINE_EXCEEDED` and `DeadlineExceeded` are both in use.
fn is_grpc_fault_name(value: ValueRef<'_>) -> bool {
    let ValueRef::Str(text) = value else {
        return false;
    };
    let letters = || {
        text.bytes()
            .filter(|byte| *byte != b'_')
            .map(|byte| byte.to_ascii_lowercase())
    };
    GRPC_FAULTS
        .iter()
        .any(|(_, name)| letters().eq(name.bytes()))
}
