//! Which spans of one trace a query finds: filters, the relations between
//! them, and the stages after that.
//!
//! A [`TraceFilter`] is judged on whole traces. What can be told before one is
//! fetched is its `plan`: spans that may be found, and spans that the trace
//! must have besides. **Judging looks at one trace and never at a store.**

mod aggregate;
mod evaluate;
mod found;
mod plan;
mod shown;
mod structure;

use crate::traceql::{Aggregate, Mode, Relation};
use std::cell::OnceCell;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::{CompareOp, Field};
use tracewell_model::store::ScanColumns;
use tracewell_model::values::{Arithmetic, Expression, Value};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TraceTree};

use evaluate::Trace;
use plan::Plan;
pub use shown::{ShownSpan, ShownSpanset};

/// What finds traces, and spans in them.
#[derive(Debug, Clone)]
pub struct TraceFilter {
    stages: Vec<Stage>,
    plan: Plan,
    /// Spans of each spanset that are shown.
    shown_spans: usize,
}

/// What happens to the spansets of a trace, from left to right.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    Spansets(Spansets),
    /// Keeps those for which `left op right` holds.
    Scalars {
        left: Scalar,
        op: CompareOp,
        right: Scalar,
    },
    /// One for each value.
    By {
        /// What its attribute is called.
        name: String,
        of: Expression,
    },
    /// All become one.
    Coalesce,
    /// Shows these, with their names.
    Select(Vec<(String, Field)>),
}

/// What finds spans among spans.
#[derive(Debug, Clone)]
pub(crate) enum Spansets {
    Filter(SpanFilter),
    Combine {
        relation: Relation,
        mode: Mode,
        left: Box<Spansets>,
        right: Box<Spansets>,
    },
    Pipeline(Vec<Stage>),
}

/// A number for each spanset.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    Constant(Value<'static>),
    Aggregate {
        /// What its attribute is called.
        name: String,
        function: Aggregate,
        of: Option<Expression>,
    },
    Calculated(Arithmetic, Box<Scalar>, Box<Scalar>),
}

/// Spans of one trace that were found together; never none.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanset {
    /// Their rows, ascending: groups of one trace are as many as its spans, so
    /// each may take only what it has.
    pub rows: Vec<u32>,
    /// What they have in common: the values of `by(…)`, aggregates.
    pub attributes: Vec<(String, Option<Value<'static>>)>,
}

impl From<SpanFilter> for TraceFilter {
    fn from(filter: SpanFilter) -> Self {
        Self::new(vec![Stage::Spansets(Spansets::Filter(filter))])
    }
}

impl TraceFilter {
    pub(crate) fn new(stages: Vec<Stage>) -> Self {
        Self::showing(stages, shown::MAX_SPANS)
    }

    pub(crate) fn showing(stages: Vec<Stage>, shown_spans: usize) -> Self {
        let plan = Plan::of(&stages);
        Self {
            stages,
            plan,
            shown_spans,
        }
    }

    /// The same, of traces of which some span fulfils this: a condition on all
    /// of a trace.
    #[must_use]
    pub fn of_traces(mut self, condition: SpanFilter) -> Self {
        self.stages
            .insert(0, Stage::Spansets(Spansets::Filter(condition)));
        Self::showing(self.stages, self.shown_spans)
    }

    /// The condition that decides by itself, span by span: every span that
    /// fulfils it is found, whatever else its trace has.
    #[must_use]
    pub fn as_span_filter(&self) -> Option<&SpanFilter> {
        let [Stage::Spansets(Spansets::Filter(filter)), rest @ ..] = &self.stages[..] else {
            return None;
        };
        let only_shows = rest.iter().all(|stage| matches!(stage, Stage::Select(_)));
        (only_shows && filter.is_span_local()).then_some(filter)
    }

    /// Spans that may be found, as far as a span alone can tell.
    #[must_use]
    pub fn candidates(&self) -> &SpanFilter {
        &self.plan.candidates
    }

    /// Conditions of which each holds for some span of a trace that is found,
    /// besides [`TraceFilter::candidates`].
    pub(crate) fn required(&self) -> &[SpanFilter] {
        &self.plan.required
    }

    /// What a trace that is found fulfils as a whole, if anything is asked of that.
    pub(crate) fn of_trace(&self) -> Option<&SpanFilter> {
        self.plan.of_trace.as_ref()
    }

    /// What judging looks at.
    #[must_use]
    pub fn columns(&self) -> &ScanColumns {
        &self.plan.columns
    }

    /// The spansets that are left at the end; none when the trace is not
    /// found. `tree` is that of the trace, made where it is needed.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`].
    pub fn spansets(
        &self,
        batch: &SpanBatch,
        tree: &OnceCell<TraceTree>,
        cancelled: &AtomicBool,
    ) -> Result<Vec<Spanset>, StoreError> {
        if let Some(filter) = self.as_span_filter() {
            let found = Spanset::of(rows_in(&filter.matching(batch)));
            return Ok(found.into_iter().collect());
        }
        let facts = OnceCell::new();
        let trace = Trace {
            batch,
            tree,
            facts: &facts,
            cancelled,
        };
        let all = Spanset::of(rows_in(&RowSet::all(batch.len())));
        evaluate::run(&self.stages, &trace, all.into_iter().collect())
    }

    /// Is there more to show of a trace than which spans were found?
    #[must_use]
    pub fn has_shown(&self) -> bool {
        let shows = |stage: &Stage| {
            matches!(
                stage,
                Stage::By { .. } | Stage::Scalars { .. } | Stage::Select(_)
            )
        };
        self.stages.iter().any(shows)
    }
}

impl Spanset {
    /// `None` of no rows.
    fn of(rows: Vec<u32>) -> Option<Self> {
        (!rows.is_empty()).then(|| Self {
            rows,
            attributes: Vec::new(),
        })
    }
}

/// The rows of all of these.
#[must_use]
pub fn rows_of(spansets: &[Spanset], batch: &SpanBatch) -> RowSet {
    row_set(spansets.iter().flat_map(|set| &set.rows), batch.len())
}

/// These rows of a table of `len`.
fn row_set<'a>(rows: impl IntoIterator<Item = &'a u32>, len: usize) -> RowSet {
    let mut set = RowSet::none(len);
    let rows = rows.into_iter();
    rows.for_each(|row| set.insert(*row as usize));
    set
}

/// The rows of a set, ascending.
fn rows_in(set: &RowSet) -> Vec<u32> {
    set.iter().map(|row| row as u32).collect()
}
