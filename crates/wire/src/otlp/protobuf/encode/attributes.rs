//! Attributes of spans, written by column: what spans have in common is encoded
//! once.
//!
//! A key is the same for all that have it, and most texts come again and again
//! (methods, routes, hosts). So a column knows the bytes before its values, and,
//! where texts repeat, whole attributes to copy. **What is written is what
//! `put_attributes` writes**, byte by byte.

#[cfg(test)]
mod tests;

use std::iter;

use super::put_attributes;
use crate::fields::{put_varint, varint_len};
use tracewell_model::batch::columns::ColumnValues;
use tracewell_model::batch::view::{AttributePlace, BatchView};
use tracewell_model::{Level, SpanBatch};

/// Tag of `Span.attributes`.
const TAG: u8 = 0x4a;

/// Texts that come at least so often each are worth encoding beforehand.
const REPEATED: usize = 2;

/// The columns of a batch, made ready.
pub(in crate::otlp::protobuf) struct SpanAttributes<'b> {
    columns: Vec<Column<'b>>,
}

enum Column<'b> {
    /// Of another level.
    Others,
    /// Whole attributes, by the number of their text.
    Repeated {
        codes: &'b [u32],
        ends: Vec<u32>,
        fields: Vec<u8>,
    },
    /// Tag, room for the length, the key, and the tag of the value.
    Various {
        prefix: Vec<u8>,
        values: &'b ColumnValues,
    },
}

impl<'b> SpanAttributes<'b> {
    pub(in crate::otlp::protobuf) fn new(batch: &'b SpanBatch) -> Self {
        let columns = batch.attributes().iter().map(|column| {
            if column.level != Level::Span {
                return Column::Others;
            }
            let prefix = prefix(&column.key);
            match &column.values {
                ColumnValues::Str(texts) if texts.dict.len() * REPEATED <= texts.len() => {
                    let (mut ends, mut fields) = (Vec::new(), Vec::new());
                    ends.reserve_exact(texts.dict.len());
                    for text in 0..texts.dict.len() {
                        put_text(&mut fields, &prefix, texts.dict.get_bytes(text));
                        ends.push(fields.len() as u32);
                    }
                    Column::Repeated {
                        codes: &texts.codes,
                        ends,
                        fields,
                    }
                }
                values => Column::Various { prefix, values },
            }
        });
        Self {
            columns: columns.collect(),
        }
    }

    /// Appends the attributes of a span, in their order.
    pub(super) fn put(&self, out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
        for place in view.attribute_places(Level::Span, row) {
            let column = match place {
                AttributePlace::Column { column, .. } => &self.columns[column],
                AttributePlace::Overflow(_) => &Column::Others,
            };
            match (column, place) {
                (
                    Column::Repeated {
                        codes,
                        ends,
                        fields,
                    },
                    AttributePlace::Column { entry, .. },
                ) => {
                    let text = codes[entry] as usize;
                    let from = text.checked_sub(1).map_or(0, |before| ends[before]);
                    out.extend_from_slice(&fields[from as usize..ends[text] as usize]);
                }
                (Column::Various { prefix, values }, AttributePlace::Column { entry, .. }) => {
                    match values {
                        ColumnValues::Str(texts) => {
                            let text = texts.codes[entry] as usize;
                            put_text(out, prefix, texts.dict.get_bytes(text));
                        }
                        ColumnValues::Int(numbers) => put_int(out, prefix, numbers[entry]),
                        ColumnValues::Bool(values) => {
                            put_fixed(out, prefix, [2, 0x10, u8::from(values[entry])]);
                        }
                        _ => put_attributes(out, TAG, iter::once(view.attribute_at(place))),
                    }
                }
                _ => put_attributes(out, TAG, iter::once(view.attribute_at(place))),
            }
        }
    }
}

/// What stands before a value, with the length of the attribute left open.
fn prefix(key: &str) -> Vec<u8> {
    let mut prefix = vec![TAG, 0];
    if !key.is_empty() {
        prefix.push(0x0a);
        put_varint(&mut prefix, key.len() as u64);
        prefix.extend_from_slice(key.as_bytes());
    }
    prefix.push(0x12);
    prefix
}

/// The prefix, with the length of the attribute: `rest` bytes follow it.
fn put_prefix(out: &mut Vec<u8>, prefix: &[u8], rest: usize) {
    let len = prefix.len() - 2 + rest;
    if len < 0x80 {
        let at = out.len() + 1;
        out.extend_from_slice(prefix);
        out[at] = len as u8;
    } else {
        out.push(prefix[0]);
        put_varint(out, len as u64);
        out.extend_from_slice(&prefix[2..]);
    }
}

fn put_text(out: &mut Vec<u8>, prefix: &[u8], text: &[u8]) {
    let value = 1 + varint_len(text.len() as u64) + text.len();
    put_prefix(out, prefix, varint_len(value as u64) + value);
    if value < 0x80 {
        out.extend_from_slice(&[value as u8, 0x0a, text.len() as u8]);
    } else {
        put_varint(out, value as u64);
        out.push(0x0a);
        put_varint(out, text.len() as u64);
    }
    out.extend_from_slice(text);
}

fn put_int(out: &mut Vec<u8>, prefix: &[u8], number: i64) {
    let value = 1 + varint_len(number as u64);
    put_prefix(out, prefix, 1 + value);
    out.extend_from_slice(&[value as u8, 0x18]);
    put_varint(out, number as u64);
}

fn put_fixed<const N: usize>(out: &mut Vec<u8>, prefix: &[u8], value: [u8; N]) {
    put_prefix(out, prefix, N);
    out.extend_from_slice(&value);
}
