//! Values that are no scalars: arrays, key-value lists, and "no value".
//!
//! A batch keeps them exactly as OTLP writes them: the protobuf encoding of
//! `opentelemetry.proto.common.v1.AnyValue`. That encoding is the documented
//! form in WAL entries and blocks too, so any OTLP library reads it.
//!
//! Field numbers of `AnyValue`: string 1, bool 2, int 3, double 4, array 5
//! (`ArrayValue.values` 1), kvlist 6 (`KeyValueList.values` 1, `KeyValue` key
//! 1, value 2), bytes 7.

#[cfg(test)]
mod tests;

/// Deepest nesting of arrays and key-value lists that is accepted. Real
/// clients stay under 10; each level costs a stack frame.
pub const MAX_DEPTH: usize = 32;

/// A decoded value of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyValue {
    /// `AnyValue` without a value (legal, means null).
    Empty,
    /// UTF-8 text.
    String(String),
    /// Truth value.
    Bool(bool),
    /// Signed integer.
    Int(i64),
    /// IEEE 754 double.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<AnyValue>),
    /// Keys with values, in order, as sent.
    KvList(Vec<(String, AnyValue)>),
}

impl From<i64> for AnyValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for AnyValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

/// Why bytes are not an `AnyValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnyValueError {
    /// A length or a number runs past the end, or a wire type is wrong.
    #[error("malformed protobuf in an attribute value")]
    Malformed,
    /// Text that is not UTF-8.
    #[error("text in an attribute value is not UTF-8")]
    Utf8,
    /// A field that this version of the protocol does not have.
    #[error("an attribute value has a field that is not known")]
    Unknown,
    /// Arrays in arrays in arrays...
    #[error("an attribute value is nested deeper than {MAX_DEPTH} levels")]
    Depth,
}

impl AnyValue {
    /// Appends the protobuf encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => {}
            Self::String(text) => put_bytes(out, 1, text.as_bytes()),
            Self::Bool(value) => out.extend_from_slice(&[0x10, u8::from(*value)]),
            Self::Int(value) => {
                out.push(0x18);
                put_varint(out, *value as u64);
            }
            Self::Double(value) => {
                out.push(0x21);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Array(values) => {
                let mut inner = Vec::new();
                for value in values {
                    put_message(&mut inner, 1, |out| value.encode(out));
                }
                put_bytes(out, 5, &inner);
            }
            Self::KvList(pairs) => {
                let mut inner = Vec::new();
                for (key, value) in pairs {
                    put_message(&mut inner, 1, |out| {
                        put_bytes(out, 1, key.as_bytes());
                        put_message(out, 2, |out| value.encode(out));
                    });
                }
                put_bytes(out, 6, &inner);
            }
            Self::Bytes(bytes) => put_bytes(out, 7, bytes),
        }
    }

    /// Reads the protobuf encoding. Unknown fields are skipped; of several
    /// values the last wins, as protobuf says for a oneof.
    ///
    /// # Errors
    /// Malformed bytes, bad UTF-8, or nesting beyond [`MAX_DEPTH`].
    pub fn decode(bytes: &[u8]) -> Result<Self, AnyValueError> {
        decode_at(bytes, 0)
    }

    /// Checks what [`AnyValue::decode`] checks, without building the value.
    ///
    /// # Errors
    /// As for [`AnyValue::decode`].
    pub fn check(bytes: &[u8]) -> Result<(), AnyValueError> {
        check_at(bytes, 0)
    }

    /// The same for bytes that somebody sent and that are handed on as they are:
    /// a field that we do not know may be known to others, and wrong.
    ///
    /// # Errors
    /// As for [`AnyValue::check`], and [`AnyValueError::Unknown`].
    pub fn check_sent(bytes: &[u8]) -> Result<(), AnyValueError> {
        check_at(bytes, 0)?;
        only_known(bytes)
    }
}

/// One protobuf field as it stands on the wire.
enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, AnyValueError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| AnyValueError::Malformed)?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let (head, rest) = self.0.split_first_chunk().ok_or(AnyValueError::Malformed)?;
                self.0 = rest;
                Field::Fixed64(*head)
            }
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| AnyValueError::Malformed)?;
                let (head, rest) = self
                    .0
                    .split_at_checked(len)
                    .ok_or(AnyValueError::Malformed)?;
                self.0 = rest;
                Field::Bytes(head)
            }
            5 => {
                self.0 = self.0.get(4..).ok_or(AnyValueError::Malformed)?;
                Field::Fixed32
            }
            _ => return Err(AnyValueError::Malformed),
        };
        if tag >> 3 == 0 {
            return Err(AnyValueError::Malformed);
        }
        Ok(Some((tag >> 3, field)))
    }

    fn varint(&mut self) -> Result<u64, AnyValueError> {
        let mut value = 0u64;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                if index == 9 && *byte > 1 {
                    break;
                }
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(AnyValueError::Malformed)
    }
}

fn text(bytes: &[u8]) -> Result<&str, AnyValueError> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| AnyValueError::Utf8)
}

fn decode_at(bytes: &[u8], depth: usize) -> Result<AnyValue, AnyValueError> {
    if depth > MAX_DEPTH {
        return Err(AnyValueError::Depth);
    }
    let mut value = AnyValue::Empty;
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        value = match (number, field) {
            (1, Field::Bytes(raw)) => AnyValue::String(text(raw)?.to_owned()),
            (2, Field::Varint(raw)) => AnyValue::Bool(raw != 0),
            (3, Field::Varint(raw)) => AnyValue::Int(raw as i64),
            (4, Field::Fixed64(raw)) => AnyValue::Double(f64::from_le_bytes(raw)),
            (5, Field::Bytes(raw)) => {
                let mut values = match value {
                    AnyValue::Array(earlier) => earlier,
                    _ => Vec::new(),
                };
                for_each_item(raw, |item| {
                    values.push(decode_at(item, depth + 1)?);
                    Ok(())
                })?;
                AnyValue::Array(values)
            }
            (6, Field::Bytes(raw)) => {
                let mut pairs = match value {
                    AnyValue::KvList(earlier) => earlier,
                    _ => Vec::new(),
                };
                for_each_item(raw, |item| {
                    pairs.push(decode_pair(item, depth + 1)?);
                    Ok(())
                })?;
                AnyValue::KvList(pairs)
            }
            (7, Field::Bytes(raw)) => AnyValue::Bytes(raw.to_vec()),
            (1..=7, _) => return Err(AnyValueError::Malformed),
            _ => value,
        };
    }
    Ok(value)
}

fn check_at(bytes: &[u8], depth: usize) -> Result<(), AnyValueError> {
    if depth > MAX_DEPTH {
        return Err(AnyValueError::Depth);
    }
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(raw)) => {
                text(raw)?;
            }
            (2 | 3, Field::Varint(_)) | (4, Field::Fixed64(_)) | (7, Field::Bytes(_)) => {}
            (5, Field::Bytes(raw)) => for_each_item(raw, |item| check_at(item, depth + 1))?,
            (6, Field::Bytes(raw)) => for_each_item(raw, |item| check_pair(item, depth + 1))?,
            (1..=7, _) => return Err(AnyValueError::Malformed),
            _ => {}
        }
    }
    Ok(())
}

/// Looks for fields that are not known in a value that is well formed.
fn only_known(value: &[u8]) -> Result<(), AnyValueError> {
    let mut fields = Fields(value);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (5, Field::Bytes(items)) => only_known_items(items, only_known)?,
            (6, Field::Bytes(items)) => only_known_items(items, only_known_pair)?,
            (1..=7, _) => {}
            _ => return Err(AnyValueError::Unknown),
        }
    }
    Ok(())
}

fn only_known_items(
    items: &[u8],
    of_item: fn(&[u8]) -> Result<(), AnyValueError>,
) -> Result<(), AnyValueError> {
    let mut fields = Fields(items);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(item)) => of_item(item)?,
            _ => return Err(AnyValueError::Unknown),
        }
    }
    Ok(())
}

fn only_known_pair(pair: &[u8]) -> Result<(), AnyValueError> {
    let mut fields = Fields(pair);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, _) => {}
            (2, Field::Bytes(value)) => only_known(value)?,
            _ => return Err(AnyValueError::Unknown),
        }
    }
    Ok(())
}

/// Calls `each` for every element (field 1) of an `ArrayValue` or `KeyValueList`.
fn for_each_item<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(&'a [u8]) -> Result<(), AnyValueError>,
) -> Result<(), AnyValueError> {
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(item)) => each(item)?,
            (1, _) => return Err(AnyValueError::Malformed),
            _ => {}
        }
    }
    Ok(())
}

/// A `KeyValue`. Of several keys the last counts; several values are merged,
/// which is what their bytes one after the other mean (protobuf, "Last One Wins").
fn decode_pair(bytes: &[u8], depth: usize) -> Result<(String, AnyValue), AnyValueError> {
    let key = last_key(bytes)?;
    let (mut value, mut merged): (&[u8], _) = (&[], Vec::new());
    each_value(bytes, |raw| {
        if !merged.is_empty() || !value.is_empty() {
            if merged.is_empty() {
                check_at(value, depth)?;
                merged.extend_from_slice(value);
            }
            // On its own: what is cut off here must not go on in the next one.
            check_at(raw, depth)?;
            merged.extend_from_slice(raw);
        }
        value = raw;
        Ok(())
    })?;
    let value = if merged.is_empty() { value } else { &merged };
    Ok((key.to_owned(), decode_at(value, depth)?))
}

/// Every key and value is looked at, not only those that count: the bytes are
/// handed on as they are.
fn check_pair(bytes: &[u8], depth: usize) -> Result<(), AnyValueError> {
    last_key(bytes)?;
    each_value(bytes, |raw| check_at(raw, depth))
}

/// The key that counts, once all of them are known to be texts and the fields
/// to be those of a `KeyValue`.
fn last_key(bytes: &[u8]) -> Result<&str, AnyValueError> {
    let mut key = "";
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(raw)) => key = text(raw)?,
            (2, Field::Bytes(_)) => {}
            (1 | 2, _) => return Err(AnyValueError::Malformed),
            _ => {}
        }
    }
    Ok(key)
}

/// Calls `each` for every value of a `KeyValue`.
fn each_value<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(&'a [u8]) -> Result<(), AnyValueError>,
) -> Result<(), AnyValueError> {
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        if let (2, Field::Bytes(raw)) = (number, field) {
            each(raw)?;
        }
    }
    Ok(())
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_message(out: &mut Vec<u8>, number: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    put_bytes(out, number, &inner);
}
