//! Messages of OTLP/JSON rewritten as protobuf, one span at a time.
//!
//! The protobuf decoder then does the rest, so both forms are judged by the
//! same rules. What only JSON can get wrong is noted here: hexadecimal ids,
//! base64, nesting. Names are taken in lowerCamelCase and as protobuf has them
//! (`trace_id`), as the OpenTelemetry Collector does.

use crate::WireError;
use crate::fields::{
    put_bytes, put_fixed64, put_i32, put_message, put_present_bytes, put_u32, put_varint,
};
use crate::gathered::Verdict;
use crate::json::Reader;
use crate::json::scalar::{base64, double, enumeration, id, integer};
use crate::notes::Notes;
use crate::rejected::{Fault, RejectReason};
use crate::repaired::{CUT, Repair};
use tracewell_model::any_value::MAX_DEPTH;

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// Writes messages to `out` and keeps the first fault.
pub(super) struct Rewriter<'b, 'r> {
    pub(super) out: &'b mut Vec<u8>,
    pub(super) fault: Verdict,
    pub(super) notes: &'b mut Notes<'r>,
}

impl<'r> Rewriter<'_, 'r> {
    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// A message field whose content `write` appends.
    fn message(
        &mut self,
        tag: u8,
        write: impl FnOnce(&mut Rewriter<'_, 'r>) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        let (mut fault, notes) = (self.fault, &mut *self.notes);
        let mut result = Ok(());
        put_message(self.out, tag, |out| {
            let mut inner = Rewriter { out, fault, notes };
            result = write(&mut inner);
            fault = inner.fault;
        });
        self.fault = fault;
        result
    }

    /// Elements of an array, each a message.
    fn messages(
        &mut self,
        tag: u8,
        field: &'static str,
        reader: &mut Reader<'_>,
        write: impl Fn(&mut Rewriter<'_, 'r>, &mut Reader<'_>) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        reader.array(field, |reader, _| {
            let asked = self.notes.buffer(self.out.capacity());
            asked.map_err(|full| reader.error(full.into()))?;
            self.message(tag, |inner| write(inner, reader))
        })
    }

    fn text(&mut self, tag: u8, reader: &mut Reader<'_>, field: &'static str) -> Read {
        let text = reader.string().map_err(|error| error.within(field))?;
        put_bytes(self.out, tag, text.as_bytes());
        Ok(())
    }

    fn count(&mut self, tag: u8, reader: &mut Reader<'_>, field: &'static str) -> Read {
        let count = integer::<u32>(reader).map_err(|error| error.within(field))?;
        put_u32(self.out, tag, count.unwrap_or_default());
        Ok(())
    }

    fn time(&mut self, tag: u8, reader: &mut Reader<'_>, field: &'static str) -> Read {
        let time_ns = integer::<u64>(reader).map_err(|error| error.within(field))?;
        put_fixed64(self.out, tag, time_ns.unwrap_or_default());
        Ok(())
    }

    fn flags(&mut self, tag: &[u8], reader: &mut Reader<'_>) -> Read {
        let flags = integer::<u32>(reader).map_err(|error| error.within("flags"))?;
        self.out.extend_from_slice(tag);
        self.out.extend(flags.unwrap_or_default().to_le_bytes());
        Ok(())
    }

    /// `field` is the name in JSON, `name` the one that rejections use.
    fn id<const N: usize>(
        &mut self,
        tag: u8,
        reader: &mut Reader<'_>,
        field: &'static str,
        (reason, name): (RejectReason, &'static str),
    ) -> Read {
        let text = reader.string().map_err(|error| error.within(field))?;
        match id::<N>(&text, reason, name) {
            Ok(id) => put_bytes(self.out, tag, id.as_ref().map_or(&[], |id| &id[..])),
            Err(fault) => self.note(fault),
        }
        Ok(())
    }

    /// `Resource`.
    pub(super) fn resource(&mut self, reader: &mut Reader<'_>) -> Read {
        reader.object(|reader, name| match name {
            "attributes" => self.attributes(0x0a, reader),
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.count(0x10, reader, "droppedAttributesCount")
            }
            "entityRefs" | "entity_refs" => {
                self.messages(0x1a, "entityRefs", reader, |inner, reader| {
                    inner.entity_ref(reader)
                })
            }
            _ => reader.skip().map(drop),
        })
    }

    fn entity_ref(&mut self, reader: &mut Reader<'_>) -> Read {
        reader.object(|reader, name| match name {
            "schemaUrl" | "schema_url" => self.text(0x0a, reader, "schemaUrl"),
            "type" => self.text(0x12, reader, "type"),
            "idKeys" | "id_keys" => self.keys(0x1a, reader, "idKeys"),
            "descriptionKeys" | "description_keys" => self.keys(0x22, reader, "descriptionKeys"),
            _ => reader.skip().map(drop),
        })
    }

    fn keys(&mut self, tag: u8, reader: &mut Reader<'_>, field: &'static str) -> Read {
        reader.array(field, |reader, _| {
            put_present_bytes(self.out, tag, reader.string()?.as_bytes());
            Ok(())
        })
    }

    /// `InstrumentationScope`.
    pub(super) fn scope(&mut self, reader: &mut Reader<'_>) -> Read {
        reader.object(|reader, name| match name {
            "name" => self.text(0x0a, reader, "name"),
            "version" => self.text(0x12, reader, "version"),
            "attributes" => self.attributes(0x1a, reader),
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.count(0x20, reader, "droppedAttributesCount")
            }
            _ => reader.skip().map(drop),
        })
    }

    /// `Span`.
    pub(super) fn span(&mut self, reader: &mut Reader<'_>) -> Read {
        let ids = [
            (RejectReason::TraceId, "trace_id"),
            (RejectReason::SpanId, "span_id"),
            (RejectReason::ParentSpanId, "parent_span_id"),
        ];
        reader.object(|reader, name| match name {
            "traceId" | "trace_id" => self.id::<16>(0x0a, reader, "traceId", ids[0]),
            "spanId" | "span_id" => self.id::<8>(0x12, reader, "spanId", ids[1]),
            "traceState" | "trace_state" => self.text(0x1a, reader, "traceState"),
            "parentSpanId" | "parent_span_id" => self.id::<8>(0x22, reader, "parentSpanId", ids[2]),
            "flags" => self.flags(&[0x85, 0x01], reader),
            "name" => self.text(0x2a, reader, "name"),
            "kind" => {
                let kind = enumeration(reader, &KINDS).map_err(|e| e.within("kind"))?;
                put_i32(self.out, 0x30, kind);
                Ok(())
            }
            "startTimeUnixNano" | "start_time_unix_nano" => {
                self.time(0x39, reader, "startTimeUnixNano")
            }
            "endTimeUnixNano" | "end_time_unix_nano" => self.time(0x41, reader, "endTimeUnixNano"),
            "attributes" => self.attributes(0x4a, reader),
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.count(0x50, reader, "droppedAttributesCount")
            }
            "events" => self.messages(0x5a, "events", reader, |inner, reader| inner.event(reader)),
            "droppedEventsCount" | "dropped_events_count" => {
                self.count(0x60, reader, "droppedEventsCount")
            }
            "links" => self.messages(0x6a, "links", reader, |inner, reader| inner.link(reader)),
            "droppedLinksCount" | "dropped_links_count" => {
                self.count(0x70, reader, "droppedLinksCount")
            }
            "status" => self
                .message(0x7a, |inner| inner.status(reader))
                .map_err(|error| error.within("status")),
            _ => reader.skip().map(drop),
        })
    }

    fn event(&mut self, reader: &mut Reader<'_>) -> Read {
        reader.object(|reader, name| match name {
            "timeUnixNano" | "time_unix_nano" => self.time(0x09, reader, "timeUnixNano"),
            "name" => self.text(0x12, reader, "name"),
            "attributes" => self.attributes(0x1a, reader),
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.count(0x20, reader, "droppedAttributesCount")
            }
            _ => reader.skip().map(drop),
        })
    }

    fn link(&mut self, reader: &mut Reader<'_>) -> Read {
        let trace_id = (RejectReason::LinkId, "trace_id of a link");
        let span_id = (RejectReason::LinkId, "span_id of a link");
        reader.object(|reader, name| match name {
            "traceId" | "trace_id" => self.id::<16>(0x0a, reader, "traceId", trace_id),
            "spanId" | "span_id" => self.id::<8>(0x12, reader, "spanId", span_id),
            "traceState" | "trace_state" => self.text(0x1a, reader, "traceState"),
            "attributes" => self.attributes(0x22, reader),
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.count(0x28, reader, "droppedAttributesCount")
            }
            "flags" => self.flags(&[0x35], reader),
            _ => reader.skip().map(drop),
        })
    }

    fn status(&mut self, reader: &mut Reader<'_>) -> Read {
        reader.object(|reader, name| match name {
            "message" => self.text(0x12, reader, "message"),
            "code" => {
                let code = enumeration(reader, &STATUS_CODES).map_err(|e| e.within("code"))?;
                put_i32(self.out, 0x18, code);
                Ok(())
            }
            _ => reader.skip().map(drop),
        })
    }

    fn attributes(&mut self, tag: u8, reader: &mut Reader<'_>) -> Read {
        self.messages(tag, "attributes", reader, |inner, reader| {
            inner.key_value(reader, 0)
        })
    }

    fn key_value(&mut self, reader: &mut Reader<'_>, depth: usize) -> Read {
        reader.object(|reader, name| match name {
            "key" => self.text(0x0a, reader, "key"),
            "value" => self.message(0x12, |inner| inner.any_value(reader, depth)),
            _ => reader.skip().map(drop),
        })
    }

    /// The fields of an `AnyValue`; of several, the last counts.
    fn any_value(&mut self, reader: &mut Reader<'_>, depth: usize) -> Read {
        let start = self.out.len();
        reader.object(|reader, name| {
            let is_value = name.ends_with("Value") || name.ends_with("_value");
            if is_value && reader.null() {
                return Ok(());
            }
            if is_value {
                self.out.truncate(start);
            }
            match name {
                "stringValue" | "string_value" => {
                    let text = reader.string().map_err(|e| e.within("stringValue"))?;
                    put_present_bytes(self.out, 0x0a, text.as_bytes());
                    Ok(())
                }
                "boolValue" | "bool_value" => {
                    let value = reader.boolean().map_err(|e| e.within("boolValue"))?;
                    self.out.extend([0x10, u8::from(value == Some(true))]);
                    Ok(())
                }
                "intValue" | "int_value" => self.int_value(reader),
                "doubleValue" | "double_value" => {
                    let value = double(reader).map_err(|e| e.within("doubleValue"))?;
                    self.put_double(value.unwrap_or_default());
                    Ok(())
                }
                "arrayValue" | "array_value" => self.values(0x2a, reader, depth, |item, reader| {
                    item.any_value(reader, depth + 1)
                }),
                "kvlistValue" | "kvlist_value" => {
                    self.values(0x32, reader, depth, |item, reader| {
                        item.key_value(reader, depth + 1)
                    })
                }
                "bytesValue" | "bytes_value" => self.bytes_value(reader),
                _ => reader.skip().map(drop),
            }
        })
    }

    /// `ArrayValue` and `KeyValueList` both have their items in `values`. Below
    /// the deepest level a mark is put in their place.
    fn values(
        &mut self,
        tag: u8,
        reader: &mut Reader<'_>,
        depth: usize,
        item: impl Fn(&mut Rewriter<'_, 'r>, &mut Reader<'_>) -> Read,
    ) -> Read {
        if depth >= MAX_DEPTH {
            self.notes.repaired.count(Repair::Nesting, 1);
            put_present_bytes(self.out, 0x0a, CUT.as_bytes());
            return reader.skip().map(drop);
        }
        self.message(tag, |inner| {
            reader.object(|reader, name| match name {
                "values" => inner.messages(0x0a, "values", reader, &item),
                _ => reader.skip().map(drop),
            })
        })
    }

    /// JavaScript calls every whole number an integer, 1e300 too. What fits no
    /// 64 bits is kept as the double it is, rather than refused.
    fn int_value(&mut self, reader: &mut Reader<'_>) -> Read {
        let mut as_double = *reader;
        match integer::<i64>(reader) {
            Ok(value) => {
                self.out.push(0x18);
                put_varint(self.out, value.unwrap_or_default() as u64);
                Ok(())
            }
            Err(error) => match double(&mut as_double) {
                Ok(Some(value)) if value.fract() == 0.0 => {
                    *reader = as_double;
                    self.put_double(value);
                    Ok(())
                }
                _ => Err(error.within("intValue")),
            },
        }
    }

    fn put_double(&mut self, value: f64) {
        self.out.push(0x21);
        self.out.extend(value.to_le_bytes());
    }

    fn bytes_value(&mut self, reader: &mut Reader<'_>) -> Read {
        let text = reader.string().map_err(|e| e.within("bytesValue"))?;
        match base64(&text) {
            Some(bytes) => put_present_bytes(self.out, 0x3a, &bytes),
            None => {
                self.notes.repaired.count(Repair::Base64, 1);
                put_present_bytes(self.out, 0x0a, text.as_bytes());
            }
        }
        Ok(())
    }
}

type Read = Result<(), WireError>;
