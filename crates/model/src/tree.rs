//! The tree of one trace: who called whom, in reading order (ADR-012).
//!
//! Every span gets exactly one place, whatever is missing or wrong. Spans
//! without their parent stand as roots in time order and are called orphans;
//! so do those at which a cycle of parents is cut, which are none.
//! **Whoever needs the shape of a trace asks here**: searching, merging, the UI
//! and the APIs.

mod named;
mod parents;
mod row_of_id;

pub use named::{parent_ids, structure_columns};
pub use parents::{Parents, TraceSpans};

use crate::batch::identity::Outline;
use crate::filter::{NestedSet, TraceFacts};
use crate::ids::SpanId;
use crate::span_kind::SpanKind;
use crate::{RowSet, SpanBatch};

/// No row: what a [`u32`] list of rows says for "none".
pub(crate) const NONE: u32 = u32::MAX;

/// One trace in depth-first pre-order. Indexes into [`TraceTree::order`] are
/// *places*; rows are those of the batch.
#[derive(Debug)]
pub struct TraceTree {
    /// The row at each place.
    pub order: Vec<u32>,
    /// Depth of each place; roots have 0.
    pub depth: Vec<u16>,
    /// Places in the subtree of each place, itself included.
    pub subtree: Vec<u32>,
    /// Parent of each row, where it is here.
    pub parent_row: Vec<Option<u32>>,
    /// Direct children of each row.
    pub child_count: Vec<u32>,
    /// Rows that stand as roots because their parent is not here.
    pub orphans: RowSet,
    /// Rows that stand as roots because they are among their own parents: a
    /// cycle was cut there.
    pub cut: RowSet,
    /// Rows whose span id an earlier row already has; a client and a server may
    /// share one.
    pub repeated_ids: RowSet,
    /// The row of the earliest span that has no parent and names none.
    pub root: Option<u32>,
    /// Earliest start, ns since the epoch.
    pub start_ns: u64,
    /// Latest end minus earliest start, ns.
    pub duration_ns: u64,
}

impl TraceTree {
    /// Arranges the spans of one trace. Costs a sort and a hash per span.
    #[must_use]
    pub fn new(batch: &SpanBatch) -> Self {
        let rows = batch.len();
        let spans = batch.spans();
        // Everything below walks the rows by time, so that siblings, roots and
        // "the first" come out in time order without sorting again.
        let parent_ids = parent_ids(batch);
        let order = |row: &u32| Outline {
            parent_span_id: parent_ids[*row as usize],
            ..batch.outline(*row as usize)
        };
        let mut by_time: Vec<u32> = (0..rows as u32).collect();
        if !by_time.is_sorted_by_key(order) {
            by_time.sort_by_key(order);
        }
        let rows_by_time = || by_time.iter().map(|row| *row as usize);
        let ids: Vec<SpanId> = rows_by_time().map(|row| spans.span_id[row]).collect();
        let named: Vec<SpanId> = rows_by_time().map(|row| parent_ids[row]).collect();
        let kind = |row: usize| SpanKind::from_otlp(spans.kind[row]);
        let kinds: Vec<SpanKind> = rows_by_time().map(kind).collect();
        let trace = TraceSpans {
            span_id: &ids,
            parent_span_id: &named,
            kind: &kinds,
        };
        let mut found = Parents::default();
        found.find(trace);
        let mut parents = vec![NONE; rows];
        let (mut orphans, mut cut) = (RowSet::none(rows), RowSet::none(rows));
        let mut repeated_ids = RowSet::none(rows);
        let mut child_count = vec![0; rows];
        for (time, row) in rows_by_time().enumerate() {
            let parent = found.rows()[time];
            if parent != NONE {
                parents[row] = by_time[parent as usize];
                child_count[parents[row] as usize] += 1;
            } else if found.is_cut(trace, time) {
                cut.insert(row);
            } else if !parent_ids[row].is_zero() {
                orphans.insert(row);
            }
            if found.is_repeated(trace, time) {
                repeated_ids.insert(row);
            }
        }
        let arranged = arrange(&parents, &by_time);
        let start_ns = by_time
            .first()
            .map_or(0, |row| spans.start_ns[*row as usize]);
        let ends = (0..rows)
            .map(|row| spans.start_ns[row].saturating_add(spans.duration_ns[row].max(0) as u64));
        Self {
            orphans,
            cut,
            order: arranged.order,
            depth: arranged.depth,
            subtree: arranged.subtree,
            parent_row: parents
                .iter()
                .map(|row| (*row != NONE).then_some(*row))
                .collect(),
            child_count,
            repeated_ids,
            root: found.root().map(|time| by_time[time as usize]),
            start_ns,
            duration_ns: ends.max().unwrap_or(start_ns) - start_ns,
        }
    }

    /// What filters want to know of the whole trace.
    #[must_use]
    pub fn facts(&self, batch: &SpanBatch) -> TraceFacts {
        let spans = batch.spans();
        let root = self.root.map(|row| row as usize);
        let service =
            |row: usize| batch.resource_services()[spans.resource[row] as usize].to_owned();
        TraceFacts {
            child_counts: self.child_count.clone(),
            duration_ns: self.duration_ns,
            root_name: root
                .map(|row| spans.name.get(row).to_owned())
                .unwrap_or_default(),
            root_service: root.map(service).unwrap_or_default(),
            parent_rows: self.parent_row.clone(),
            nested_sets: self.nested_sets(),
        }
    }

    /// The nested set of each row.
    #[must_use]
    pub fn nested_sets(&self) -> Vec<NestedSet> {
        let mut sets = vec![NestedSet::default(); self.order.len()];
        // [`TraceTree::depth`] ends at 65,535.
        let mut depths = vec![0_i64; self.order.len()];
        for (place, row) in self.order.iter().map(|row| *row as usize).enumerate() {
            let parent = self.parent_row[row].map(|parent| parent as usize);
            depths[row] = parent.map_or(0, |parent| depths[parent] + 1);
            // Each place before was counted once, and once more on the way
            // back unless it is an ancestor.
            let left = 2 * place as i64 - depths[row] + 1;
            sets[row] = NestedSet {
                left,
                right: left + 2 * i64::from(self.subtree[place]) - 1,
                parent: match parent {
                    Some(parent) => sets[parent].left,
                    None if self.orphans.contains(row) || self.cut.contains(row) => 0,
                    None => -1,
                },
            };
        }
        sets
    }

    /// The place of each row.
    #[must_use]
    pub fn places(&self) -> Vec<u32> {
        let mut places = vec![0; self.order.len()];
        for (place, row) in self.order.iter().enumerate() {
            places[*row as usize] = place as u32;
        }
        places
    }
}

struct Arranged {
    order: Vec<u32>,
    depth: Vec<u16>,
    subtree: Vec<u32>,
}

/// Depth-first pre-order from the roots. All rows are reached: there are no
/// cycles.
fn arrange(parents: &[u32], by_time: &[u32]) -> Arranged {
    // Children as linked lists, made backwards so that they come out in time order.
    let mut first_child = vec![NONE; parents.len()];
    let mut next_sibling = vec![NONE; parents.len()];
    let mut stack: Vec<(u32, u16)> = Vec::new();
    for row in by_time.iter().rev() {
        let parent = parents[*row as usize];
        if parent == NONE {
            stack.push((*row, 0));
        } else {
            next_sibling[*row as usize] = first_child[parent as usize];
            first_child[parent as usize] = *row;
        }
    }
    let mut arranged = Arranged {
        order: Vec::with_capacity(parents.len()),
        depth: Vec::with_capacity(parents.len()),
        subtree: Vec::new(),
    };
    while let Some((row, depth)) = stack.pop() {
        arranged.order.push(row);
        arranged.depth.push(depth);
        let from = stack.len();
        let mut child = first_child[row as usize];
        while child != NONE {
            stack.push((child, depth.saturating_add(1)));
            child = next_sibling[child as usize];
        }
        stack[from..].reverse();
    }
    arranged.subtree = subtree_sizes(&arranged.order, parents);
    arranged
}

/// In pre-order every descendant follows its ancestor, so one pass from the
/// back adds each subtree to its parent.
fn subtree_sizes(order: &[u32], parents: &[u32]) -> Vec<u32> {
    let mut sizes = vec![1u32; parents.len()];
    for row in order.iter().rev() {
        let parent = parents[*row as usize];
        if parent != NONE {
            sizes[parent as usize] += sizes[*row as usize];
        }
    }
    order.iter().map(|row| sizes[*row as usize]).collect()
}
