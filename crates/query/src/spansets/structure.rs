//! Who stands in a relation to whom, in one trace.
//!
//! In pre-order the descendants of a span are the places after it up to the
//! end of its subtree: every question is a pass over the places or the rows.
//! **No pair of spans is ever looked at.** Parents are those of ADR-012; spans
//! that stand on top have no parent and no siblings.

use crate::traceql::Relation;
use tracewell_model::{RowSet, TraceTree};

/// Those of `right` to which one of `left` stands in the relation.
pub(super) fn related(
    relation: Relation,
    tree: &TraceTree,
    left: &RowSet,
    right: &RowSet,
) -> RowSet {
    let mut found = match relation {
        Relation::And | Relation::Or => right.clone(),
        Relation::Child => with_parent_in(tree, left),
        Relation::Parent => parents_of(tree, left),
        Relation::Descendant => below(tree, left),
        Relation::Ancestor => above(tree, left),
        Relation::Sibling => siblings_of(tree, left),
    };
    found.intersect(right);
    found
}

/// The relation seen from the other side.
pub(super) fn inverse(relation: Relation) -> Relation {
    match relation {
        Relation::Child => Relation::Parent,
        Relation::Parent => Relation::Child,
        Relation::Descendant => Relation::Ancestor,
        Relation::Ancestor => Relation::Descendant,
        Relation::And | Relation::Or | Relation::Sibling => relation,
    }
}

fn with_parent_in(tree: &TraceTree, rows: &RowSet) -> RowSet {
    let is_in = |parent: u32| rows.contains(parent as usize);
    RowSet::from_fn(tree.order.len(), |row| {
        tree.parent_row[row].is_some_and(is_in)
    })
}

fn parents_of(tree: &TraceTree, rows: &RowSet) -> RowSet {
    let mut parents = RowSet::none(tree.order.len());
    for parent in rows.iter().filter_map(|row| tree.parent_row[row]) {
        parents.insert(parent as usize);
    }
    parents
}

fn below(tree: &TraceTree, rows: &RowSet) -> RowSet {
    let mut found = RowSet::none(tree.order.len());
    // Subtrees lie within each other or apart, so one end is enough.
    let mut end = 0;
    for (place, row) in tree.order.iter().map(|row| *row as usize).enumerate() {
        if place < end {
            found.insert(row);
        }
        if rows.contains(row) {
            end = end.max(place + tree.subtree[place] as usize);
        }
    }
    found
}

fn above(tree: &TraceTree, rows: &RowSet) -> RowSet {
    let mut found = RowSet::none(tree.order.len());
    // The next place behind, from the back, that has one.
    let mut next = usize::MAX;
    for (place, row) in tree.order.iter().map(|row| *row as usize).enumerate().rev() {
        if next < place + tree.subtree[place] as usize {
            found.insert(row);
        }
        if rows.contains(row) {
            next = place;
        }
    }
    found
}

/// Of a single one its siblings, not itself.
fn siblings_of(tree: &TraceTree, rows: &RowSet) -> RowSet {
    let mut counts = vec![0_u32; tree.order.len()];
    for parent in rows.iter().filter_map(|row| tree.parent_row[row]) {
        counts[parent as usize] += 1;
    }
    RowSet::from_fn(tree.order.len(), |row| {
        let others = |parent: u32| counts[parent as usize] > u32::from(rows.contains(row));
        tree.parent_row[row].is_some_and(others)
    })
}
