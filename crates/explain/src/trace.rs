//! One trace as the detectors look at it: columns by place, a parent before
//! its children and siblings in the order of time.

use tracewell_model::batch::view::BatchView;
use tracewell_model::derive::Measured;
use tracewell_model::failure::failed_rows;
use tracewell_model::{SpanBatch, SpanKind, TraceTree};

use crate::calls::{Call, Calls};

/// What the columns here and in [`Calls`] take, with room for texts.
pub(crate) const BYTES_PER_SPAN: usize = 400;

/// Layers around one call: framework, repository, session.
const MOST_WRAPPERS: usize = 4;

/// No place.
pub(crate) const NONE: u32 = u32::MAX;

pub(crate) struct Trace<'a> {
    pub(crate) view: BatchView<'a>,
    pub(crate) tree: &'a TraceTree,
    pub(crate) measured: Measured,
    pub(crate) path_ns: u64,
    pub(crate) start_ns: Vec<u64>,
    /// Not before the start.
    pub(crate) end_ns: Vec<u64>,
    pub(crate) parent: Vec<u32>,
    pub(crate) service: Vec<&'a str>,
    pub(crate) name: Vec<&'a str>,
    pub(crate) kind: Vec<SpanKind>,
    pub(crate) failed: Vec<bool>,
    pub(crate) calls: Calls,
    /// Share of the path of all places before each one, ns.
    critical_before_ns: Vec<u64>,
}

impl<'a> Trace<'a> {
    pub(crate) fn new(batch: &'a SpanBatch, tree: &'a TraceTree) -> Self {
        let spans = batch.spans();
        let view = BatchView::new(batch);
        let rows = || tree.order.iter().map(|row| *row as usize);
        let services = batch.resource_services();
        let failed = failed_rows(batch);
        let places = tree.places();
        let parent = |row: usize| tree.parent_row[row].map_or(NONE, |up| places[up as usize]);
        let measured = Measured::new(batch, tree);
        let mut sum_ns = 0u64;
        let mut critical_before_ns = vec![0];
        critical_before_ns.extend(measured.critical_ns.iter().map(|ns| {
            sum_ns = sum_ns.saturating_add(u64::try_from(*ns).unwrap_or(0));
            sum_ns
        }));
        let mut trace = Self {
            tree,
            measured,
            path_ns: sum_ns,
            start_ns: rows().map(|row| spans.start_ns[row]).collect(),
            end_ns: rows()
                .map(|row| {
                    let duration_ns = u64::try_from(spans.duration_ns[row]).unwrap_or(0);
                    spans.start_ns[row].saturating_add(duration_ns)
                })
                .collect(),
            parent: rows().map(parent).collect(),
            service: rows()
                .map(|row| services[spans.resource[row] as usize])
                .collect(),
            name: rows().map(|row| spans.name.get(row)).collect(),
            kind: rows()
                .map(|row| SpanKind::from_otlp(spans.kind[row]))
                .collect(),
            failed: rows().map(|row| failed.contains(row)).collect(),
            calls: Calls::default(),
            critical_before_ns,
            view,
        };
        trace.calls = Calls::new(&trace);
        trace
    }

    pub(crate) fn len(&self) -> usize {
        self.start_ns.len()
    }

    pub(crate) fn places(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }

    pub(crate) fn batch(&self) -> &'a SpanBatch {
        self.view.batch()
    }

    pub(crate) fn row(&self, place: u32) -> usize {
        self.tree.order[place as usize] as usize
    }

    pub(crate) fn parent(&self, place: u32) -> Option<u32> {
        Some(self.parent[place as usize]).filter(|parent| *parent != NONE)
    }

    /// Its ancestors, the parent first.
    pub(crate) fn ancestors(&self, place: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(self.parent(place), |place| self.parent(*place))
    }

    /// The place behind the last one of its subtree.
    pub(crate) fn behind(&self, place: u32) -> u32 {
        place + self.tree.subtree[place as usize]
    }

    /// Direct children in the order of time.
    pub(crate) fn children(&self, place: u32) -> impl Iterator<Item = u32> {
        let end = self.behind(place);
        let first = Some(place + 1).filter(|child| *child < end);
        std::iter::successors(first, move |child| {
            Some(self.behind(*child)).filter(|next| *next < end)
        })
    }

    pub(crate) fn has_children(&self, place: u32) -> bool {
        self.tree.subtree[place as usize] > 1
    }

    pub(crate) fn duration_ns(&self, place: u32) -> u64 {
        self.end_ns[place as usize] - self.start_ns[place as usize]
    }

    /// Share of the path of a span and all below it, ns.
    pub(crate) fn critical_ns(&self, place: u32) -> u64 {
        let end = self.behind(place) as usize;
        self.critical_before_ns[end] - self.critical_before_ns[place as usize]
    }

    /// Share of the path of a span and all below it within a time, ns.
    pub(crate) fn critical_within_ns(&self, place: u32, from_ns: u64, to_ns: u64) -> u64 {
        let path = &self.measured.path;
        let first = path.partition_point(|part| part.to_ns <= from_ns);
        let parts = path[first..].iter();
        let within = parts.take_while(|part| part.from_ns < to_ns);
        let below = within.filter(|part| (place..self.behind(place)).contains(&part.row));
        below
            .map(|part| part.to_ns.min(to_ns) - part.from_ns.max(from_ns))
            .sum()
    }

    /// At least so many percent of the path?
    pub(crate) fn is_share(&self, ns: u64, percent: u64) -> bool {
        ns > 0 && u128::from(ns) * 100 >= u128::from(self.path_ns) * u128::from(percent)
    }

    /// Its percentage of the path.
    pub(crate) fn percent(&self, ns: u64) -> u64 {
        let percent = u128::from(ns) * 100 / u128::from(self.path_ns.max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

    /// `service name`, as sentences name a span.
    pub(crate) fn title(&self, place: u32) -> String {
        let (service, name) = (self.service[place as usize], self.name[place as usize]);
        if service.is_empty() {
            name.to_owned()
        } else {
            format!("{service} {name}")
        }
    }

    /// The call that a span makes, or that it wraps: instrumentation of
    /// libraries puts spans of its own around each call.
    pub(crate) fn call(&self, place: u32) -> Option<&Call> {
        let mut place = place;
        for _ in 0..MOST_WRAPPERS {
            if let Some(call) = self.calls.at(place) {
                return Some(call);
            }
            let is_wrapper = matches!(
                self.kind[place as usize],
                SpanKind::Internal | SpanKind::Unspecified
            );
            let child = self.children(place).next()?;
            let is_only = self.behind(child) == self.behind(place);
            let is_same = self.service[place as usize] == self.service[child as usize];
            if !(is_wrapper && is_only && is_same) {
                return None;
            }
            place = child;
        }
        None
    }
}
