//! Edges of the graph: what was handed over each of them, and what was answered.
//!
//! One number is at once what left a component and what came into the next, so between
//! two components no span is ever missing or there twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch};

use super::file::PipelineConfig;

/// One edge at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeSnapshot {
    /// The pipeline it is in, as the file calls it.
    pub pipeline: String,
    /// The receiver, processor or connector before it; `None` where there are several,
    /// and no processor.
    pub from: Option<String>,
    /// The processor, exporter or connector behind it; `None` likewise.
    pub to: Option<String>,
    /// Spans that were handed over it.
    pub handed: u64,
    /// Spans of those that were answered with an error.
    pub refused: u64,
    /// Spans of those that were not answered yet.
    pub waiting: u64,
}

/// What becomes of spans behind an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeadsTo {
    /// A component that keeps an account of its own, or hands them on.
    Component,
    /// The store of this process.
    Store,
    /// A connector that makes numbers of them.
    Counting,
    /// Nowhere, or into the log.
    Nothing,
}

/// A running account.
#[derive(Debug)]
pub struct EdgeAccount {
    pipeline: String,
    from: Option<String>,
    to: Option<String>,
    pub(super) leads_to: LeadsTo,
    /// Do spans come into the graph here?
    pub(super) is_entry: bool,
    handed: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
}

impl EdgeAccount {
    pub(super) fn new(
        pipeline: &str,
        (from, to): (Option<String>, Option<String>),
        leads_to: LeadsTo,
        is_entry: bool,
    ) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            from,
            to,
            leads_to,
            is_entry,
            handed: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> EdgeSnapshot {
        let (taken, refused) = (self.taken(), self.refused());
        // Last: what was answered was handed over before.
        let handed = self.handed();
        EdgeSnapshot {
            pipeline: self.pipeline.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            handed,
            refused,
            waiting: handed.saturating_sub(taken + refused),
        }
    }

    pub(super) fn is_of(&self, pipeline: &PipelineConfig) -> bool {
        self.pipeline == pipeline.name
    }

    /// Do both count the same?
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let ends = self.from == other.from && self.to == other.to;
        let kind = self.leads_to == other.leads_to && self.is_entry == other.is_entry;
        self.pipeline == other.pipeline && ends && kind
    }

    pub(super) fn handed(&self) -> u64 {
        self.handed.load(Ordering::Acquire)
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }
}

/// An edge, before what it leads to.
pub(super) struct Edge {
    pub(super) account: Arc<EdgeAccount>,
    pub(super) next: Arc<dyn Consumer>,
}

impl Consumer for Edge {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let spans = batch.len() as u64;
        self.account.handed.fetch_add(spans, Ordering::Release);
        let account = Arc::clone(&self.account);
        let answered: Ack = Box::new(move |result| {
            // First: who has an answer finds it counted.
            let answered = match &result {
                Ok(()) => &account.taken,
                Err(_) => &account.refused,
            };
            answered.fetch_add(spans, Ordering::Release);
            ack(result);
        });
        self.next.consume(batch, answered);
    }
}

/// Spans that are there several times, because they go several ways.
#[derive(Debug, Default)]
pub(crate) struct Copies(AtomicU64);

impl Copies {
    /// So many more, of which none has been handed over yet.
    pub(crate) fn add(&self, spans: u64) {
        self.0.fetch_add(spans, Ordering::Release);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Spans that a component was to be handed and was not, because it was being opened, or
/// could not be: they are in no account of its own.
#[derive(Debug, Default)]
pub(crate) struct Refusals(AtomicU64);

impl Refusals {
    pub(crate) fn add(&self, spans: u64) {
        self.0.fetch_add(spans, Ordering::Release);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Behind a component that keeps what it hands on until that is acknowledged.
pub(crate) struct Kept {
    pub(crate) copies: Arc<Copies>,
    pub(crate) next: Arc<dyn Consumer>,
}

impl Consumer for Kept {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.copies.add(batch.len() as u64);
        self.next.consume(batch, ack);
    }
}
