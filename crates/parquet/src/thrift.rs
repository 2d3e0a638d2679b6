//! The Thrift compact protocol, as far as Parquet's headers and footers use
//! it (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).
//!
//! ```text
//! struct   field* 00
//! field    (id − id before) << 4 | type, or type and zigzag varint id
//! int      zigzag varint            binary   varint length, bytes
//! list     size << 4 | type, or F0 | type and varint size from 15 on; elements
//! ```
//!
//! It knows no structure of Parquet; those are in `format`. Reading never
//! recurses deeper than [`MAX_DEPTH`] and allocates nothing.

use crate::error::DecodeError;

/// Structures within structures that are skipped at most.
const MAX_DEPTH: usize = 16;

/// Types on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    True = 1,
    False = 2,
    Byte = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
}

impl Kind {
    fn of(nibble: u8) -> Option<Self> {
        Some(match nibble {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4 => Self::I16,
            5 => Self::I32,
            6 => Self::I64,
            7 => Self::Double,
            8 => Self::Binary,
            9 => Self::List,
            10 => Self::Set,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return None,
        })
    }
}

/// Appends an unsigned LEB128 varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Maps small magnitudes of either sign to small unsigned numbers.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Appends structures. Fields are written in ascending order of their ids.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    last: Vec<i16>,
}

impl<'a> Writer<'a> {
    /// Begins the outermost structure.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: vec![0] }
    }

    fn field(&mut self, id: i16, kind: Kind) {
        let last = self.last.last_mut().expect("a structure is open");
        let step = id - *last;
        *last = id;
        if (1..=15).contains(&step) {
            self.out.push((step as u8) << 4 | kind as u8);
        } else {
            self.out.push(kind as u8);
            put_varint(self.out, zigzag(id.into()));
        }
    }

    pub(crate) fn i32(&mut self, id: i16, value: i32) {
        self.field(id, Kind::I32);
        put_varint(self.out, zigzag(value.into()));
    }

    pub(crate) fn i64(&mut self, id: i16, value: i64) {
        self.field(id, Kind::I64);
        put_varint(self.out, zigzag(value));
    }

    pub(crate) fn bool(&mut self, id: i16, value: bool) {
        self.field(id, if value { Kind::True } else { Kind::False });
    }

    pub(crate) fn binary(&mut self, id: i16, value: &[u8]) {
        self.field(id, Kind::Binary);
        self.element_binary(value);
    }

    /// A list; its elements follow.
    pub(crate) fn list(&mut self, id: i16, of: Kind, len: usize) {
        self.field(id, Kind::List);
        if len < 15 {
            self.out.push((len as u8) << 4 | of as u8);
        } else {
            self.out.push(0xF0 | of as u8);
            put_varint(self.out, len as u64);
        }
    }

    /// An integer in a list.
    pub(crate) fn element_int(&mut self, value: i64) {
        put_varint(self.out, zigzag(value));
    }

    /// Bytes in a list.
    pub(crate) fn element_binary(&mut self, value: &[u8]) {
        put_varint(self.out, value.len() as u64);
        self.out.extend_from_slice(value);
    }

    /// Opens a structure that is a field; [`Writer::end`] closes it.
    pub(crate) fn begin(&mut self, id: i16) {
        self.field(id, Kind::Struct);
        self.last.push(0);
    }

    /// Opens a structure in a list.
    pub(crate) fn element_begin(&mut self) {
        self.last.push(0);
    }

    /// Closes the innermost structure.
    pub(crate) fn end(&mut self) {
        self.out.push(0);
        self.last.pop();
    }
}

/// Reads structures from bytes that may be anything.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    part: &'static str,
}

/// What comes next in a structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) id: i16,
    kind: Kind,
}

impl Field {
    /// Whether it is of this type on the wire.
    pub(crate) fn is(self, kind: Kind) -> bool {
        self.kind == kind
    }
}

impl<'a> Reader<'a> {
    /// `part` names the bytes in errors.
    pub(crate) fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Self { bytes, at: 0, part }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn damaged(&self, reason: &'static str) -> DecodeError {
        DecodeError::damaged(self.part, self.at, reason)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.bytes.get(self.at);
        let byte = *byte.ok_or_else(|| self.damaged("ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let found = varint(&self.bytes[self.at..]);
        let (value, len) = found.ok_or_else(|| self.damaged("not a varint"))?;
        self.at += len;
        Ok(value)
    }

    /// The next field of a structure, `None` at its end. `last` is the id of
    /// the field before, 0 at first.
    pub(crate) fn field(&mut self, last: &mut i16) -> Result<Option<Field>, DecodeError> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let kind = Kind::of(head & 15).ok_or_else(|| self.damaged("unknown thrift type"))?;
        let id = match i16::from(head >> 4) {
            0 => i16::try_from(unzigzag(self.varint()?)).ok(),
            step => last.checked_add(step),
        };
        *last = id.ok_or_else(|| self.damaged("field id is not 16 bits"))?;
        Ok(Some(Field { id: *last, kind }))
    }

    fn expect(&self, field: Field, kind: Kind) -> Result<(), DecodeError> {
        if field.kind == kind {
            Ok(())
        } else {
            Err(self.damaged("field is of another type than the format says"))
        }
    }

    pub(crate) fn i32(&mut self, field: Field) -> Result<i32, DecodeError> {
        self.expect(field, Kind::I32)?;
        self.element_i32()
    }

    pub(crate) fn i64(&mut self, field: Field) -> Result<i64, DecodeError> {
        self.expect(field, Kind::I64)?;
        Ok(unzigzag(self.varint()?))
    }

    pub(crate) fn binary(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        self.expect(field, Kind::Binary)?;
        self.element_binary()
    }

    /// That a structure begins: its fields follow.
    pub(crate) fn begin(&self, field: Field) -> Result<(), DecodeError> {
        self.expect(field, Kind::Struct)
    }

    /// How many elements a list of `of` has. Each takes at least a byte, so
    /// more than there are bytes left is refused.
    pub(crate) fn list(&mut self, field: Field, of: Kind) -> Result<usize, DecodeError> {
        self.expect(field, Kind::List)?;
        let (kind, len) = self.list_head()?;
        if kind != of && len > 0 {
            return Err(self.damaged("list is of another type than the format says"));
        }
        Ok(len)
    }

    fn list_head(&mut self) -> Result<(Kind, usize), DecodeError> {
        let head = self.byte()?;
        let kind = Kind::of(head & 15).ok_or_else(|| self.damaged("unknown thrift type"))?;
        let len = match head >> 4 {
            15 => self.varint()?,
            len => len.into(),
        };
        let left = self.bytes.len() - self.at;
        match usize::try_from(len) {
            Ok(len) if len <= left => Ok((kind, len)),
            _ => Err(self.damaged("list is longer than the bytes there are")),
        }
    }

    pub(crate) fn element_i32(&mut self) -> Result<i32, DecodeError> {
        let value = i32::try_from(unzigzag(self.varint()?));
        value.map_err(|_| self.damaged("integer is not 32 bits"))
    }

    pub(crate) fn element_binary(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let rest = &self.bytes[self.at..];
        let value = rest.get(..len);
        let value =
            value.ok_or_else(|| self.damaged("binary is longer than the bytes there are"))?;
        self.at += len;
        Ok(value)
    }

    /// Passes over a field that is not of interest.
    pub(crate) fn skip(&mut self, field: Field) -> Result<(), DecodeError> {
        match field.kind {
            Kind::True | Kind::False => Ok(()),
            kind => self.skip_value(kind, 0),
        }
    }

    fn skip_value(&mut self, kind: Kind, depth: usize) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(self.damaged("nested too deep"));
        }
        match kind {
            Kind::True | Kind::False | Kind::Byte => self.byte().map(drop),
            Kind::I16 | Kind::I32 | Kind::I64 => self.varint().map(drop),
            Kind::Double => (0..8).try_for_each(|_| self.byte().map(drop)),
            Kind::Binary => self.element_binary().map(drop),
            Kind::List | Kind::Set => {
                let (kind, len) = self.list_head()?;
                (0..len).try_for_each(|_| self.skip_value(kind, depth + 1))
            }
            Kind::Map => self.skip_map(depth),
            Kind::Struct => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    if !matches!(field.kind, Kind::True | Kind::False) {
                        self.skip_value(field.kind, depth + 1)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn skip_map(&mut self, depth: usize) -> Result<(), DecodeError> {
        let len = self.varint()?;
        if len == 0 {
            return Ok(());
        }
        if len > (self.bytes.len() - self.at) as u64 {
            return Err(self.damaged("map is longer than the bytes there are"));
        }
        let kinds = self.byte()?;
        let (Some(key), Some(value)) = (Kind::of(kinds >> 4), Kind::of(kinds & 15)) else {
            return Err(self.damaged("unknown thrift type"));
        };
        for _ in 0..len {
            self.skip_value(key, depth + 1)?;
            self.skip_value(value, depth + 1)?;
        }
        Ok(())
    }
}

/// The unsigned varint that `bytes` begin with, and its length.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        let low = u64::from(byte & 0x7F);
        if index == 9 && low > 1 {
            return None;
        }
        value |= low << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}
