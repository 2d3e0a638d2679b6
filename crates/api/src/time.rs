//! Points in time, and lengths of it, as people and programs write them in a URL.
//!
//! `now`, `now-15m`, RFC 3339, a date, or microseconds since the Unix epoch.
//! The present comes from the caller: **nothing here reads a clock**.

/// A length of time, ns: `15m`, `1h30m`, `7d`.
pub(crate) use tracewell_query::promql::length_ns;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_S: i64 = 86_400;

/// What to write instead of a text that is no time.
pub(crate) const HINT: &str = "write now, now-15m (units s m h d w), RFC 3339 such as \
                               2026-11-22T14:05:00Z, or microseconds since the epoch";

/// Nanoseconds since the Unix epoch; `None` if the text is no time or lies
/// outside 1970 to 2554.
pub(crate) fn parse(text: &str, now_ns: u64) -> Option<u64> {
    u64::try_from(wide(text, now_ns)?).ok()
}

/// The end of a range: as [`parse`], but after 2554 it is `u64::MAX`, no end.
/// No span can be later.
pub(crate) fn parse_end(text: &str, now_ns: u64) -> Option<u64> {
    Some(u64::try_from(wide(text, now_ns)?).unwrap_or(u64::MAX))
}

fn wide(text: &str, now_ns: u64) -> Option<u128> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("now") {
        return relative(rest, now_ns).map(u128::from);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(u128::from(text.parse::<u64>().ok()?) * 1000);
    }
    wide_rfc3339(text)
}

/// What follows `now`: nothing, or a minus, a number and a unit.
fn relative(rest: &str, now_ns: u64) -> Option<u64> {
    if rest.is_empty() {
        return Some(now_ns);
    }
    let amount = rest.strip_prefix('-')?;
    let unit_at = amount.len().checked_sub(1)?;
    let (digits, unit) = amount.split_at_checked(unit_at)?;
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    let back_ns = amount.saturating_mul(unit_s).saturating_mul(SECOND_NS);
    Some(now_ns.saturating_sub(back_ns))
}

/// RFC 3339, also with a space for the `T`; a date alone is its midnight, UTC.
pub(crate) fn rfc3339(text: &str) -> Option<u64> {
    u64::try_from(wide_rfc3339(text)?).ok()
}

fn wide_rfc3339(text: &str) -> Option<u128> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let month = after(&mut rest, '-').and_then(|()| digits(&mut rest, 2))?;
    let day = after(&mut rest, '-').and_then(|()| digits(&mut rest, 2))?;
    let days = days_from_epoch(year, month, day)?;
    if rest.is_empty() {
        return to_ns(days * DAY_S, 0);
    }
    let separator = rest.chars().next()?;
    if !matches!(separator, 'T' | 't' | ' ') {
        return None;
    }
    rest = &rest[1..];
    let hour = digits(&mut rest, 2)?;
    let minute = after(&mut rest, ':').and_then(|()| digits(&mut rest, 2))?;
    let second = after(&mut rest, ':').and_then(|()| digits(&mut rest, 2))?;
    // 60 is a leap second, which the epoch does not count.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let fraction_ns = fraction(&mut rest)?;
    let offset_s = offset(rest)?;
    let second_of_day = hour * 3_600 + minute * 60 + second.min(59);
    to_ns(days * DAY_S + second_of_day - offset_s, fraction_ns)
}

fn to_ns(seconds: i64, fraction_ns: u64) -> Option<u128> {
    let seconds = u128::try_from(seconds).ok()?;
    Some(seconds * u128::from(SECOND_NS) + u128::from(fraction_ns))
}

fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = tail;
    head.parse().ok()
}

fn after(rest: &mut &str, expected: char) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

/// Nanoseconds; digits beyond the ninth are cut off.
fn fraction(rest: &mut &str) -> Option<u64> {
    let Some(tail) = rest.strip_prefix('.') else {
        return Some(0);
    };
    let len = tail.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return None;
    }
    *rest = &tail[len..];
    let nine: String = tail[..len]
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    nine.parse().ok()
}

/// Seconds east of UTC.
fn offset(rest: &str) -> Option<i64> {
    if matches!(rest, "Z" | "z") {
        return Some(0);
    }
    let (sign, mut rest) = match rest.chars().next()? {
        '+' => (1, &rest[1..]),
        '-' => (-1, &rest[1..]),
        _ => return None,
    };
    let hours = digits(&mut rest, 2)?;
    let minutes = after(&mut rest, ':').and_then(|()| digits(&mut rest, 2))?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) {
        return None;
    }
    // Years that begin in March end with the leap day, so that the days before
    // a month need no table: 153 days for each five months.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    const MARCH_0000_TO_EPOCH: i64 = 719_468;
    Some(year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - MARCH_0000_TO_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_NS: u64 = 1_800_000_000 * SECOND_NS;

    #[test]
    fn times_in_every_form() {
        for (text, seconds, ns) in [
            ("now", 1_800_000_000, 0),
            (" now-15m ", 1_800_000_000 - 900, 0),
            ("now-1h", 1_800_000_000 - 3_600, 0),
            ("now-2w", 1_800_000_000 - 1_209_600, 0),
            ("now-99999999d", 0, 0),
            ("1674957731000123", 1_674_957_731, 123_000),
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2023-01-29T02:02:11.5Z", 1_674_957_731, 500_000_000),
            (
                "2023-01-29T03:02:11.123456789123+01:00",
                1_674_957_731,
                123_456_789,
            ),
            ("2023-01-28 21:32:11-04:30", 1_674_957_731, 0),
            ("2024-02-29", 1_709_164_800, 0),
            ("2000-02-29T00:00:00z", 951_782_400, 0),
            ("2100-03-01", 4_107_542_400, 0),
        ] {
            assert_eq!(
                parse(text, NOW_NS),
                Some(seconds * SECOND_NS + ns),
                "{text}"
            );
        }
    }

    #[test]
    fn a_range_may_end_after_all_times() {
        for (text, end_ns) in [
            ("2100-03-01", Some(4_107_542_400 * SECOND_NS)),
            ("2554-07-21T23:34:33.709551614Z", Some(u64::MAX - 1)),
            ("2554-07-21T23:34:33.709551615Z", Some(u64::MAX)),
            ("2554-07-21T23:34:34Z", Some(u64::MAX)),
            ("9999-12-31", Some(u64::MAX)),
            ("18446744073709551", Some(u64::MAX - 615)),
            ("18446744073709552", Some(u64::MAX)),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999", None),
            ("1969-12-31T23:59:59Z", None),
            ("never", None),
        ] {
            assert_eq!(parse_end(text, NOW_NS), end_ns, "{text}");
            let is_last = end_ns == Some(u64::MAX) && !text.ends_with("709551615Z");
            let start_ns = end_ns.filter(|_| !is_last);
            assert_eq!(parse(text, NOW_NS), start_ns, "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "-",
            "yesterday",
            "now+1h",
            "now-",
            "now-m",
            "now-5",
            "now-5y",
            "now--5m",
            "now-1ü",
            "2023-02-29",
            "2023-13-01",
            "2023-01-32",
            "2023-01-29T02:02:11",
            "2023-01-29T24:00:00Z",
            "2023-01-29T02:02:11.Z",
            "2023-01-29T02:02:11+1:00",
            "2023-01-29T02:02:11Zulu",
            "1969-12-31T23:59:59Z",
            "99999999999999999999",
            "2600-01-01",
            "２０23-01-01",
            "-1000000",
        ] {
            assert_eq!(parse(text, NOW_NS), None, "{text}");
        }
    }

    #[test]
    fn lengths_of_time() {
        for (text, seconds) in [("15m", 900), ("1h30m", 5_400), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(length_ns(text), Some(seconds * SECOND_NS), "{text}");
        }
        for text in ["", "5", "m", "5 m", "1.5h", "-5m", "99999999999y"] {
            assert_eq!(length_ns(text), None, "{text}");
        }
    }
}
