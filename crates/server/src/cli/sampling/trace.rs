//! What is told of a trace, once its policies have spoken.

use std::collections::HashMap;

use tracewell_model::batch::view::BatchView;
use tracewell_model::failure::failed_rows;
use tracewell_model::{SpanBatch, TraceId};

/// Names of services that are told apart; others are one.
const MAX_SERVICES: usize = 10_000;

/// Letters of a name that are kept.
const MAX_NAME: usize = 120;

/// The services that were met, by number.
#[derive(Debug, Default)]
pub(super) struct Services {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Services {
    /// Of a number that [`SeenTrace`] holds.
    pub(super) fn name(&self, number: u32) -> &str {
        let name = self.names.get(number as usize);
        name.map_or("(others)", String::as_str)
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        if self.names.len() < MAX_SERVICES {
            self.names.push(name.to_owned());
            self.numbers.insert(name.to_owned(), number);
        }
        number
    }
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct SeenTrace {
    pub(super) id: TraceId,
    pub(super) spans: u64,
    /// As OTLP.
    pub(super) bytes: u64,
    pub(super) errors: u64,
    pub(super) root_service: u32,
    pub(super) root_name: Option<Box<str>>,
    /// Spans of each service.
    pub(super) services: Vec<(u32, u64)>,
    first_start_ns: u64,
    last_end_ns: u64,
}

impl SeenTrace {
    pub(super) fn new(id: TraceId) -> Self {
        Self {
            id,
            spans: 0,
            bytes: 0,
            errors: 0,
            root_service: 0,
            root_name: None,
            services: Vec::new(),
            first_start_ns: u64::MAX,
            last_end_ns: 0,
        }
    }

    pub(super) fn add(&mut self, bytes: u64, part: &SpanBatch, services: &mut Services) {
        self.bytes += bytes;
        self.spans += part.len() as u64;
        self.errors += failed_rows(part).count() as u64;
        let view = BatchView::new_levels(part, &[]);
        for span in view.spans() {
            let service = services.number(span.service());
            match self
                .services
                .iter_mut()
                .find(|(known, _)| *known == service)
            {
                Some((_, spans)) => *spans += 1,
                None => self.services.push((service, 1)),
            }
            self.first_start_ns = self.first_start_ns.min(span.start_ns());
            self.last_end_ns = self.last_end_ns.max(span.end_ns());
            if span.parent_span_id().is_none() && self.root_name.is_none() {
                self.root_service = service;
                let name: String = span.name().chars().take(MAX_NAME).collect();
                self.root_name = Some(name.into());
            }
        }
    }

    /// From the first start to the last end.
    pub(super) fn duration_ns(&self) -> u64 {
        self.last_end_ns.saturating_sub(self.first_start_ns)
    }
}
