//! What became of spans in pipelines, as metrics: of processors and exporters; and of
//! numbers that were counted of them.

use std::fmt;

use tracewell_collector::exporters::{ExporterSnapshot, QueueSnapshot};
use tracewell_collector::processors::ProcessorSnapshot;
use tracewell_collector::processors::tail_sampling::TraceCount;
use tracewell_collector::pushing::PushSnapshot;

use super::{Label, Page};

pub(super) fn processors(page: &mut Page<'_>, accounts: &[ProcessorSnapshot]) -> fmt::Result {
    let per_processor = |value: fn(&ProcessorSnapshot) -> u64| {
        let accounts = accounts.iter();
        accounts.map(move |account| (processor(account), value(account)))
    };
    page.counters(
        "tracewell_processor_spans_received",
        "Spans that a processor was given: passed, dropped, rejected and in flight",
        per_processor(|account| account.received),
    )?;
    page.counters(
        "tracewell_processor_spans_passed",
        "Spans that a processor handed on",
        per_processor(|account| account.passed),
    )?;
    page.counters(
        "tracewell_processor_spans_dropped",
        "Spans that end in a processor because it was told so, by reason",
        accounts.iter().flat_map(|account| {
            let [pipeline, name] = processor(account);
            let reasons = account.dropped.iter();
            reasons.map(move |(reason, spans)| ([pipeline, name, ("reason", *reason)], *spans))
        }),
    )?;
    page.counters(
        "tracewell_processor_spans_rejected",
        "Spans that a processor could not take",
        per_processor(|account| account.rejected),
    )?;
    page.gauges(
        "tracewell_processor_spans_in_flight",
        "Spans that wait in a processor",
        per_processor(|account| account.in_flight),
    )?;
    page.counters(
        "tracewell_processor_errors",
        "Spans on which a condition or a statement failed, and that were left as they were",
        per_processor(|account| account.errors),
    )?;
    decisions(page, accounts)
}

/// What tail_sampling decided: of traces and of their spans, by all policies together
/// and by each.
fn decisions(page: &mut Page<'_>, accounts: &[ProcessorSnapshot]) -> fmt::Result {
    type Count = fn(&TraceCount) -> u64;
    let decided = |value: Count| {
        let accounts = accounts.iter();
        accounts.flat_map(move |account| {
            let [pipeline, name] = processor(account);
            let counts = account.decisions.iter().flat_map(|counts| &counts.all);
            counts.map(move |(said, count)| ([pipeline, name, ("decision", *said)], value(count)))
        })
    };
    page.counters(
        "tracewell_tail_sampling_traces",
        "Traces that were decided, by decision",
        decided(|count| count.traces),
    )?;
    page.counters(
        "tracewell_tail_sampling_spans",
        "Spans that traces had when they were decided, by decision",
        decided(|count| count.spans),
    )?;
    let said = |value: Count| {
        let accounts = accounts.iter();
        accounts.flat_map(move |account| {
            let policies = account.decisions.iter().flat_map(|counts| &counts.policies);
            policies.flat_map(move |policy| {
                let [pipeline, name] = processor(account);
                let of_policy: Label<'_> = ("policy", &policy.name);
                policy.said.iter().map(move |(said, count)| {
                    let decision = ("decision", *said);
                    ([pipeline, name, of_policy, decision], value(count))
                })
            })
        })
    };
    page.counters(
        "tracewell_tail_sampling_policy_traces",
        "Traces of which a policy was asked, by what it said",
        said(|count| count.traces),
    )?;
    page.counters(
        "tracewell_tail_sampling_policy_spans",
        "Spans of traces of which a policy was asked, by what it said",
        said(|count| count.spans),
    )
}

fn processor(account: &ProcessorSnapshot) -> [Label<'_>; 2] {
    [
        ("pipeline", &account.pipeline),
        ("processor", &account.processor),
    ]
}

pub(super) fn exporters(page: &mut Page<'_>, accounts: &[ExporterSnapshot]) -> fmt::Result {
    let per_exporter = |value: fn(&ExporterSnapshot) -> u64| {
        let accounts = accounts.iter();
        accounts.map(move |account| ([exporter(account)], value(account)))
    };
    page.counters(
        "tracewell_exporter_spans_received",
        "Spans that an exporter was given: sent, rejected and in flight",
        per_exporter(|account| account.received),
    )?;
    page.counters(
        "tracewell_exporter_spans_restored",
        "Spans among those received that an earlier process left on the disk",
        per_exporter(|account| account.restored),
    )?;
    page.counters(
        "tracewell_exporter_spans_sent",
        "Spans that the peer of an exporter acknowledged",
        per_exporter(|account| account.sent),
    )?;
    page.counters(
        "tracewell_exporter_spans_rejected",
        "Spans that an exporter could not hand on, by reason",
        accounts.iter().flat_map(|account| {
            let reasons = account.rejected.iter();
            reasons.map(|(reason, spans)| ([exporter(account), ("reason", *reason)], *spans))
        }),
    )?;
    page.gauges(
        "tracewell_exporter_spans_in_flight",
        "Spans that wait for the peer of an exporter, in memory or on the disk",
        per_exporter(|account| account.in_flight),
    )?;
    page.counters(
        "tracewell_exporter_retries",
        "Requests of an exporter that failed and were or will be sent again",
        per_exporter(|account| account.retries),
    )?;
    peers(page, accounts)?;
    let per_queue = |value: fn(&QueueSnapshot) -> u64| {
        let queues = accounts.iter().filter_map(|account| {
            let queue = account.queue.as_ref()?;
            Some((account, queue))
        });
        queues.map(move |(account, queue)| ([exporter(account)], value(queue)))
    };
    page.gauges(
        "tracewell_exporter_queue_requests",
        "Batches in the queue of an exporter on the disk",
        per_queue(|queue| queue.requests),
    )?;
    page.gauges(
        "tracewell_exporter_queue_held_bytes",
        "Bytes on the disk that the queue of an exporter holds",
        per_queue(|queue| queue.held_bytes),
    )?;
    page.gauges(
        "tracewell_exporter_queue_limit_bytes",
        "Bytes on the disk that the queue of an exporter may hold",
        per_queue(|queue| queue.limit_bytes),
    )
}

/// Of exporters that have several.
fn peers(page: &mut Page<'_>, accounts: &[ExporterSnapshot]) -> fmt::Result {
    let peers = || accounts.iter().flat_map(|account| &account.peers);
    page.gauges(
        "tracewell_exporter_peers",
        "Peers of an exporter that may have several",
        accounts
            .iter()
            .filter(|account| !account.peers.is_empty())
            .map(|account| ([exporter(account)], account.peers.len() as u64)),
    )?;
    page.counters(
        "tracewell_exporter_peer_spans_sent",
        "Spans that one of the peers of an exporter acknowledged",
        peers().map(|account| (peer(account), account.sent)),
    )?;
    page.counters(
        "tracewell_exporter_peer_spans_moved",
        "Spans of a peer that another was given instead, because it was none any more",
        peers().map(|account| (peer(account), account.moved)),
    )?;
    page.gauges(
        "tracewell_exporter_peer_spans_in_flight",
        "Spans that wait for one of the peers of an exporter",
        peers().map(|account| (peer(account), account.in_flight)),
    )?;
    page.counters(
        "tracewell_exporter_peer_retries",
        "Requests to one of the peers of an exporter that failed and were or will be sent again",
        peers().map(|account| (peer(account), account.retries)),
    )
}

fn peer(account: &ExporterSnapshot) -> [Label<'_>; 2] {
    [exporter(account), ("peer", &account.endpoint)]
}

fn exporter(account: &ExporterSnapshot) -> Label<'_> {
    ("exporter", &account.exporter)
}

pub(super) fn pushing(page: &mut Page<'_>, accounts: &[PushSnapshot]) -> fmt::Result {
    let per_exporter = |value: fn(&PushSnapshot) -> u64| {
        let accounts = accounts.iter();
        accounts.map(move |account| ([("exporter", &*account.exporter)], value(account)))
    };
    page.counters(
        "tracewell_metric_exporter_points_collected",
        "Values of series that an exporter was given: sent, superseded, rejected and in flight",
        per_exporter(|account| account.collected),
    )?;
    page.counters(
        "tracewell_metric_exporter_points_sent",
        "Values of series that the peer of an exporter acknowledged",
        per_exporter(|account| account.sent),
    )?;
    page.counters(
        "tracewell_metric_exporter_points_superseded",
        "Values of series whose place a newer one took before they were sent; nothing is lost",
        per_exporter(|account| account.superseded),
    )?;
    page.counters(
        "tracewell_metric_exporter_points_rejected",
        "Values of series that an exporter could not hand on, by reason",
        accounts.iter().flat_map(|account| {
            let reasons = account.rejected.iter();
            reasons.map(|(reason, points)| {
                (
                    [("exporter", &*account.exporter), ("reason", *reason)],
                    *points,
                )
            })
        }),
    )?;
    page.gauges(
        "tracewell_metric_exporter_points_in_flight",
        "Values of series that wait for the peer of an exporter",
        per_exporter(|account| account.in_flight),
    )?;
    page.counters(
        "tracewell_metric_exporter_retries",
        "Messages of an exporter of metrics that failed and were or will be sent again",
        per_exporter(|account| account.retries),
    )
}
