//! Which service calls which: counted from stored spans.
//!
//! A call is a span whose parent belongs to another service. Most parents lie
//! in the same chunk of the store, so one pass resolves nearly all; children
//! whose parent was elsewhere wait for a second pass that looks only for those
//! parents. Memory is bounded by what waits, not by what is stored.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanRequest};
use tracewell_model::{
    RowSet, SpanBatch, SpanFilter, SpanId, StoreError, TimeRange, TraceId, TraceStore,
};

/// Children that may wait for a parent from elsewhere.
const MAX_WAITING: usize = 2_000_000;

/// Calls from one service to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The calling service.
    pub parent: String,
    /// The called service.
    pub child: String,
    /// How often.
    pub calls: u64,
}

/// The calls between services in a time range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Sorted by names.
    pub calls: Vec<Dependency>,
    /// Calls that were not looked at because too many waited for a parent.
    pub skipped: u64,
}

type SpanKey = (TraceId, SpanId);

/// Counts the calls between services of spans that start in the range.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn dependencies(
    store: &dyn TraceStore,
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Dependencies, StoreError> {
    let columns = ScanColumns {
        services: true,
        ..ScanColumns::default()
    };
    let request = ScanRequest {
        range,
        filter: &SpanFilter::All,
        columns,
        cancelled,
    };
    let mut pass = FirstPass::default();
    store.scan(&request, &mut |chunk, _| {
        pass.add(chunk.batch, chunk.rows);
        ControlFlow::Continue(())
    })?;
    let FirstPass {
        mut names,
        mut calls,
        mut waiting,
        skipped,
        ..
    } = pass;
    if !waiting.is_empty() {
        store.scan(&request, &mut |chunk, _| {
            let spans = chunk.batch.spans();
            let services = chunk.batch.resource_services();
            for row in chunk.rows.iter() {
                let key = (spans.trace_id[row], spans.span_id[row]);
                // Taken out: a parent that is shown twice calls once.
                let Some(children) = waiting.remove(&key) else {
                    continue;
                };
                let parent = names.number(services[spans.resource[row] as usize]);
                for child in children.into_iter().filter(|child| *child != parent) {
                    *calls.entry((parent, child)).or_default() += 1;
                }
            }
            if waiting.is_empty() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
    }
    let named = calls
        .into_iter()
        .map(|((parent, child), calls)| Dependency {
            parent: names.name(parent),
            child: names.name(child),
            calls,
        });
    let mut calls: Vec<_> = named.collect();
    calls.sort();
    Ok(Dependencies { calls, skipped })
}

/// Numbers for service names.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    fn name(&self, number: u32) -> String {
        self.names[number as usize].clone()
    }
}

#[derive(Debug, Default)]
struct FirstPass {
    names: Names,
    calls: HashMap<(u32, u32), u64>,
    /// Parent that was not in the chunk → services of its children.
    waiting: HashMap<SpanKey, Vec<u32>>,
    waiting_count: usize,
    skipped: u64,
}

impl FirstPass {
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        let spans = batch.spans();
        let services: Vec<u32> = batch
            .resource_services()
            .iter()
            .map(|name| self.names.number(name))
            .collect();
        let service = |row: usize| services[spans.resource[row] as usize];
        let mut here: HashMap<SpanKey, u32> = HashMap::new();
        for row in rows.iter() {
            here.entry((spans.trace_id[row], spans.span_id[row]))
                .or_insert(service(row));
        }
        for row in rows.iter() {
            let parent = spans.parent_span_id[row];
            if parent.is_zero() {
                continue;
            }
            let child = service(row);
            match here.get(&(spans.trace_id[row], parent)) {
                Some(parent) if *parent == child => {}
                Some(parent) => *self.calls.entry((*parent, child)).or_default() += 1,
                None if self.waiting_count >= MAX_WAITING => self.skipped += 1,
                None => {
                    self.waiting_count += 1;
                    self.waiting
                        .entry((spans.trace_id[row], parent))
                        .or_default()
                        .push(child);
                }
            }
        }
    }
}
