//! Protobuf's wire format: fields read from a slice, fields appended to a buffer.
//!
//! Reading is lazy and copies nothing. A cursor knows where its slice ends in
//! the body, so an error can say at which byte it stands without a cost on the
//! way there. It never interprets a message: that is the decoder's job.

use crate::WireError;
use crate::error::Problem;
use crate::notes::Notes;
use tracewell_model::SpanBatchBuilder;

/// Reads the fields of one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Offset of the end of `rest` in the body.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor over bytes whose first one stands at `offset` in the body.
    pub(crate) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            end: offset + bytes.len(),
        }
    }

    /// Offset in the body of what is read next.
    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left of the message.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Asks whether the request may go on growing, and answers how much is to
    /// be left when it is time to ask again ([`Notes::pause`]).
    #[cold]
    pub(crate) fn ask(
        &self,
        notes: &mut Notes<'_>,
        builder: &SpanBatchBuilder,
    ) -> Result<usize, WireError> {
        notes
            .ask(builder)
            .map_err(|full| full.at_byte(self.offset()))?;
        Ok(Notes::pause(self.rest.len()))
    }

    #[cold]
    pub(crate) fn error(&self, problem: Problem) -> WireError {
        WireError::at_byte(self.offset(), problem)
    }

    /// A tag: `number << 3 | wire type`.
    #[inline(always)]
    pub(crate) fn tag(&mut self) -> Result<u32, WireError> {
        if let [byte, rest @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = rest;
            return Ok(u32::from(*byte));
        }
        let before = *self;
        let tag = self.long_varint()?;
        u32::try_from(tag).map_err(|_| before.error(Problem::FieldRange(tag >> 3)))
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest {
            [a, rest @ ..] if *a < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*a))
            }
            [a, b, rest @ ..] if *b < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*a & 0x7f) | u64::from(*b) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                if index == 9 && *byte > 1 {
                    return Err(self.error(Problem::Varint));
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(self.error(if self.rest.len() < 10 {
            Problem::Truncated
        } else {
            Problem::Varint
        }))
    }

    /// A varint field of 32 bits; like every protobuf reader, takes the low bits.
    #[inline(always)]
    pub(crate) fn varint32(&mut self) -> Result<u32, WireError> {
        Ok(self.varint()? as u32)
    }

    #[inline(always)]
    pub(crate) fn fixed64(&mut self) -> Result<u64, WireError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error(Problem::Truncated));
        };
        self.rest = rest;
        Ok(u64::from_le_bytes(*head))
    }

    #[inline(always)]
    pub(crate) fn fixed32(&mut self) -> Result<u32, WireError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error(Problem::Truncated));
        };
        self.rest = rest;
        Ok(u32::from_le_bytes(*head))
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.varint()?;
        let split = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length));
        let Some((head, rest)) = split else {
            let left = self.rest.len();
            return Err(self.error(Problem::Length { length, left }));
        };
        self.rest = rest;
        Ok(head)
    }

    /// A length and a message of that many bytes.
    #[inline(always)]
    pub(crate) fn message(&mut self) -> Result<Self, WireError> {
        let rest = self.bytes()?;
        Ok(Self {
            rest,
            end: self.offset(),
        })
    }

    /// Skips a field that the decoder does not know. `known` has a bit for
    /// each field number that it does know: such a field came with a wrong
    /// wire type. Groups left protobuf before OTLP began, and are refused.
    pub(crate) fn skip(&mut self, tag: u32, known: u32) -> Result<(), WireError> {
        let (field, wire_type) = (tag >> 3, (tag & 7) as u8);
        let wrong = Problem::WireType {
            field,
            got: wire_type,
        };
        if field == 0 {
            return Err(self.error(Problem::FieldZero));
        }
        if field < 32 && known >> field & 1 == 1 {
            return Err(self.error(wrong));
        }
        match wire_type {
            0 => self.varint().map(drop),
            1 => self.fixed64().map(drop),
            2 => self.bytes().map(drop),
            5 => self.fixed32().map(drop),
            3 | 4 => Err(self.error(Problem::Group { field })),
            _ => Err(self.error(wrong)),
        }
    }
}

/// Bits for [`Cursor::skip`].
pub(crate) const fn known(fields: &[u32]) -> u32 {
    let (mut bits, mut index) = (0, 0);
    while index < fields.len() {
        bits |= 1 << fields[index];
        index += 1;
    }
    bits
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes of a varint.
pub(crate) fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// A varint field of 32 bits, left out when 0.
pub(crate) fn put_u32(out: &mut Vec<u8>, tag: u8, value: u32) {
    put_u64(out, tag, value.into());
}

/// A varint field, left out when 0.
pub(crate) fn put_u64(out: &mut Vec<u8>, tag: u8, value: u64) {
    if value != 0 {
        out.push(tag);
        put_varint(out, value);
    }
}

/// An int32 or enum field, left out when 0; negative numbers take ten bytes.
pub(crate) fn put_i32(out: &mut Vec<u8>, tag: u8, value: i32) {
    if value != 0 {
        out.push(tag);
        put_varint(out, i64::from(value) as u64);
    }
}

/// A fixed64 field, left out when 0.
pub(crate) fn put_fixed64(out: &mut Vec<u8>, tag: u8, value: u64) {
    if value != 0 {
        out.push(tag);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A bytes or string field, left out when empty.
pub(crate) fn put_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_present_bytes(out, tag, bytes);
    }
}

/// A bytes or string field, written even when empty.
pub(crate) fn put_present_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A message field. One byte is left for the length, which most messages
/// need; longer ones are moved up.
pub(crate) fn put_message(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[tag, 0]);
    let start = out.len();
    write(out);
    let len = out.len() - start;
    if len < 0x80 {
        out[start - 1] = len as u8;
        return;
    }
    let mut length = [0u8; 10];
    let (mut left, mut size) = (len, 0);
    loop {
        length[size] = left as u8 & 0x7f | if left >= 0x80 { 0x80 } else { 0 };
        left >>= 7;
        size += 1;
        if left == 0 {
            break;
        }
    }
    out.resize(out.len() + size - 1, 0);
    out.copy_within(start..start + len, start + size - 1);
    out[start - 1..start - 1 + size].copy_from_slice(&length[..size]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_any_size_are_written_and_read() {
        for len in [0, 1, 127, 128, 300, 16_383, 16_384, 3_000_000] {
            let mut out = vec![9];
            put_message(&mut out, 0x0a, |out| out.extend(vec![7; len]));
            out.push(0x10);
            let mut cursor = Cursor::new(&out[1..], 1);
            assert_eq!(cursor.tag().unwrap(), 0x0a);
            let message = cursor.message().unwrap();
            assert_eq!(message.rest(), vec![7; len]);
            assert_eq!(message.offset() + len, cursor.offset());
            assert_eq!(cursor.tag().unwrap(), 0x10);
            assert!(cursor.is_done());
        }
    }

    #[test]
    fn malformed_fields_say_where_and_what() {
        let cases: [(&[u8], &str); 8] = [
            (&[0x80], "byte 0: the message ends within a number"),
            (&[0xff; 11], "byte 0: a number is longer than 64 bits"),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x10],
                "byte 0: field number 536870912 is out of range",
            ),
            (&[0x00], "byte 1: 0 is not a field number"),
            (
                &[0x0a, 5, 1],
                "byte 2: a length of 5 runs past the end, 1 bytes are left",
            ),
            (&[0x10, 1], "byte 1: field 2 has wire type 0"),
            (&[0x1b], "byte 1: field 3 is a group, which no message has"),
            (&[0x1e], "byte 1: field 3 has wire type 6"),
        ];
        for (bytes, want) in cases {
            let mut cursor = Cursor::new(bytes, 0);
            let got = cursor
                .tag()
                .and_then(|tag| cursor.skip(tag, known(&[2])))
                .unwrap_err();
            assert_eq!(got.to_string(), want);
        }
    }
}
