//! The shape of one trace: who called whom, in reading order.
//!
//! Real traces are imperfect: parents never arrive, ids repeat, a span names
//! itself as its ancestor. Every span still gets exactly one place. Spans
//! without their parent stand as roots in time order and are called orphans;
//! of spans that share an id the first is the one that children hang on; a
//! cycle is cut at its earliest span, which counts as an orphan.

use std::collections::HashMap;
use tracewell_model::filter::TraceFacts;
use tracewell_model::{RowSet, SpanBatch};

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
    /// Rows that stand as roots although they name a parent.
    pub orphans: RowSet,
    /// Rows whose span id an earlier row already has.
    pub repeated_ids: RowSet,
    /// The row of the earliest span without a parent id.
    pub root: Option<u32>,
    /// Earliest start, ns since the epoch.
    pub start_ns: u64,
    /// Latest end minus earliest start, ns.
    pub duration_ns: u64,
}

const NONE: u32 = u32::MAX;

impl TraceTree {
    /// Arranges the spans of one trace. Costs a sort and a hash per span.
    #[must_use]
    pub fn new(batch: &SpanBatch) -> Self {
        let rows = batch.len();
        let spans = batch.spans();
        // Everything below walks the rows by time, so that siblings, roots and
        // "the first" come out in time order without sorting again.
        let mut by_time: Vec<u32> = (0..rows as u32).collect();
        by_time.sort_by_key(|row| {
            let row = *row as usize;
            (spans.start_ns[row], spans.span_id[row])
        });
        let (row_of_id, repeated_ids) = index_ids(batch, &by_time);
        let mut parents: Vec<u32> = (0..rows)
            .map(|row| {
                let parent = spans.parent_span_id[row];
                let found = if parent.is_zero() {
                    None
                } else {
                    row_of_id.get(&parent.0)
                };
                found
                    .copied()
                    .filter(|parent| *parent as usize != row)
                    .unwrap_or(NONE)
            })
            .collect();
        let mut arranged = arrange(&parents, &by_time);
        if arranged.order.len() < rows {
            cut_cycles(&mut parents, &by_time, &arranged.order);
            arranged = arrange(&parents, &by_time);
        }
        let mut child_count = vec![0; rows];
        for parent in parents.iter().filter(|parent| **parent != NONE) {
            child_count[*parent as usize] += 1;
        }
        let names_parent = |row: usize| !spans.parent_span_id[row].is_zero();
        let root = by_time
            .iter()
            .copied()
            .find(|row| !names_parent(*row as usize));
        let start_ns = by_time
            .first()
            .map_or(0, |row| spans.start_ns[*row as usize]);
        let ends = (0..rows)
            .map(|row| spans.start_ns[row].saturating_add(spans.duration_ns[row].max(0) as u64));
        Self {
            orphans: RowSet::from_fn(rows, |row| parents[row] == NONE && names_parent(row)),
            order: arranged.order,
            depth: arranged.depth,
            subtree: arranged.subtree,
            parent_row: parents
                .iter()
                .map(|row| (*row != NONE).then_some(*row))
                .collect(),
            child_count,
            repeated_ids,
            root,
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
        }
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

type RowOfId = HashMap<[u8; 8], u32>;

fn index_ids(batch: &SpanBatch, by_time: &[u32]) -> (RowOfId, RowSet) {
    let mut rows = RowOfId::with_capacity(by_time.len());
    let mut repeated = RowSet::none(batch.len());
    for row in by_time {
        let id = batch.spans().span_id[*row as usize];
        if *rows.entry(id.0).or_insert(*row) != *row {
            repeated.insert(*row as usize);
        }
    }
    (rows, repeated)
}

struct Arranged {
    order: Vec<u32>,
    depth: Vec<u16>,
    subtree: Vec<u32>,
}

/// Depth-first pre-order from the roots; rows on cycles are not reached.
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

/// Makes the earliest unreached row of each cycle a root.
fn cut_cycles(parents: &mut [u32], by_time: &[u32], reached: &[u32]) {
    const UNSEEN: u32 = 0;
    const DONE: u32 = u32::MAX;
    let mut seen = vec![UNSEEN; parents.len()];
    reached.iter().for_each(|row| seen[*row as usize] = DONE);
    let mut rank = vec![0; parents.len()];
    for (place, row) in (0u32..).zip(by_time) {
        rank[*row as usize] = place;
    }
    for (walk, start) in (1u32..).zip(by_time) {
        let mut row = *start;
        while row != NONE && seen[row as usize] == UNSEEN {
            seen[row as usize] = walk;
            row = parents[row as usize];
        }
        // A walk that meets its own steps has found a cycle through `row`.
        if row != NONE && seen[row as usize] == walk {
            let mut earliest = row;
            let mut next = parents[row as usize];
            while next != row {
                if rank[next as usize] < rank[earliest as usize] {
                    earliest = next;
                }
                next = parents[next as usize];
            }
            parents[earliest as usize] = NONE;
        }
    }
}
