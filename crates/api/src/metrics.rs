//! `/metrics`: counters and gauges of this process, and what connectors count of
//! spans, which is at `/metrics/spans` alone.
//!
//! Nothing is counted here: every scrape reads the accounts that
//! [`/api/status`](super::status) shows too. Names and meanings are documented
//! in `docs/metrics.md`; **a name that was published is never given another
//! meaning**.

mod components;
mod graph;
mod text_format;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tracewell_collector::ReceiverSnapshot;
use tracewell_collector::pipelines::graph::Accounts;
use tracewell_collector::series::{Naming, Reader, SeriesPage, TextFormat};
use tracewell_model::TraceStore;
use tracewell_model::store::{CompactionStatus, RunningMerge, StoreStatus};

use super::process;
use crate::facts::{ProcessFacts, VERSION};

/// The routes, relative to the root of the APIs.
pub(crate) fn router(store: Arc<dyn TraceStore>, facts: Arc<ProcessFacts>) -> Router {
    let mut registry = Registry::default();
    registry.register(
        "tracewell_build",
        "Which tracewell this is",
        Info::new([("version", VERSION)]),
    );
    let of_scrape = Arc::clone(&facts);
    registry.register_collector(Box::new(Scrape {
        store,
        facts: of_scrape,
    }));
    let registry = Arc::new(registry);
    let of_spans = Arc::clone(&facts);
    let all = move |headers: HeaderMap| answer(headers, Some(registry), facts);
    let spans = move |headers: HeaderMap| answer(headers, None, of_spans);
    Router::new()
        .route("/metrics", get(all))
        .route("/metrics/spans", get(spans))
}

/// What is counted of this process, if it is asked for, and of spans.
async fn answer(
    headers: HeaderMap,
    registry: Option<Arc<Registry>>,
    facts: Arc<ProcessFacts>,
) -> Response {
    text_format::answer(text_format::wanted(&headers), move |format| {
        let mut own = String::new();
        if let Some(registry) = registry {
            text::encode_registry(&mut own, &registry)?;
        }
        let mut series = SeriesPage::new(format, Naming::default());
        facts.write_series(&mut series);
        Ok((own, series.into_text()))
    })
    .await
}

/// The route of the port of an exporter, at which only what some connectors count is
/// read.
pub(crate) fn scraped(accounts: Accounts, exporter: String) -> Router {
    let answer = async move |headers: HeaderMap| {
        let Some(scraped) = accounts.scraped(&exporter) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let format = match scraped.has_open_metrics {
            true => text_format::wanted(&headers),
            false => TextFormat::Prometheus,
        };
        text_format::answer(format, move |format| {
            let mut page = SeriesPage::new(format, scraped.naming.clone());
            for source in &scraped.sources {
                page.put(&source.read(Reader::Scrape));
            }
            Ok((String::new(), page.into_text()))
        })
        .await
    };
    Router::new().route("/metrics", get(answer))
}

/// Reads everything anew for each scrape.
struct Scrape {
    store: Arc<dyn TraceStore>,
    facts: Arc<ProcessFacts>,
}

impl Debug for Scrape {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Scrape").finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        receivers(&mut page, &self.facts.receivers())?;
        components::processors(&mut page, &self.facts.processors())?;
        components::exporters(&mut page, &self.facts.exporters())?;
        if let Some(sum) = self.facts.components().sum() {
            graph::sum(&mut page, &sum)?;
            graph::edges(&mut page, &self.facts.components().layout().edges)?;
        }
        components::pushing(&mut page, &self.facts.pushing())?;
        let (held, limit) = self.facts.intake_bytes();
        page.gauge(
            "tracewell_requests_held_bytes",
            "Memory that requests in flight hold",
            held,
        )?;
        page.gauge(
            "tracewell_requests_limit_bytes",
            "Memory that requests in flight may hold before clients are told to wait",
            limit,
        )?;
        let connections = self.facts.connections();
        page.gauge(
            "tracewell_connections_open",
            "Connections of all receivers",
            connections.open,
        )?;
        page.gauge(
            "tracewell_connections_limit",
            "Connections that all receivers may have before idle ones make room",
            connections.limit,
        )?;
        let ended = connections.ended.into_iter();
        page.counters(
            "tracewell_connections_ended",
            "Connections of receivers that were ended or not taken, by reason",
            ended.map(|(reason, times)| ([("reason", reason)], times)),
        )?;
        let (open, limit) = self.facts.read_connections();
        page.gauge(
            "tracewell_read_connections_open",
            "Connections of those who ask",
            open,
        )?;
        page.gauge(
            "tracewell_read_connections_limit",
            "Connections that those who ask may have before others wait",
            limit,
        )?;
        let lock = self.facts.lock();
        let denied = lock.denied().into_iter();
        page.counters(
            "tracewell_denied",
            "Requests that were turned away for want of a credential or a role, by reason",
            denied.map(|(reason, times)| ([("reason", reason)], times)),
        )?;
        page.counter(
            "tracewell_tls_failed_handshakes",
            "Connections that ended before TLS was agreed upon",
            lock.failed_handshakes(),
        )?;
        store(&mut page, &self.store.status())?;
        if let Some(usage) = process::usage() {
            page.gauge(
                "tracewell_process_resident_memory_bytes",
                "Memory of the process that is in RAM",
                usage.resident_bytes,
            )?;
            page.counter(
                "process_cpu_seconds",
                "CPU time of the process, user and system",
                usage.cpu_seconds,
            )?;
        }
        Ok(())
    }
}

type Label<'a> = (&'static str, &'a str);

fn receivers(page: &mut Page<'_>, accounts: &[ReceiverSnapshot]) -> fmt::Result {
    let per_receiver = |value: fn(&ReceiverSnapshot) -> u64| {
        let accounts = accounts.iter();
        accounts.map(move |account| ([receiver(account)], value(account)))
    };
    page.counters(
        "tracewell_spans_received",
        "Spans that arrived in requests that could be decoded: stored, rejected and in flight",
        per_receiver(|account| account.received),
    )?;
    page.counters(
        "tracewell_spans_stored",
        "Spans whose storing was acknowledged",
        per_receiver(|account| account.stored),
    )?;
    page.counters(
        "tracewell_spans_rejected",
        "Spans that were refused, by reason",
        accounts.iter().flat_map(|account| {
            let reasons = account.rejected.iter();
            reasons.map(|(reason, spans)| ([receiver(account), ("reason", *reason)], *spans))
        }),
    )?;
    page.gauges(
        "tracewell_spans_in_flight",
        "Spans that wait for the store",
        per_receiver(|account| account.in_flight),
    )?;
    page.counters(
        "tracewell_requests",
        "Requests that ended, by outcome",
        accounts.iter().flat_map(|account| {
            let outcomes = account.requests.iter();
            outcomes.map(|(outcome, count)| ([receiver(account), ("outcome", *outcome)], *count))
        }),
    )?;
    page.counters(
        "tracewell_ignored_requests",
        "Requests with a signal that is not stored, such as metrics and logs",
        accounts.iter().flat_map(|account| {
            let signals = account.ignored.iter();
            signals.map(|(signal, count)| ([receiver(account), ("signal", *signal)], *count))
        }),
    )?;
    page.counters(
        "tracewell_ignored_items",
        "Metric points, log records and profiles that were thrown away",
        accounts.iter().flat_map(|account| {
            let signals = account.ignored_items.iter();
            signals.map(|(signal, count)| ([receiver(account), ("signal", *signal)], *count))
        }),
    )?;
    page.counters(
        "tracewell_repairs",
        "What was put right in spans that were kept, by kind",
        accounts.iter().flat_map(|account| {
            let kinds = account.repaired.iter();
            kinds.map(|(kind, count)| ([receiver(account), ("kind", *kind)], *count))
        }),
    )?;
    page.counters(
        "tracewell_datagrams_lost",
        "Datagrams that the kernel dropped because they came faster than they were read",
        per_receiver(|account| account.datagrams_lost),
    )
}

fn receiver(account: &ReceiverSnapshot) -> Label<'_> {
    ("receiver", &account.receiver)
}

fn store(page: &mut Page<'_>, status: &StoreStatus) -> fmt::Result {
    page.gauge("tracewell_store_spans", "Spans in the store", status.spans)?;
    page.gauge(
        "tracewell_store_bytes",
        "Bytes that the store occupies on disk, or in memory when it has no disk",
        status.bytes,
    )?;
    page.gauge(
        "tracewell_store_memory_bytes",
        "Bytes of memory that spans of the store occupy",
        status.memory_bytes,
    )?;
    page.gauge("tracewell_store_blocks", "Sealed blocks", status.blocks)?;
    page.gauge(
        "tracewell_store_healthy",
        "1 while the store takes spans, 0 while it cannot",
        u64::from(status.unhealthy.is_none()),
    )?;
    page.counter(
        "tracewell_store_removed_spans",
        "Spans that retention has removed",
        status.removed_spans,
    )?;
    page.gauge(
        "tracewell_store_degraded",
        "1 while somebody should look after the store although it works, 0 when all is well",
        u64::from(status.degraded().is_some()),
    )?;
    page.gauge(
        "tracewell_store_damaged_blocks",
        "Blocks that cannot be read in full",
        status.damaged.len() as u64,
    )?;
    page.gauge(
        "tracewell_store_damaged_spans",
        "Spans in damaged parts of blocks, which answers lack",
        status.damaged.iter().map(|block| block.spans).sum::<u64>(),
    )?;
    page.counter(
        "tracewell_store_incomplete_reads",
        "Reads that left something out because it is damaged",
        status.incomplete_reads,
    )?;
    compaction(page, &status.compaction)
}

fn compaction(page: &mut Page<'_>, status: &CompactionStatus) -> fmt::Result {
    let counters = [
        ("merges", "Merges of blocks that ended well", status.merges),
        ("spans", "Spans that merges have written", status.spans),
        ("bytes", "Bytes that merges have written", status.bytes),
        (
            "duplicate_spans",
            "Exact duplicates that merges have removed",
            status.duplicates,
        ),
    ];
    for (name, help, value) in counters {
        page.counter(&format!("tracewell_compaction_{name}"), help, value)?;
    }
    let running = status.running.unwrap_or(RunningMerge {
        spans: 0,
        written: 0,
    });
    let gauges = [
        (
            "backlog_blocks",
            "Blocks that wait to be merged",
            status.backlog_blocks,
        ),
        (
            "backlog_bytes",
            "Bytes of the blocks that wait to be merged",
            status.backlog_bytes,
        ),
        (
            "running_spans",
            "Spans of the merge that runs now, 0 without one",
            running.spans,
        ),
        (
            "running_written_spans",
            "Spans that the merge that runs now has written",
            running.written,
        ),
        (
            "healthy",
            "1, or 0 while merges fail or leave out a damaged block",
            u64::from(status.trouble.is_none()),
        ),
    ];
    for (name, help, value) in gauges {
        page.gauge(&format!("tracewell_compaction_{name}"), help, value)?;
    }
    Ok(())
}

/// The page of one scrape.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// The encoder adds `_total` to the name.
    fn counters<'a, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = ([Label<'a>; N], u64)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        for (labels, value) in series {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counter<V>(&mut self, name: &str, help: &str, value: V) -> fmt::Result
    where
        ConstCounter<V>: EncodeMetric,
    {
        let family = self.family(name, help, MetricType::Counter)?;
        ConstCounter::new(value).encode(family)
    }

    fn gauges<'a, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = ([Label<'a>; N], u64)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Gauge)?;
        for (labels, value) in series {
            gauge_of(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        gauge_of(value).encode(self.family(name, help, MetricType::Gauge)?)
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        metric_type: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, metric_type)
    }
}

fn gauge_of(value: u64) -> ConstGauge {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
