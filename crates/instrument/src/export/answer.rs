//! What a backend answered, and whether to try again.
//!
//! It exists so that gRPC and HTTP end in the same few cases (OTLP
//! specification, failures and throttling). What must not be retried never is.

use super::proto::{Field, Reader};
use crate::propagation::percent;
use hyper::HeaderMap;
use std::time::Duration;

/// A day, in seconds: longer than anybody retries, and no clock overflows.
const LONGEST_S: u64 = 86_400;

/// The end of one try.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, but for this many.
    Accepted { rejected: u64, message: String },
    /// Later it may be taken.
    Retry {
        after: Option<Duration>,
        why: String,
    },
    /// A smaller request may be taken.
    TooLarge { why: String },
    /// It never will be.
    Failed { why: String },
    /// Nor will anything of this signal.
    NotServed { why: String },
}

impl Answer {
    /// With this in place of why it was not taken.
    pub(super) fn map_why(mut self, change: impl FnOnce(&str) -> String) -> Answer {
        if let Answer::Retry { why, .. }
        | Answer::TooLarge { why }
        | Answer::Failed { why }
        | Answer::NotServed { why } = &mut self
        {
            *why = change(why);
        }
        self
    }
}

/// An answer over HTTP.
pub(super) fn from_http(status: u16, headers: &HeaderMap, body: &[u8], now_unix_s: u64) -> Answer {
    let why = || format!("the backend answered HTTP {status}");
    match status {
        200..=299 => accepted(body),
        429 | 502 | 503 | 504 => Answer::Retry {
            after: header(headers, "retry-after").and_then(|text| retry_after(text, now_unix_s)),
            why: why(),
        },
        413 => Answer::TooLarge { why: why() },
        404 | 405 | 501 => Answer::NotServed { why: why() },
        _ => Answer::Failed { why: why() },
    }
}

/// An answer over gRPC. `trailers` are the headers where the server sent no body.
pub(super) fn from_grpc(trailers: &HeaderMap, body: &[u8]) -> Answer {
    let Some(code) = header(trailers, "grpc-status").and_then(|code| code.parse::<u8>().ok())
    else {
        let why = "the backend answered without a grpc-status; is it a gRPC endpoint?".to_owned();
        return Answer::Failed { why };
    };
    if code == 0 {
        // Five bytes of framing: not compressed, length.
        return accepted(body.get(5..).unwrap_or_default());
    }
    let message = trailers.get("grpc-message");
    let message = message.map(|message| percent::decode_message(message.as_bytes()));
    let message = message.unwrap_or_default();
    let separator = if message.is_empty() { "" } else { ": " };
    let why = format!("the backend answered gRPC status {code}{separator}{message}");
    let after = header(trailers, "grpc-status-details-bin")
        .and_then(decode_base64)
        .and_then(|details| retry_delay(&details));
    match code {
        // Resource exhausted or out of range, in the words of the servers of
        // Go, Java and Rust.
        8 | 11 if is_too_large(&message) => Answer::TooLarge { why },
        // Cancelled, deadline exceeded, aborted, out of range, unavailable,
        // data loss.
        1 | 4 | 10 | 11 | 14 | 15 => Answer::Retry { after, why },
        // Resource exhausted: only if the server says when.
        8 if after.is_some() => Answer::Retry { after, why },
        // Unimplemented.
        12 => Answer::NotServed { why },
        _ => Answer::Failed { why },
    }
}

fn is_too_large(message: &str) -> bool {
    [
        "larger than max",
        "exceeds maximum size",
        "length too large",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1, error_message = 2 } }`,
/// and the same of logs.
fn accepted(body: &[u8]) -> Answer {
    let (mut rejected, mut message) = (0, String::new());
    let mut response = Reader(body);
    while let Some((field, value)) = response.next() {
        let (1, Field::Bytes(partial)) = (field, value) else {
            continue;
        };
        let mut partial = Reader(partial);
        while let Some(field) = partial.next() {
            match field {
                (1, Field::Uint(items)) => rejected = items,
                (2, Field::Bytes(text)) => message = String::from_utf8_lossy(text).into_owned(),
                _ => {}
            }
        }
    }
    Answer::Accepted { rejected, message }
}

/// `google.rpc.Status { details = 3 Any { type_url = 1, value = 2 } }` with a
/// `google.rpc.RetryInfo { retry_delay = 1 Duration { seconds = 1, nanos = 2 } }`.
fn retry_delay(details: &[u8]) -> Option<Duration> {
    let mut status = Reader(details);
    while let Some((field, value)) = status.next() {
        let (3, Field::Bytes(any)) = (field, value) else {
            continue;
        };
        let (mut is_retry_info, mut info) = (false, None);
        let mut any = Reader(any);
        while let Some(field) = any.next() {
            match field {
                (1, Field::Bytes(url)) => is_retry_info = url.ends_with(b"google.rpc.RetryInfo"),
                (2, Field::Bytes(value)) => info = Some(value),
                _ => {}
            }
        }
        if is_retry_info {
            // An empty RetryInfo is one of no delay.
            let delay = Reader(info.unwrap_or_default()).next();
            let Some((1, Field::Bytes(duration))) = delay else {
                return Some(Duration::ZERO);
            };
            let (mut seconds, mut nanos) = (0, 0);
            let mut duration = Reader(duration);
            while let Some(field) = duration.next() {
                match field {
                    (1, Field::Uint(value)) => seconds = value,
                    (2, Field::Uint(value)) => nanos = u32::try_from(value).unwrap_or(0),
                    _ => {}
                }
            }
            return Some(Duration::new(
                seconds.min(LONGEST_S),
                nanos.min(999_999_999),
            ));
        }
    }
    None
}

/// Standard or URL-safe base64, padded or not (RFC 4648).
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let (mut decoded, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
        }
    }
    Some(decoded)
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now_unix_s: u64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST_S)));
    }
    let then_unix_s = http_date(text.trim())?;
    let seconds = then_unix_s.saturating_sub(now_unix_s);
    Some(Duration::from_secs(seconds.min(LONGEST_S)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that may be sent.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = text.split(' ').skip(1);
    let day: u64 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let year: u64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.split(':').map(str::parse::<u64>);
    let (hours, minutes, seconds) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hours > 23 {
        return None;
    }
    // Days since 1970 with March as the first month, so that a leap day is the
    // last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(days * 86_400 + hours * 3600 + minutes.min(59) * 60 + seconds.min(60))
}

#[cfg(test)]
mod tests;
