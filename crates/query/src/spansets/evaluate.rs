//! The stages of a pipeline over one trace.
//!
//! A spanset without spans is dropped at once. **The order of groups is that of
//! their values**, so that one query has one answer.

use std::cmp::Ordering;

use super::{Spanset, Spansets, Stage, aggregate, rows_of, structure};
use crate::traceql::{Mode, Relation};
use tracewell_model::filter::TraceFacts;
use tracewell_model::values::{Expression, Value, compares};
use tracewell_model::{RowSet, SpanBatch, TraceTree};

/// The trace that is judged.
pub(super) struct Trace<'t> {
    pub(super) batch: &'t SpanBatch,
    pub(super) tree: &'t TraceTree,
    /// Where a filter needs them.
    pub(super) facts: Option<&'t TraceFacts>,
}

/// What the stages leave of `sets`.
pub(super) fn run(stages: &[Stage], trace: &Trace<'_>, mut sets: Vec<Spanset>) -> Vec<Spanset> {
    for stage in stages {
        if sets.is_empty() {
            break;
        }
        sets = match stage {
            Stage::Spansets(expression) => sets
                .into_iter()
                .filter_map(|set| {
                    let rows = found(expression, trace, &set.rows);
                    (!rows.is_empty()).then_some(Spanset { rows, ..set })
                })
                .collect(),
            Stage::Scalars { left, op, right } => sets
                .into_iter()
                .filter_map(|mut set| {
                    let left = aggregate::scalar(left, trace, &mut set)?;
                    let right = aggregate::scalar(right, trace, &mut set)?;
                    compares(*op, &left, &right).then_some(set)
                })
                .collect(),
            Stage::By { name, of } => by(name, of, trace, &sets),
            Stage::Coalesce => {
                let all = Spanset::of(rows_of(&sets, trace.batch));
                all.into_iter().collect()
            }
            Stage::Select(_) => sets,
        };
    }
    sets
}

/// The rows that an expression finds among `among`.
fn found(expression: &Spansets, trace: &Trace<'_>, among: &RowSet) -> RowSet {
    match expression {
        Spansets::Filter(filter) => {
            let mut rows = filter.matching_as_far(trace.batch, trace.facts);
            rows.intersect(among);
            rows
        }
        Spansets::Combine {
            relation,
            mode,
            left,
            right,
        } => {
            let left = found(left, trace, among);
            let right = found(right, trace, among);
            combined(*relation, *mode, trace.tree, &left, right)
        }
        Spansets::Pipeline(stages) => {
            let all = Spanset::of(among.clone());
            let sets = run(stages, trace, all.into_iter().collect());
            rows_of(&sets, trace.batch)
        }
    }
}

fn combined(
    relation: Relation,
    mode: Mode,
    tree: &TraceTree,
    left: &RowSet,
    mut right: RowSet,
) -> RowSet {
    match (relation, mode) {
        (Relation::And, _) if left.is_empty() || right.is_empty() => {
            RowSet::none(right.table_len())
        }
        (Relation::And | Relation::Or, _) => {
            right.unite(left);
            right
        }
        (_, Mode::Plain) => structure::related(relation, tree, left, &right),
        (_, Mode::Not) => {
            let mut others = structure::related(relation, tree, left, &right);
            others.invert();
            right.intersect(&others);
            right
        }
        (_, Mode::Union) => {
            let mut rows = structure::related(relation, tree, left, &right);
            rows.unite(&structure::related(
                structure::inverse(relation),
                tree,
                &right,
                left,
            ));
            rows
        }
    }
}

/// Each set by the value of its spans; those without a value come last.
fn by(name: &str, of: &Expression, trace: &Trace<'_>, sets: &[Spanset]) -> Vec<Spanset> {
    let values = of.values(trace.batch, trace.facts);
    let order = |a: &Option<Value<'_>>, b: &Option<Value<'_>>| match (a, b) {
        (Some(a), Some(b)) => a.total_order(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    let mut groups = Vec::new();
    for set in sets {
        let mut rows: Vec<usize> = set.rows.iter().collect();
        rows.sort_by(|a, b| order(&values[*a], &values[*b]));
        for group in rows.chunk_by(|a, b| order(&values[*a], &values[*b]).is_eq()) {
            let mut of_group = RowSet::none(trace.batch.len());
            group.iter().for_each(|row| of_group.insert(*row));
            let value = values[group[0]].clone().map(Value::into_owned);
            let mut attributes = set.attributes.clone();
            attributes.push((name.to_owned(), value));
            groups.push(Spanset {
                rows: of_group,
                attributes,
            });
        }
    }
    groups
}
