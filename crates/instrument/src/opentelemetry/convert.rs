//! The same things in OpenTelemetry's words and in ours.
//!
//! It exists so that every conversion is in one place. It must never lose a
//! value that both sides can hold; what one side cannot hold is said here.

use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::propagation::trace_state::Members;
use crate::propagation::{Baggage, BaggageEntry};
use crate::sampling::SpanKind;
use crate::{Array, KeyValue, Status, Value};
use ::opentelemetry as otel;
use otel::baggage::{Baggage as OtelBaggage, BaggageMetadata};
use otel::trace::TraceState;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Our span context. A tracestate that W3C does not allow is left out.
pub(super) fn from_span_context(context: &otel::trace::SpanContext) -> SpanContext {
    let mut flags = TraceFlags(context.trace_flags().to_u8());
    // A span of this process has decided. The stock SDK hands the parent's flags on.
    if !context.is_remote() {
        flags = flags.with(TraceFlags::DEFERRED, false);
    }
    SpanContext {
        trace_id: TraceId(u128::from_be_bytes(context.trace_id().to_bytes())),
        span_id: SpanId(u64::from_be_bytes(context.span_id().to_bytes())),
        flags,
        trace_state: from_trace_state(context.trace_state()),
        is_remote: context.is_remote(),
    }
}

/// OpenTelemetry's span context. The flags keep what is known within the process
/// only (B3's debug and deferred): its own propagators do not send them.
pub(super) fn to_span_context(context: &SpanContext) -> otel::trace::SpanContext {
    otel::trace::SpanContext::new(
        otel::TraceId::from(context.trace_id.0),
        otel::SpanId::from(context.span_id.0),
        otel::TraceFlags::new(context.flags.0),
        context.is_remote,
        to_trace_state(context.trace_state.as_deref()),
    )
}

fn from_trace_state(state: &TraceState) -> Option<Arc<str>> {
    let mut all = state.into_iter().peekable();
    all.peek()?;
    let mut members = Members::default();
    for (key, value) in all {
        members.push_header(&format!("{key}={value}"));
    }
    members.finish()
}

/// Members that OpenTelemetry refuses are left out: it takes 13 characters of
/// a key's system where W3C allows 14.
pub(super) fn to_trace_state(list: Option<&str>) -> TraceState {
    let Some(list) = list else {
        return TraceState::NONE;
    };
    list.parse().unwrap_or_else(|_| {
        let taken = list.split(',').filter_map(|member| {
            let is_taken = member.parse::<TraceState>().is_ok();
            member.split_once('=').filter(|_| is_taken)
        });
        TraceState::from_key_value(taken).unwrap_or_default()
    })
}

pub(super) fn from_kind(kind: &otel::trace::SpanKind) -> SpanKind {
    match kind {
        otel::trace::SpanKind::Internal => SpanKind::Internal,
        otel::trace::SpanKind::Server => SpanKind::Server,
        otel::trace::SpanKind::Client => SpanKind::Client,
        otel::trace::SpanKind::Producer => SpanKind::Producer,
        otel::trace::SpanKind::Consumer => SpanKind::Consumer,
    }
}

pub(super) fn from_status(status: otel::trace::Status) -> Status {
    match status {
        otel::trace::Status::Unset => Status::Unset,
        otel::trace::Status::Ok => Status::Ok,
        otel::trace::Status::Error { description } => Status::Error(description),
    }
}

pub(super) fn from_attributes(attributes: Vec<otel::KeyValue>) -> Vec<KeyValue> {
    attributes.into_iter().map(from_attribute).collect()
}

/// Texts are copied: OpenTelemetry does not say which of its texts are static.
pub(super) fn from_attribute(attribute: otel::KeyValue) -> KeyValue {
    KeyValue::new(String::from(attribute.key), from_value(attribute.value))
}

/// The same back, for what a sampler sets.
#[cfg(feature = "opentelemetry-sdk-0_33")]
pub(super) fn to_attribute(attribute: KeyValue) -> otel::KeyValue {
    let value = match attribute.value {
        Value::Bool(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::F64(value) => value.into(),
        Value::Str(text) => text.into(),
        Value::Array(array) => otel::Value::Array(match *array {
            Array::Bool(values) => otel::Array::Bool(values),
            Array::I64(values) => otel::Array::I64(values),
            Array::F64(values) => otel::Array::F64(values),
            Array::Str(texts) => {
                otel::Array::String(texts.into_iter().map(otel::StringValue::from).collect())
            }
        }),
    };
    otel::KeyValue::new(attribute.key, value)
}

#[cfg(feature = "opentelemetry-sdk-0_33")]
pub(super) fn from_link(link: &otel::trace::Link) -> crate::Link {
    crate::Link {
        context: from_span_context(&link.span_context),
        attributes: from_attributes(link.attributes.clone()),
        dropped_attributes: link.dropped_attributes_count,
    }
}

fn from_value(value: otel::Value) -> Value {
    match value {
        otel::Value::Bool(value) => value.into(),
        otel::Value::I64(value) => value.into(),
        otel::Value::F64(value) => value.into(),
        otel::Value::String(text) => String::from(text).into(),
        otel::Value::Array(array) => match array {
            otel::Array::Bool(values) => values.into(),
            otel::Array::I64(values) => values.into(),
            otel::Array::F64(values) => values.into(),
            otel::Array::String(texts) => Value::Array(Box::new(Array::Str(
                texts
                    .into_iter()
                    .map(|text| Cow::Owned(text.into()))
                    .collect(),
            ))),
            // Types that a later version adds.
            other => other.to_string().into(),
        },
        other => other.to_string().into(),
    }
}

/// Nanoseconds since 1970; 0 for times before.
pub(super) fn unix_ns(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

/// In the order of the keys: OpenTelemetry's baggage has none.
pub(super) fn from_baggage(baggage: &OtelBaggage) -> Baggage {
    let mut entries: Vec<BaggageEntry> = baggage
        .iter()
        .map(|(key, (value, metadata))| BaggageEntry {
            key: key.to_string(),
            value: value.to_string(),
            metadata: Some(metadata.as_str().to_owned()).filter(|text| !text.is_empty()),
        })
        .collect();
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    entries.into_iter().collect()
}

/// What can be sent: OpenTelemetry's baggage takes neither keys that are no
/// tokens nor more than 64 entries or 8192 bytes.
pub(super) fn to_baggage(baggage: &Baggage) -> OtelBaggage {
    let mut taken = OtelBaggage::new();
    for entry in baggage.sendable() {
        let metadata = BaggageMetadata::from(entry.metadata.as_deref().unwrap_or_default());
        taken.insert_with_metadata(entry.key.clone(), entry.value.clone(), metadata);
    }
    taken
}

/// Whether `theirs` is what [`to_baggage`] makes of `ours`.
pub(super) fn is_same_baggage(ours: &Baggage, theirs: &OtelBaggage) -> bool {
    let is_there = |entry: &BaggageEntry| {
        let found = theirs.get_with_metadata(&entry.key);
        found.is_some_and(|(value, metadata)| {
            value.as_str() == entry.value
                && metadata.as_str() == entry.metadata.as_deref().unwrap_or_default().trim()
        })
    };
    ours.sendable().count() == theirs.len() && ours.sendable().all(is_there)
}
