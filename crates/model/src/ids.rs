//! Trace and span identifiers, and their hexadecimal text.
//!
//! Ids are opaque bytes in network order (OTLP `trace_id`, 16 bytes; `span_id`,
//! 8 bytes; all zeros is invalid). They are never numbers here, so no byte
//! order can be got wrong.

use std::fmt;

/// Identity of a trace: 16 bytes. All zeros is invalid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TraceId(pub [u8; 16]);

/// Identity of a span within its trace: 8 bytes. All zeros means "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanId(pub [u8; 8]);

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Longer than the id, or empty.
    #[error("expected 1 to {max} hexadecimal digits, got {got}")]
    Length {
        /// Digits an id of this kind has.
        max: usize,
        /// Characters in the text.
        got: usize,
    },
    /// A character that is not a hexadecimal digit.
    #[error("'{0}' is not a hexadecimal digit")]
    Digit(char),
    /// Only zeros.
    #[error("an id of zeros is invalid")]
    Zero,
}

impl TraceId {
    /// True for the all-zero id, which OTLP and W3C call invalid.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }

    /// Reads 1 to 32 hexadecimal digits of either case; short text is padded
    /// on the left, because Jaeger and Zipkin print 64-bit ids that way.
    ///
    /// # Errors
    /// Wrong length, a foreign character, or only zeros.
    pub fn parse_hex(text: &str) -> Result<Self, IdError> {
        let id = Self(parse_hex_padded(text)?);
        if id.is_zero() {
            Err(IdError::Zero)
        } else {
            Ok(id)
        }
    }

    /// The text Jaeger's JSON uses: 16 digits when the upper half is zero, else 32.
    #[must_use]
    pub fn to_short_hex(self) -> String {
        let full = self.to_string();
        if self.0[..8] == [0; 8] {
            full[16..].to_owned()
        } else {
            full
        }
    }
}

impl SpanId {
    /// True for the all-zero id: "no parent", or an invalid span id.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 8]
    }

    /// Reads 1 to 16 hexadecimal digits; see [`TraceId::parse_hex`].
    ///
    /// # Errors
    /// Wrong length, a foreign character, or only zeros.
    pub fn parse_hex(text: &str) -> Result<Self, IdError> {
        let id = Self(parse_hex_padded(text)?);
        if id.is_zero() {
            Err(IdError::Zero)
        } else {
            Ok(id)
        }
    }
}

fn parse_hex_padded<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    if text.is_empty() || text.len() > 2 * N {
        return Err(IdError::Length {
            max: 2 * N,
            got: text.chars().count(),
        });
    }
    let (mut id, mut all_bits) = ([0u8; N], 0);
    for (byte, digits) in id.iter_mut().rev().zip(text.as_bytes().rchunks(2)) {
        let (high, low) = match *digits {
            [high, low] => (HEX_VALUES[usize::from(high)], HEX_VALUES[usize::from(low)]),
            [low] => (0, HEX_VALUES[usize::from(low)]),
            _ => (0, 0),
        };
        *byte = high << 4 | low;
        all_bits |= high | low;
    }
    if all_bits <= 0x0f {
        return Ok(id);
    }
    let mut digits = text.chars().rev();
    let wrong = digits.find(|digit| !digit.is_ascii_hexdigit());
    Err(IdError::Digit(wrong.unwrap_or_default()))
}

/// Values of hexadecimal digits by their bytes; 0xff for all other bytes.
const HEX_VALUES: [u8; 256] = {
    let (mut values, mut byte) = ([0xff; 256], 0);
    while byte < 256 {
        values[byte] = match byte as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' => digit - b'A' + 10,
            _ => 0xff,
        };
        byte += 1;
    }
    values
};

/// Ids are at most 16 bytes.
fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0x0f)];
    }
    let text = std::str::from_utf8(&text[..2 * bytes.len()]);
    f.write_str(text.unwrap_or_default())
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_any_length_and_case_is_read() {
        for (text, want) in [
            ("1", "00000000000000000000000000000001"),
            ("ABCDEF0123456789", "0000000000000000abcdef0123456789"),
            (
                "0af7651916cd43dd8448eb211c80319c",
                "0af7651916cd43dd8448eb211c80319c",
            ),
        ] {
            assert_eq!(TraceId::parse_hex(text).unwrap().to_string(), want);
        }
        assert_eq!(
            TraceId::parse_hex("ff").unwrap().to_short_hex(),
            "00000000000000ff"
        );
        assert_eq!(
            SpanId::parse_hex("b7ad6b7169203331").unwrap().to_string(),
            "b7ad6b7169203331"
        );
    }

    #[test]
    fn what_is_not_an_id_says_why() {
        for (text, want) in [
            ("", "expected 1 to 32 hexadecimal digits, got 0"),
            ("xyz", "'z' is not a hexadecimal digit"),
            ("é", "'é' is not a hexadecimal digit"),
            ("0000", "an id of zeros is invalid"),
            (
                "000000000000000000000000000000001",
                "expected 1 to 32 hexadecimal digits, got 33",
            ),
        ] {
            assert_eq!(
                TraceId::parse_hex(text).unwrap_err().to_string(),
                want,
                "{text}"
            );
        }
    }
}
