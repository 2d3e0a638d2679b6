//! Thrift's compact protocol: numbers as zigzag varints, fields by the distance
//! of their ids, truth values within the type of their field.

use super::{Bytes, Field, Kind, Reader};
use crate::WireError;
use crate::error::Problem;

/// What every message begins with.
pub(super) const PROTOCOL_ID: u8 = 0x82;

/// Reads the compact protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compact<'a> {
    bytes: Bytes<'a>,
    /// The truth value that stood in the head of its field.
    of_field: Option<bool>,
}

impl<'a> Compact<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self {
            bytes: Bytes::new(body),
            of_field: None,
        }
    }

    /// Does a message begin like one of this protocol?
    pub(crate) fn is_message(body: &[u8]) -> bool {
        body.first() == Some(&PROTOCOL_ID)
    }

    fn kind(&self, number: u8) -> Result<Kind, WireError> {
        Ok(match number {
            1 | 2 => Kind::Bool,
            3 => Kind::Byte,
            4 => Kind::I16,
            5 => Kind::I32,
            6 => Kind::I64,
            7 => Kind::Double,
            8 => Kind::Binary,
            9 => Kind::List,
            10 => Kind::Set,
            11 => Kind::Map,
            12 => Kind::Struct,
            other => return Err(self.bytes.error(Problem::NoKind(other))),
        })
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, WireError> {
        if let [byte, rest @ ..] = self.bytes.rest
            && *byte < 0x80
        {
            self.bytes.rest = rest;
            return Ok(u64::from(*byte));
        }
        let before = self.bytes;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(before.error(Problem::Varint))
    }

    fn zigzag(&mut self) -> Result<i64, WireError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

impl<'a> Reader<'a> for Compact<'a> {
    fn offset(&self) -> usize {
        self.bytes.offset()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.rest
    }

    fn jump(&mut self, bytes: usize) {
        self.bytes.rest = &self.bytes.rest[bytes..];
    }

    fn call(&mut self) -> Result<&'a [u8], WireError> {
        let before = self.bytes;
        if self.bytes.u8()? != PROTOCOL_ID || self.bytes.u8()? & 0x1f != 1 {
            return Err(before.error(Problem::NoMessage));
        }
        self.varint()?;
        self.binary()
    }

    #[inline]
    fn field(&mut self, last: i16) -> Result<Option<Field>, WireError> {
        let head = self.bytes.u8()?;
        let (delta, number) = (head >> 4, head & 0x0f);
        if number == 0 {
            return Ok(None);
        }
        let kind = self.kind(number)?;
        let id = match delta {
            0 => self.i16()?,
            delta => last.wrapping_add(delta.into()),
        };
        if kind == Kind::Bool {
            self.of_field = Some(number == 1);
        }
        Ok(Some(Field { id, kind }))
    }

    fn list(&mut self) -> Result<(Kind, usize), WireError> {
        let head = self.bytes.u8()?;
        let kind = match head & 0x0f {
            // An empty list may give none.
            0 => Kind::Bool,
            number => self.kind(number)?,
        };
        let length = match head >> 4 {
            15 => self.varint()?,
            short => short.into(),
        };
        Ok((kind, self.bytes.count(length)?))
    }

    fn map(&mut self) -> Result<(Kind, Kind, usize), WireError> {
        let length = self.varint()?;
        if length == 0 {
            return Ok((Kind::Bool, Kind::Bool, 0));
        }
        let kinds = self.bytes.u8()?;
        let (key, value) = (self.kind(kinds >> 4)?, self.kind(kinds & 0x0f)?);
        Ok((key, value, self.bytes.count(length)?))
    }

    fn bool(&mut self) -> Result<bool, WireError> {
        match self.of_field.take() {
            Some(value) => Ok(value),
            None => Ok(self.bytes.u8()? == 1),
        }
    }

    fn byte(&mut self) -> Result<i8, WireError> {
        Ok(self.bytes.u8()? as i8)
    }

    /// Like every reader of this protocol, takes the low bits.
    fn i16(&mut self) -> Result<i16, WireError> {
        Ok(self.zigzag()? as i16)
    }

    fn i32(&mut self) -> Result<i32, WireError> {
        Ok(self.zigzag()? as i32)
    }

    fn i64(&mut self) -> Result<i64, WireError> {
        self.zigzag()
    }

    /// Little-endian: the one thing in which writers follow the first
    /// implementation and not the specification.
    fn double(&mut self) -> Result<f64, WireError> {
        self.bytes.array().map(f64::from_le_bytes)
    }

    fn binary(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.varint()?;
        self.bytes.take(length)
    }
}
