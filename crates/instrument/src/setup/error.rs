//! What is wrong with a set-up.
//!
//! It exists so that a person fixes all mistakes in one go. It must never print
//! the value of a header, which may be a secret.

use crate::export::OtlpError;
use crate::propagation::PropagatorError;
use crate::sampling::SamplerError;
use std::collections::HashSet;
use std::fmt;

/// Everything that is wrong.
#[non_exhaustive]
pub struct SetupError {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A value that cannot be used.
    #[error("{setting} is `{value}`; {fix}")]
    Value {
        /// The variable, or the builder's method.
        setting: String,
        /// The value as written; of a header only its name.
        value: String,
        /// What to write.
        fix: String,
    },
    /// A setting needs a cargo feature that is off.
    #[error("{setting} needs the feature {feature} of tracewell-instrument, which is off")]
    Feature {
        /// The variable, or the builder's method, and its value.
        setting: String,
        /// The feature.
        feature: &'static str,
    },
    /// The sampler.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// The propagators.
    #[error(transparent)]
    Propagator(#[from] PropagatorError),
    /// The exporter.
    #[error(transparent)]
    Exporter(#[from] OtlpError),
    /// The exporter's thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// There is a recorder already.
    #[error("tracing is set up already; call init once, or build for a second recorder")]
    AlreadySet,
}

impl SetupError {
    /// A general variable is read for each signal: what is wrong with it is
    /// said once.
    pub(super) fn of(mut problems: Vec<Problem>) -> SetupError {
        let mut said = HashSet::new();
        problems.retain(|problem| said.insert(problem.to_string()));
        SetupError { problems }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// As it is displayed: this is how an error that leaves `main` is printed.
impl fmt::Debug for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SetupError {}

impl From<Problem> for SetupError {
    fn from(problem: Problem) -> SetupError {
        SetupError {
            problems: vec![problem],
        }
    }
}
