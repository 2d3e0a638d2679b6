//! Percent-encoding of baggage values and of gRPC's messages.
//!
//! It exists because clients disagree about the space: JavaScript sends `%20`,
//! Python `+`. It must never lose a plus sign that was meant as one.

/// `text` with everything but unreserved characters (RFC 3986, section 2.3) and
/// `!*'()` encoded, as JavaScript's `encodeURIComponent` has it: no reader
/// takes any of these for something else.
pub(crate) fn encode(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!*'()".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(DIGITS[usize::from(byte >> 4)]));
            into.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

/// What `text` stands for. A `%` without two digits stands for itself, and
/// bytes that are not UTF-8 become U+FFFD (W3C Baggage, section 3.3.1.3).
pub(super) fn decode(text: &str) -> String {
    let plus = if is_quoted_plus(text) { b' ' } else { b'+' };
    decode_bytes(text.as_bytes(), plus)
}

/// What the value of `grpc-message` stands for, by the same leniency (gRPC over
/// HTTP/2, responses: it must never be refused).
pub(crate) fn decode_message(value: &[u8]) -> String {
    decode_bytes(value, b'+')
}

/// With `plus` in place of each plus sign.
fn decode_bytes(mut rest: &[u8], plus: u8) -> String {
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push((digit(*high) << 4) | digit(*low));
                rest = tail;
            }
            (b'+', _) => bytes.push(plus),
            (byte, _) => bytes.push(*byte),
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte - b'A' + 10,
    }
}

/// Whether Python's `quote_plus` can have written it, so that `+` is a space:
/// nothing else unencoded that it would have encoded, and no plus sign at an
/// end, where there is a telephone number rather than a space.
fn is_quoted_plus(text: &str) -> bool {
    !text.starts_with('+')
        && !text.ends_with('+')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~%+".contains(&b))
}
