//! Protobuf, as much as OTLP traces need: writing messages, reading answers.
//!
//! It exists so that spans go from memory to the wire without an intermediate
//! structure. Reading must never trust a length.

/// Writes one message into a buffer.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) buffer: Vec<u8>,
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// A number; zero is the default and not written.
    pub(super) fn uint(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.always_uint(field, value);
        }
    }

    /// A number in a oneof, where zero is not the same as absent.
    pub(super) fn always_uint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    pub(super) fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED64);
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED32);
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes or text; empty is the default and not written.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.always_bytes(field, value);
        }
    }

    /// Bytes or text in a oneof, where empty is not the same as absent.
    pub(super) fn always_bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, BYTES);
        self.varint(value.len() as u64);
        self.buffer.extend_from_slice(value);
    }

    /// A message within. Its length is known only afterwards: one byte is kept
    /// free for it, and what follows moves when it needs more.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Writer)) {
        self.tag(field, BYTES);
        let length_at = self.buffer.len();
        self.buffer.push(0);
        write(self);
        let mut length = self.buffer.len() - length_at - 1;
        let mut encoded = [0; 10];
        let mut count = 0;
        while length >= 0x80 {
            encoded[count] = length as u8 | 0x80;
            length >>= 7;
            count += 1;
        }
        encoded[count] = length as u8;
        self.buffer
            .splice(length_at..=length_at, encoded[..=count].iter().copied());
    }
}

/// Reads the fields of one message.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// The value of a field.
#[cfg_attr(
    not(feature = "http-json"),
    expect(dead_code, reason = "answers have no numbers of fixed length")
)]
pub(super) enum Field<'a> {
    Uint(u64),
    Bytes(&'a [u8]),
    Fixed64(u64),
    Fixed32(u32),
}

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next field; `None` at the end, and where the message is malformed.
    pub(super) fn next(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.varint()?;
        let value = match (tag & 7) as u32 {
            VARINT => Field::Uint(self.varint()?),
            BYTES => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            FIXED64 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            FIXED32 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}
