//! What is done to spans between receivers and exporters.
//!
//! A kind of processor says here how its section is read and how it is built;
//! nothing else in the crate knows the kinds. Those that neither wait nor join
//! are a [`Change`](changing::Change): columns in, columns out. **Every span that does
//! not go on is counted under a reason.**

pub mod account;
pub mod actions;
pub mod attributes;
pub mod batch;
pub(crate) mod changing;
pub mod error_mode;
pub mod filter;
pub mod groupbytrace;
pub mod matching;
pub mod probabilistic_sampler;
pub mod redaction;
pub mod resource;
pub mod resource_detection;
pub mod span;
pub mod tail_sampling;
pub mod transform;

use std::sync::Arc;

use tracewell_model::Consumer;

use crate::pipelines::graph::{Accounts, Surroundings};
use crate::pipelines::{ComponentId, Kept, Storage};
use crate::written::fields::Fields;
use crate::written::yaml::Location;
pub use account::{ProcessorAccount, ProcessorSnapshot};
use attributes::AttributesConfig;
use batch::{Batch, BatchConfig};
use changing::{Change, Changing};
use filter::FilterConfig;
use groupbytrace::GroupByTraceConfig;
use probabilistic_sampler::{ProbabilisticSampler, ProbabilisticSamplerConfig};
use redaction::RedactionConfig;
use resource::ResourceConfig;
use resource_detection::ResourceDetectionConfig;
use span::SpanConfig;
use tail_sampling::{TailSampling, TailSamplingConfig};
use transform::TransformConfig;

/// A processor, understood.
#[derive(Debug, Clone)]
pub enum ProcessorConfig {
    /// Joins small batches.
    Batch(BatchConfig),
    /// Bounds the memory of the process, which is done at the receivers: the
    /// budget is known before a byte is read. MiB, and where it says so.
    MemoryLimiter(Option<(u64, Location)>),
    /// Changes attributes of spans.
    Attributes(AttributesConfig),
    /// Changes attributes of resources.
    Resource(ResourceConfig),
    /// Changes names and statuses.
    Span(SpanConfig),
    /// Takes away and masks.
    Redaction(Box<RedactionConfig>),
    /// Adds what is known of the host.
    ResourceDetection(ResourceDetectionConfig),
    /// Drops spans by conditions.
    Filter(Arc<FilterConfig>),
    /// Runs statements.
    Transform(Arc<TransformConfig>),
    /// Keeps a share of traces.
    ProbabilisticSampler(ProbabilisticSamplerConfig),
    /// Decides of whole traces whether they are kept.
    TailSampling(Arc<TailSamplingConfig>),
    /// Hands on whole traces.
    GroupByTrace(GroupByTraceConfig),
}

impl ProcessorConfig {
    /// Reads the section of a processor of this kind; `None` of a kind that is not
    /// served.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        Some(match kind {
            "batch" => Self::Batch(BatchConfig::read(fields)),
            "memory_limiter" => Self::MemoryLimiter(memory_limit(fields)),
            "attributes" => Self::Attributes(AttributesConfig::read(fields)),
            "resource" => Self::Resource(ResourceConfig::read(fields)),
            "span" => Self::Span(SpanConfig::read(fields)),
            "filter" => Self::Filter(Arc::new(FilterConfig::read(fields))),
            "transform" => Self::Transform(Arc::new(TransformConfig::read(fields))),
            "redaction" => Self::Redaction(Box::new(RedactionConfig::read(fields))),
            "resource_detection" | "resourcedetection" => {
                Self::ResourceDetection(ResourceDetectionConfig::read(fields))
            }
            "probabilistic_sampler" => {
                Self::ProbabilisticSampler(ProbabilisticSamplerConfig::read(fields))
            }
            "groupbytrace" | "group_by_trace" => {
                Self::GroupByTrace(GroupByTraceConfig::read(fields))
            }
            "tail_sampling" => Self::TailSampling(Arc::new(TailSamplingConfig::read(fields))),
            _ => return None,
        })
    }

    /// The extension that it names for what waits on the disk.
    pub(crate) fn storage(&self) -> Option<&Storage> {
        match self {
            Self::TailSampling(config) => config.tail_storage.as_ref(),
            _ => None,
        }
    }

    /// The running processor `id` of `pipeline`, before `next`, with its account
    /// among `accounts`, if it keeps one.
    ///
    /// # Errors
    /// It cannot be made: why.
    pub(crate) fn build(
        &self,
        (pipeline, id): (&str, &ComponentId),
        next: Arc<dyn Consumer>,
        surroundings: &Surroundings<'_>,
        accounts: &Accounts,
    ) -> Result<Arc<dyn Consumer>, String> {
        let account = || accounts.processor((pipeline, id));
        // It keeps what it hands on until that is acknowledged.
        let keeping = |next| -> (Arc<ProcessorAccount>, Arc<dyn Consumer>) {
            let (account, copies) = (account(), Arc::clone(accounts.copies()));
            account.keeps();
            (account, Arc::new(Kept { copies, next }))
        };
        let changing = |change: Box<dyn Change>, next| -> Arc<dyn Consumer> {
            Changing::new(change, account(), next)
        };
        Ok(match self {
            Self::Batch(config) => Batch::build(config.clone(), next, surroundings),
            // Spans that come this far have their room already.
            Self::MemoryLimiter(_) => next,
            Self::Attributes(config) => changing(Box::new(config.clone()), next),
            Self::Resource(config) => changing(Box::new(config.clone()), next),
            Self::Span(config) => changing(Box::new(config.clone()), next),
            Self::Filter(config) => changing(Box::new(Arc::clone(config)), next),
            Self::Transform(config) => changing(Box::new(Arc::clone(config)), next),
            Self::Redaction(config) => changing(config.clone(), next),
            Self::ResourceDetection(config) => changing(Box::new(config.clone()), next),
            Self::ProbabilisticSampler(config) => {
                changing(Box::new(ProbabilisticSampler::new(config.clone())), next)
            }
            Self::TailSampling(config) => {
                let (account, next) = keeping(next);
                TailSampling::build(config, (pipeline, id), next, account, surroundings)?
            }
            Self::GroupByTrace(config) => {
                let ((account, next), config) = (keeping(next), config.sampling());
                TailSampling::build(&config, (pipeline, id), next, account, surroundings)?
            }
        })
    }
}

fn memory_limit(fields: Fields<'_>) -> Option<(u64, Location)> {
    let limit_mib = fields.number("limit_mib", 0, 0);
    let at = fields.text("limit_mib").map(|written| written.location);
    // Checked as bytes come in, and with room for spikes.
    for taken in [
        "check_interval",
        "spike_limit_mib",
        "spike_limit_percentage",
    ] {
        fields.has(taken);
    }
    if fields.has("limit_percentage") && at.is_none() {
        fields.reading().warn(format!(
            "{}: the limit is --memory-limit, in bytes; write limit_mib for another one",
            fields.path("limit_percentage")
        ));
    }
    fields.end();
    at.map(|at| (limit_mib, at))
}
