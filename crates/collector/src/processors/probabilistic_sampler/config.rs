//! What `probabilistic_sampler` can be told.

use super::BUCKETS;
use crate::written::fields::Fields;
use tracewell_model::trace_state::threshold::{NEVER, Threshold};

/// How a threshold is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamplerMode {
    /// By a hash of the trace id, as samplers before thresholds did.
    HashSeed,
    /// So many of those that arrive.
    Proportional,
    /// So many of those that there were before any sampler.
    Equalizing,
}

/// See the module above.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbabilisticSamplerConfig {
    /// How the threshold is applied.
    pub mode: SamplerMode,
    /// Share of traces, from 0 to 1.
    pub share: f64,
    /// The same as a threshold.
    pub threshold: Threshold,
    /// Tells this sampler's hash from those of others.
    pub hash_seed: u32,
    /// Hexadecimal digits of thresholds.
    pub precision: u32,
    /// Are spans dropped that cannot be judged?
    pub fail_closed: bool,
}

impl ProbabilisticSamplerConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let percentage = fields.value("sampling_percentage", 0.0_f32, |text| {
            let number = text
                .parse()
                .ok()
                .filter(|number: &f32| *number >= 0.0 && number.is_finite());
            number.ok_or_else(|| format!("{text:?} is not a percentage from 0 to 100"))
        });
        if !fields.has("sampling_percentage") {
            fields.mistake(format!(
                "{} is missing; write for example 15",
                fields.path("sampling_percentage")
            ));
        }
        let percentage = percentage.min(100.0);
        let hash_seed = fields.number("hash_seed", 0, 0);
        let hash_seed = u32::try_from(hash_seed).unwrap_or_else(|_| {
            let path = fields.path("hash_seed");
            fields.mistake(format!("{path}: {hash_seed} is more than {}", u32::MAX));
            0
        });
        let mode = fields.value("mode", SamplerMode::HashSeed, |text| match text {
            "hash_seed" | "" => Ok(SamplerMode::HashSeed),
            "proportional" => Ok(SamplerMode::Proportional),
            "equalizing" => Ok(SamplerMode::Equalizing),
            _ => Err(format!(
                "{text:?} is not one of hash_seed, proportional, equalizing"
            )),
        });
        let precision = fields.number("sampling_precision", 4, 1);
        if precision > 14 {
            let path = fields.path("sampling_precision");
            fields.mistake(format!("{path}: {precision} is more than 14 digits"));
        }
        let precision = precision.min(14) as u32;
        for log in ["attribute_source", "from_attribute", "sampling_priority"] {
            fields.not_served(log, "it is for logs, which are not served");
        }
        let fail_closed = fields.switch("fail_closed", true);
        fields.end();
        let share = f64::from(percentage) / 100.0;
        let threshold = match mode {
            _ if percentage == 0.0 => NEVER,
            SamplerMode::HashSeed => {
                // In single precision and towards zero, as it always was.
                Threshold::of_buckets((percentage * (BUCKETS as f32 / 100.0)) as u32)
            }
            _ => Threshold::of_probability(share, precision),
        };
        Self {
            mode,
            share,
            threshold,
            hash_seed,
            precision,
            fail_closed,
        }
    }
}
