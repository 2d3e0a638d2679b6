//! Pipelines: what stands between receivers and what becomes of spans, as a
//! Collector's file describes it.
//!
//! ```text
//! file (text) ─► PipelineFile (checked, immutable) ─► Graph (running)
//! ```
//!
//! The graph is built in one place ([`graph`]) and reads from receivers to
//! exporters. Every stage is a `Consumer`, and a client is answered once the
//! last one has its spans: **nothing is acknowledged that only waits in memory**.

mod as_written;
pub mod drawing;
mod edges;
mod extensions;
mod file;
pub mod graph;
mod id;
pub(crate) mod joint;
mod known;
mod ports;
mod sum;

pub(crate) use edges::{Copies, Kept};
pub use edges::{EdgeAccount, EdgeSnapshot};
pub use extensions::{ExtensionConfig, FileStorageConfig, Storage};
pub use file::{MetricsPipeline, PipelineConfig, PipelineFile, is_pipeline_file, read};
pub use id::ComponentId;
pub(crate) use ports::on_all_addresses;
pub use ports::{Port, ReceiverConfig, SETTINGS};
pub use sum::Sum;
