//! Records of OTLP protobuf: one message of any size, or messages one after
//! another, each with its length in front.
//!
//! ```text
//! message     field 1 (ResourceSpans) again and again: each is a record
//! u32 big-endian length, message …      the Collector's file exporter, `tracewell export`
//! varint length, message …              protobuf's own "delimited" form
//! ```
//!
//! Messages with a length may be compressed one by one, or be JSON: the
//! Collector writes both.

use std::io::{self, Read};

use super::input::{Input, is_zstd};
use super::record::{Fault, Kind, MAX_RECORD_BYTES, Records, too_large};

/// Tag of `TracesData.resource_spans`.
const RESOURCE_SPANS: u8 = 0x0a;

/// What `GET /api/export` writes instead of a length when it cannot go on.
const CUT_SHORT: u32 = u32::MAX;

/// Bytes of the reason that follows [`CUT_SHORT`].
const MAX_REASON_BYTES: u64 = 4 << 10;

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is only one.
    Single,
    /// 32-bit big-endian length in front.
    Fixed,
    /// Varint length in front.
    Varint,
}

impl Framing {
    /// By the first bytes; `None` if they are no OTLP.
    pub(super) fn detect(head: &[u8]) -> Option<Self> {
        let begins_message = |bytes: &[u8]| {
            bytes.first().is_none_or(|byte| *byte == RESOURCE_SPANS)
                || is_zstd(bytes)
                || bytes.starts_with(b"{")
        };
        // An empty file has no records, however they would be framed.
        let (&first, rest) = match head.split_first() {
            None => return Some(Self::Single),
            Some(split) => split,
        };
        if first == RESOURCE_SPANS {
            // A record of ten bytes would have no room for the ids of a span.
            return Some(Self::Single);
        }
        if let Some((length, message)) = head.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length);
            let is_size = length as usize <= MAX_RECORD_BYTES;
            let is_message = length == 0 || (!message.is_empty() && begins_message(message));
            if length == CUT_SHORT || (is_size && is_message) {
                return Some(Self::Fixed);
            }
        }
        let digits = head.iter().take(5).take_while(|byte| **byte >= 0x80);
        let message = rest.get(digits.count()..)?;
        (message.first() == Some(&RESOURCE_SPANS)).then_some(Self::Varint)
    }
}

/// The records of one file.
pub(super) struct ProtobufRecords {
    input: Input,
    framing: Framing,
    begin: u64,
}

impl ProtobufRecords {
    pub(super) fn new(input: Input, framing: Framing) -> Self {
        Self {
            input,
            framing,
            begin: 0,
        }
    }

    /// The next `ResourceSpans` of the only message; other fields are passed.
    fn resource_spans(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            self.begin = self.input.at();
            if self.input.peek()?.is_none() {
                return Ok(false);
            }
            let tag = self.varint()?;
            let length = match tag & 7 {
                0 => {
                    self.varint()?;
                    continue;
                }
                1 => 8,
                2 => self.varint()?,
                5 => 4,
                _ => return Err(Fault::Lost("this is no protobuf message".to_owned())),
            };
            if tag != u64::from(RESOURCE_SPANS) {
                self.input.pass(length)?;
                continue;
            }
            if length > MAX_RECORD_BYTES as u64 {
                return Err(Fault::Lost(too_large("a ResourceSpans")));
            }
            out.push(RESOURCE_SPANS);
            put_varint(out, length);
            self.input.take(length, out)?;
            return Ok(true);
        }
    }

    /// The next message with its length in front.
    fn delimited(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            self.begin = self.input.at();
            if self.input.peek()?.is_none() {
                return Ok(false);
            }
            let length = match self.framing {
                Framing::Varint => self.varint()?,
                Framing::Single | Framing::Fixed => {
                    let mut length = 0u32;
                    for _ in 0..4 {
                        length = length << 8 | u32::from(self.input.byte()?);
                    }
                    if length == CUT_SHORT {
                        return Err(Fault::Lost(self.cut_short()?));
                    }
                    u64::from(length)
                }
            };
            if length > MAX_RECORD_BYTES as u64 {
                return Err(Fault::Lost(format!(
                    "{}, if {length} is its length at all",
                    too_large("the record")
                )));
            }
            if length > 0 {
                self.input.take(length, out)?;
                return Ok(true);
            }
        }
    }

    fn cut_short(&mut self) -> io::Result<String> {
        let mut reason = Vec::new();
        while let Some(byte) = self.input.peek()? {
            if reason.len() as u64 == MAX_REASON_BYTES {
                break;
            }
            reason.push(byte);
            self.input.skip(1);
        }
        let said: serde_json::Value = serde_json::from_slice(&reason).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("no reason is given");
        Ok(format!("the export was cut short here: {message}"))
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.input.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Lost("a number is longer than 64 bits".to_owned()))
    }
}

impl Records for ProtobufRecords {
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Kind>, Fault> {
        let found = match self.framing {
            Framing::Single => self.resource_spans(bytes)?,
            Framing::Fixed | Framing::Varint => self.delimited(bytes)?,
        };
        if !found {
            return Ok(None);
        }
        if is_zstd(bytes) {
            *bytes = decompressed(bytes)?;
        }
        let is_json = self.framing != Framing::Single && bytes.first() == Some(&b'{');
        Ok(Some(if is_json {
            Kind::OtlpJson
        } else {
            Kind::OtlpProtobuf
        }))
    }

    fn byte(&self) -> u64 {
        self.begin
    }
}

/// A record that was compressed by itself; a broken one costs itself.
fn decompressed(record: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken = |error: io::Error| Fault::Skipped(format!("its zstd frame is broken: {error}"));
    let decoder = zstd::stream::read::Decoder::with_buffer(record).map_err(broken)?;
    let mut bytes = Vec::new();
    let limit = MAX_RECORD_BYTES as u64 + 1;
    decoder
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(Fault::Skipped(too_large("the record")));
    }
    Ok(bytes)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framings_are_told_apart_by_their_first_bytes() {
        for (head, framing) in [
            (&b""[..], Some(Framing::Single)),
            (b"\x0a\x40\x0a", Some(Framing::Single)),
            (b"\x00\x00\x10\x00\x0a\x40", Some(Framing::Fixed)),
            (b"\x00\x00\x10\x00\x28\xb5\x2f\xfd", Some(Framing::Fixed)),
            (b"\x00\x00\x10\x00{\"", Some(Framing::Fixed)),
            (b"\x00\x00\x00\x00", Some(Framing::Fixed)),
            (b"\xff\xff\xff\xff{", Some(Framing::Fixed)),
            (b"\x40\x0a\x3e", Some(Framing::Varint)),
            (b"\xc0\x02\x0a\x3e", Some(Framing::Varint)),
            (b"hello, world", None),
            (b"\x00", None),
        ] {
            assert_eq!(Framing::detect(head), framing, "{head:?}");
        }
    }

    #[test]
    fn a_length_past_the_end_or_beyond_reason_is_told() {
        for (bytes, message) in [
            (&b"\x00\x00\x00\x09\x0a"[..], "the file ends too early"),
            (b"\x7f\x00\x00\x00\x0a", "the record is larger than 256 MiB"),
            (
                b"\xff\xff\xff\xff{\"message\":\"disk gone\"}",
                "the export was cut short here: disk gone",
            ),
        ] {
            let mut records = ProtobufRecords::new(Input::of(bytes), Framing::Fixed);
            match records.next(&mut Vec::new()) {
                Err(Fault::Lost(said)) => assert!(said.starts_with(message), "{said}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
