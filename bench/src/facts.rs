//! What was found, in the order of finding, for the report.

use serde::Serialize;

use crate::samples::Samples;

/// One figure or sentence.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fact {
    pub(crate) name: String,
    /// With its unit, as people read it.
    pub(crate) shown: String,
    /// For scripts; null when it is a sentence.
    pub(crate) value: Option<f64>,
}

/// Everything that one phase found.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Facts {
    pub(crate) phase: &'static str,
    pub(crate) seconds: f64,
    pub(crate) facts: Vec<Fact>,
    /// What makes the whole run unsound: spans that are missing, a phase that
    /// could not be measured.
    pub(crate) failures: Vec<String>,
}

impl Facts {
    pub(crate) fn new(phase: &'static str) -> Self {
        Self {
            phase,
            ..Self::default()
        }
    }

    /// A number with a unit.
    pub(crate) fn number(&mut self, name: impl Into<String>, value: f64, unit: &str) {
        self.push(name.into(), format!("{} {unit}", shown(value)), Some(value));
    }

    /// A count.
    pub(crate) fn count(&mut self, name: impl Into<String>, value: u64) {
        self.push(name.into(), grouped(value), Some(value as f64));
    }

    /// Bytes.
    pub(crate) fn bytes(&mut self, name: impl Into<String>, value: u64) {
        let mib = value as f64 / f64::from(1 << 20);
        self.push(
            name.into(),
            format!("{} MiB", shown(mib)),
            Some(value as f64),
        );
    }

    /// Median and 99th percentile.
    pub(crate) fn quantiles(&mut self, name: impl Into<String>, samples: &Samples) {
        let (Some(p50), Some(p99)) = (samples.p50(), samples.p99()) else {
            return self.note(name, "nothing measured");
        };
        let worst = samples.quantile_ms(1.0).unwrap_or(p99);
        let text = format!(
            "p50 {} ms, p99 {} ms, max {} ms of {}",
            shown(p50),
            shown(p99),
            shown(worst),
            grouped(samples.len() as u64)
        );
        self.push(name.into(), text, Some(p99));
    }

    /// A sentence.
    pub(crate) fn note(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.push(name.into(), text.into(), None);
    }

    /// Something that must not happen.
    pub(crate) fn failure(&mut self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("  FAILED: {text}");
        self.failures.push(text);
    }

    fn push(&mut self, name: String, shown: String, value: Option<f64>) {
        eprintln!("  {name}: {shown}");
        self.facts.push(Fact { name, shown, value });
    }
}

/// Three digits that matter, without an exponent.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => grouped(value.round() as u64),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// With a comma between thousands.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        for (value, expected) in [
            (0.0, "0.000"),
            (0.123_4, "0.123"),
            (1.236, "1.24"),
            (12.34, "12.3"),
            (1_234_567.8, "1,234,568"),
        ] {
            assert_eq!(shown(value), expected);
        }
        assert_eq!((grouped(7), grouped(1_000)), ("7".into(), "1,000".into()));
    }
}
