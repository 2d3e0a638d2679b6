//! Thrift's binary protocol: every number in big-endian bytes of its own width.

use super::{Bytes, Field, Kind, Reader};
use crate::WireError;
use crate::error::Problem;

/// First half of a message's first word; older writers leave it out.
const VERSION_1: u32 = 0x8001_0000;

/// Reads the binary protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binary<'a>(Bytes<'a>);

impl<'a> Binary<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self(Bytes::new(body))
    }

    /// A type; `None` for the mark of a struct's end.
    fn kind(&mut self) -> Result<Option<Kind>, WireError> {
        let before = self.0;
        Ok(Some(match self.0.u8()? {
            0 => return Ok(None),
            2 => Kind::Bool,
            3 => Kind::Byte,
            4 => Kind::Double,
            6 => Kind::I16,
            8 => Kind::I32,
            10 => Kind::I64,
            11 => Kind::Binary,
            12 => Kind::Struct,
            13 => Kind::Map,
            14 => Kind::Set,
            15 => Kind::List,
            other => return Err(before.error(Problem::NoKind(other))),
        }))
    }

    /// The type of elements. An empty list may give none.
    fn element(&mut self) -> Result<Kind, WireError> {
        Ok(self.kind()?.unwrap_or(Kind::Bool))
    }

    fn length(&mut self) -> Result<u64, WireError> {
        let before = self.0;
        let length = self.i32()?;
        u64::try_from(length).map_err(|_| before.error(Problem::NegativeLength(length.into())))
    }
}

impl<'a> Reader<'a> for Binary<'a> {
    fn offset(&self) -> usize {
        self.0.offset()
    }

    fn rest(&self) -> &'a [u8] {
        self.0.rest
    }

    fn jump(&mut self, bytes: usize) {
        self.0.rest = &self.0.rest[bytes..];
    }

    fn call(&mut self) -> Result<&'a [u8], WireError> {
        let before = self.0;
        let first = self.i32()? as u32;
        if first & 0xffff_0000 == VERSION_1 {
            let name = self.binary()?;
            self.i32()?;
            return Ok(name);
        }
        if first & 0x8000_0000 != 0 {
            return Err(before.error(Problem::NoMessage));
        }
        let name = self.0.take(first.into())?;
        self.0.u8()?;
        self.i32()?;
        Ok(name)
    }

    #[inline]
    fn field(&mut self, _last: i16) -> Result<Option<Field>, WireError> {
        let Some(kind) = self.kind()? else {
            return Ok(None);
        };
        let id = self.i16()?;
        Ok(Some(Field { id, kind }))
    }

    fn list(&mut self) -> Result<(Kind, usize), WireError> {
        let kind = self.element()?;
        let length = self.length()?;
        Ok((kind, self.0.count(length)?))
    }

    fn map(&mut self) -> Result<(Kind, Kind, usize), WireError> {
        let (key, value) = (self.element()?, self.element()?);
        let length = self.length()?;
        Ok((key, value, self.0.count(length)?))
    }

    fn bool(&mut self) -> Result<bool, WireError> {
        Ok(self.0.u8()? != 0)
    }

    fn byte(&mut self) -> Result<i8, WireError> {
        Ok(self.0.u8()? as i8)
    }

    fn i16(&mut self) -> Result<i16, WireError> {
        self.0.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, WireError> {
        self.0.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, WireError> {
        self.0.array().map(i64::from_be_bytes)
    }

    fn double(&mut self) -> Result<f64, WireError> {
        self.0.array().map(f64::from_be_bytes)
    }

    fn binary(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.length()?;
        self.0.take(length)
    }
}
