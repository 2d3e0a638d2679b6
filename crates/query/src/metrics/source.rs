//! Runs a query: the spans of each function through a fold, and the stages
//! after that.
//!
//! What a span alone can tell is folded while scanning; the rest comes from
//! whole traces, as a search finds them. **Both go through the same fold.**

use super::answer::{Asked, MetricsAnswer, Series, in_order};
use super::compare::{self, Attributes};
use super::exemplars::thin_out;
use super::fold::{Fold, Folding, Rows};
use super::plan::{Function, Node, SeriesOf};
use super::second::{self, Operand};
use super::shape;
use crate::count::MAX_REMEMBERED;
use crate::outlines::{Memory, Seen};
use crate::parallel::add_up;
use crate::repeated::Repeated;
use crate::search::{Detail, Search, SearchEvent, search};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::{Field, Intrinsic, TraceFacts};
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest, Sums};
use tracewell_model::{StoreError, TraceId, TraceStore};

const TIME_OVER: &str = "the time was over: figures lack spans; narrow the time range";

const NO_ROOM: &str = "there are more series than memory has room for, and some are missing; \
                       group by fewer values, or take a longer step";

const TOO_MANY_KEYS: &str =
    "there are more attributes than `compare` looks at, and some are missing";

/// The running of one query.
pub(super) struct Run<'a> {
    store: &'a dyn TraceStore,
    asked: &'a Asked,
    cancelled: &'a AtomicBool,
    report: ScanReport,
    is_exact: bool,
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
            is_exact: true,
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
        thin_out(&mut series, self.asked.exemplars);
        MetricsAnswer {
            series,
            report: self.report,
            is_exact: self.is_exact,
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
        let memory = self.store.query_memory();
        let mut series = if let Function::Compare(comparison) = &of.function {
            let keys = self.store.attribute_keys(self.asked.steps.range())?;
            let attributes = Attributes::of(&keys.entries);
            if attributes.are_cut {
                self.lacks(TOO_MANY_KEYS.to_owned());
            }
            let mut columns = ScanColumns::of_filter(&comparison.selection);
            let fields = attributes.fields();
            fields.for_each(|field| columns.add_field(field, None));
            let asked = self.asked;
            let fold = self.gather(of, columns, &|| attributes.fold(comparison, asked, &memory))?;
            compare::series(fold, comparison.top)
        } else {
            let mut columns = ScanColumns::default();
            of.fields().for_each(|field| columns.add_field(field, None));
            let asked = self.asked;
            let make = || Fold::new(of, asked, memory.reservation());
            let fold = self.gather(of, columns, &make)?;
            if fold.is_refused() {
                self.lacks(NO_ROOM.to_owned());
            }
            shape::series(of, fold.finish())
        };
        in_order(&mut series);
        Ok(series)
    }

    /// All spans of a function in a fold that `make` makes.
    fn gather<F: Folding>(
        &mut self,
        of: &SeriesOf,
        columns: ScanColumns,
        make: &dyn Fn() -> F,
    ) -> Result<F, StoreError> {
        let columns = ScanColumns {
            trace_states: of.function.adds_up(),
            parted_apart: true,
            ids: columns.ids || self.asked.exemplars > 0,
            sums: self.sums(of),
            ..columns
        };
        match of.spans.as_span_filter().filter(|_| of.is_span_local()) {
            Some(filter) => {
                let request = ScanRequest {
                    range: self.asked.steps.range(),
                    filter,
                    traces: None,
                    columns,
                    cancelled: self.cancelled,
                };
                self.scan(&request, of.function.adds_up(), make)
            }
            None => self.search(of, columns, make),
        }
    }

    /// Whether sums of spans do.
    fn sums(&self, of: &SeriesOf) -> Sums {
        let is_by_duration =
            |(_, field): &(String, Field)| matches!(field, Field::Intrinsic(Intrinsic::Duration));
        match self.asked.steps {
            _ if !of.function.takes_sums() || of.by.iter().any(is_by_duration) => Sums::No,
            steps if steps.count() == 1 => Sums::OfAll,
            steps => Sums::BySteps(steps.grid_ns()),
        }
    }

    /// Spans that were stored twice count once where it matters (`adds_up`): where
    /// two look the same, all that do are left out of a second scan and counted from
    /// their traces.
    fn scan<F: Folding>(
        &mut self,
        request: &ScanRequest<'_>,
        adds_up: bool,
        make: &dyn Fn() -> F,
    ) -> Result<F, StoreError> {
        let memory = Memory::new(MAX_REMEMBERED);
        let outlines = || adds_up.then(|| memory.outlines());
        let both = || (make(), outlines());
        let added = add_up(self.store, request, both, |(fold, outlines), chunk| {
            fold.add(chunk.batch, chunk.rows, rows_of(chunk));
            if let Some(outlines) = outlines {
                outlines.add(chunk.batch, chunk.parted_rows());
            }
        })?;
        let (mut fold, mut seen) = (make(), memory.outlines());
        for (more, outlines) in added.accumulators {
            fold.merge(more);
            outlines.into_iter().for_each(|more| seen.merge(more));
        }
        self.report.add_again(&added.report);
        if let Some(lacking) = added.report.lacking() {
            self.lacks(lacking);
        }
        if added.is_cut_short {
            self.lacks(TIME_OVER.to_owned());
            return Ok(fold);
        }
        let seen = seen.finish();
        if !seen.is_exact {
            self.is_exact = false;
        } else if !seen.are_all_different() {
            match self.scan_again(request, &seen, make) {
                Ok(again) => return Ok(again),
                Err(StoreError::Cancelled | StoreError::OverBudget(_)) => self.is_exact = false,
                Err(error) => return Err(error),
            }
        }
        Ok(fold)
    }

    /// The same without spans that look like another, and those from their traces.
    fn scan_again<F: Folding>(
        &mut self,
        request: &ScanRequest<'_>,
        seen: &Seen,
        make: &dyn Fn() -> F,
    ) -> Result<F, StoreError> {
        let request = &ScanRequest {
            columns: ScanColumns {
                // Of these it is the spans that are left out.
                parted_apart: false,
                sums: Sums::No,
                ..request.columns.clone()
            },
            ..*request
        };
        let both = || (make(), HashSet::new());
        let added = add_up(self.store, request, both, |(fold, traces), chunk| {
            let alike = seen.alike(chunk.batch, chunk.rows);
            let ids = &chunk.batch.spans().trace_id;
            traces.extend(alike.iter().map(|row| ids[row]));
            let mut others = alike;
            others.invert();
            others.intersect(chunk.rows);
            fold.add(chunk.batch, &others, Rows::Spans);
        })?;
        if added.is_cut_short {
            return Err(StoreError::Cancelled);
        }
        let (mut fold, mut traces) = (make(), HashSet::new());
        for (more, of_more) in added.accumulators {
            fold.merge(more);
            traces.extend(of_more);
        }
        let mut traces: Vec<TraceId> = traces.into_iter().collect();
        traces.sort_unstable();
        let mut repeated = Repeated::new(
            self.store,
            (request.filter, request.range),
            request.columns.clone(),
            self.cancelled,
        );
        repeated.tell_apart(&traces, seen, &mut |trace, rows| {
            fold.add(trace, rows, Rows::Spans)
        })?;
        self.report = repeated.fetcher.with_fetched(self.report);
        if let Some(lacking) = repeated.fetcher.lacking() {
            self.lacks(lacking.to_owned());
        }
        Ok(fold)
    }

    fn search<F: Folding>(
        &mut self,
        of: &SeriesOf,
        columns: ScanColumns,
        make: &dyn Fn() -> F,
    ) -> Result<F, StoreError> {
        let every = Search {
            filter: of.spans.clone(),
            range: self.asked.steps.range(),
            limit: usize::MAX,
            after: None,
            detail: Detail::Columns(columns),
        };
        let mut fold = make();
        let (is_local, mut so_far) = (of.is_span_local(), None);
        let searched = search(self.store, &every, self.cancelled, &mut |event| {
            match event {
                SearchEvent::Trace(found) => {
                    let facts: Option<TraceFacts> = (!is_local).then(|| found.facts());
                    let of = facts.as_ref().map_or(Rows::Spans, Rows::OfTrace);
                    fold.add(found.batch, &found.matched, of);
                    so_far.get_or_insert_default();
                }
                SearchEvent::Progress(report) => so_far = Some(report),
            }
            ControlFlow::Continue(())
        });
        let report = match (searched, so_far) {
            (Ok(outcome), _) => {
                if let Some(partial) = outcome.partial {
                    self.lacks(partial);
                }
                outcome.report
            }
            (Err(StoreError::Cancelled), Some(report)) => {
                self.lacks(TIME_OVER.to_owned());
                report
            }
            (Err(error), _) => return Err(error),
        };
        self.report.add_again(&report);
        Ok(fold)
    }
}

/// What the rows of a scan are.
fn rows_of<'c>(chunk: &ScanChunk<'c>) -> Rows<'c> {
    chunk.weights.map_or(Rows::Spans, Rows::Sums)
}
