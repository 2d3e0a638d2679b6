//! `SamplingStrategyResponse` of Jaeger's `sampling.proto`, as JSON and as
//! protobuf.
//!
//! The type is always there, although its first value is protobuf's default:
//! clients fail without it. Operations are there only where some are told apart:
//! an empty list upsets others.

use bytes::Bytes;
use prost::Message;
use serde_json::json;

use super::{FIRST_PROBABILITY, FLOOR_PER_SECOND, Rate, Sampling, Share};

/// What one service is told.
struct Told {
    /// Traces a second; `None`: the share.
    per_second: Option<i32>,
    /// Share for operations that are not named below.
    default_probability: f64,
    /// Traces a second that are recorded whatever the share.
    floor_per_second: f64,
    /// Share by operation; without any only the above is answered.
    operations: Vec<(String, f64)>,
}

impl Told {
    fn of(sampling: &Sampling, service: &str) -> Self {
        let strategies = sampling.current();
        let strategy = strategies.of_service(service);
        let mut operations: Vec<_> = match strategy.has_targets() {
            true => sampling.adaptive().of_service(service),
            false => Vec::new(),
        };
        // A share from before the strategies changed holds no more.
        operations.retain(|(name, _)| strategy.target_of(name).is_some());
        for (name, share) in &strategy.operations {
            match share {
                Share::Fixed(share) => operations.push((name.clone(), *share)),
                Share::Target(_) if operations.iter().any(|(known, _)| known == name) => {}
                Share::Target(_) => operations.push((name.clone(), FIRST_PROBABILITY)),
            }
        }
        Self {
            per_second: match strategy.rate {
                Rate::PerSecond(traces) => Some(traces),
                Rate::Probability(_) | Rate::Target(_) => None,
            },
            default_probability: strategy.default_probability(),
            floor_per_second: match strategy.has_targets() {
                true => FLOOR_PER_SECOND,
                false => 0.0,
            },
            operations,
        }
    }

    /// Are operations told apart?
    fn is_by_operation(&self) -> bool {
        !self.operations.is_empty() || self.floor_per_second > 0.0
    }
}

/// The answer to a service as JSON.
pub(crate) fn json(sampling: &Sampling, service: &str) -> Bytes {
    let told = Told::of(sampling, service);
    let mut answer = match told.per_second {
        None => json!({
            "strategyType": "PROBABILISTIC",
            "probabilisticSampling": { "samplingRate": told.default_probability },
        }),
        Some(traces) => json!({
            "strategyType": "RATE_LIMITING",
            "rateLimitingSampling": { "maxTracesPerSecond": traces },
        }),
    };
    if told.is_by_operation() {
        let operations = told.operations.iter();
        let operations = operations.map(|(operation, share)| {
            json!({ "operation": operation, "probabilisticSampling": { "samplingRate": share } })
        });
        answer["operationSampling"] = json!({
            "defaultSamplingProbability": told.default_probability,
            "defaultLowerBoundTracesPerSecond": told.floor_per_second,
            "perOperationStrategies": operations.collect::<Vec<_>>(),
            "defaultUpperBoundTracesPerSecond": 0.0,
        });
    }
    answer.to_string().into()
}

#[derive(Clone, PartialEq, Message)]
struct Parameters {
    #[prost(string, tag = "1")]
    service_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(int32, tag = "1")]
    strategy_type: i32,
    #[prost(message, optional, tag = "2")]
    probabilistic: Option<Probabilistic>,
    #[prost(message, optional, tag = "3")]
    rate_limiting: Option<RateLimiting>,
    #[prost(message, optional, tag = "4")]
    operations: Option<Operations>,
}

#[derive(Clone, PartialEq, Message)]
struct Probabilistic {
    #[prost(double, tag = "1")]
    sampling_rate: f64,
}

#[derive(Clone, PartialEq, Message)]
struct RateLimiting {
    #[prost(int32, tag = "1")]
    max_traces_per_second: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Operations {
    #[prost(double, tag = "1")]
    default_probability: f64,
    #[prost(double, tag = "2")]
    default_lower_bound: f64,
    #[prost(message, repeated, tag = "3")]
    operations: Vec<Operation>,
    #[prost(double, tag = "4")]
    default_upper_bound: f64,
}

#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(string, tag = "1")]
    operation: String,
    #[prost(message, optional, tag = "2")]
    probabilistic: Option<Probabilistic>,
}

/// The answer to a request in protobuf; `None` when it is none.
pub(crate) fn protobuf(sampling: &Sampling, request: &[u8]) -> Option<Bytes> {
    let parameters = Parameters::decode(request).ok()?;
    let told = Told::of(sampling, &parameters.service_name);
    let (strategy_type, probabilistic, rate_limiting) = match told.per_second {
        None => {
            let sampling_rate = told.default_probability;
            (0, Some(Probabilistic { sampling_rate }), None)
        }
        Some(max_traces_per_second) => {
            let rate_limiting = RateLimiting {
                max_traces_per_second,
            };
            (1, None, Some(rate_limiting))
        }
    };
    let response = Response {
        strategy_type,
        probabilistic,
        rate_limiting,
        operations: told.is_by_operation().then(|| operations(told)),
    };
    Some(response.encode_to_vec().into())
}

fn operations(told: Told) -> Operations {
    let one = |(operation, sampling_rate): (String, f64)| Operation {
        operation,
        probabilistic: Some(Probabilistic { sampling_rate }),
    };
    Operations {
        default_probability: told.default_probability,
        default_lower_bound: told.floor_per_second,
        operations: told.operations.into_iter().map(one).collect(),
        default_upper_bound: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::Strategies;

    #[test]
    fn json_and_protobuf_say_the_same() {
        let sampling = Sampling::default();
        assert_eq!(
            json(&sampling, "a"),
            r#"{"probabilisticSampling":{"samplingRate":1.0},"strategyType":"PROBABILISTIC"}"#
        );
        let file = br#"{"default_strategy": {"type": "ratelimiting", "param": 5,
            "operation_strategies": [{"operation": "op", "type": "probabilistic", "param": 0.2}]}}"#;
        sampling.set(Strategies::parse(file).unwrap().0);
        assert_eq!(
            json(&sampling, "a"),
            r#"{"operationSampling":{"defaultLowerBoundTracesPerSecond":0.0,"defaultSamplingProbability":0.001,"defaultUpperBoundTracesPerSecond":0.0,"perOperationStrategies":[{"operation":"op","probabilisticSampling":{"samplingRate":0.2}}]},"rateLimitingSampling":{"maxTracesPerSecond":5},"strategyType":"RATE_LIMITING"}"#
        );
        let service_name = "a".to_owned();
        let request = Parameters { service_name }.encode_to_vec();
        let response = Response::decode(protobuf(&sampling, &request).unwrap()).unwrap();
        assert_eq!(response.strategy_type, 1);
        assert_eq!(response.rate_limiting.unwrap().max_traces_per_second, 5);
        let operations = response.operations.unwrap();
        assert_eq!(operations.operations[0].operation, "op");
        assert_eq!(protobuf(&sampling, &[0x0a, 9]), None);
    }
}
