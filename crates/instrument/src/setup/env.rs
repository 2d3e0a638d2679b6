//! Reading variables, and collecting what is wrong with them.
//!
//! It exists so that every variable is read by the same rules (OpenTelemetry
//! specification, environment variables). It must never read the environment
//! but through its lookup, so that tests need not change the process.

use super::error::{Problem, SetupError};
use crate::export::A_YEAR;
use crate::export::Signal;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Finds a variable's value.
pub(super) type Lookup = Box<dyn Fn(&str) -> Option<String> + Send>;

pub(super) struct Env {
    lookup: Lookup,
    pub(super) problems: Vec<Problem>,
}

/// A variable that is set.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) value: String,
}

impl Env {
    pub(super) fn new(lookup: Lookup) -> Env {
        Env {
            lookup,
            problems: Vec::new(),
        }
    }

    /// All mistakes at once, if there are any.
    pub(super) fn into_result(self) -> Result<(), SetupError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(SetupError::of(self.problems))
        }
    }

    /// The first of these that is set and not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<Set> {
        names.iter().find_map(|name| {
            let value = (self.lookup)(name)?;
            let value = value.trim();
            (!value.is_empty()).then(|| Set {
                name: (*name).to_owned(),
                value: value.to_owned(),
            })
        })
    }

    /// Of an exporter's setting: its form for this signal, else its general
    /// form.
    pub(super) fn otlp(&self, signal: Signal, setting: &str) -> Option<Set> {
        let general = || self.first(&[&format!("OTEL_EXPORTER_OTLP_{setting}")]);
        self.otlp_for(signal, setting).or_else(general)
    }

    /// Of an exporter's setting: its form for this signal only.
    pub(super) fn otlp_for(&self, signal: Signal, setting: &str) -> Option<Set> {
        let signal = signal.in_variables();
        self.first(&[&format!("OTEL_EXPORTER_OTLP_{signal}_{setting}")])
    }

    pub(super) fn wrong(&mut self, set: &Set, fix: impl Into<String>) {
        self.problems.push(Problem::Value {
            setting: set.name.clone(),
            value: set.value.clone(),
            fix: fix.into(),
        });
    }

    pub(super) fn is_true(&mut self, set: Option<Set>) -> bool {
        let Some(set) = set else { return false };
        match set.value.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.wrong(&set, "write true or false");
                false
            }
        }
    }

    /// A number of at least `min`.
    pub(super) fn number(&mut self, names: &[&str], min: usize) -> Option<usize> {
        let set = self.first(names)?;
        self.parse(
            &set,
            |number: &usize| *number >= min,
            &format!("write a whole number from {min}"),
        )
    }

    pub(super) fn milliseconds(&mut self, set: Option<Set>) -> Option<Duration> {
        let set = set?;
        let fits = |number: &u64| u128::from(*number) <= A_YEAR.as_millis();
        let number = self.parse(&set, fits, "write a whole number of milliseconds")?;
        Some(Duration::from_millis(number))
    }

    fn parse<T: FromStr>(
        &mut self,
        set: &Set,
        fits: impl FnOnce(&T) -> bool,
        fix: &str,
    ) -> Option<T> {
        let parsed = set.value.parse().ok().filter(fits);
        if parsed.is_none() {
            self.wrong(set, fix);
        }
        parsed
    }

    /// `key=value,…`, percent-encoded. A wrong one is named by its key alone:
    /// values may be secrets.
    pub(super) fn pairs(&mut self, set: &Set) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for member in set
            .value
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
        {
            let (key, value) = match member.split_once('=') {
                Some((key, value)) => (key.trim(), Some(value.trim())),
                None => (member, None),
            };
            let decoded = value.and_then(percent_decode);
            match (percent_decode(key).filter(|key| !key.is_empty()), decoded) {
                (Some(key), Some(value)) => pairs.push((key, value)),
                _ => self.problems.push(Problem::Value {
                    setting: set.name.clone(),
                    value: format!("…{key}…"),
                    fix: "write key=value pairs with commas between, other signs percent-encoded"
                        .to_owned(),
                }),
            }
        }
        pairs
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// `None` where the encoding is broken or is no UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            decoded.push((high << 4 | low) as u8);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
