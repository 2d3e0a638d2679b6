//! `service_graph`: counts requests between services, from the spans of both sides.
//!
//! A client's span and the server's, whose parent it is, come in different batches;
//! the first waits for the other. **What waits is bounded in number and time**, and
//! what becomes of a side that stayed alone is counted. A batch is acknowledged once
//! it is counted: numbers are in memory, and so is what waits.

mod config;
mod edges;
#[cfg(test)]
mod tests;
mod waiting;

pub(super) use config::ServiceGraphConfig;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracewell_model::clock::Clock;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, Level, SpanBatch, SpanKind};

use super::texts::Texts;
use crate::series::{Counted, Head, Labels, Reader, SeriesSource};
use edges::Edges;
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;
use waiting::{Half, Side, Waiting};

/// See the module's text.
pub(crate) struct ServiceGraph {
    config: ServiceGraphConfig,
    head: Arc<Head>,
    clock: Arc<dyn Clock>,
    /// When the clock's steady time began.
    epoch_ns: u64,
    graph: Mutex<Graph>,
}

struct Graph {
    waiting: Waiting,
    edges: Edges,
}

impl ServiceGraph {
    pub(crate) fn new(config: ServiceGraphConfig, clock: Arc<dyn Clock>) -> Arc<Self> {
        let ttl_ns = u64::try_from(config.ttl.as_nanos()).unwrap_or(u64::MAX);
        let graph = Graph {
            waiting: Waiting::new(config.items_max, ttl_ns),
            edges: Edges::new(),
        };
        Arc::new(Self {
            head: Arc::new(edges::head(&config)),
            epoch_ns: clock.now_ns().saturating_sub(clock.steady_ns()),
            config,
            clock,
            graph: Mutex::new(graph),
        })
    }

    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, batch: &SpanBatch) {
        let sides = Sides::of(batch, &self.config);
        let spans = batch.spans();
        let mut graph = self.graph();
        let now_ns = self.clock.steady_ns();
        graph.end_old(&self.config, now_ns);
        graph.edges.make_room(now_ns);
        for row in 0..batch.len() {
            let Some(half) = sides.half(row) else {
                continue;
            };
            let database = sides.database(row);
            let (trace, parent) = (spans.trace_id[row], spans.parent_span_id[row]);
            let Graph { waiting, edges } = &mut *graph;
            let key = match half.side {
                Side::Client if database.is_some() => {
                    edges.database(&self.config, &half, database.unwrap_or_default(), now_ns);
                    continue;
                }
                Side::Server if parent.is_zero() => {
                    edges.alone(&self.config, &half, true, now_ns);
                    continue;
                }
                Side::Client => (trace, spans.span_id[row]),
                Side::Server => (trace, parent),
            };
            if let Some(other) = waiting.take_other(&key, half.side) {
                edges.pair(&self.config, &half, &other, now_ns);
            } else if let Err(half) = waiting.put(key, half, now_ns) {
                edges.dropped(&half, now_ns);
            }
        }
    }
}

impl Graph {
    /// Ends what has waited for too long.
    fn end_old(&mut self, config: &ServiceGraphConfig, now_ns: u64) {
        while let Some(half) = self.waiting.take_expired(now_ns) {
            self.edges.alone(config, &half, false, now_ns);
        }
    }
}

/// The spans of a batch that are a side of a request.
struct Sides<'b> {
    batch: &'b SpanBatch,
    config: &'b ServiceGraphConfig,
    /// By resource.
    services: Vec<Arc<str>>,
    failed: tracewell_model::RowSet,
    counts: AdjustedCounts<'b>,
    /// By dimension.
    dimensions: Vec<Texts<'b>>,
    /// Who the other side is, and that it is a database.
    peers: Texts<'b>,
    databases: Texts<'b>,
}

impl<'b> Sides<'b> {
    fn of(batch: &'b SpanBatch, config: &'b ServiceGraphConfig) -> Self {
        let resources = &batch.spans().resource;
        let of_span = |key: &str| Texts::of_attribute(batch, Level::Span, key);
        // Resources first, as the Collector does it here.
        let of_both = |key: &str| {
            let of_resource = Texts::of_attribute(batch, Level::Resource, key);
            let own = Texts::none(batch.len()).or(&of_resource, |row| resources[row] as usize);
            own.or(&of_span(key), |row| row)
        };
        let first = |texts: Texts<'b>, more: Texts<'b>| texts.or(&more, |row| row);
        let none = || Texts::none(batch.len());
        let dimensions = config.dimensions.iter();
        let peers = config.peer_attributes.iter().map(|key| of_span(key));
        let databases = config.database_attributes.iter().map(|key| of_both(key));
        Self {
            batch,
            config,
            services: batch
                .resource_services()
                .into_iter()
                .map(Arc::from)
                .collect(),
            failed: failed_rows(batch),
            counts: AdjustedCounts::of(batch),
            dimensions: dimensions
                .map(|dimension| of_both(&dimension.key))
                .collect(),
            peers: peers.fold(none(), first),
            databases: databases.fold(none(), first),
        }
    }

    /// What a span says of a request, if it is a side of one.
    fn half(&self, row: usize) -> Option<Half> {
        let spans = self.batch.spans();
        let (side, is_message) = match SpanKind::from_otlp(spans.kind[row]) {
            SpanKind::Client => (Side::Client, false),
            SpanKind::Producer => (Side::Client, true),
            SpanKind::Server => (Side::Server, false),
            SpanKind::Consumer => (Side::Server, true),
            SpanKind::Internal | SpanKind::Unspecified => return None,
        };
        let service = &self.services[spans.resource[row] as usize];
        if service.is_empty() {
            return None;
        }
        let peer = match side {
            Side::Client => self.peers.get(row).filter(|peer| !peer.is_empty()),
            Side::Server => None,
        };
        Some(Half {
            side,
            service: Arc::clone(service),
            duration_ns: u64::try_from(spans.duration_ns[row]).unwrap_or(0),
            is_failed: self.failed.contains(row),
            is_message,
            weight: self.counts.get(row),
            dimensions: self.labels(row, side),
            peer: peer.map(Box::from),
        })
    }

    fn labels(&self, row: usize, side: Side) -> Box<str> {
        let mut labels = Labels::default();
        for (dimension, texts) in self.config.dimensions.iter().zip(&self.dimensions) {
            let name = match side {
                Side::Client => &dimension.of_client,
                Side::Server => &dimension.of_server,
            };
            labels.push(name, texts.get(row).unwrap_or_default());
        }
        labels.as_str().into()
    }

    fn database(&self, row: usize) -> Option<&str> {
        self.databases.get(row).filter(|name| !name.is_empty())
    }
}

impl Consumer for ServiceGraph {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.count(&batch);
        drop(batch);
        ack(Ok(()));
    }
}

impl SeriesSource for ServiceGraph {
    fn read(&self, reader: Reader) -> Counted {
        let now_ns = self.clock.steady_ns();
        let mut graph = self.graph();
        graph.end_old(&self.config, now_ns);
        let snapshot = graph.edges.snapshot(reader, now_ns, self.epoch_ns);
        drop(graph);
        Counted {
            head: Arc::clone(&self.head),
            time_ns: self.clock.now_ns(),
            series: snapshot.into_values(),
        }
    }
}

impl std::fmt::Debug for ServiceGraph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("ServiceGraph");
        debug.field("config", &self.config).finish_non_exhaustive()
    }
}
