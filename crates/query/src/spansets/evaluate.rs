//! The stages of a pipeline over one trace.
//!
//! A spanset without spans is dropped at once. A trace may have as many
//! spansets as spans, so **what is the same for all of them is looked up once a
//! stage, and a spanset costs what it has**. The order of groups is that of
//! their values: one query has one answer.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, Ordering as Memory};

use super::aggregate::Number;
use super::found::Finder;
use super::{Spanset, Stage, rows_in, rows_of};
use tracewell_model::filter::{CompareOp, TraceFacts};
use tracewell_model::values::{Expression, Value, compares};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TraceTree};

/// The trace that is judged.
pub(super) struct Trace<'t> {
    pub(super) batch: &'t SpanBatch,
    pub(super) tree: &'t OnceCell<TraceTree>,
    pub(super) facts: &'t OnceCell<TraceFacts>,
    pub(super) cancelled: &'t AtomicBool,
}

impl<'t> Trace<'t> {
    /// Made for the first who asks.
    pub(super) fn tree(&self) -> &'t TraceTree {
        self.tree.get_or_init(|| TraceTree::new(self.batch))
    }

    /// The spans that a filter finds.
    pub(super) fn matching(&self, filter: &SpanFilter) -> RowSet {
        if filter.is_span_local() {
            filter.matching(self.batch)
        } else {
            filter.matching_in_trace(self.batch, self.facts())
        }
    }

    /// The value of each span.
    pub(super) fn values(&self, of: &Expression) -> Vec<Option<Value<'t>>> {
        let mut is_local = true;
        of.for_each_field(&mut |field, _| is_local &= field.is_span_local());
        of.values(self.batch, (!is_local).then(|| self.facts()))
    }

    /// Made for the first who asks, from the tree.
    fn facts(&self) -> &'t TraceFacts {
        self.facts.get_or_init(|| self.tree().facts(self.batch))
    }

    /// Does anybody still wait for an answer?
    fn check_wanted(&self) -> Result<(), StoreError> {
        if self.cancelled.load(Memory::Relaxed) {
            return Err(StoreError::Cancelled);
        }
        Ok(())
    }
}

/// What the stages leave of `sets`.
pub(super) fn run(
    stages: &[Stage],
    trace: &Trace<'_>,
    mut sets: Vec<Spanset>,
) -> Result<Vec<Spanset>, StoreError> {
    for stage in stages {
        if sets.is_empty() {
            break;
        }
        sets = Step::of(stage, trace)?.apply(trace, sets)?;
    }
    Ok(sets)
}

/// A stage with what it looks up of the trace.
pub(super) enum Step<'t> {
    Spansets(Finder<'t>),
    Scalars {
        left: Number<'t>,
        op: CompareOp,
        right: Number<'t>,
    },
    By(&'t str, Vec<Option<Value<'t>>>),
    Coalesce,
    Select,
}

impl<'t> Step<'t> {
    pub(super) fn of(stage: &'t Stage, trace: &Trace<'t>) -> Result<Self, StoreError> {
        trace.check_wanted()?;
        Ok(match stage {
            Stage::Spansets(spansets) => Self::Spansets(Finder::of(spansets, trace)?),
            Stage::Scalars { left, op, right } => Self::Scalars {
                left: Number::of(left, trace),
                op: *op,
                right: Number::of(right, trace),
            },
            Stage::By { name, of } => Self::By(name, trace.values(of)),
            Stage::Coalesce => Self::Coalesce,
            Stage::Select(_) => Self::Select,
        })
    }

    pub(super) fn apply(
        &self,
        trace: &Trace<'_>,
        sets: Vec<Spanset>,
    ) -> Result<Vec<Spanset>, StoreError> {
        let mut left = Vec::new();
        match self {
            Self::Spansets(finder) => {
                for mut set in sets {
                    trace.check_wanted()?;
                    set.rows = finder.found(trace, set.rows)?;
                    left.extend((!set.rows.is_empty()).then_some(set));
                }
            }
            Self::Scalars {
                left: a,
                op,
                right: b,
            } => {
                let holds = |set: &mut Spanset| {
                    let (a, b) = (a.in_set(set)?, b.in_set(set)?);
                    Some(compares(*op, &a, &b))
                };
                for mut set in sets {
                    trace.check_wanted()?;
                    let holds = holds(&mut set).unwrap_or(false);
                    left.extend(holds.then_some(set));
                }
            }
            Self::By(name, values) => {
                for set in sets {
                    trace.check_wanted()?;
                    by(name, values, set, &mut left);
                }
            }
            Self::Coalesce => left.extend(Spanset::of(rows_in(&rows_of(&sets, trace.batch)))),
            Self::Select => return Ok(sets),
        }
        Ok(left)
    }
}

/// The set by the value of its spans; those without a value come last.
fn by(name: &str, values: &[Option<Value<'_>>], set: Spanset, groups: &mut Vec<Spanset>) {
    let order = |a: &u32, b: &u32| match (&values[*a as usize], &values[*b as usize]) {
        (Some(a), Some(b)) => a.total_order(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    let Spanset {
        mut rows,
        attributes,
    } = set;
    // Stable, so the rows of a group still ascend.
    rows.sort_by(order);
    for group in rows.chunk_by(|a, b| order(a, b).is_eq()) {
        let value = values[group[0] as usize].clone().map(Value::into_owned);
        let mut attributes = attributes.clone();
        attributes.push((name.to_owned(), value));
        groups.push(Spanset {
            rows: group.to_vec(),
            attributes,
        });
    }
}
