//! Parameter values as Jaeger reads them, which is how Go's standard library
//! does: what it takes is taken, what it refuses is refused in its words.

use crate::time;

/// A decimal integer (`strconv.ParseInt`) that fits `bits` (32 or 64).
pub(super) fn integer(text: &str, bits: u32) -> Result<i64, String> {
    let refused = |why| Err(format!("strconv.ParseInt: parsing {text:?}: {why}"));
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("invalid syntax");
    }
    let fits = |value: &i64| bits == 64 || i32::try_from(*value).is_ok();
    match text.parse().ok().filter(fits) {
        Some(value) => Ok(value),
        None => refused("value out of range"),
    }
}

/// A decimal number without sign (`strconv.ParseUint`, 32 bits).
pub(super) fn unsigned(text: &str) -> Result<u32, String> {
    let refused = |why| Err(format!("strconv.ParseUint: parsing {text:?}: {why}"));
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("invalid syntax");
    }
    text.parse().or_else(|_| refused("value out of range"))
}

/// A truth value (`strconv.ParseBool`).
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing {text:?}: invalid syntax"
        )),
    }
}

/// A time such as `2026-11-22T14:21:00.5+01:00` (`time.RFC3339Nano`), in ns
/// since the epoch. The sign of the offset may be a space: Grafana does not
/// escape the plus.
pub(super) fn time_ns(text: &str) -> Result<u64, String> {
    let time = time::rfc3339(text).or_else(|| time::rfc3339(&text.replacen(' ', "+", 1)));
    time.ok_or_else(|| {
        format!("parsing time {text:?} as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plus_of_an_offset_may_have_become_a_space() {
        let expected = Ok(1_795_357_260_000_000_000);
        for text in [
            "2026-11-22T14:21:00Z",
            "2026-11-22T15:21:00+01:00",
            "2026-11-22T15:21:00 01:00",
        ] {
            assert_eq!(time_ns(text), expected, "{text}");
        }
        let error = time_ns("yesterday").unwrap_err();
        assert!(
            error.starts_with("parsing time \"yesterday\" as"),
            "{error}"
        );
    }

    #[test]
    fn numbers_and_truth_values_are_refused_in_words() {
        assert_eq!(integer("-5", 64), Ok(-5));
        assert_eq!(
            integer("x", 64).unwrap_err(),
            "strconv.ParseInt: parsing \"x\": invalid syntax"
        );
        assert_eq!(
            integer("3000000000", 32).unwrap_err(),
            "strconv.ParseInt: parsing \"3000000000\": value out of range"
        );
        assert_eq!(unsigned("20"), Ok(20));
        assert!(unsigned("-1").unwrap_err().ends_with("invalid syntax"));
        assert_eq!(boolean("T"), Ok(true));
        assert!(boolean("yes").is_err());
    }
}
