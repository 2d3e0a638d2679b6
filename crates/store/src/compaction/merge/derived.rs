//! The derived columns of a row group, trace by trace.
//!
//! A trace is derived whole, whichever of its rows the group has. What is
//! known is what lies in this block: spans of the trace elsewhere count only
//! when their blocks are merged with it.

use std::collections::HashMap;
use std::ops::Range;

use tracewell_model::derive::{Deriver, TraceTimes};
use tracewell_model::tree::TraceSpans;
use tracewell_model::{SpanBatch, SpanId, SpanKind};

use super::MergeError;
use super::inputs::Inputs;
use super::keys::{Keys, Order};
use crate::block::DerivedRows;

/// Makes the columns of one row group after another.
#[derive(Debug)]
pub(super) struct DerivedColumns<'a> {
    keys: &'a Keys,
    order: &'a Order,
    deriver: Deriver,
    /// The first trace that is not done.
    trace: usize,
    /// Whether `deriver` holds that trace, because it began in the last group.
    is_begun: bool,
    /// Keys of the trace.
    span_id: Vec<SpanId>,
    parent_span_id: Vec<SpanId>,
    kind: Vec<SpanKind>,
    start_ns: Vec<u64>,
    duration_ns: Vec<i64>,
}

impl<'a> DerivedColumns<'a> {
    pub(super) fn new(keys: &'a Keys, order: &'a Order) -> Self {
        Self {
            keys,
            order,
            deriver: Deriver::new(),
            trace: 0,
            is_begun: false,
            span_id: Vec::new(),
            parent_span_id: Vec::new(),
            kind: Vec::new(),
            start_ns: Vec::new(),
            duration_ns: Vec::new(),
        }
    }

    /// The columns of the rows at these places; `places` says where in `batch`
    /// each of them lies. Row groups come in order.
    pub(super) fn columns(
        &mut self,
        group: Range<usize>,
        batch: &SpanBatch,
        places: &[u32],
        inputs: &Inputs<'_>,
    ) -> Result<DerivedRows, MergeError> {
        let mut roots = Roots::new(batch);
        let mut columns = DerivedRows::default();
        while self.trace < self.order.trace_ends.len() {
            let trace = self.order.trace(self.trace);
            if trace.start >= group.end {
                break;
            }
            if !self.is_begun {
                self.derive(trace.clone());
            }
            let root = match self.deriver.derived().root {
                None => NO_ROOT,
                Some(root) => {
                    let place = trace.start + root as usize;
                    if group.contains(&place) {
                        roots.of(places[place - group.start])
                    } else {
                        roots.elsewhere(&inputs.read(&self.order.rows[place..=place])?.0)
                    }
                }
            };
            let here = trace.start.max(group.start)..trace.end.min(group.end);
            self.append(&trace, here, root, &mut columns);
            self.is_begun = trace.end > group.end;
            if self.is_begun {
                break;
            }
            self.trace += 1;
        }
        columns.roots = roots.list;
        Ok(columns)
    }

    fn derive(&mut self, trace: Range<usize>) {
        self.span_id.clear();
        self.parent_span_id.clear();
        self.kind.clear();
        self.start_ns.clear();
        self.duration_ns.clear();
        for row in &self.order.rows[trace] {
            let span = self.keys.outline(*row);
            self.span_id.push(span.span_id);
            self.parent_span_id.push(span.parent_span_id);
            self.kind.push(self.keys.kind[*row as usize]);
            self.start_ns.push(span.start_ns);
            self.duration_ns.push(span.duration_ns);
        }
        let trace = TraceSpans {
            span_id: &self.span_id,
            parent_span_id: &self.parent_span_id,
            kind: &self.kind,
        };
        let times = TraceTimes {
            start_ns: &self.start_ns,
            duration_ns: &self.duration_ns,
        };
        self.deriver.derive(trace, times);
    }

    fn append(&self, trace: &Range<usize>, here: Range<usize>, root: u32, to: &mut DerivedRows) {
        let derived = self.deriver.derived();
        let rows = here.start - trace.start..here.end - trace.start;
        let first = trace.start as u32;
        let parents = derived.parent_row[rows.clone()].iter();
        to.parent_row
            .extend(parents.map(|parent| parent.map(|row| first + row)));
        to.depth.extend_from_slice(&derived.depth[rows.clone()]);
        to.subtree_spans
            .extend_from_slice(&derived.subtree_spans[rows.clone()]);
        // Most spans have no children, and most of the others are busy or
        // waiting for the critical path: a null costs nothing, a number 8 bytes.
        for row in rows.clone() {
            let (self_ns, critical_ns) = (derived.self_ns[row], derived.critical_ns[row]);
            to.self_ns
                .push((self_ns != self.duration_ns[row]).then_some(self_ns));
            to.critical_ns
                .push((critical_ns != self_ns).then_some(critical_ns));
        }
        let duration = |row| (row == 0).then_some(derived.duration_ns);
        to.trace_duration_ns.extend(rows.map(duration));
        to.root.resize(to.depth.len(), root);
    }
}

/// The root of a trace whose root is not here: no service, no name.
const NO_ROOT: u32 = 0;

/// Services and names of roots, each once as far as the batch knows.
struct Roots<'b> {
    batch: &'b SpanBatch,
    services: Vec<&'b str>,
    code_of: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    list: Vec<(String, String)>,
}

impl<'b> Roots<'b> {
    fn new(batch: &'b SpanBatch) -> Self {
        Self {
            batch,
            services: batch.resource_services(),
            code_of: HashMap::default(),
            list: vec![(String::new(), String::new())],
        }
    }

    /// A span of the batch.
    fn of(&mut self, row: u32) -> u32 {
        let (spans, row) = (self.batch.spans(), row as usize);
        let resource = spans.resource[row];
        let next = self.list.len() as u32;
        let key = (resource, spans.name.codes[row]);
        let code = *self.code_of.entry(key).or_insert(next);
        if code == next {
            let service = self.services[resource as usize].to_owned();
            self.list.push((service, spans.name.get(row).to_owned()));
        }
        code
    }

    /// A span that was read alone, because it lies in another row group.
    fn elsewhere(&mut self, span: &SpanBatch) -> u32 {
        let spans = span.spans();
        let service = span.resource_services()[spans.resource[0] as usize].to_owned();
        self.list.push((service, spans.name.get(0).to_owned()));
        self.list.len() as u32 - 1
    }
}
