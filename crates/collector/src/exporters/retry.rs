//! What `retry_on_failure` can be told, and the pauses that follow from it.

use std::time::Duration;

use crate::written::fields::Fields;

/// When a request that failed is sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Is it, at all?
    pub is_enabled: bool,
    /// The first pause.
    pub initial_interval: Duration,
    /// How far pauses are spread around what they should be, from 0 to 1.
    pub randomization_factor: f64,
    /// How much longer each pause is than the one before.
    pub multiplier: f64,
    /// The longest pause.
    pub max_interval: Duration,
    /// How long a request is tried; zero for ever.
    pub max_elapsed_time: Duration,
}

impl Default for RetryConfig {
    /// The Collector's numbers.
    fn default() -> Self {
        Self {
            is_enabled: true,
            initial_interval: Duration::from_secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: Duration::from_secs(30),
            max_elapsed_time: Duration::from_secs(300),
        }
    }
}

impl RetryConfig {
    pub(super) fn read(fields: Option<Fields<'_>>) -> Self {
        let default = Self::default();
        let Some(fields) = fields else { return default };
        let number = |name, default, (least, most): (f64, f64)| {
            fields.value(name, default, |text| {
                let number: Option<f64> = text.parse().ok();
                let number = number.filter(|number| (least..=most).contains(number));
                number.ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
            })
        };
        let config = Self {
            is_enabled: fields.switch("enabled", default.is_enabled),
            initial_interval: fields.duration("initial_interval", default.initial_interval),
            randomization_factor: number(
                "randomization_factor",
                default.randomization_factor,
                (0.0, 1.0),
            ),
            multiplier: number("multiplier", default.multiplier, (1.0, 100.0)),
            max_interval: fields.duration("max_interval", default.max_interval),
            max_elapsed_time: fields.duration("max_elapsed_time", default.max_elapsed_time),
        };
        fields.end();
        config
    }

    /// Is there time for one more after `elapsed`?
    pub(super) fn goes_on(&self, elapsed: Duration) -> bool {
        self.is_enabled && (self.max_elapsed_time.is_zero() || elapsed < self.max_elapsed_time)
    }

    /// The pause after so many failures, of which there was one at least.
    /// `chance` is from 0 to 1.
    pub(crate) fn pause(&self, failures: u32, chance: f64) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial_interval.as_secs_f64() * self.multiplier.powi(exponent);
        let meant = grown.min(self.max_interval.as_secs_f64());
        let spread = 1.0 + self.randomization_factor * (2.0 * chance - 1.0);
        Duration::from_secs_f64(meant * spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest() {
        let config = RetryConfig::default();
        let pauses = |chance| [1, 2, 3, 100].map(|failures| config.pause(failures, chance));
        let seconds = |seconds: [f64; 4]| seconds.map(Duration::from_secs_f64);
        assert_eq!(pauses(0.5), seconds([5.0, 7.5, 11.25, 30.0]));
        assert_eq!(pauses(0.0), seconds([2.5, 3.75, 5.625, 15.0]));
        assert_eq!(pauses(1.0), seconds([7.5, 11.25, 16.875, 45.0]));
    }
}
