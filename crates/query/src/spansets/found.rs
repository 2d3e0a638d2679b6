//! The spans that a spanset expression finds among some of a trace.
//!
//! Filters are judged on the whole trace once, and then only looked up.
//! **Nothing is found that was not among what it was looked for in.**

use super::evaluate::{Step, Trace};
use super::{Spanset, Spansets, row_set, rows_in, rows_of, structure};
use crate::traceql::{Mode, Relation};
use tracewell_model::{RowSet, StoreError};

/// An expression with what its filters find in the trace.
pub(super) enum Finder<'t> {
    Filter(RowSet),
    Combine {
        relation: Relation,
        mode: Mode,
        left: Box<Finder<'t>>,
        right: Box<Finder<'t>>,
    },
    Pipeline(Vec<Step<'t>>),
}

impl<'t> Finder<'t> {
    pub(super) fn of(spansets: &'t Spansets, trace: &Trace<'t>) -> Result<Self, StoreError> {
        Ok(match spansets {
            Spansets::Filter(filter) => Self::Filter(trace.matching(filter)),
            Spansets::Combine {
                relation,
                mode,
                left,
                right,
            } => Self::Combine {
                relation: *relation,
                mode: *mode,
                left: Box::new(Self::of(left, trace)?),
                right: Box::new(Self::of(right, trace)?),
            },
            Spansets::Pipeline(stages) => {
                let steps = stages.iter().map(|stage| Step::of(stage, trace));
                Self::Pipeline(steps.collect::<Result<_, _>>()?)
            }
        })
    }

    /// The rows that it finds among these, ascending as they are.
    pub(super) fn found(
        &self,
        trace: &Trace<'_>,
        mut among: Vec<u32>,
    ) -> Result<Vec<u32>, StoreError> {
        match self {
            Self::Filter(found) => {
                among.retain(|row| found.contains(*row as usize));
                Ok(among)
            }
            Self::Combine {
                relation,
                mode,
                left,
                right,
            } => {
                let left = left.found(trace, among.clone())?;
                let right = right.found(trace, among)?;
                Ok(combined(*relation, *mode, trace, left, right))
            }
            Self::Pipeline(steps) => {
                let mut sets: Vec<Spanset> = Spanset::of(among).into_iter().collect();
                for step in steps {
                    sets = step.apply(trace, sets)?;
                }
                Ok(match &mut sets[..] {
                    [set] => std::mem::take(&mut set.rows),
                    sets => rows_in(&rows_of(sets, trace.batch)),
                })
            }
        }
    }
}

fn combined(
    relation: Relation,
    mode: Mode,
    trace: &Trace<'_>,
    mut left: Vec<u32>,
    right: Vec<u32>,
) -> Vec<u32> {
    let is_one_empty = left.is_empty() || right.is_empty();
    match (relation, mode) {
        (Relation::And, _) if is_one_empty => Vec::new(),
        (Relation::And | Relation::Or, _) => {
            left.extend(right);
            left.sort_unstable();
            left.dedup();
            left
        }
        (_, Mode::Not) if is_one_empty => right,
        _ if is_one_empty => Vec::new(),
        _ => related(relation, mode, trace, &left, &right),
    }
}

fn related(
    relation: Relation,
    mode: Mode,
    trace: &Trace<'_>,
    left: &[u32],
    right: &[u32],
) -> Vec<u32> {
    let tree = trace.tree();
    let [left, right] = [left, right].map(|rows| row_set(rows, trace.batch.len()));
    let mut rows = structure::related(relation, tree, &left, &right);
    match mode {
        Mode::Plain => {}
        Mode::Not => {
            rows.invert();
            rows.intersect(&right);
        }
        Mode::Union => {
            let inverse = structure::inverse(relation);
            rows.unite(&structure::related(inverse, tree, &right, &left));
        }
    }
    rows_in(&rows)
}
