//! Receivers accept spans from clients and answer for them.
//!
//! A receiver is the *transport* of a protocol: listeners, limits, status
//! codes. The *shape* of its messages is in `tracewell-wire`. **A receiver
//! never keeps a span and never acknowledges one that its consumer has not.**

mod answers;
mod body;
pub(crate) mod connections;
mod grpc;
pub mod jaeger;
pub mod kafka;
pub mod otlp;
mod port;
mod posted;
pub mod zipkin;

use self::otlp::config::ConfigMistake;

/// Why a receiver did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Every mistake in the configuration.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigMistake>),
    /// A listener cannot be used.
    #[error("the {receiver} listener cannot be used: {source}")]
    Listener {
        /// Which one.
        receiver: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
