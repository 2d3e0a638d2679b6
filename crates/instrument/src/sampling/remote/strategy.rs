//! The server's answer, understood.
//!
//! ```text
//! {"strategyType": "PROBABILISTIC",            or 0; RATE_LIMITING is 1
//!  "probabilisticSampling": {"samplingRate": 0.5},
//!  "rateLimitingSampling": {"maxTracesPerSecond": 5},
//!  "operationSampling": {                      overrides the others if there
//!    "defaultSamplingProbability": 0.001, "defaultLowerBoundTracesPerSecond": 0.0166,
//!    "perOperationStrategies": [
//!      {"operation": "op", "probabilisticSampling": {"samplingRate": 0.2}}]}}
//! ```
//!
//! It exists because Jaeger's versions write it differently: types as names or
//! numbers, absent parts as null. It must never keep more operations than its
//! limit.

use super::super::Ratio;
use super::super::bucket::Pace;
use serde_json::Value;
use std::collections::HashMap;

/// Operations of which a rate is kept; the rest have the default.
const MAX_OPERATIONS: usize = 2000;

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// It is no JSON.
    #[error("sampling strategy is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// A field is absent or has another type or range.
    #[error("sampling strategy: `{field}` is not {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

#[derive(Debug)]
pub(super) enum Strategy {
    Probabilistic(Ratio),
    /// `None` keeps nothing.
    RateLimiting(Option<Pace>),
    PerOperation(PerOperation),
}

#[derive(Debug)]
pub(super) struct PerOperation {
    pub(super) default: Ratio,
    pub(super) lower_bound: Option<Pace>,
    pub(super) ratios: HashMap<String, Ratio>,
}

pub(super) fn parse(json: &[u8]) -> Result<Strategy, StrategyError> {
    let answer: Value = serde_json::from_slice(json)?;
    let operations = &answer["operationSampling"];
    if !operations.is_null() {
        return per_operation(operations).map(Strategy::PerOperation);
    }
    let probabilistic = &answer["probabilisticSampling"];
    let limiting = &answer["rateLimitingSampling"];
    match &answer["strategyType"] {
        Value::String(name) if name == "RATE_LIMITING" => rate_limiting(limiting),
        Value::Number(number) if number.as_u64() == Some(1) => rate_limiting(limiting),
        Value::String(name) if name == "PROBABILISTIC" => probability(probabilistic),
        Value::Number(number) if number.as_u64() == Some(0) => probability(probabilistic),
        // Old servers leave out an enum that is zero.
        Value::Null if !probabilistic.is_null() => probability(probabilistic),
        _ => Err(StrategyError::Field {
            field: "strategyType",
            expected: "PROBABILISTIC (0) or RATE_LIMITING (1)",
        }),
    }
}

fn probability(part: &Value) -> Result<Strategy, StrategyError> {
    sampling_rate(part).map(Strategy::Probabilistic)
}

fn sampling_rate(part: &Value) -> Result<Ratio, StrategyError> {
    // A rate of zero may be left out, as protobuf does.
    let rate = if part.is_object() {
        number(&part["samplingRate"], 0.0)
    } else {
        None
    };
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .map(Ratio::new)
        .ok_or(StrategyError::Field {
            field: "probabilisticSampling.samplingRate",
            expected: "a number from 0 to 1",
        })
}

fn rate_limiting(part: &Value) -> Result<Strategy, StrategyError> {
    let rate = if part.is_object() {
        number(&part["maxTracesPerSecond"], 0.0)
    } else {
        None
    };
    let rate = rate.ok_or(StrategyError::Field {
        field: "rateLimitingSampling.maxTracesPerSecond",
        expected: "a number",
    })?;
    Ok(Strategy::RateLimiting(Pace::per_second(rate)))
}

fn per_operation(part: &Value) -> Result<PerOperation, StrategyError> {
    let default = number(&part["defaultSamplingProbability"], 0.0)
        .filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or(StrategyError::Field {
            field: "operationSampling.defaultSamplingProbability",
            expected: "a number from 0 to 1",
        })?;
    let lower_bound =
        number(&part["defaultLowerBoundTracesPerSecond"], 0.0).ok_or(StrategyError::Field {
            field: "operationSampling.defaultLowerBoundTracesPerSecond",
            expected: "a number",
        })?;
    let mut ratios = HashMap::new();
    let strategies = part["perOperationStrategies"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for strategy in strategies.iter().take(MAX_OPERATIONS) {
        let operation = strategy["operation"].as_str().ok_or(StrategyError::Field {
            field: "operationSampling.perOperationStrategies.operation",
            expected: "a text",
        })?;
        ratios.insert(
            operation.to_owned(),
            sampling_rate(&strategy["probabilisticSampling"])?,
        );
    }
    Ok(PerOperation {
        default: Ratio::new(default),
        lower_bound: Pace::per_second(lower_bound),
        ratios,
    })
}

/// A number, or the default for one that is absent; `None` for anything else.
fn number(value: &Value, default: f64) -> Option<f64> {
    if value.is_null() {
        Some(default)
    } else {
        value.as_f64()
    }
}
