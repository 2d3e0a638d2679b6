//! Runs of rows of one trace, and the calls inside them.

use super::counted::Counted;
use super::{Dependency, Hashed};
use tracewell_model::failure::failed_rows;
use tracewell_model::store::ScanChunk;
use tracewell_model::tree::{Parents, TraceSpans, parent_ids};
use tracewell_model::{SpanId, SpanKind, TimeRange, TraceId};

/// A number for a service name.
pub(super) type Service = u32;

/// A span that was called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called {
    pub(super) service: Service,
    pub(super) has_failed: bool,
}

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
    /// All of them, and those that failed.
    calls: Hashed<(Service, Service), [u64; 2]>,
}

impl CallCounts {
    /// Counts a span whose parent is of `parent`.
    pub(super) fn add(&mut self, parent: Service, child: Called) {
        if parent != child.service {
            let [calls, failed] = self.calls.entry((parent, child.service)).or_default();
            *calls += 1;
            *failed += u64::from(child.has_failed);
        }
    }

    /// With names, sorted.
    pub(super) fn finish(self, names: &Names) -> Vec<Dependency> {
        let name = |service: Service| names.names[service as usize].clone();
        let calls = self.calls.into_iter();
        let mut calls: Vec<_> = calls
            .map(|((parent, child), [calls, failed])| Dependency {
                parent: name(parent),
                child: name(child),
                calls,
                failed,
            })
            .collect();
        calls.sort();
        calls
    }
}

/// Where a caller may be: a span of a trace.
pub(super) type Place = (TraceId, SpanId);

/// Consecutive rows of one trace, with the tree they make (ADR-012).
#[derive(Debug, Default)]
pub(super) struct Run {
    trace_id: TraceId,
    ids: Vec<SpanId>,
    named_parents: Vec<SpanId>,
    kinds: Vec<SpanKind>,
    services: Vec<Service>,
    failed: Vec<bool>,
    times: Vec<(u64, i64)>,
    /// Spans that are linked to, by row.
    links: Vec<(u32, Place)>,
    parents: Parents,
}

impl Run {
    /// Hands the runs of a chunk's rows to `visit`.
    pub(super) fn each(chunk: &ScanChunk<'_>, names: &mut Names, visit: &mut dyn FnMut(&Self)) {
        let (batch, spans, links) = (chunk.batch, chunk.batch.spans(), chunk.batch.links());
        let services: Vec<Service> = batch
            .resource_services()
            .iter()
            .map(|name| names.number(name))
            .collect();
        let (named, failed) = (parent_ids(batch), failed_rows(batch));
        let mut link = 0;
        let mut run = Self::default();
        for row in chunk.rows.iter() {
            if spans.trace_id[row] != run.trace_id {
                run.end(visit);
                run.trace_id = spans.trace_id[row];
            }
            while links
                .span_row
                .get(link)
                .is_some_and(|of| (*of as usize) < row)
            {
                link += 1;
            }
            while links
                .span_row
                .get(link)
                .is_some_and(|of| *of as usize == row)
            {
                let place = (links.trace_id[link], links.span_id[link]);
                // Spans of Jaeger's own clients have the parent among their links.
                if place != (run.trace_id, named[row]) {
                    run.links.push((run.ids.len() as u32, place));
                }
                link += 1;
            }
            run.ids.push(spans.span_id[row]);
            run.named_parents.push(named[row]);
            run.kinds.push(SpanKind::from_otlp(spans.kind[row]));
            run.services.push(services[spans.resource[row] as usize]);
            run.failed.push(failed.contains(row));
            run.times
                .push((spans.start_ns[row], spans.duration_ns[row]));
        }
        run.end(visit);
    }

    fn spans_of_trace(&self) -> TraceSpans<'_> {
        TraceSpans {
            span_id: &self.ids,
            parent_span_id: &self.named_parents,
            kind: &self.kinds,
        }
    }

    fn end(&mut self, visit: &mut dyn FnMut(&Self)) {
        if !self.ids.is_empty() {
            let mut parents = std::mem::take(&mut self.parents);
            parents.find(self.spans_of_trace());
            self.parents = parents;
            visit(self);
        }
        self.ids.clear();
        self.named_parents.clear();
        self.kinds.clear();
        self.services.clear();
        self.failed.clear();
        self.times.clear();
        self.links.clear();
    }

    /// Counts the calls inside the run whose children start in the range; hands
    /// the places of other callers and the child to `visit`. Each
    /// span calls once, whatever its copies.
    pub(super) fn calls(
        &self,
        range: TimeRange,
        counted: &mut Counted,
        counts: &mut CallCounts,
        visit: &mut dyn FnMut(Place, Called),
    ) {
        let mut links = self.links.iter().peekable();
        let mut callers = Vec::new();
        for (row, child) in self.services.iter().enumerate() {
            callers.clear();
            callers.extend(self.parent(row));
            while let Some((_, place)) = links.next_if(|(of, _)| *of as usize == row) {
                let is_inside = place.0 == self.trace_id;
                let inside = is_inside.then(|| self.service(place.1)).flatten();
                callers.push(inside.ok_or(*place));
            }
            callers.retain(|caller| *caller != Ok(*child));
            let (start_ns, duration_ns) = self.times[row];
            let identity = (self.trace_id, self.ids[row], self.named_parents[row], child);
            if callers.is_empty()
                || !range.contains(start_ns)
                || !counted.is_first(&(identity, start_ns, duration_ns))
            {
                continue;
            }
            let called = Called {
                service: *child,
                has_failed: self.failed[row],
            };
            for caller in callers.drain(..) {
                match caller {
                    Ok(caller) => counts.add(caller, called),
                    Err(place) => visit(place, called),
                }
            }
        }
    }

    /// The service of a row's parent, or where the parent must be.
    fn parent(&self, row: usize) -> Option<Result<Service, Place>> {
        let (id, named) = (self.ids[row], self.named_parents[row]);
        if let Some(parent) = self.parents.parent(row) {
            return Some(Ok(self.services[parent]));
        }
        if named.is_zero() || named == id {
            return None;
        }
        // Also of a cycle that was cut here.
        Some(self.service(named).ok_or((self.trace_id, named)))
    }

    pub(super) fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Each id with the service of the span that children hang on.
    pub(super) fn callers(&self) -> impl Iterator<Item = (SpanId, Service)> + '_ {
        let rows = 0..self.ids.len();
        let is_caller = |row: &usize| {
            let caller = self.parents.row_of(self.spans_of_trace(), self.ids[*row]);
            caller == Some(*row)
        };
        let rows = rows.filter(is_caller);
        rows.map(|row| (self.ids[row], self.services[row]))
    }

    /// The service of a span that is here.
    pub(super) fn service(&self, id: SpanId) -> Option<Service> {
        let row = self.parents.row_of(self.spans_of_trace(), id)?;
        Some(self.services[row])
    }
}
