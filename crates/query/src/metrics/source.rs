//! Runs a query: the spans of each function through a fold, and the stages
//! after that.
//!
//! What a span alone can tell is folded while scanning; the rest comes from
//! whole traces, as a search finds them. **Both go through the same fold.**

use super::answer::{Asked, MetricsAnswer, Series, in_order};
use super::fold::Fold;
use super::plan::{Node, SeriesOf};
use super::second::{self, Operand};
use super::shape;
use crate::search::{Detail, Search, SearchEvent, search};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::TraceFacts;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, StoreError, TraceStore};

const TIME_OVER: &str = "the time was over: figures lack spans; narrow the time range";

const NO_ROOM: &str = "there are more series than memory has room for, and some are missing; \
                       group by fewer values, or take a longer step";

/// The running of one query.
pub(super) struct Run<'a> {
    store: &'a dyn TraceStore,
    asked: &'a Asked,
    cancelled: &'a AtomicBool,
    report: ScanReport,
    partial: Vec<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        store: &'a dyn TraceStore,
        asked: &'a Asked,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            store,
            asked,
            cancelled,
            report: ScanReport::default(),
            partial: Vec::new(),
        }
    }

    /// The series of a node.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn node(&mut self, node: &Node) -> Result<Operand, StoreError> {
        Ok(match node {
            Node::Series(of) => Operand::Series(self.series(of)?),
            Node::Number(number) => Operand::Number(*number),
            Node::Best { of, is_top, count } => match self.node(of)? {
                Operand::Series(series) => Operand::Series(second::best(series, *is_top, *count)),
                number => number,
            },
            Node::Filtered { of, op, limit } => match self.node(of)? {
                Operand::Series(series) => Operand::Series(second::filtered(series, *op, *limit)),
                number => number,
            },
            Node::Calculated { op, left, right } => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                second::calculated(*op, left, right, &node.name())
            }
        })
    }

    /// What is answered when this is all.
    pub(super) fn answer(mut self, of: Operand) -> MetricsAnswer {
        let mut series = match of {
            Operand::Series(series) => series,
            Operand::Number(_) => Vec::new(),
        };
        in_order(&mut series);
        if series.len() > self.asked.max_series {
            let (all, most) = (series.len(), self.asked.max_series);
            self.lacks(format!(
                "there are {all} series, and no more than {most} are answered; group by fewer \
                 values, or end the query with `topk`"
            ));
            series.truncate(most);
        }
        MetricsAnswer {
            series,
            report: self.report,
            partial: (!self.partial.is_empty()).then(|| self.partial.join("; ")),
        }
    }

    fn lacks(&mut self, reason: String) {
        if !self.partial.contains(&reason) {
            self.partial.push(reason);
        }
    }

    /// The series of one function, in their order.
    fn series(&mut self, of: &SeriesOf) -> Result<Vec<Series>, StoreError> {
        let memory = self.store.query_memory().reservation();
        let mut fold = Fold::new(of, self.asked.steps, memory);
        match of.spans.as_span_filter().filter(|_| of.is_span_local()) {
            Some(filter) => self.scan(filter, of, &mut fold)?,
            None => self.search(of, &mut fold)?,
        }
        if fold.is_refused() {
            self.lacks(NO_ROOM.to_owned());
        }
        let mut series = shape::series(of, fold.finish());
        in_order(&mut series);
        Ok(series)
    }

    fn scan(
        &mut self,
        filter: &SpanFilter,
        of: &SeriesOf,
        fold: &mut Fold<'_>,
    ) -> Result<(), StoreError> {
        let request = ScanRequest {
            range: self.asked.steps.range(),
            filter,
            columns: columns(of),
            cancelled: self.cancelled,
        };
        let mut so_far = None;
        let scanned = self.store.scan(&request, &mut |chunk, report| {
            if !chunk.rows.is_empty() {
                fold.add(chunk.batch, chunk.rows, None);
            }
            so_far = Some(*report);
            ControlFlow::Continue(())
        });
        let report = self.ended(scanned, so_far)?;
        if let Some(lacking) = report.lacking() {
            self.lacks(lacking);
        }
        Ok(())
    }

    fn search(&mut self, of: &SeriesOf, fold: &mut Fold<'_>) -> Result<(), StoreError> {
        let every = Search {
            filter: of.spans.clone(),
            range: self.asked.steps.range(),
            limit: usize::MAX,
            after: None,
            detail: Detail::Columns(columns(of)),
        };
        let (is_local, mut so_far) = (of.is_span_local(), None);
        let searched = search(self.store, &every, self.cancelled, &mut |event| {
            match event {
                SearchEvent::Trace(found) => {
                    let facts: Option<TraceFacts> = (!is_local).then(|| found.facts());
                    fold.add(found.batch, &found.matched, facts.as_ref());
                    so_far.get_or_insert_default();
                }
                SearchEvent::Progress(report) => so_far = Some(report),
            }
            ControlFlow::Continue(())
        });
        let outcome = match searched {
            Ok(outcome) => {
                if let Some(partial) = outcome.partial {
                    self.lacks(partial);
                }
                Ok(outcome.report)
            }
            Err(error) => Err(error),
        };
        self.ended(outcome, so_far)?;
        Ok(())
    }

    /// A read that was cancelled after something was counted is one that lacks
    /// something.
    fn ended(
        &mut self,
        read: Result<ScanReport, StoreError>,
        so_far: Option<ScanReport>,
    ) -> Result<ScanReport, StoreError> {
        let report = match (read, so_far) {
            (Ok(report), _) => report,
            (Err(StoreError::Cancelled), Some(report)) => {
                self.lacks(TIME_OVER.to_owned());
                report
            }
            (Err(error), _) => return Err(error),
        };
        self.report.add_again(&report);
        Ok(report)
    }
}

/// What folding looks at.
fn columns(of: &SeriesOf) -> ScanColumns {
    let mut columns = ScanColumns::default();
    of.fields().for_each(|field| columns.add_field(field, None));
    columns
}
