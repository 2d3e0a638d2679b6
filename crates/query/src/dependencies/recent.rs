//! The spans that were shown lately, by trace.
//!
//! Parts of a trace that arrived apart lie in neighbouring chunks, and a scan
//! that begins with the newest spans shows most parents before their children.
//! Whole segments are forgotten, the oldest first: **never more than the limit
//! is kept**, up to one segment.

use super::Hashed;
use super::run::{Run, Service};
use std::collections::VecDeque;
use tracewell_model::{SpanId, TraceId};

/// What is forgotten at a time is this part of the whole.
const SEGMENTS: usize = 16;

const SPAN_BYTES: usize = size_of::<SpanId>() + size_of::<Service>();

/// The place of a run, and its entry in a map that is seven eighths full at most.
const RUN_BYTES: usize = size_of::<Place>() + (size_of::<(TraceId, u32)>() + 1) * 2;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Recent {
    /// The newest comes last.
    segments: VecDeque<Segment>,
    bytes: usize,
    limit_bytes: usize,
    has_forgotten: bool,
}

#[derive(Debug, Default)]
struct Segment {
    last_run: Hashed<TraceId, u32>,
    runs: Vec<Place>,
    ids: Vec<SpanId>,
    services: Vec<Service>,
}

/// Where the spans of a run are.
#[derive(Debug)]
struct Place {
    first: u32,
    end: u32,
    /// The run before it of the same trace.
    before: u32,
}

impl Recent {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self {
            segments: VecDeque::new(),
            bytes: 0,
            limit_bytes,
            has_forgotten: false,
        }
    }

    /// Remembers the spans of a run.
    pub(super) fn push(&mut self, run: &Run) {
        let is_full = |segment: &Segment| segment.bytes() >= self.limit_bytes / SEGMENTS;
        if self.segments.back().is_none_or(is_full) {
            self.segments.push_back(Segment::default());
        }
        let segment = self.segments.back_mut().expect("one was added if none was");
        let before = segment.bytes();
        segment.push(run);
        self.bytes += segment.bytes() - before;
        while self.bytes > self.limit_bytes && self.segments.len() > 1 {
            let oldest = self.segments.pop_front();
            self.bytes -= oldest.map_or(0, |segment| segment.bytes());
            self.has_forgotten = true;
        }
    }

    /// Was anything forgotten?
    pub(super) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// The service of a span that was seen lately.
    pub(super) fn service(&self, trace_id: TraceId, id: SpanId) -> Option<Service> {
        let mut newest_first = self.segments.iter().rev();
        newest_first.find_map(|segment| segment.service(trace_id, id))
    }
}

impl Segment {
    fn bytes(&self) -> usize {
        self.ids.len() * SPAN_BYTES + self.runs.len() * RUN_BYTES
    }

    fn push(&mut self, run: &Run) {
        let (number, first) = (self.runs.len() as u32, self.ids.len() as u32);
        for (id, service) in run.callers() {
            self.ids.push(id);
            self.services.push(service);
        }
        let before = self.last_run.insert(run.trace_id(), number);
        self.runs.push(Place {
            first,
            end: self.ids.len() as u32,
            before: before.unwrap_or(NONE),
        });
    }

    fn service(&self, trace_id: TraceId, id: SpanId) -> Option<Service> {
        let mut number = *self.last_run.get(&trace_id)?;
        while number != NONE {
            let run = &self.runs[number as usize];
            let (first, end) = (run.first as usize, run.end as usize);
            let found = self.ids[first..end].iter().position(|other| *other == id);
            if let Some(place) = found {
                return Some(self.services[first + place]);
            }
            number = run.before;
        }
        None
    }
}
