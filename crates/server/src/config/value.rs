//! Text of one setting ⇄ its value: durations, sizes, choices, addresses.
//!
//! Every function answers a sentence that names the value and the fix, because
//! the same text may come from a flag, a variable or a file. `show_*` prints
//! what the parser reads back as the same value. Nothing here panics or looks
//! at anything but its argument, except [`host`], which may ask the resolver.

use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use super::{Durability, Endpoint, LogFormat, Storage};
use tracewell_collector::written::nearest;

/// A setting with a fixed set of words.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// Each word with its meaning.
    const WORDS: &'static [(&'static str, Self)];
}

impl Choice for Storage {
    const WORDS: &'static [(&'static str, Self)] =
        &[("embedded", Self::Embedded), ("memory", Self::Memory)];
}

impl Choice for Durability {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fsync", Self::Fsync),
        ("os", Self::Os),
        ("none", Self::None),
    ];
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

/// Reads one of the words of `C`.
pub(super) fn choice<C: Choice>(text: &str) -> Result<C, String> {
    if let Some((_, value)) = C::WORDS.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = C::WORDS.iter().map(|(word, _)| *word).collect();
    let hint = nearest(text, words.iter().copied())
        .map(|word| format!("; did you mean {word}?"))
        .unwrap_or_default();
    Err(format!("{text:?} is not one of {}{hint}", words.join(", ")))
}

/// Reads `true` or `false`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is neither true nor false"))
}

/// The word for a value.
pub(super) fn show_choice<C: Choice>(value: C) -> String {
    C::WORDS
        .iter()
        .find(|(_, known)| *known == value)
        .map(|(word, _)| (*word).to_owned())
        .unwrap_or_default()
}

const DURATION_UNITS_MS: [(&str, u64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("ms", 1),
    ("m", 60_000),
    ("s", 1_000),
];

/// Reads `7d`, `72h`, `1h30m`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write for example 90s, 72h or 7d");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        // "ms" stands before "m" and "s" in the table, so the longest unit wins.
        let (unit, unit_ms) = DURATION_UNITS_MS
            .iter()
            .find(|(unit, _)| rest.starts_with(unit))
            .ok_or_else(wrong)?;
        rest = &rest[unit.len()..];
        total_ms = number
            .checked_mul(*unit_ms)
            .and_then(|part_ms| total_ms.checked_add(part_ms))
            .ok_or_else(wrong)?;
    }
    Ok(Duration::from_millis(total_ms))
}

/// Prints a duration in the largest unit that divides it.
pub(crate) fn show_duration(value: Duration) -> String {
    let total_ms = value.as_millis();
    let (unit, unit_ms) = DURATION_UNITS_MS
        .iter()
        .filter(|(unit, _)| *unit != "w")
        .filter(|(_, unit_ms)| total_ms > 0 && total_ms.is_multiple_of(u128::from(*unit_ms)))
        .max_by_key(|(_, unit_ms)| *unit_ms)
        .copied()
        .unwrap_or(("ms", 1));
    format!("{}{unit}", total_ms / u128::from(unit_ms))
}

const SIZE_UNITS: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Reads `512MiB`, `1.5GiB`, `10GB` or a plain number of bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write for example 512MiB or 50GiB");
    let trimmed = text.trim();
    let number_len = trimmed.len()
        - trimmed
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
    let (number, unit) = (&trimmed[..number_len], trimmed[number_len..].trim_start());
    let unit_bytes = if unit.is_empty() {
        1
    } else {
        SIZE_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?
            .1
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit_bytes).ok_or_else(wrong);
    }
    let fraction: f64 = number.parse().map_err(|_| wrong())?;
    let total = fraction * unit_bytes as f64;
    // Past 2^53 a float no longer holds each byte, and no disk is that large.
    if unit_bytes == 1 || total >= 9_007_199_254_740_992.0 {
        return Err(wrong());
    }
    Ok(total as u64)
}

/// Prints a size in the largest binary unit that divides it.
pub(crate) fn show_bytes(value: u64) -> String {
    SIZE_UNITS
        .iter()
        .filter(|(unit, _)| unit.ends_with("iB"))
        .find(|(_, unit_bytes)| value >= *unit_bytes && value.is_multiple_of(*unit_bytes))
        .map_or_else(
            || value.to_string(),
            |(unit, each)| format!("{}{unit}", value / each),
        )
}

/// The word that lifts a limit.
pub(super) const UNLIMITED: &str = "unlimited";

/// Reads a limit that may be lifted.
pub(super) fn limit<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == UNLIMITED {
        return Ok(None);
    }
    read(text)
        .map(Some)
        .map_err(|message| format!("{message}, or {UNLIMITED}"))
}

/// Prints a limit that may be lifted.
pub(super) fn show_limit<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| UNLIMITED.to_owned(), show)
}

/// Reads an IP address or a host name; a name is resolved now, IPv4 preferred.
pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = bare.parse() {
        return Ok(address);
    }
    let wrong = |why: &str| {
        format!(
            "{text:?} is not an address to listen on ({why}); write for example 127.0.0.1, 0.0.0.0 or [::1]"
        )
    };
    if bare.is_empty()
        || !bare
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
    {
        return Err(wrong("neither an IP address nor a host name"));
    }
    let found: Vec<IpAddr> = (bare, 0)
        .to_socket_addrs()
        .map_err(|error| wrong(&error.to_string()))?
        .map(|address| address.ip())
        .collect();
    let first = found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first());
    first
        .copied()
        .ok_or_else(|| wrong("the name has no address"))
}

/// A port, with or without a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PortAndHost {
    /// `None`: the host of `listen`.
    pub(super) host: Option<IpAddr>,
    /// 0 lets the system choose.
    pub(super) port: u16,
}

/// Reads what [`port_and_host`] does, or `off` for a port that is not opened.
pub(super) fn port_or_off(text: &str) -> Result<Option<PortAndHost>, String> {
    // YAML's older readers make a truth value of a bare `off`.
    if matches!(text, OFF | "false") {
        return Ok(None);
    }
    let port = port_and_host(text).map_err(|message| format!("{message}, or {OFF}"))?;
    Ok(Some(port))
}

/// Reads a path; nothing is no file.
pub(super) fn file(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

/// Prints a path as [`file`] reads it.
pub(super) fn show_file(file: Option<&PathBuf>) -> String {
    file.map_or_else(String::new, |file| file.display().to_string())
}

/// Prints an address as [`port_or_off`] reads it.
pub(super) fn show_or_off(endpoint: Option<&Endpoint>) -> String {
    endpoint.map_or_else(|| OFF.to_owned(), |endpoint| endpoint.address.to_string())
}

/// Stands for a port that is not opened.
const OFF: &str = "off";

/// Reads `4317`, `:4317`, `0.0.0.0:4317`, `localhost:4317` or `[::1]:4317`.
pub(super) fn port_and_host(text: &str) -> Result<PortAndHost, String> {
    let (host_text, port_text) = text.rsplit_once(':').unwrap_or(("", text));
    let port = port_text.parse().map_err(|_| {
        format!("{text:?} is not a port from 0 to 65535 or HOST:PORT, such as 4317 or 0.0.0.0:4317")
    })?;
    let host = if host_text.is_empty() {
        None
    } else {
        Some(host(host_text)?)
    };
    Ok(PortAndHost { host, port })
}

/// Reads the prefix of every HTTP path; `/` is no prefix.
pub(super) fn base_path(text: &str) -> Result<String, String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if text.is_empty() || (!path.is_empty() && !path.starts_with('/')) {
        return Err(format!("{text:?} must start with /, such as /tracewell"));
    }
    for segment in path.split('/').skip(1) {
        if matches!(segment, "" | "." | "..") {
            return Err(format!("{text:?} must not have empty, . or .. segments"));
        }
        if let Some(bad) = segment
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || "-._~".contains(*c)))
        {
            return Err(format!(
                "{text:?} contains {bad:?}; use letters, digits and - . _ ~ between slashes"
            ));
        }
    }
    Ok(path.to_owned())
}

/// Reads a comma-separated list of origins.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            let is_origin = host.is_some_and(|host| {
                !host.is_empty() && !host.contains(['/', '?', '#', ' ']) && host.is_ascii()
            });
            if origin == "*" || is_origin {
                Ok(origin.to_owned())
            } else {
                Err(format!(
                    "{origin:?} is not an origin; write * or scheme://host[:port] without a path"
                ))
            }
        })
        .collect()
}
