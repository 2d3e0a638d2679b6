//! `/metrics`: counters and gauges of this process, and what connectors count of
//! spans, which is at `/metrics/spans` alone.
//!
//! Nothing is counted here: every scrape reads the accounts that
//! [`/api/status`](super::status) shows too. Names and meanings are documented
//! in `docs/metrics.md`; **a name that was published is never given another
//! meaning**.

mod components;
mod graph;
mod page;
mod stored;
mod text_format;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tracewell_collector::ReceiverSnapshot;
use tracewell_collector::pipelines::graph::Accounts;
use tracewell_collector::series::{Naming, Reader, SeriesPage, TextFormat};
use tracewell_model::TraceStore;

use super::process;
use crate::facts::{ProcessFacts, VERSION};
use page::Page;
use stored::store;

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
