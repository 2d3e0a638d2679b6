//! Times and durations: made, taken apart and counted.
//!
//! All times are UTC in nanoseconds since the Unix epoch, from 1677 to 2262;
//! **a time beyond is a failure, never another time.**

use super::time_format::{self, Civil, Format};
use super::{
    Answer, Constants, Made, Signature, expected, function, int_in, may, needs, plain, text_in,
};
use crate::value::Value;

const SECOND_NS: i64 = 1_000_000_000;

pub(super) const FUNCTIONS: &[Signature] = &[
    function("Now", &[], |_| Ok(Made::Now)),
    function(
        "Time",
        &[
            needs("target"),
            needs("format"),
            may("location"),
            may("locale"),
        ],
        parse,
    ),
    function("FormatTime", &[needs("time"), needs("format")], format_time),
    function(
        "Duration",
        &[needs("duration")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::DurationNs(duration_ns(text_in(a[0])?)?)) }),
    ),
    function(
        "Unix",
        &[needs("seconds"), may("nanoseconds")],
        plain!(|a: &[&Value<'_>]| {
            let nanoseconds = match a[1] {
                Value::Nil => 0,
                other => int_in(other)?,
            };
            let ns = int_in(a[0])?.checked_mul(SECOND_NS);
            let ns = ns.and_then(|ns| ns.checked_add(nanoseconds));
            Ok(Value::TimeNs(
                ns.ok_or("the time lies beyond the year 2262")?,
            ))
        }),
    ),
    function(
        "UnixNano",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| Ok(Value::Int(time_ns(a[0])?))),
    ),
    function(
        "UnixMicro",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(time_ns(a[0])?.div_euclid(1_000))) }),
    ),
    function(
        "UnixMilli",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(time_ns(a[0])?.div_euclid(1_000_000))) }),
    ),
    function(
        "UnixSeconds",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(time_ns(a[0])?.div_euclid(SECOND_NS))) }),
    ),
    function(
        "Year",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.year)),
    ),
    function(
        "Month",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.month)),
    ),
    function(
        "Day",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.day)),
    ),
    function(
        "Hour",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.hour)),
    ),
    function(
        "Minute",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.minute)),
    ),
    function(
        "Second",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.second)),
    ),
    function(
        "Nanosecond",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.nanosecond)),
    ),
    function(
        "Weekday",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| part(a, |c| c.weekday())),
    ),
    function(
        "Hours",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::Double(
                length_ns(a[0])? as f64 / (3600.0 * SECOND_NS as f64),
            ))
        }),
    ),
    function(
        "Minutes",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::Double(
                length_ns(a[0])? as f64 / (60.0 * SECOND_NS as f64),
            ))
        }),
    ),
    function(
        "Seconds",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::Double(length_ns(a[0])? as f64 / SECOND_NS as f64))
        }),
    ),
    function(
        "Milliseconds",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(length_ns(a[0])? / 1_000_000)) }),
    ),
    function(
        "Microseconds",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(length_ns(a[0])? / 1_000)) }),
    ),
    function(
        "Nanoseconds",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(length_ns(a[0])?)) }),
    ),
    function(
        "TruncateTime",
        &[needs("time"), needs("duration")],
        plain!(truncate),
    ),
];

fn time_ns(value: &Value<'_>) -> Result<i64, String> {
    match value {
        Value::TimeNs(ns) => Ok(*ns),
        other => Err(expected("a time, such as start_time or Unix(...)", other)),
    }
}

fn length_ns(value: &Value<'_>) -> Result<i64, String> {
    match value {
        Value::DurationNs(ns) => Ok(*ns),
        other => Err(expected("a duration, such as end_time - start_time", other)),
    }
}

fn part(arguments: &[&Value<'_>], part: fn(&Civil) -> i64) -> Answer {
    Ok(Value::Int(part(&Civil::of(time_ns(arguments[0])?))))
}

/// Counted from the year 1, as the Collector does.
fn truncate(arguments: &[&Value<'_>]) -> Answer {
    const YEAR_1_SECONDS: i128 = -62_135_596_800;
    let (time, step) = (time_ns(arguments[0])?, length_ns(arguments[1])?);
    if step <= 0 {
        return Ok(Value::TimeNs(time));
    }
    let since = i128::from(time) - YEAR_1_SECONDS * i128::from(SECOND_NS);
    let over = since.rem_euclid(i128::from(step)) as i64;
    let truncated = time.checked_sub(over);
    Ok(Value::TimeNs(
        truncated.ok_or("the time lies before the year 1677")?,
    ))
}

/// `1h30m`, `-1.5s`, `300ms`, `2us`, `7ns`.
pub(crate) fn duration_ns(text: &str) -> Result<i64, String> {
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let wrong = || format!("{text:?} is no duration such as \"300ms\" or \"1h30m\"");
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(0);
    }
    let (mut rest, mut whole_ns) = (unsigned, 0_i64);
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, unit_ns) = UNITS
            .iter()
            .find(|(known, _)| *known == unit)
            .ok_or_else(wrong)?;
        let part_ns = match number.parse::<i64>() {
            Ok(number) => number.checked_mul(*unit_ns as i64),
            Err(_) => {
                let part_ns = number.parse::<f64>().map_err(|_| wrong())? * unit_ns;
                (part_ns < i64::MAX as f64).then_some(part_ns as i64)
            }
        };
        let sum_ns = part_ns.and_then(|part_ns| whole_ns.checked_add(part_ns));
        whole_ns = sum_ns.ok_or_else(|| format!("{text:?} is longer than 292 years"))?;
        rest = after;
    }
    Ok(if text.starts_with('-') {
        -whole_ns
    } else {
        whole_ns
    })
}

fn format_of(constant: Option<&Value<'static>>) -> Result<Option<Format>, (usize, String)> {
    match constant {
        Some(Value::Text(format)) => Format::new(format)
            .map(Some)
            .map_err(|message| (1, message)),
        Some(other) => Err((1, expected("a format such as \"%Y-%m-%d\"", other))),
        None => Ok(None),
    }
}

fn parse(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let format = format_of(constants[1])?;
    let offset_seconds = match constants[2] {
        None => return Err((2, "location is a text that is known beforehand".into())),
        Some(Value::Nil) => 0,
        Some(Value::Text(zone)) => time_format::zone_seconds(zone).ok_or_else(|| {
            (
                2,
                format!(
                    "the time zone {zone:?} is not known here, use UTC or an offset such as +02:00"
                ),
            )
        })?,
        Some(other) => return Err((2, expected("a time zone", other))),
    };
    match constants[3] {
        Some(Value::Nil) => {}
        Some(Value::Text(locale)) if locale.to_lowercase().starts_with("en") => {}
        _ => return Err((3, "only English names of days and months are read".into())),
    }
    Ok(Made::Call(Box::new(move |a: &[&Value<'_>]| {
        let text = text_in(a[0])?;
        let ns = match &format {
            Some(format) => format.parse(text, offset_seconds),
            None => Format::new(text_in(a[1])?)?.parse(text, offset_seconds),
        };
        Ok(Value::TimeNs(ns?))
    })))
}

fn format_time(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let format = format_of(constants[1])?;
    Ok(Made::Call(Box::new(move |a: &[&Value<'_>]| {
        let civil = Civil::of(time_ns(a[0])?);
        Ok(Value::text(match &format {
            Some(format) => format.write(&civil),
            None => Format::new(text_in(a[1])?)?.write(&civil),
        }))
    })))
}
