//! `span_metrics`: counts spans, how long they took, and their events, by service,
//! name, kind, status and attributes.
//!
//! It works on columns: spans that are alike are found from the numbers of their
//! texts, counted together, and only then is a series looked for, once for all of
//! them. Numbers are in memory, so a batch is acknowledged once it is counted. **A
//! span that finds no series of its own is still counted**, in the one for the rest.

mod alike;
mod config;
#[cfg(test)]
mod tests;

pub(super) use config::SpanMetricsConfig;
pub(super) use config::{buckets_ns, flush_interval};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracewell_model::clock::Clock;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch};

use crate::series::{
    Counted, Counter, Exemplar, Exponential, Head, Histogram, Labels, Reader, SeriesSource, Table,
    Unit, Values,
};
use alike::{Alike, Spans};
use config::Durations;
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;

/// See the module's text.
pub(crate) struct SpanMetrics {
    config: SpanMetricsConfig,
    head: Arc<Head>,
    clock: Arc<dyn Clock>,
    /// When the clock's steady time began.
    epoch_ns: u64,
    tables: Mutex<Tables>,
}

struct Tables {
    calls: Table<Counter>,
    durations: Table<Histogram>,
    events: Table<Counter>,
}

impl SpanMetrics {
    pub(crate) fn new(config: SpanMetricsConfig, clock: Arc<dyn Clock>) -> Arc<Self> {
        let (limit, lifetime_ns) = (config.series_max, config.lifetime_ns);
        Arc::new(Self {
            head: Arc::new(config.head()),
            epoch_ns: clock.now_ns().saturating_sub(clock.steady_ns()),
            config,
            clock,
            tables: Mutex::new(Tables {
                calls: Table::new(limit, lifetime_ns),
                durations: Table::new(limit, lifetime_ns),
                events: Table::new(limit, lifetime_ns),
            }),
        })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, batch: &SpanBatch) {
        let counts = AdjustedCounts::of(batch);
        let spans = Spans::of(batch, &self.config.fixed);
        let by_call = Alike::spans(&spans, &self.config.calls);
        let calls = counted(&by_call, |row| counts.get(row));
        let timed = self.config.durations.as_ref().map(|durations| {
            let own = (durations.dimensions != self.config.calls)
                .then(|| Alike::spans(&spans, &durations.dimensions));
            let timed = Timed::of(batch, own.as_ref().unwrap_or(&by_call), durations, &counts);
            (durations, own, timed)
        });
        let events = self.config.events.as_ref().map(|dimensions| {
            let by_event = Alike::events(&spans, dimensions);
            let of_event = &batch.events().span_row;
            let counted = counted(&by_event, |event| counts.get(of_event[event] as usize));
            (by_event, counted)
        });

        let now_ns = self.clock.steady_ns();
        let unit = self.config.durations.as_ref();
        let unit = unit.map_or(Unit::Milliseconds, |durations| durations.bounds.unit);
        let exemplar = |span: usize| self.exemplar(batch, span, unit);
        let mut labels = Labels::default();
        let mut tables = self.tables();
        tables.calls.make_room(now_ns);
        for (group, row) in by_call.groups.first_row.iter().enumerate() {
            by_call.write(*row as usize, &mut labels);
            let series = tables.calls.at(labels.as_str(), now_ns, Counter::default);
            series.count += calls[group];
            series.exemplar = exemplar(*row as usize).or(series.exemplar);
        }
        if let Some((durations, own, timed)) = &timed {
            let alike = own.as_ref().unwrap_or(&by_call);
            tables.durations.make_room(now_ns);
            let new = || Histogram::new(&durations.bounds);
            for (group, row) in alike.groups.first_row.iter().enumerate() {
                alike.write(*row as usize, &mut labels);
                let series = tables.durations.at(labels.as_str(), now_ns, new);
                timed.add_to(series, group);
                for (bucket, span) in timed.examples_of(group) {
                    if let Some(exemplar) = exemplar(span) {
                        series.put(bucket, exemplar, self.config.exemplars_max);
                    }
                }
            }
        }
        if let Some((by_event, counted)) = &events {
            tables.events.make_room(now_ns);
            for (group, event) in by_event.groups.first_row.iter().enumerate() {
                by_event.write(*event as usize, &mut labels);
                let series = tables.events.at(labels.as_str(), now_ns, Counter::default);
                series.count += counted[group];
                let span = batch.events().span_row[*event as usize] as usize;
                series.exemplar = exemplar(span).or(series.exemplar);
            }
        }
    }

    fn exemplar(&self, batch: &SpanBatch, span: usize, unit: Unit) -> Option<Exemplar> {
        let spans = batch.spans();
        let trace_id = spans.trace_id[span];
        if self.config.exemplars_max == 0 || trace_id.is_zero() {
            return None;
        }
        let duration_ns = duration_ns(batch, span);
        Some(Exemplar {
            trace_id,
            span_id: spans.span_id[span],
            value: unit.of_ns(duration_ns),
            time_ns: spans.start_ns[span].saturating_add(duration_ns),
        })
    }
}

/// One that ends before it starts took no time.
fn duration_ns(batch: &SpanBatch, span: usize) -> u64 {
    u64::try_from(batch.spans().duration_ns[span]).unwrap_or(0)
}

/// The sums of groups.
fn counted(alike: &Alike<'_>, weight_of: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; alike.groups.len()];
    for (row, group) in alike.groups.of_row.iter().enumerate() {
        sums[*group as usize] += weight_of(row);
    }
    sums
}

/// The durations of a batch by group, for one look at each series.
struct Timed {
    buckets: usize,
    /// By group, and in it by bucket.
    counts: Vec<f64>,
    /// By group.
    sums: Vec<f64>,
    /// By group, where buckets grow by a factor.
    exponential: Option<Vec<Exponential>>,
    /// A span of each bucket that has any, by group.
    examples: Vec<Vec<(usize, usize)>>,
}

impl Timed {
    fn of(
        batch: &SpanBatch,
        alike: &Alike<'_>,
        Durations { bounds, .. }: &Durations,
        counts: &AdjustedCounts<'_>,
    ) -> Self {
        let (groups, buckets) = (alike.groups.len(), bounds.buckets());
        let mut timed = Self {
            buckets,
            counts: vec![0.0; groups * buckets],
            sums: vec![0.0; groups],
            exponential: bounds.new_exponential().map(|new| vec![new; groups]),
            examples: vec![Vec::new(); groups],
        };
        for (row, group) in alike.groups.of_row.iter().enumerate() {
            let (group, weight) = (*group as usize, counts.get(row));
            let duration_ns = duration_ns(batch, row);
            let bucket = bounds.bucket_of(duration_ns);
            let count = &mut timed.counts[group * buckets + bucket];
            if *count == 0.0 {
                timed.examples[group].push((bucket, row));
            }
            *count += weight;
            let value = bounds.unit.of_ns(duration_ns);
            timed.sums[group] += value * weight;
            if let Some(exponential) = &mut timed.exponential {
                exponential[group].add(value, weight);
            }
        }
        timed
    }

    fn add_to(&self, series: &mut Histogram, group: usize) {
        let counts = &self.counts[group * self.buckets..][..self.buckets];
        for (sum, count) in series.buckets.iter_mut().zip(counts) {
            *sum += count;
        }
        series.sum += self.sums[group];
        if let (Some(own), Some(groups)) = (&mut series.exponential, &self.exponential) {
            own.join(&groups[group], |own, other| *own += other);
        }
    }

    fn examples_of(&self, group: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.examples[group].iter().copied()
    }
}

impl Consumer for SpanMetrics {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        if !batch.is_empty() {
            self.count(&batch);
        }
        drop(batch);
        ack(Ok(()));
    }
}

impl SeriesSource for SpanMetrics {
    fn read(&self, reader: Reader) -> Counted {
        let (now_ns, epoch_ns) = (self.clock.steady_ns(), self.epoch_ns);
        let mut tables = self.tables();
        let calls = tables.calls.snapshot(reader, now_ns, epoch_ns);
        let durations = tables.durations.snapshot(reader, now_ns, epoch_ns);
        let events = tables.events.snapshot(reader, now_ns, epoch_ns);
        drop(tables);
        // In the order of the head.
        let mut series = vec![Values::Counters(calls)];
        if self.config.durations.is_some() {
            series.push(Values::Histograms(durations));
        }
        if self.config.events.is_some() {
            series.push(Values::Counters(events));
        }
        Counted {
            head: Arc::clone(&self.head),
            time_ns: self.clock.now_ns(),
            series,
        }
    }
}

impl std::fmt::Debug for SpanMetrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("SpanMetrics");
        debug.field("config", &self.config).finish_non_exhaustive()
    }
}
