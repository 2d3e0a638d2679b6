//! Runs of rows of one trace, and the calls inside them.

use super::counted::Counted;
use super::{Dependency, Hashed};
use tracewell_model::store::ScanChunk;
use tracewell_model::{SpanId, TimeRange, TraceId};

/// Up to so many spans, looking at all of them is quicker than an index.
const SMALL_SPANS: usize = 24;

/// A number for a service name.
pub(super) type Service = u32;

/// Numbers for service names.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: Hashed<String, Service>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> Service {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as Service;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

/// Calls between services that differ.
#[derive(Debug, Default)]
pub(super) struct CallCounts {
    calls: Hashed<(Service, Service), u64>,
}

impl CallCounts {
    /// Counts a span of `child` whose parent is of `parent`.
    pub(super) fn add(&mut self, parent: Service, child: Service) {
        if parent != child {
            *self.calls.entry((parent, child)).or_default() += 1;
        }
    }

    /// With names, sorted.
    pub(super) fn finish(self, names: &Names) -> Vec<Dependency> {
        let name = |service: Service| names.names[service as usize].clone();
        let calls = self.calls.into_iter();
        let mut calls: Vec<_> = calls
            .map(|((parent, child), calls)| Dependency {
                parent: name(parent),
                child: name(child),
                calls,
            })
            .collect();
        calls.sort();
        calls
    }
}

/// A span as far as calls are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    pub(super) id: SpanId,
    pub(super) service: Service,
    parent: SpanId,
    start_ns: u64,
    duration_ns: i64,
}

/// Consecutive rows of one trace, each span once.
#[derive(Debug, Default)]
pub(super) struct Run {
    trace_id: TraceId,
    spans: Vec<Caller>,
    /// Place of each id, if the run is long; else empty.
    index: Hashed<SpanId, u32>,
}

impl Run {
    /// Hands the runs of a chunk's rows to `visit`.
    pub(super) fn each(chunk: &ScanChunk<'_>, names: &mut Names, visit: &mut dyn FnMut(&Self)) {
        let spans = chunk.batch.spans();
        let services: Vec<Service> = chunk
            .batch
            .resource_services()
            .iter()
            .map(|name| names.number(name))
            .collect();
        let mut run = Self::default();
        for row in chunk.rows.iter() {
            if spans.trace_id[row] != run.trace_id {
                run.end(visit);
                run.trace_id = spans.trace_id[row];
            }
            run.push(Caller {
                id: spans.span_id[row],
                service: services[spans.resource[row] as usize],
                parent: spans.parent_span_id[row],
                start_ns: spans.start_ns[row],
                duration_ns: spans.duration_ns[row],
            });
        }
        run.end(visit);
    }

    fn push(&mut self, span: Caller) {
        let known = self.place(span.id).map(|place| self.spans[place]);
        if known == Some(span) {
            return;
        }
        let place = self.spans.len() as u32;
        self.spans.push(span);
        if self.spans.len() <= SMALL_SPANS {
            return;
        }
        if self.index.is_empty() {
            for (place, span) in (0..).zip(&self.spans) {
                self.index.entry(span.id).or_insert(place);
            }
        } else {
            self.index.entry(span.id).or_insert(place);
        }
    }

    fn end(&mut self, visit: &mut dyn FnMut(&Self)) {
        if !self.spans.is_empty() {
            visit(self);
        }
        self.spans.clear();
        self.index.clear();
    }

    /// Of spans that share an id the first is the one that children hang on.
    fn place(&self, id: SpanId) -> Option<usize> {
        if self.spans.len() > SMALL_SPANS {
            return self.index.get(&id).map(|place| *place as usize);
        }
        self.spans.iter().position(|span| span.id == id)
    }

    /// Counts the calls inside the run whose children start in the range; hands
    /// the parent's id and the service of the other children to `visit`. Each
    /// span calls once.
    pub(super) fn calls(
        &self,
        range: TimeRange,
        counted: &mut Counted,
        counts: &mut CallCounts,
        visit: &mut dyn FnMut(SpanId, Service),
    ) {
        let called = |span: &&Caller| !span.parent.is_zero() && range.contains(span.start_ns);
        for span in self.spans.iter().filter(called) {
            let parent = self.service(span.parent);
            if parent == Some(span.service) || !counted.is_first(self.trace_id, span) {
                continue;
            }
            match parent {
                Some(parent) => counts.add(parent, span.service),
                None => visit(span.parent, span.service),
            }
        }
    }

    pub(super) fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    pub(super) fn spans(&self) -> &[Caller] {
        &self.spans
    }

    /// The service of a span that is here.
    pub(super) fn service(&self, id: SpanId) -> Option<Service> {
        self.place(id).map(|place| self.spans[place].service)
    }
}
