//! Writes JSON objects, member by member, straight into a buffer.
//!
//! Knows JSON and protobuf's ways with scalars, but no message of OTLP.

use super::scalar::put_base64;
use std::fmt::Display;
use std::io::Write;

/// The members of an object that is being written.
pub(crate) struct Members<'b> {
    out: &'b mut Vec<u8>,
    is_first: bool,
}

/// Writes an object, whose members `write` adds.
pub(crate) fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
    out.push(b'{');
    let is_first = true;
    write(&mut Members { out, is_first });
    out.push(b'}');
}

impl Members<'_> {
    /// A member whose value `write` appends.
    pub(crate) fn value(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        put_text(self.out, name);
        self.out.push(b':');
        write(self.out);
    }

    /// A member that is an array.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut put: impl FnMut(&mut Vec<u8>, T),
    ) {
        self.value(name, |out| {
            out.push(b'[');
            for (index, item) in items.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put(out, item);
            }
            out.push(b']');
        });
    }

    /// A string, even when empty.
    pub(crate) fn always_text(&mut self, name: &str, text: &str) {
        self.value(name, |out| put_text(out, text));
    }

    /// A string, left out when empty.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.always_text(name, text);
        }
    }

    /// A value that is written as it is displayed.
    pub(crate) fn bare(&mut self, name: &str, value: impl Display) {
        self.value(name, |out| put(out, format_args!("{value}")));
    }

    /// A value that is displayed between quotes and needs no escapes.
    pub(crate) fn quoted(&mut self, name: &str, value: impl Display) {
        self.value(name, |out| put(out, format_args!("\"{value}\"")));
    }

    /// A number, left out when 0.
    pub(crate) fn count(&mut self, name: &str, count: u32) {
        if count != 0 {
            self.bare(name, count);
        }
    }

    /// JSON has no infinities and no NaN; protobuf writes their names.
    pub(crate) fn double(&mut self, name: &str, value: f64) {
        if value.is_nan() {
            self.quoted(name, "NaN");
        } else if value.is_infinite() {
            let text = if value > 0.0 { "Infinity" } else { "-Infinity" };
            self.quoted(name, text);
        } else {
            self.bare(name, format_args!("{value:?}"));
        }
    }

    /// Bytes as base64.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.value(name, |out| {
            out.push(b'"');
            put_base64(out, bytes);
            out.push(b'"');
        });
    }
}

/// A JSON string.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory cannot fail");
}
