//! What people see in a terminal: colour only where it is wanted, text from
//! spans made harmless, numbers and times in a form that can be read at a glance.
//!
//! Names and attributes come from strangers: every string of a trace passes
//! [`plain`] before it reaches a terminal.

mod progress;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

pub(crate) use progress::progress;

/// Standard output for results.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    is_coloured: bool,
}

/// The few ways in which text may stand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Something failed.
    Error,
    /// Headings.
    Bold,
}

impl Output {
    /// Takes standard output.
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let is_coloured = stdout.is_terminal() && colour_is_wanted();
        Self {
            out: BufWriter::new(stdout.lock()),
            is_coloured,
        }
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Shows what has been written so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// `text`, standing out if the terminal shows colours.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        if !self.is_coloured {
            return text.to_owned();
        }
        let code = match style {
            Style::Error => "31",
            Style::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Writes a line to standard error; when that is closed, nobody listens.
pub(crate) fn complain(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}

/// Says of a result that it lacks something.
pub(crate) fn warn_if_incomplete(reason: Option<&str>) {
    if let Some(reason) = reason {
        complain(&format!(
            "warning: the result is incomplete: {}",
            plain(reason)
        ));
    }
}

/// Says that a number may be too great.
pub(crate) fn note_if_inexact(is_exact: bool) {
    if !is_exact {
        complain("note: spans that were stored twice may have been counted twice");
    }
}

/// Whether colours are not forbidden (see no-color.org).
pub(crate) fn colour_is_wanted() -> bool {
    let is_empty_or_unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
    is_empty_or_unset("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal, or of `COLUMNS`; `None` where lines have no end.
pub(crate) fn columns() -> Option<usize> {
    let from_variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width: usize = terminal_size::terminal_size()
        .map(|(width, _)| usize::from(width.0))
        .or_else(from_variable)?;
    Some(width.clamp(40, 400))
}

/// Text without control characters, which could rewrite the screen.
pub(crate) fn plain(text: &str) -> String {
    let is_unsafe = |c: char| {
        c.is_control()
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    text.chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Text cut or padded to exactly `width` characters.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A duration with three digits that matter: `85.1ms`, `1.20s`.
pub(crate) fn duration_ns(ns: u64) -> String {
    const UNITS: [(&str, f64); 5] = [
        ("h", 3.6e12),
        ("m", 6e10),
        ("s", 1e9),
        ("ms", 1e6),
        ("µs", 1e3),
    ];
    let value = ns as f64;
    // Minutes are hard to read as fractions, so seconds last until two minutes.
    let unit = UNITS
        .iter()
        .find(|(name, each)| value >= *each * if matches!(*name, "m" | "h") { 2.0 } else { 1.0 });
    let Some((name, each)) = unit else {
        return format!("{ns}ns");
    };
    let shown = value / each;
    let decimals = if shown >= 99.95 {
        0
    } else if shown >= 9.995 {
        1
    } else {
        2
    };
    format!("{shown:.decimals$}{name}")
}

/// A count with commas: `1,234,567`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 span`, `2 spans`.
pub(crate) fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// A size in binary units with three digits that matter: `1.20 GiB`.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    match UNITS.iter().find(|(_, each)| value >= *each) {
        Some((unit, each)) => {
            let shown = value as f64 / *each as f64;
            let decimals = if shown >= 100.0 {
                0
            } else if shown >= 10.0 {
                1
            } else {
                2
            };
            format!("{shown:.decimals$} {unit}")
        }
        None => format!("{value} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        for (ns, shown) in [
            (0, "0ns"),
            (999, "999ns"),
            (1_500, "1.50µs"),
            (85_140_000, "85.1ms"),
            (999_960_000, "1000ms"),
            (1_200_000_000, "1.20s"),
            (90_000_000_000, "90.0s"),
            (150_000_000_000, "2.50m"),
            (7_200_000_000_000, "2.00h"),
        ] {
            assert_eq!(duration_ns(ns), shown);
        }
    }

    #[test]
    fn escape_sequences_from_spans_never_reach_the_terminal() {
        assert_eq!(
            plain("GET /\x1b[2J\u{202e}x\n"),
            "GET /\u{fffd}[2J\u{fffd}x\u{fffd}"
        );
    }

    #[test]
    fn text_fits_its_column() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "span"), "1 span");
        assert_eq!(bytes(1_288_490_189), "1.20 GiB");
    }
}
