//! Apache Thrift's wire formats: the binary and the compact protocol.
//!
//! Reading is lazy and copies nothing, as with protobuf's `Cursor`: a reader
//! goes through a body once, and a copy of it looks ahead. **A length is never
//! believed**: elements are read until their bytes end, and nothing is kept
//! room for.

mod binary;
mod compact;

pub(crate) use binary::Binary;
pub(crate) use compact::Compact;

use crate::WireError;
use crate::error::Problem;

/// Deepest nesting of what is skipped; each level costs a stack frame.
const MAX_DEPTH: usize = 32;

/// The type of a field or an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Byte,
    I16,
    I32,
    I64,
    Double,
    /// Text or bytes.
    Binary,
    Struct,
    Map,
    Set,
    List,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Byte => "an i8",
            Self::I16 => "an i16",
            Self::I32 => "an i32",
            Self::I64 => "an i64",
            Self::Double => "a double",
            Self::Binary => "a string",
            Self::Struct => "a struct",
            Self::Map => "a map",
            Self::Set => "a set",
            Self::List => "a list",
        }
    }
}

/// A field of a struct, whose value stands next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) id: i16,
    pub(crate) kind: Kind,
}

/// Reads one of the protocols. A copy reads on from the same place.
pub(crate) trait Reader<'a>: Copy {
    /// Bytes of the body before what is read next.
    fn offset(&self) -> usize;
    /// The body behind it.
    fn rest(&self) -> &'a [u8];
    /// Steps over a whole value that stands next, which takes `bytes`.
    fn jump(&mut self, bytes: usize);
    /// Bytes of the body behind it.
    fn left(&self) -> usize {
        self.rest().len()
    }
    /// The name of the function that a message calls.
    fn call(&mut self) -> Result<&'a [u8], WireError>;
    /// The next field of a struct, `None` at its end. `last` is the id of the
    /// field before, at first 0.
    fn field(&mut self, last: i16) -> Result<Option<Field>, WireError>;
    /// Type and number of the elements of a list or set.
    fn list(&mut self) -> Result<(Kind, usize), WireError>;
    /// Types and number of the pairs of a map.
    fn map(&mut self) -> Result<(Kind, Kind, usize), WireError>;
    fn bool(&mut self) -> Result<bool, WireError>;
    fn byte(&mut self) -> Result<i8, WireError>;
    fn i16(&mut self) -> Result<i16, WireError>;
    fn i32(&mut self) -> Result<i32, WireError>;
    fn i64(&mut self) -> Result<i64, WireError>;
    fn double(&mut self) -> Result<f64, WireError>;
    fn binary(&mut self) -> Result<&'a [u8], WireError>;
}

/// Fails when a field is not of the type that its struct gives it.
pub(crate) fn expect<'a>(reader: &impl Reader<'a>, field: Field, want: Kind) -> Read {
    if field.kind == want {
        return Ok(());
    }
    let problem = Problem::Kind {
        field: field.id,
        got: field.kind.name(),
        want: want.name(),
    };
    Err(WireError::at_byte(reader.offset(), problem))
}

type Read = Result<(), WireError>;

/// The value of an `i64` field.
pub(crate) fn i64<'a>(reader: &mut impl Reader<'a>, field: Field) -> Result<i64, WireError> {
    expect(reader, field, Kind::I64)?;
    reader.i64()
}

/// The value of an `i32` or enum field.
pub(crate) fn i32<'a>(reader: &mut impl Reader<'a>, field: Field) -> Result<i32, WireError> {
    expect(reader, field, Kind::I32)?;
    reader.i32()
}

/// The value of a `string` or `binary` field.
pub(crate) fn binary<'a>(
    reader: &mut impl Reader<'a>,
    field: Field,
) -> Result<&'a [u8], WireError> {
    expect(reader, field, Kind::Binary)?;
    reader.binary()
}

/// Calls `each` for every field of a struct; it must read or [`skip`] it.
#[inline]
pub(crate) fn fields<'a, R: Reader<'a>>(
    reader: &mut R,
    mut each: impl FnMut(&mut R, Field) -> Read,
) -> Read {
    let mut last = 0;
    while let Some(field) = reader.field(last)? {
        last = field.id;
        each(reader, field)?;
    }
    Ok(())
}

/// Calls `each` for every struct of a list field; it must read it. Errors get
/// `name` and the number around them.
pub(crate) fn structs<'a, R: Reader<'a>>(
    reader: &mut R,
    field: Field,
    name: &'static str,
    mut each: impl FnMut(&mut R, usize) -> Read,
) -> Read {
    expect(reader, field, Kind::List)?;
    let (kind, len) = reader.list().map_err(|error| error.within(name))?;
    let of_list = Field { kind, ..field };
    if len > 0 {
        expect(reader, of_list, Kind::Struct).map_err(|error| error.within(name))?;
    }
    for index in 0..len {
        each(reader, index).map_err(|error| error.within_item(name, index))?;
    }
    Ok(())
}

/// Steps over a field that nobody reads.
pub(crate) fn skip<'a>(reader: &mut impl Reader<'a>, field: Field) -> Read {
    skip_kind(reader, field.kind, 0)
}

fn skip_kind<'a>(reader: &mut impl Reader<'a>, kind: Kind, depth: usize) -> Read {
    if depth > MAX_DEPTH {
        return Err(WireError::at_byte(
            reader.offset(),
            Problem::Depth(MAX_DEPTH),
        ));
    }
    match kind {
        Kind::Bool => reader.bool().map(drop),
        Kind::Byte => reader.byte().map(drop),
        Kind::I16 => reader.i16().map(drop),
        Kind::I32 => reader.i32().map(drop),
        Kind::I64 => reader.i64().map(drop),
        Kind::Double => reader.double().map(drop),
        Kind::Binary => reader.binary().map(drop),
        Kind::Struct => fields(reader, |reader, field| {
            skip_kind(reader, field.kind, depth + 1)
        }),
        Kind::List | Kind::Set => {
            let (kind, len) = reader.list()?;
            (0..len).try_for_each(|_| skip_kind(reader, kind, depth + 1))
        }
        Kind::Map => {
            let (key, value, len) = reader.map()?;
            (0..len).try_for_each(|_| {
                skip_kind(reader, key, depth + 1)?;
                skip_kind(reader, value, depth + 1)
            })
        }
    }
}

/// The bytes of a body, taken from the front.
#[derive(Debug, Clone, Copy)]
struct Bytes<'a> {
    rest: &'a [u8],
    /// Length of the body.
    end: usize,
}

impl<'a> Bytes<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            end: body.len(),
        }
    }

    fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    #[cold]
    fn error(&self, problem: Problem) -> WireError {
        WireError::at_byte(self.offset(), problem)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error(Problem::Truncated));
        };
        self.rest = rest;
        Ok(*head)
    }

    #[inline]
    fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let split = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length));
        let Some((head, rest)) = split else {
            return Err(self.too_long(length));
        };
        self.rest = rest;
        Ok(head)
    }

    /// A number of elements, each of which takes a byte at least.
    fn count(&self, count: u64) -> Result<usize, WireError> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.rest.len())
            .ok_or_else(|| self.too_long(count))
    }

    #[cold]
    fn too_long(&self, length: u64) -> WireError {
        let left = self.rest.len();
        self.error(Problem::Length { length, left })
    }
}
