//! Log lines of `tracing` as JSON, with the ids of the current span.
//!
//! ```text
//! {"timestamp":"2026-11-22T21:20:17.123456Z","level":"INFO","target":"shop","message":"paid",
//!  "fields":{"order":7},"trace_id":"0af7…","span_id":"b7ad…","trace_flags":"01"}
//! ```
//!
//! (On one line.) It exists so that a log search leads to the trace: the ids are
//! where the OpenTelemetry specification puts them in logs that are not OTLP. It
//! must never break a line in two, whatever a message holds.
//!
//! ```
//! use tracewell_instrument::correlation::json::JsonLines;
//!
//! let subscriber = tracing_subscriber::fmt().event_format(JsonLines::default()).finish();
//! # drop(subscriber);
//! ```

use crate::Context;
use crate::record::wall_unix_ns;
use std::fmt::{self, Write};
use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Formats events as JSON, one a line, fields as they are typed.
///
/// The ids are those of [`Context::current`], which the crate's layer keeps in
/// step with the spans of `tracing`. Outside a span there are none.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(256);
        write_event(&mut line, wall_unix_ns() / 1_000, event)?;
        writer.write_str(&line)
    }
}

fn write_event(line: &mut String, unix_micros: u64, event: &Event<'_>) -> fmt::Result {
    let metadata = event.metadata();
    line.push_str("{\"timestamp\":\"");
    write_time(line, unix_micros)?;
    write!(line, "\",\"level\":\"{}\",\"target\":", metadata.level())?;
    write_string(line, metadata.target())?;
    let mut fields = Fields::default();
    event.record(&mut fields);
    if let Some(message) = &fields.message {
        line.push_str(",\"message\":");
        write_string(line, message)?;
    }
    if !fields.json.is_empty() {
        write!(line, ",\"fields\":{{{}}}", fields.json)?;
    }
    Context::with_current(|context| {
        let span = context.span();
        if span.is_valid() {
            let (trace, span, flags) = (span.trace_id, span.span_id, span.flags.w3c());
            write!(
                line,
                ",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\",\"trace_flags\":\"{flags:02x}\""
            )?;
        }
        Ok(())
    })?;
    line.push_str("}\n");
    Ok(())
}

/// The fields of an event as members of an object.
#[derive(Debug, Default)]
struct Fields {
    message: Option<String>,
    json: String,
}

impl Fields {
    fn name(&mut self, field: &Field) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
        // Writing to a string cannot fail.
        write_string(&mut self.json, field.name()).ok();
        self.json.push(':');
    }

    fn literal(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        write!(self.json, "{value}").ok();
    }

    fn text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = Some(text.to_owned());
        } else {
            self.name(field);
            write_string(&mut self.json, text).ok();
        }
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.literal(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.literal(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.literal(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no other numbers.
        if value.is_finite() {
            self.literal(field, value);
        } else {
            self.text(field, &value.to_string());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, &value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

fn write_string(into: &mut String, text: &str) -> fmt::Result {
    into.push('"');
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            // Line separators too: some readers take them for line ends.
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                write!(into, "\\u{:04x}", u32::from(character))?;
            }
            character => into.push(character),
        }
    }
    into.push('"');
    Ok(())
}

/// `2026-11-22T21:20:17.123456Z` (RFC 3339).
fn write_time(into: &mut String, unix_micros: u64) -> fmt::Result {
    let (seconds, micros) = (unix_micros / 1_000_000, unix_micros % 1_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March end with their leap day, so that months have
    // the same lengths in all of them.
    let day_of_era = (days + 719_468) % 146_097;
    let era = (days + 719_468) / 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(
        into,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    #[test]
    fn lines_have_typed_fields_and_the_ids_of_the_current_span() {
        let context = Context::from_span(SpanContext {
            trace_id: TraceId(0xabc),
            span_id: SpanId(0x123),
            flags: TraceFlags(0x83),
            ..SpanContext::default()
        });
        let lines = logged(|| {
            let _attached = context.attach();
            let error = io::Error::other("no \"way\"");
            tracing::warn!(
                target: "shop", order = 7, ratio = 0.5, nan = f64::NAN, ok = true, who = "a\\b",
                error = &error as &dyn std::error::Error, list = ?[1, 2], "paid {}", "é\n\u{2028}"
            );
        });
        let line = &lines[0];
        assert_eq!(lines.len(), 1);
        for (pointer, expected) in [
            ("/level", serde_json::json!("WARN")),
            ("/target", serde_json::json!("shop")),
            ("/message", serde_json::json!("paid é\n\u{2028}")),
            (
                "/fields",
                serde_json::json!({
                    "order": 7, "ratio": 0.5, "nan": "NaN", "ok": true, "who": "a\\b",
                    "error": "no \"way\"", "list": "[1, 2]"
                }),
            ),
            (
                "/trace_id",
                serde_json::json!("00000000000000000000000000000abc"),
            ),
            ("/span_id", serde_json::json!("0000000000000123")),
            ("/trace_flags", serde_json::json!("03")),
        ] {
            assert_eq!(line.pointer(pointer), Some(&expected), "{line}");
        }
    }

    #[test]
    fn outside_a_span_there_are_no_ids() {
        let lines = logged(|| tracing::info!("alone"));
        assert_eq!(lines[0]["message"], "alone");
        for key in ["trace_id", "span_id", "trace_flags", "fields"] {
            assert_eq!(lines[0].get(key), None, "{key}");
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        for (micros, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
            (1_795_382_417_123_456, "2026-11-22T21:20:17.123456Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            let mut text = String::new();
            write_time(&mut text, micros).unwrap();
            assert_eq!(text, expected);
        }
    }
}
