//! Writes Thrift in both protocols: what clients of Jaeger and Zipkin send, and
//! what none does. Nothing here reads it.

/// A value.
#[derive(Debug, Clone)]
pub enum Val {
    /// A boolean.
    Bool(bool),
    /// A number of 16 bits.
    I16(i16),
    /// A number of 32 bits.
    I32(i32),
    /// A number of 64 bits.
    I64(i64),
    /// A floating-point number.
    Double(f64),
    /// Bytes, or text.
    Bytes(Vec<u8>),
    /// Fields with their ids.
    Struct(Vec<(i16, Val)>),
    /// A list; its first item tells the type of all.
    List(Vec<Val>),
}

/// Text.
#[must_use]
pub fn text(text: &str) -> Val {
    Val::Bytes(text.as_bytes().to_vec())
}

/// A struct of these fields.
#[must_use]
pub fn of<const N: usize>(fields: [(i16, Val); N]) -> Val {
    Val::Struct(fields.to_vec())
}

/// A list of these items.
#[must_use]
pub fn list<const N: usize>(items: [Val; N]) -> Val {
    Val::List(items.to_vec())
}

/// A `Batch` of Jaeger's: one span of the service `old`, with this id and name.
#[must_use]
pub fn jaeger_batch(trace_id: i64, name: &str) -> Val {
    let span = of([
        (1, Val::I64(trace_id)),
        (2, Val::I64(0)),
        (3, Val::I64(8)),
        (5, text(name)),
        (8, Val::I64(1_700_000_000_000_000)),
    ]);
    of([(1, of([(1, text("old"))])), (2, list([span]))])
}

/// The value in the binary protocol.
#[must_use]
pub fn binary(value: &Val) -> Vec<u8> {
    let mut out = Vec::new();
    put_binary(&mut out, value);
    out
}

/// A call of a function with one argument, in the binary protocol.
#[must_use]
pub fn binary_call(name: &str, argument: &Val) -> Vec<u8> {
    let mut out = vec![0x80, 1, 0, 4];
    put_binary(&mut out, &text(name));
    put_binary(&mut out, &Val::I32(0));
    put_binary(&mut out, &of([(1, argument.clone())]));
    out
}

/// Likewise in the compact protocol.
#[must_use]
pub fn compact_call(name: &str, argument: &Val) -> Vec<u8> {
    let mut out = vec![0x82, 0x81, 0];
    put_compact(&mut out, &text(name));
    put_compact(&mut out, &of([(1, argument.clone())]));
    out
}

fn put_binary(out: &mut Vec<u8>, value: &Val) {
    match value {
        Val::Bool(value) => out.push(u8::from(*value)),
        Val::I16(value) => out.extend(value.to_be_bytes()),
        Val::I32(value) => out.extend(value.to_be_bytes()),
        Val::I64(value) => out.extend(value.to_be_bytes()),
        Val::Double(value) => out.extend(value.to_be_bytes()),
        Val::Bytes(bytes) => {
            out.extend((bytes.len() as u32).to_be_bytes());
            out.extend(bytes);
        }
        Val::Struct(fields) => {
            for (id, value) in fields {
                out.push(binary_type(value));
                out.extend(id.to_be_bytes());
                put_binary(out, value);
            }
            out.push(0);
        }
        Val::List(items) => {
            out.push(items.first().map_or(12, binary_type));
            out.extend((items.len() as u32).to_be_bytes());
            items.iter().for_each(|item| put_binary(out, item));
        }
    }
}

fn binary_type(value: &Val) -> u8 {
    match value {
        Val::Bool(_) => 2,
        Val::Double(_) => 4,
        Val::I16(_) => 6,
        Val::I32(_) => 8,
        Val::I64(_) => 10,
        Val::Bytes(_) => 11,
        Val::Struct(_) => 12,
        Val::List(_) => 15,
    }
}

fn put_compact(out: &mut Vec<u8>, value: &Val) {
    match value {
        Val::Bool(value) => out.push(if *value { 1 } else { 2 }),
        Val::I16(value) => zigzag(out, (*value).into()),
        Val::I32(value) => zigzag(out, (*value).into()),
        Val::I64(value) => zigzag(out, *value),
        Val::Double(value) => out.extend(value.to_le_bytes()),
        Val::Bytes(bytes) => {
            varint(out, bytes.len() as u64);
            out.extend(bytes);
        }
        Val::Struct(fields) => {
            let mut last = 0;
            for (id, value) in fields {
                let kind = compact_type(value);
                match id - last {
                    delta @ 1..=15 => out.push((delta as u8) << 4 | kind),
                    _ => {
                        out.push(kind);
                        zigzag(out, (*id).into());
                    }
                }
                last = *id;
                if !matches!(value, Val::Bool(_)) {
                    put_compact(out, value);
                }
            }
            out.push(0);
        }
        Val::List(items) => {
            let kind = items.first().map_or(12, compact_type);
            match items.len() {
                len @ 0..=14 => out.push((len as u8) << 4 | kind),
                len => {
                    out.push(0xf0 | kind);
                    varint(out, len as u64);
                }
            }
            items.iter().for_each(|item| put_compact(out, item));
        }
    }
}

fn compact_type(value: &Val) -> u8 {
    match value {
        Val::Bool(true) => 1,
        Val::Bool(false) => 2,
        Val::I16(_) => 4,
        Val::I32(_) => 5,
        Val::I64(_) => 6,
        Val::Double(_) => 7,
        Val::Bytes(_) => 8,
        Val::List(_) => 9,
        Val::Struct(_) => 12,
    }
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, (value << 1 ^ value >> 63) as u64);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
