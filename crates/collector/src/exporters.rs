//! Where spans go from here: to other tracing backends.
//!
//! ```text
//! Consumer ─► Sending (queue, retries, account) ─► Peer (grpc) ─► network
//! ```
//!
//! A kind of exporter says what its requests look like and what an answer
//! means (`otlp`, `jaeger`); everything else is the same for all. **A batch is
//! acknowledged when the peer has it, and not before.**

pub mod account;
mod codec;
pub mod debug;
pub mod grpc;
mod jaeger;
mod otlp;
mod peer;
mod queue;
mod retry;
mod sending;

pub use account::{ExporterAccount, ExporterSnapshot};
use debug::Debug;
use jaeger::JAEGER;
use otlp::OTLP;
use sending::Sending;

use std::sync::Arc;

use tracewell_model::{Consumer, SpanBatch};

use crate::pipelines::ComponentId;
use crate::pipelines::graph::{Nop, Surroundings};
use crate::written::fields::Fields;
use debug::DebugConfig;
use grpc::GrpcConfig;

/// What a kind of exporter says over gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    /// Path of the method.
    pub(crate) method: &'static str,
    /// A batch as messages.
    pub(crate) encode: fn(&SpanBatch) -> Vec<Vec<u8>>,
    /// What an answer of OK says besides: how many spans the peer left out, and
    /// why.
    pub(crate) left_out: fn(&[u8]) -> Option<(u64, String)>,
}

/// An exporter, understood.
#[derive(Debug, Clone)]
pub enum ExporterConfig {
    /// Into the store of this process.
    Tracewell,
    /// OTLP over gRPC.
    Otlp(GrpcConfig),
    /// Jaeger's `PostSpans` over gRPC.
    Jaeger(GrpcConfig),
    /// Into the log.
    Debug(DebugConfig),
    /// Nowhere.
    Nop,
}

impl ExporterConfig {
    /// Reads the section of an exporter of this kind; `None` of a kind that is not
    /// served.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        Some(match kind {
            "otlp" | "otlp_grpc" => Self::Otlp(GrpcConfig::read(fields)),
            "jaeger" => Self::Jaeger(GrpcConfig::read(fields)),
            "debug" | "logging" => Self::Debug(DebugConfig::read(fields)),
            "tracewell" => {
                fields.end();
                Self::Tracewell
            }
            "nop" => {
                fields.end();
                Self::Nop
            }
            _ => return None,
        })
    }

    /// The running exporter, which connects to nobody yet; its account is added to
    /// `accounts`, if it keeps one.
    ///
    /// # Errors
    /// It cannot be made: why.
    pub(crate) fn build(
        &self,
        id: &ComponentId,
        surroundings: &Surroundings<'_>,
        accounts: &mut Vec<Arc<ExporterAccount>>,
    ) -> Result<Arc<dyn Consumer>, String> {
        let runtime = surroundings.runtime.clone();
        let (protocol, config) = match self {
            Self::Tracewell => return Ok(Arc::clone(surroundings.store)),
            Self::Debug(config) => {
                return Ok(Arc::new(Debug::new(id.to_string(), config, runtime)));
            }
            Self::Nop => return Ok(Arc::new(Nop)),
            Self::Otlp(config) => (OTLP, config),
            Self::Jaeger(config) => (JAEGER, config),
        };
        // What stands before an @ is nobody's to see.
        let (_, shown) = config
            .endpoint
            .rsplit_once('@')
            .unwrap_or(("", &config.endpoint));
        let account = ExporterAccount::new(id.to_string(), shown.to_owned());
        accounts.push(Arc::clone(&account));
        Ok(Arc::new(Sending::new(protocol, config, account, runtime)?))
    }
}
