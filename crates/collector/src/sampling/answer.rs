//! `SamplingStrategyResponse` of Jaeger's `sampling.proto`, as JSON and as
//! protobuf.
//!
//! The type is always there, although its first value is protobuf's default:
//! clients fail without it. Operations are there only where some are named: an
//! empty list upsets others.

use bytes::Bytes;
use prost::Message;
use serde_json::json;

use super::{Rate, Sampling, Strategy};

/// The answer to a service as JSON.
pub(crate) fn json(sampling: &Sampling, service: &str) -> Bytes {
    let strategies = sampling.current();
    let strategy = strategies.of_service(service);
    let mut answer = match strategy.rate {
        Rate::Probability(share) => json!({
            "strategyType": "PROBABILISTIC",
            "probabilisticSampling": { "samplingRate": share },
        }),
        Rate::PerSecond(traces) => json!({
            "strategyType": "RATE_LIMITING",
            "rateLimitingSampling": { "maxTracesPerSecond": traces },
        }),
    };
    if !strategy.operations.is_empty() {
        let operations = strategy.operations.iter();
        let operations = operations.map(|(operation, share)| {
            json!({ "operation": operation, "probabilisticSampling": { "samplingRate": share } })
        });
        answer["operationSampling"] = json!({
            "defaultSamplingProbability": strategy.default_probability,
            "defaultLowerBoundTracesPerSecond": 0.0,
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
    let strategies = sampling.current();
    let strategy = strategies.of_service(&parameters.service_name);
    let (strategy_type, probabilistic, rate_limiting) = match strategy.rate {
        Rate::Probability(sampling_rate) => (0, Some(Probabilistic { sampling_rate }), None),
        Rate::PerSecond(max_traces_per_second) => {
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
        operations: operations(strategy),
    };
    Some(response.encode_to_vec().into())
}

fn operations(strategy: &Strategy) -> Option<Operations> {
    let one = |(operation, share): &(String, f64)| Operation {
        operation: operation.clone(),
        probabilistic: Some(Probabilistic {
            sampling_rate: *share,
        }),
    };
    (!strategy.operations.is_empty()).then(|| Operations {
        default_probability: strategy.default_probability,
        default_lower_bound: 0.0,
        operations: strategy.operations.iter().map(one).collect(),
        default_upper_bound: 0.0,
    })
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
