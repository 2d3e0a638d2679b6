//! Protobuf's times and durations as nanoseconds.

use prost_types::{Duration, Timestamp};

const SECOND_NS: u64 = 1_000_000_000;

/// Nanoseconds since the epoch. `None` when the time is not there or lies
/// before 1970: clients written in Go send the year 1 for "no time".
pub(super) fn time_ns(time: Option<Timestamp>) -> Option<u64> {
    let time = time?;
    let seconds = u64::try_from(time.seconds).ok()?;
    let nanos = u64::try_from(time.nanos).unwrap_or(0);
    Some(seconds.saturating_mul(SECOND_NS).saturating_add(nanos))
}

/// Nanoseconds; 0 when the duration is not there.
pub(super) fn duration_ns(duration: Option<Duration>) -> i64 {
    let duration = duration.unwrap_or_default();
    let seconds_ns = duration.seconds.saturating_mul(SECOND_NS as i64);
    seconds_ns.saturating_add(duration.nanos.into())
}
