//! `start`, `end` and `since`: which time is asked for.
//!
//! Without any of them all of time is: Tempo looks at the last quarter of an
//! hour then, and never at its last half minute. Here the newest come first
//! whatever the range, and at once.

use tracewell_model::TimeRange;

use super::refusal::Refusal;
use crate::go_params::Params;
use crate::time;

const SECOND_NS: u64 = 1_000_000_000;

/// Whole seconds have at most so many digits; more are nanoseconds.
const MAX_SECONDS_DIGITS: usize = 10;

/// The range of a search.
pub(super) fn range(params: &Params, now_ns: u64) -> Result<TimeRange, Refusal> {
    let since = params.get("since");
    if !since.is_empty() {
        return Ok(TimeRange {
            start_ns: now_ns.saturating_sub(since_ns(since)?),
            end_ns: u64::MAX,
        });
    }
    let (start, end) = match (params.get("start"), params.get("end")) {
        ("", "") => return Ok(TimeRange::ALL),
        ("", _) | (_, "") => {
            return Err(Refusal::bad_request(
                "error parsing date range: only one of start and end provided: must provide \
                 both or neither",
            ));
        }
        (start, end) => (moment("start", start)?, moment("end", end)?),
    };
    ordered(start, end)
}

/// The range between two numbers of seconds, of which none are given as zeros.
pub(super) fn of_seconds(start_s: u32, end_s: u32) -> Result<TimeRange, Refusal> {
    if start_s == 0 && end_s == 0 {
        return Ok(TimeRange::ALL);
    }
    ordered(
        Moment::of_seconds(start_s.into()),
        Moment::of_seconds(end_s.into()),
    )
}

fn ordered(start: Moment, end: Moment) -> Result<TimeRange, Refusal> {
    if start.ns >= end.ns {
        let (start, end) = (start.ns / SECOND_NS, end.ns / SECOND_NS);
        return Err(Refusal::bad_request(format!(
            "http parameter start must be before end. received start={start} end={end}"
        )));
    }
    Ok(TimeRange {
        start_ns: start.ns,
        end_ns: end.ns.saturating_add(end.width_ns),
    })
}

/// The first nanosecond that is meant, and how many are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    ns: u64,
    width_ns: u64,
}

impl Moment {
    /// A clock of seconds shows the last one until it is over.
    fn of_seconds(seconds: u64) -> Self {
        Self {
            ns: seconds.saturating_mul(SECOND_NS),
            width_ns: SECOND_NS,
        }
    }
}

/// A time of this parameter.
pub(super) fn time_ns(name: &str, text: &str) -> Result<u64, Refusal> {
    moment(name, text).map(|moment| moment.ns)
}

fn moment(name: &str, text: &str) -> Result<Moment, Refusal> {
    read(text).ok_or_else(|| {
        Refusal::bad_request(format!(
            "invalid {name}: {text:?} is no time; write seconds or nanoseconds since the epoch, or \
             RFC 3339 such as 2026-11-22T14:05:00Z"
        ))
    })
}

fn read(text: &str) -> Option<Moment> {
    let exactly = |ns| Moment { ns, width_ns: 1 };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return time::rfc3339(text).map(exactly);
    }
    let number: u64 = whole.parse().ok()?;
    if whole.len() > MAX_SECONDS_DIGITS {
        return Some(exactly(number));
    }
    if !text.contains('.') {
        return Some(Moment::of_seconds(number));
    }
    let nine: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let second_ns = number.saturating_mul(SECOND_NS);
    Some(exactly(second_ns.saturating_add(nine.parse().ok()?)))
}

/// How far back.
pub(super) fn since_ns(text: &str) -> Result<u64, Refusal> {
    time::length_ns(text).ok_or_else(|| {
        Refusal::bad_request(format!(
            "invalid since: {text:?} is no duration; write for example 15m, 1h30m or 7d"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_form() {
        const NS: u64 = 1_700_000_000 * SECOND_NS;
        for (text, ns, width_ns) in [
            ("1700000000", NS, SECOND_NS),
            ("1700000000000000000", NS, 1),
            ("1700000000.25", NS + 250_000_000, 1),
            ("2023-11-14T22:13:20Z", NS, 1),
            ("0", 0, SECOND_NS),
        ] {
            assert_eq!(read(text), Some(Moment { ns, width_ns }), "{text}");
        }
        for text in ["", "now", "-5", "1.5.5", "1e9", "tomorrow"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
