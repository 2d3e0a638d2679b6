//! Log records on their way out.
//!
//! ```text
//! ExportLogsServiceRequest  1 resource_logs
//! ResourceLogs              1 resource  2 scope_logs
//! ScopeLogs                 1 scope     2 log_records
//! ```
//!
//! It exists to join the queue of records to the exporter. Field numbers are
//! those of opentelemetry/proto/logs/v1/logs.proto. An id that is invalid must
//! never be written.

use super::encode::key_value;
use super::proto::Writer;
use super::source::Source;
use super::worker_handle::FlushError;
use crate::correlation::logs::{LogQueue, LogRecord};
use crate::statistics::Counters;
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

impl Source for LogQueue {
    type Item = LogRecord;

    const ITEMS: &'static str = "log records";
    const ADVICE: &'static str = "; name a store for logs with \
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or set OTEL_LOGS_EXPORTER=none";
    const REST: Duration = Duration::from_secs(60);

    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn is_failing(&self) -> &AtomicBool {
        &self.is_failing
    }

    fn has_batch(&self) -> bool {
        LogQueue::has_batch(self)
    }

    fn take(&self, max: usize, max_bytes: usize) -> Vec<LogRecord> {
        LogQueue::take(self, max, max_bytes)
    }

    fn bytes_of(record: &LogRecord) -> usize {
        record.memory_bytes()
    }

    fn recycle(&self, records: Vec<LogRecord>) {
        drop(records);
    }

    async fn filled(&self) {
        LogQueue::filled(self).await;
    }

    fn gather(&self) -> bool {
        true
    }

    fn follow_wall_clock(&self) {}

    fn close(&self) {
        LogQueue::close(self);
    }

    fn encode(&self, resource: &[u8], records: &[LogRecord]) -> Vec<u8> {
        encode_records(resource, records)
    }

    fn write_lines(&self, out: &mut dyn Write, records: &[LogRecord]) -> io::Result<()> {
        records
            .iter()
            .try_for_each(|record| write_line(out, record))
    }

    fn lost(records: u64, why: String) -> FlushError {
        FlushError::LogsFailed { records, why }
    }
}

fn encode_records(resource: &[u8], records: &[LogRecord]) -> Vec<u8> {
    let mut by_target: Vec<&LogRecord> = records.iter().collect();
    // Stable: within a scope they stay in their order.
    by_target.sort_by(|one, other| one.target.cmp(&other.target));
    let mut writer = Writer::default();
    writer.message(1, |w| {
        w.always_bytes(1, resource);
        for scope in by_target.chunk_by(|one, other| one.target == other.target) {
            w.message(2, |w| {
                if let Some(first) = scope.first() {
                    w.message(1, |w| w.bytes(1, first.target.as_bytes()));
                }
                for one in scope {
                    w.message(2, |w| record(w, one));
                }
            });
        }
    });
    writer.buffer
}

fn record(w: &mut Writer, record: &LogRecord) {
    w.fixed64(1, record.time_unix_ns);
    w.uint(2, record.severity_number());
    w.bytes(3, record.level.as_str().as_bytes());
    if let Some(body) = &record.body {
        w.message(5, |w| w.always_bytes(1, body.as_bytes()));
    }
    for attribute in &record.attributes {
        w.message(6, |w| key_value(w, attribute));
    }
    w.uint(7, u64::from(record.dropped_attributes));
    if let Some(ids) = record.ids.valid() {
        w.fixed32(8, u32::from(ids.flags.w3c()));
        w.bytes(9, &ids.trace_id.0.to_be_bytes());
        w.bytes(10, &ids.span_id.0.to_be_bytes());
    }
    w.fixed64(11, record.time_unix_ns);
    w.bytes(12, record.event_name.as_bytes());
}

/// The form is for people and no contract.
fn write_line(out: &mut dyn Write, record: &LogRecord) -> io::Result<()> {
    let LogRecord { level, target, .. } = record;
    let body = record.body.as_deref().unwrap_or_default();
    write!(out, "{level} {target} {body:?}")?;
    if let Some(ids) = record.ids.valid() {
        write!(out, " trace_id={} span_id={}", ids.trace_id, ids.span_id)?;
    }
    for attribute in &record.attributes {
        write!(out, " {}={:?}", attribute.key, attribute.value)?;
    }
    writeln!(out)
}
