//! Samplers by their names in the environment.
//!
//! It exists so that `OTEL_TRACES_SAMPLER` means what the specification says.
//! It must never put a default in the place of a value that it does not
//! understand.

#[cfg(feature = "jaeger-remote")]
use super::remote::{Endpoint, JaegerRemote};
use super::{AlwaysOff, AlwaysOn, ParentBased, Ratio, Sampler};
use std::sync::Arc;
#[cfg(feature = "jaeger-remote")]
use std::time::Duration;

/// How often the server is asked where the argument does not say.
#[cfg(feature = "jaeger-remote")]
const DEFAULT_POLLING_MS: u64 = 60_000;
/// What is kept before its first answer, as Jaeger's clients do.
#[cfg(feature = "jaeger-remote")]
const DEFAULT_INITIAL_RATE: f64 = 0.001;

/// Why a sampler was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// A name that stands for no sampler.
    #[error(
        "OTEL_TRACES_SAMPLER is `{name}`, which is not known; write always_on, always_off, \
         traceidratio, jaeger_remote, or one of these after parentbased_"
    )]
    Unknown {
        /// The name as written.
        name: String,
    },
    /// A ratio that is no number from 0 to 1.
    #[error("OTEL_TRACES_SAMPLER_ARG is `{argument}`; {name} takes a number from 0 to 1")]
    Ratio {
        /// The sampler.
        name: String,
        /// The argument as written.
        argument: String,
    },
    /// An argument of the remote sampler.
    #[error(
        "OTEL_TRACES_SAMPLER_ARG has `{part}`: {reason}; write \
         endpoint=http://host:5778/sampling,pollingIntervalMs=60000,initialSamplingRate=0.001"
    )]
    Remote {
        /// The part of the argument.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The crate was built without it.
    #[error(
        "OTEL_TRACES_SAMPLER is `{name}`; build tracewell-instrument with feature jaeger-remote"
    )]
    NotBuilt {
        /// The name as written.
        name: String,
    },
    /// Its thread did not start.
    #[error("cannot start the thread of the remote sampler: {0}")]
    Thread(#[from] std::io::Error),
}

/// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name;
/// without a name, `parentbased_always_on`. The remote sampler asks for
/// `service`, and starts the thread that does so.
pub fn sampler_from_names(
    name: Option<&str>,
    argument: Option<&str>,
    service: &str,
) -> Result<Arc<dyn Sampler>, SamplerError> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let name = name.unwrap_or("parentbased_always_on");
    let argument = argument
        .map(str::trim)
        .filter(|argument| !argument.is_empty());
    let (is_parent_based, own) = match name.strip_prefix("parentbased_") {
        Some(own) => (true, own),
        None => (false, name),
    };
    let sampler: Arc<dyn Sampler> = match own {
        "always_on" => Arc::new(AlwaysOn),
        "always_off" => Arc::new(AlwaysOff),
        "traceidratio" => Arc::new(ratio(name, argument)?),
        "jaeger_remote" => remote(name, argument, service)?,
        _ => {
            return Err(SamplerError::Unknown {
                name: name.to_owned(),
            });
        }
    };
    Ok(if is_parent_based {
        Arc::new(ParentBased::new(sampler))
    } else {
        sampler
    })
}

fn ratio(name: &str, argument: Option<&str>) -> Result<Ratio, SamplerError> {
    let Some(argument) = argument else {
        return Ok(Ratio::new(1.0));
    };
    match argument.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(Ratio::new(ratio)),
        _ => Err(SamplerError::Ratio {
            name: name.to_owned(),
            argument: argument.to_owned(),
        }),
    }
}

#[cfg(not(feature = "jaeger-remote"))]
fn remote(name: &str, _: Option<&str>, _: &str) -> Result<Arc<dyn Sampler>, SamplerError> {
    Err(SamplerError::NotBuilt {
        name: name.to_owned(),
    })
}

#[cfg(feature = "jaeger-remote")]
fn remote(
    _: &str,
    argument: Option<&str>,
    service: &str,
) -> Result<Arc<dyn Sampler>, SamplerError> {
    let mut endpoint = Endpoint::default();
    let mut polling_ms = DEFAULT_POLLING_MS;
    let mut initial_rate = DEFAULT_INITIAL_RATE;
    for part in argument
        .unwrap_or_default()
        .split(',')
        .filter(|part| !part.trim().is_empty())
    {
        let part = part.trim();
        let wrong = |reason: String| SamplerError::Remote {
            part: part.to_owned(),
            reason,
        };
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| wrong("it has no `=`".to_owned()))?;
        match key.trim() {
            "endpoint" => {
                endpoint = value
                    .trim()
                    .parse()
                    .map_err(|error| wrong(format!("{error}")))?;
            }
            "pollingIntervalMs" => {
                polling_ms = value
                    .trim()
                    .parse()
                    .ok()
                    .filter(|ms| *ms > 0)
                    .ok_or_else(|| {
                        wrong("it is not a positive number of milliseconds".to_owned())
                    })?;
            }
            "initialSamplingRate" => {
                initial_rate = value
                    .trim()
                    .parse()
                    .ok()
                    .filter(|rate| (0.0..=1.0).contains(rate))
                    .ok_or_else(|| wrong("it is not a number from 0 to 1".to_owned()))?;
            }
            _ => return Err(wrong("the key is not known".to_owned())),
        }
    }
    let interval = Duration::from_millis(polling_ms);
    Ok(Arc::new(JaegerRemote::polling(
        endpoint,
        service,
        interval,
        initial_rate,
    )?))
}
