//! Receivers, the pipeline and exporters.
//!
//! How the server uses it, once every port of the process is bound:
//!
//! ```no_run
//! # use std::{net::TcpListener, sync::Arc, time::Duration};
//! # use tracewell_collector::*;
//! # use tracewell_model::Consumer;
//! # async fn run(store: Arc<dyn Consumer>) -> Result<(), Box<dyn std::error::Error>> {
//! let accounting = Accounting::new();
//! let limits = IntakeConfig {
//!     memory_budget_bytes: 192 << 20,
//!     workers: None,
//!     max_connections: 1_000,
//!     lock: Arc::default(),
//! };
//! let intake = Intake::start(limits, store)?;
//! let listeners = OtlpListeners {
//!     grpc: Some(TcpListener::bind("127.0.0.1:4317")?),
//!     http: Some(TcpListener::bind("127.0.0.1:4318")?),
//! };
//! let otlp = OtlpReceiver::start(&OtlpConfig::default(), listeners, &intake, &accounting)?;
//! // … until the process is told to stop:
//! otlp.stop(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! [`Accounting::snapshot`] and [`Accounting::complaints`] serve metrics and the
//! status page;
//! [`Admission`] (through [`Intake::admission`]) says how much of the memory
//! budget is held. Logs go through `tracing`.
//!
//! This crate opens sockets; **it never opens a file** (but the kernel's table of
//! UDP sockets, for what that has dropped)**, never names the store or the query
//! engine, and never knows what a query is.**

pub mod accounting;
pub mod admission;
pub mod complaints;
mod connectors;
mod destination;
pub mod exporters;
pub mod intake;
mod part;
pub mod pipelines;
pub mod processors;
pub mod pushing;
mod ration;
pub mod receivers;
mod refusal;
mod rpc_status;
pub mod sampling;
pub mod series;
mod shared_ack;
mod value_text;
pub mod workers;
pub mod written;

pub use accounting::{Accounting, Outcome, ReceiverSnapshot};
pub use admission::Admission;
pub use complaints::Complaint;
pub use destination::{Destination, Entries, TenantDestinations};
pub use intake::{Intake, IntakeConfig};
pub use ration::{Ration, Rationed};
pub use receivers::StartError;
pub use receivers::connections::crowd::Connections;
pub use receivers::jaeger::{JaegerListeners, JaegerReceiver};
pub use receivers::kafka::KafkaReceiver;
pub use receivers::kafka::config::KafkaReceiverConfig;
pub use receivers::otlp::config::{CorsConfig, OtlpConfig};
pub use receivers::otlp::{OtlpListeners, OtlpReceiver};
pub use receivers::zipkin::ZipkinReceiver;
pub use receivers::zipkin::questions::{AnswerBody, Answering, Questions};
pub use sampling::{AdaptedOperation, CountedRoots, Reason, Sampling, Strategies, StrategiesError};
