//! What Zipkin's tags say that OTLP has fields for.
//!
//! These are the names that OpenTelemetry's Zipkin exporters and the Collector
//! write, and `error`, which is Zipkin's own way to say that a span failed.

use std::borrow::Cow;

use tracewell_model::{SpanHeader, SpanKind, StatusCode};

use crate::status_text;

/// Does a tag come from the resource when an OpenTelemetry SDK wrote it?
pub(super) fn is_of_resource(key: &[u8]) -> bool {
    let Some(dot) = key.iter().position(|byte| *byte == b'.') else {
        return false;
    };
    matches!(
        &key[..dot],
        b"service"
            | b"telemetry"
            | b"host"
            | b"process"
            | b"os"
            | b"container"
            | b"k8s"
            | b"cloud"
            | b"deployment"
            | b"device"
            | b"webengine"
    )
}

/// Fields that were told as tags.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    status: Option<StatusCode>,
    description: Cow<'a, [u8]>,
    error: Option<Cow<'a, [u8]>>,
    is_internal: bool,
    trace_state: Cow<'a, [u8]>,
    pub(super) scope_name: Cow<'a, [u8]>,
    pub(super) scope_version: Cow<'a, [u8]>,
    dropped: [u32; 3],
}

impl<'a> Fields<'a> {
    /// Takes a tag that stands for a field; gives back the value of another.
    pub(super) fn take(&mut self, key: &[u8], value: Cow<'a, [u8]>) -> Option<Cow<'a, [u8]>> {
        match key {
            b"error" => self.error = Some(value),
            b"otel.status_code" => match status_text::parse(&value) {
                Some(status) => self.status = Some(status),
                None => return Some(value),
            },
            b"otel.status_description" => self.description = value,
            b"span.kind" if *value == *b"internal" => self.is_internal = true,
            b"w3c.tracestate" => self.trace_state = value,
            b"otel.scope.name" | b"otel.library.name" => self.scope_name = value,
            b"otel.scope.version" | b"otel.library.version" => self.scope_version = value,
            b"otel.dropped_attributes_count" => return self.take_dropped(0, value),
            b"otel.dropped_events_count" => return self.take_dropped(1, value),
            b"otel.dropped_links_count" => return self.take_dropped(2, value),
            // Says where the name of the service comes from: from where it
            // always does.
            b"otlp.service.name.source" if *value == *b"service.name" => {}
            _ => return Some(value),
        }
        None
    }

    fn take_dropped(&mut self, index: usize, value: Cow<'a, [u8]>) -> Option<Cow<'a, [u8]>> {
        let count = std::str::from_utf8(&value)
            .ok()
            .and_then(|text| text.parse().ok());
        match count {
            Some(count) => self.dropped[index] = count,
            None => return Some(value),
        }
        None
    }

    pub(super) fn write_to<'f>(&'f self, header: &mut SpanHeader<'f>) {
        if self.is_internal && header.kind == SpanKind::Unspecified.to_otlp() {
            header.kind = SpanKind::Internal.to_otlp();
        }
        header.status_code = self.status().to_otlp();
        header.status_message = self.message();
        header.trace_state = &self.trace_state;
        [
            header.dropped_attributes,
            header.dropped_events,
            header.dropped_links,
        ] = self.dropped;
    }

    /// The tag `error` says by its presence that the span failed, whatever
    /// else it says; only "false" is meant as written.
    fn status(&self) -> StatusCode {
        match (self.status, self.error.as_deref()) {
            (Some(status), _) => status,
            (None, None | Some(b"false")) => StatusCode::Unset,
            (None, Some(_)) => StatusCode::Error,
        }
    }

    fn message(&self) -> &[u8] {
        match self.error.as_deref() {
            Some(b"" | b"true" | b"false") | None => &self.description,
            Some(error) if self.description.is_empty() && self.status() == StatusCode::Error => {
                error
            }
            Some(_) => &self.description,
        }
    }

    /// The tag `error`, unless the status tells all that it does. Exporters of
    /// OpenTelemetry write it beside the status; what others write there stays
    /// to be searched for.
    pub(super) fn untold_error(&self) -> Option<&[u8]> {
        let error = self.error.as_deref()?;
        let is_told = match self.status() {
            StatusCode::Error => {
                let is_bare = matches!(error, b"" | b"true");
                is_bare || self.status.is_some() && error == self.message()
            }
            StatusCode::Ok | StatusCode::Unset => false,
        };
        (!is_told).then_some(error)
    }
}
