//! Points in time as people write them: `%Y-%m-%dT%H:%M:%S`.
//!
//! The Gregorian calendar in UTC. **Names are English, and zones are offsets**:
//! a database of time zones would be older than the rules it states.

use std::fmt::Write as _;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A point in time by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanosecond: i64,
}

impl Civil {
    pub(super) fn of(ns: i64) -> Self {
        let (seconds, nanosecond) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years from 1 March, so that a leap day comes last.
        let days = days + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let march_month = (5 * day + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: era * 400 + year + i64::from(month <= 2),
            month,
            day: day - (153 * march_month + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
            nanosecond,
        }
    }

    /// Days since 1970-01-01.
    fn days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let march_month = (self.month + 9) % 12;
        let day = (153 * march_month + 2) / 5 + self.day - 1;
        era * 146_097 + year * 365 + year / 4 - year / 100 + day - 719_468
    }

    /// 0 is Sunday.
    pub(super) fn weekday(&self) -> i64 {
        (self.days() + 4).rem_euclid(7)
    }

    fn ns(&self, offset_seconds: i64) -> Option<i64> {
        let in_range = (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second);
        let seconds = self.days() * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second;
        let ns = (seconds - offset_seconds)
            .checked_mul(1_000_000_000)?
            .checked_add(self.nanosecond)?;
        // A day that the month does not have would come back as another.
        let is_real = Self::of(ns + offset_seconds * 1_000_000_000).day == self.day;
        (in_range && is_real).then_some(ns)
    }
}

/// Seconds east of UTC of `UTC`, `Z`, `+02:00`, `-0700`, `+01`.
pub(super) fn zone_seconds(zone: &str) -> Option<i64> {
    const NAMED: &[(&str, i64)] = &[
        ("", 0),
        ("Z", 0),
        ("UTC", 0),
        ("GMT", 0),
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
        ("HST", -10),
        ("CET", 1),
        ("CEST", 2),
    ];
    if let Some((_, hours)) = NAMED.iter().find(|(name, _)| *name == zone) {
        return Some(hours * 3_600);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| {
        digits
            .get(from..from + 2)
            .map_or(Some(0), |part| part.parse::<i64>().ok())
    };
    Some(sign * (part(0)? * 3_600 + part(2)? * 60 + part(4)?))
}

/// A format, checked.
#[derive(Debug)]
pub(super) struct Format {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(char),
    Of(char),
}

impl Format {
    pub(super) fn new(format: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                parts.push(Part::Text(c));
                continue;
            }
            let composed = match chars.next() {
                Some('D' | 'x') => "%m/%d/%y",
                Some('F') => "%Y-%m-%d",
                Some('T' | 'X') => "%H:%M:%S",
                Some('r') => "%I:%M:%S %p",
                Some('R') => "%H:%M",
                Some('c') => "%a %b %d %H:%M:%S %Y",
                Some('n') => "\n",
                Some('t') => "\t",
                Some('%') => {
                    parts.push(Part::Text('%'));
                    continue;
                }
                Some(letter) if "YymoqbhBdegaAHIlpPMSLfszZijkw".contains(letter) => {
                    parts.push(Part::Of(letter));
                    continue;
                }
                Some(letter) => {
                    return Err(format!("`%{letter}` is not known in the format of a time"));
                }
                None => return Err("the format of a time ends with `%`".into()),
            };
            parts.extend(Self::new(composed)?.parts);
        }
        Ok(Self { parts })
    }

    pub(super) fn write(&self, civil: &Civil) -> String {
        let mut out = String::new();
        for part in &self.parts {
            let letter = match part {
                Part::Text(c) => {
                    out.push(*c);
                    continue;
                }
                Part::Of(letter) => *letter,
            };
            let (month, day) = (
                MONTHS[(civil.month - 1) as usize],
                DAYS[civil.weekday() as usize],
            );
            let hour_12 = (civil.hour + 11) % 12 + 1;
            let half = if civil.hour < 12 { "AM" } else { "PM" };
            // Writing to a text does not fail.
            let _ok = match letter {
                'Y' => write!(out, "{:04}", civil.year),
                'y' => write!(out, "{:02}", civil.year.rem_euclid(100)),
                'm' => write!(out, "{:02}", civil.month),
                'o' => write!(out, "{:2}", civil.month),
                'q' => write!(out, "{}", civil.month),
                'b' | 'h' => write!(out, "{}", &month[..3]),
                'B' => write!(out, "{month}"),
                'd' => write!(out, "{:02}", civil.day),
                'e' => write!(out, "{:2}", civil.day),
                'g' => write!(out, "{}", civil.day),
                'a' => write!(out, "{}", &day[..3]),
                'A' => write!(out, "{day}"),
                'H' => write!(out, "{:02}", civil.hour),
                'I' => write!(out, "{hour_12:02}"),
                'l' => write!(out, "{hour_12}"),
                'p' => write!(out, "{half}"),
                'P' => write!(out, "{}", half.to_lowercase()),
                'M' => write!(out, "{:02}", civil.minute),
                'S' => write!(out, "{:02}", civil.second),
                'L' => write!(out, "{:03}", civil.nanosecond / 1_000_000),
                'f' => write!(out, "{:06}", civil.nanosecond / 1_000),
                's' => write!(out, "{:09}", civil.nanosecond),
                'z' => write!(out, "+0000"),
                'Z' => write!(out, "UTC"),
                'i' => write!(out, "+00"),
                'j' => write!(out, "+00:00"),
                'k' => write!(out, "+00:00:00"),
                _ => write!(out, "+000000"),
            };
        }
        out
    }

    /// Nanoseconds since the Unix epoch; `offset_seconds` where the text names no zone.
    pub(super) fn parse(&self, text: &str, offset_seconds: i64) -> Result<i64, String> {
        let read = self.read(text, offset_seconds);
        read.ok_or_else(|| format!("{text:?} is no time of the format that is given"))
    }

    fn read(&self, text: &str, mut offset_seconds: i64) -> Option<i64> {
        let mut civil = Civil {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
        };
        let mut is_afternoon = None;
        let mut rest = text;
        for part in &self.parts {
            match part {
                Part::Text(c) if c.is_whitespace() => rest = rest.trim_start(),
                Part::Text(c) => rest = rest.strip_prefix(*c)?,
                Part::Of('Y') => civil.year = digits(&mut rest, 4)?,
                Part::Of('y') => {
                    let year = digits(&mut rest, 2)?;
                    civil.year = if year < 69 { 2000 + year } else { 1900 + year };
                }
                Part::Of('m' | 'o' | 'q') => civil.month = digits(&mut rest, 2)?,
                Part::Of('b' | 'h' | 'B') => civil.month = 1 + name(&mut rest, &MONTHS)?,
                Part::Of('d' | 'e' | 'g') => civil.day = digits(&mut rest, 2)?,
                Part::Of('a' | 'A') => {
                    name(&mut rest, &DAYS)?;
                }
                Part::Of('H' | 'I' | 'l') => civil.hour = digits(&mut rest, 2)?,
                Part::Of('p' | 'P') => {
                    let half = rest.get(..2)?.to_ascii_lowercase();
                    is_afternoon = Some(half == "pm").filter(|_| half == "am" || half == "pm");
                    is_afternoon?;
                    rest = &rest[2..];
                }
                Part::Of('M') => civil.minute = digits(&mut rest, 2)?,
                Part::Of('S') => civil.second = digits(&mut rest, 2)?,
                Part::Of('L') => civil.nanosecond = digits(&mut rest, 3)? * 1_000_000,
                Part::Of('f') => civil.nanosecond = digits(&mut rest, 6)? * 1_000,
                Part::Of('s') => civil.nanosecond = digits(&mut rest, 9)?,
                Part::Of('Z') => {
                    let length = rest
                        .find(|c: char| !c.is_ascii_alphabetic())
                        .unwrap_or(rest.len());
                    offset_seconds = zone_seconds(&rest[..length]).filter(|_| length > 0)?;
                    rest = &rest[length..];
                }
                Part::Of(_) => {
                    let is_zone =
                        |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ':' | 'Z');
                    let length = rest.find(|c| !is_zone(c)).unwrap_or(rest.len());
                    offset_seconds = zone_seconds(&rest[..length]).filter(|_| length > 0)?;
                    rest = &rest[length..];
                }
            }
        }
        match is_afternoon {
            Some(true) if civil.hour < 12 => civil.hour += 12,
            Some(false) if civil.hour == 12 => civil.hour = 0,
            _ => {}
        }
        civil.ns(offset_seconds).filter(|_| rest.is_empty())
    }
}

/// A number of up to `most` digits, with spaces before it.
fn digits(rest: &mut &str, most: usize) -> Option<i64> {
    let text = rest.trim_start_matches(' ');
    let length = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let number = text[..length].parse().ok()?;
    *rest = &text[length..];
    Some(number)
}

/// Which of the names stands there, whole or its first three letters.
fn name(rest: &mut &str, names: &[&str]) -> Option<i64> {
    let length = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let written = &rest[..length];
    let is_it =
        |name: &&str| name.eq_ignore_ascii_case(written) || name[..3].eq_ignore_ascii_case(written);
    let index = names.iter().position(is_it)?;
    *rest = &rest[length..];
    Some(index as i64)
}
