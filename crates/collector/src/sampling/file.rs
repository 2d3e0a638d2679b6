//! The strategies' file, as Jaeger reads it.
//!
//! ```json
//! {"default_strategy": {"type": "probabilistic", "param": 0.5,
//!    "operation_strategies": [{"operation": "/health", "type": "probabilistic", "param": 0}]},
//!  "service_strategies": [{"service": "cart", "type": "ratelimiting", "param": 5}]}
//! ```
//!
//! A type that Jaeger's file does not have is `adaptive`: its `param` is the
//! number of traces per second that are wanted of each operation, or of the one
//! that is named. Operations of the default hold for every service that does not
//! name them itself. What Jaeger passes over (an operation that is not probabilistic, an
//! unknown type) is passed over here, **and said**.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Rate, Share, Strategies, Strategy};

/// Why a file holds no strategies.
#[derive(Debug, thiserror::Error)]
pub enum StrategiesError {
    /// It is no JSON of that form.
    #[error("not Jaeger's form of strategies: {0}")]
    Form(#[from] serde_json::Error),
    /// A share that is none.
    #[error("{owner}: param {param} is no share of traces; write a number from 0 to 1")]
    Share {
        /// Whose share.
        owner: String,
        /// What was written.
        param: f64,
    },
    /// A number of traces that nothing can make.
    #[error("{owner}: param {param} is no target; write the traces per second that are wanted")]
    Target {
        /// Whose target.
        owner: String,
        /// What was written.
        param: f64,
    },
    /// A number of traces that is none.
    #[error("{owner}: param {param} is no number of traces per second; write 0 or more")]
    PerSecond {
        /// Whose number.
        owner: String,
        /// What was written.
        param: f64,
    },
}

#[derive(Deserialize)]
struct File {
    default_strategy: Option<Service>,
    #[serde(default)]
    service_strategies: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    service: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    param: f64,
    #[serde(default)]
    operation_strategies: Vec<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    operation: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    param: f64,
}

impl Strategies {
    /// Reads a file, and says what in it is passed over.
    ///
    /// # Errors
    ///
    /// The file holds no strategies.
    pub fn parse(file: &[u8]) -> Result<(Self, Vec<String>), StrategiesError> {
        let file: File = serde_json::from_slice(file)?;
        let mut passed_over = Vec::new();
        let all = Self::default().default;
        let default = match &file.default_strategy {
            Some(written) => strategy(written, "default_strategy", &all, &mut passed_over)?,
            None => all,
        };
        let mut services = HashMap::with_capacity(file.service_strategies.len());
        for written in &file.service_strategies {
            let owner = format!("service {:?}", written.service);
            let mut own = strategy(written, &owner, &default, &mut passed_over)?;
            let more = default.operations.iter().filter(|(operation, _)| {
                let mut known = own.operations.iter();
                !known.any(|(own, _)| own == operation)
            });
            let more: Vec<_> = more.cloned().collect();
            own.operations.extend(more);
            services.insert(written.service.clone(), own);
        }
        Ok((Self { default, services }, passed_over))
    }
}

/// `fallback` gives the rate of an unknown type.
fn strategy(
    written: &Service,
    owner: &str,
    fallback: &Strategy,
    passed_over: &mut Vec<String>,
) -> Result<Strategy, StrategiesError> {
    let param = written.param;
    let rate = match &*written.kind {
        "probabilistic" => Rate::Probability(share(owner, param)?),
        "ratelimiting" if param >= 0.0 && param <= f64::from(i32::MAX) => {
            Rate::PerSecond(param as i32)
        }
        "ratelimiting" => {
            let owner = owner.to_owned();
            return Err(StrategiesError::PerSecond { owner, param });
        }
        "adaptive" => Rate::Target(target(owner, param)?),
        kind => {
            passed_over.push(format!(
                "{owner}: the type {kind:?} is none of probabilistic, ratelimiting and adaptive; \
                 the default is used"
            ));
            fallback.rate
        }
    };
    let mut strategy = Strategy::of(rate);
    for operation in &written.operation_strategies {
        let owner = format!("{owner}, operation {:?}", operation.operation);
        let share = match &*operation.kind {
            "probabilistic" => Share::Fixed(share(&owner, operation.param)?),
            "adaptive" => Share::Target(target(&owner, operation.param)?),
            kind => {
                passed_over.push(format!(
                    "{owner}: the type {kind:?} is passed over; operations can only be \
                     probabilistic or adaptive"
                ));
                continue;
            }
        };
        strategy
            .operations
            .push((operation.operation.clone(), share));
    }
    Ok(strategy)
}

fn target(owner: &str, param: f64) -> Result<f64, StrategiesError> {
    if param > 0.0 && param.is_finite() {
        return Ok(param);
    }
    let owner = owner.to_owned();
    Err(StrategiesError::Target { owner, param })
}

fn share(owner: &str, param: f64) -> Result<f64, StrategiesError> {
    if (0.0..=1.0).contains(&param) {
        return Ok(param);
    }
    let owner = owner.to_owned();
    Err(StrategiesError::Share { owner, param })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_of_the_default_hold_where_a_service_has_none_of_its_own() {
        let file = br#"{"default_strategy": {"type": "probabilistic", "param": 0.5,
              "operation_strategies": [
                {"operation": "/health", "type": "probabilistic", "param": 0.0},
                {"operation": "/x", "type": "ratelimiting", "param": 1}]},
            "service_strategies": [
              {"service": "a", "type": "probabilistic", "param": 0.8, "operation_strategies":
                [{"operation": "/health", "type": "probabilistic", "param": 1},
                 {"operation": "op", "type": "probabilistic", "param": 0.2}]},
              {"service": "b", "type": "ratelimiting", "param": 5.9},
              {"service": "c", "type": "lucky"}]}"#;
        let (strategies, passed_over) = Strategies::parse(file).unwrap();
        let pairs = |pairs: &[(&str, f64)]| -> Vec<(String, Share)> {
            let owned = pairs
                .iter()
                .map(|(name, share)| ((*name).to_owned(), Share::Fixed(*share)));
            owned.collect()
        };
        let a = strategies.of_service("a");
        assert_eq!(
            (a.rate, a.default_probability()),
            (Rate::Probability(0.8), 0.8)
        );
        assert_eq!(a.operations, pairs(&[("/health", 1.0), ("op", 0.2)]));
        let b = strategies.of_service("b");
        assert_eq!(
            (b.rate, b.default_probability()),
            (Rate::PerSecond(5), 0.001)
        );
        assert_eq!(b.operations, pairs(&[("/health", 0.0)]));
        assert_eq!(strategies.of_service("c").rate, Rate::Probability(0.5));
        assert_eq!(strategies.of_service("other"), &strategies.default);
        assert_eq!(passed_over.len(), 2, "{passed_over:?}");
        assert!(passed_over[0].contains("\"/x\"") && passed_over[1].contains("\"lucky\""));
    }

    #[test]
    fn targets_are_of_all_operations_or_of_one() {
        let file = br#"{"default_strategy": {"type": "adaptive", "param": 2.5},
            "service_strategies": [
              {"service": "a", "type": "probabilistic", "param": 0.5, "operation_strategies":
                [{"operation": "op", "type": "adaptive", "param": 7}]},
              {"service": "b", "type": "adaptive", "param": 1, "operation_strategies":
                [{"operation": "/health", "type": "probabilistic", "param": 0}]}]}"#;
        let (strategies, passed_over) = Strategies::parse(file).unwrap();
        assert!(strategies.are_adaptive() && passed_over.is_empty());
        let target = |service: &str, name: &str| strategies.of_service(service).target_of(name);
        assert_eq!(target("any", "any"), Some(2.5));
        assert_eq!((target("a", "op"), target("a", "any")), (Some(7.0), None));
        assert_eq!(
            (target("b", "/health"), target("b", "any")),
            (None, Some(1.0))
        );
    }

    #[test]
    fn what_is_no_strategy_names_its_owner() {
        for (file, want) in [
            ("[]", "not Jaeger's form of strategies"),
            (
                r#"{"default_strategy": {"type": "probabilistic", "param": 50}}"#,
                "default_strategy: param 50 is no share of traces",
            ),
            (
                r#"{"service_strategies": [{"service": "a", "type": "ratelimiting", "param": -1}]}"#,
                "service \"a\": param -1 is no number",
            ),
            (
                r#"{"service_strategies": [{"service": "a", "type": "adaptive"}]}"#,
                "service \"a\": param 0 is no target; write the traces per second",
            ),
        ] {
            let error = Strategies::parse(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        let (empty, _) = Strategies::parse(b"{}").unwrap();
        assert_eq!(empty, Strategies::default());
    }
}
