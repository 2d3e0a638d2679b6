//! Durations as Go writes and reads them (`time.ParseDuration`), which is how
//! the Collector's files and Jaeger's parameters have them.

/// A duration such as `1.5s` or `1h30m`, in ns.
///
/// # Errors
/// It is none: why, in the words of Go's standard library.
pub fn read_ns(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total_ns = 0i64;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if !number.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let unit_ns = unit_ns(unit)
            .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let part_ns = scaled(number, unit_ns).ok_or_else(invalid)?;
        total_ns = total_ns.checked_add(part_ns).ok_or_else(invalid)?;
        rest = after;
    }
    Ok(if is_negative { -total_ns } else { total_ns })
}

fn unit_ns(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        // Micro sign, Greek mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `number` (digits with at most one point) times `unit_ns`, rounded down.
fn scaled(number: &str, unit_ns: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total_ns = whole.checked_mul(unit_ns)?;
    let mut place_ns = unit_ns as f64;
    let mut fraction_ns = 0.0;
    for digit in fraction.bytes() {
        place_ns /= 10.0;
        fraction_ns += f64::from(digit - b'0') * place_ns;
    }
    // Half a thousandth of a nanosecond makes up for what doubles lose.
    total_ns = total_ns.checked_add((fraction_ns + 0.0005) as i64)?;
    Some(total_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let table = [
            ("0", Ok(0)),
            ("100ms", Ok(100_000_000)),
            ("1.5s", Ok(1_500_000_000)),
            ("1h30m", Ok(5_400_000_000_000)),
            (".5us", Ok(500)),
            ("3\u{b5}s", Ok(3_000)),
            ("3\u{3bc}s", Ok(3_000)),
            ("-2ns", Ok(-2)),
            ("0.1s", Ok(100_000_000)),
            ("1.123456789s", Ok(1_123_456_789)),
            ("", Err("time: invalid duration \"\"")),
            ("abc", Err("time: invalid duration \"abc\"")),
            ("5", Err("time: missing unit in duration \"5\"")),
            ("5d", Err("time: unknown unit \"d\" in duration \"5d\"")),
            ("1..5s", Err("time: invalid duration \"1..5s\"")),
            ("9999999999h", Err("time: invalid duration \"9999999999h\"")),
        ];
        for (text, expected) in table {
            assert_eq!(read_ns(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
