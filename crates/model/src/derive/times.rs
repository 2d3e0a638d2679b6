//! Self times and the critical path of one trace.
//!
//! The path is the one of published critical-path analysis of traces (Jaeger's
//! UI; Zhang and others, "CRISP: Critical Path Analysis of Large-Scale
//! Microservice Architectures", USENIX ATC 2022). All arithmetic saturates at
//! the end of time; no interval ends before it starts.

use super::{Derived, PathPart, TraceTimes};
use crate::tree::NONE;

/// Working memory, an entry per row.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Each span's time within its ancestors, for the path.
    clipped: Vec<(u64, u64)>,
    /// Each span's own time.
    whole: Vec<(u64, u64)>,
    /// How far children cover a span, and for how long.
    covered_until_ns: Vec<u64>,
    covered_ns: Vec<u64>,
    /// (clipped end, inverted row): sorting puts the earlier row of a tie last.
    by_end: Vec<(u64, u32)>,
    /// Children as linked lists, the one that ends last in front.
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
}

impl Times {
    /// Works out the times of a trace; `upwards` has children before parents.
    pub(super) fn measure(&mut self, trace: TraceTimes<'_>, parents: &[u32], upwards: &[u32]) {
        self.whole.clear();
        let times = trace.start_ns.iter().zip(trace.duration_ns);
        self.whole.extend(times.map(|(start, duration)| {
            let duration = u64::try_from(*duration).unwrap_or(0);
            (*start, start.saturating_add(duration))
        }));
        self.clipped.clone_from(&self.whole);
        for row in upwards.iter().rev().map(|row| *row as usize) {
            if parents[row] != NONE {
                let (from, to) = self.clipped[parents[row] as usize];
                let (start, end) = self.whole[row];
                self.clipped[row] = (start.clamp(from, to), end.clamp(from, to));
            }
        }
        self.cover(parents);
    }

    /// The union of the children of each span: rows come by start, so each
    /// child adds what lies behind those before it.
    fn cover(&mut self, parents: &[u32]) {
        let rows = parents.len();
        self.covered_ns.clear();
        self.covered_ns.resize(rows, 0);
        self.covered_until_ns.clear();
        self.covered_until_ns
            .extend(self.whole.iter().map(|(start, _)| *start));
        for (parent, (start, end)) in parents.iter().zip(&self.whole) {
            if *parent == NONE {
                continue;
            }
            let parent = *parent as usize;
            let from = (*start).max(self.covered_until_ns[parent]);
            let to = (*end).min(self.whole[parent].1);
            if from < to {
                self.covered_ns[parent] += to - from;
                self.covered_until_ns[parent] = to;
            }
        }
    }

    /// Writes what [`Times::measure`] found, and the path from `path_from`.
    pub(super) fn write_to(
        &mut self,
        parents: &[u32],
        path_from: Option<u32>,
        derived: &mut Derived,
    ) {
        let starts = self.whole.iter().map(|(start, _)| *start);
        let ends = self.whole.iter().map(|(_, end)| *end);
        let earliest = starts.min().unwrap_or(0);
        derived.duration_ns = nanoseconds(ends.max().unwrap_or(0) - earliest);
        derived.self_ns.clear();
        derived.self_ns.extend(self.self_ns());
        derived.critical_ns.clear();
        derived.critical_ns.resize(parents.len(), 0);
        if let Some(root) = path_from {
            self.path(parents, root, |part| {
                derived.critical_ns[part.row as usize] += nanoseconds(part.to_ns - part.from_ns);
            });
        }
    }

    /// The self time of each row, ns.
    pub(super) fn self_ns(&self) -> impl Iterator<Item = i64> {
        let own = self.whole.iter().zip(&self.covered_ns);
        own.map(|((start, end), covered)| nanoseconds(end - start - covered))
    }

    /// Shows the path of `root`, from its end to its start, without gaps.
    pub(super) fn path(&mut self, parents: &[u32], root: u32, show: impl FnMut(PathPart)) {
        self.link_children(parents);
        self.walk(parents, root, show);
    }

    fn link_children(&mut self, parents: &[u32]) {
        let rows = parents.len();
        self.by_end.clear();
        self.by_end
            .extend((0..rows as u32).map(|row| (self.clipped[row as usize].1, !row)));
        self.by_end.sort_unstable();
        self.first_child.clear();
        self.first_child.resize(rows, NONE);
        self.next_sibling.clear();
        self.next_sibling.resize(rows, NONE);
        for row in self.by_end.iter().map(|(_, row)| !row) {
            let parent = parents[row as usize];
            if parent != NONE {
                self.next_sibling[row as usize] = self.first_child[parent as usize];
                self.first_child[parent as usize] = row;
            }
        }
    }

    /// Walks back from the end of `root`. Every step down uses up a child and
    /// every step up leaves a span for good, so it ends after two steps a span.
    fn walk(&mut self, parents: &[u32], root: u32, mut show: impl FnMut(PathPart)) {
        let mut row = root as usize;
        let mut at_ns = self.clipped[row].1;
        let mut step = |row: usize, from_ns: u64, to_ns: u64| {
            if from_ns < to_ns {
                show(PathPart {
                    row: row as u32,
                    from_ns,
                    to_ns,
                });
            }
        };
        loop {
            let child = self.first_child[row];
            if child == NONE {
                let start_ns = self.clipped[row].0;
                step(row, start_ns, at_ns);
                at_ns = start_ns;
                if row == root as usize {
                    return;
                }
                row = parents[row] as usize;
                continue;
            }
            self.first_child[row] = self.next_sibling[child as usize];
            let end_ns = self.clipped[child as usize].1;
            // One that still ran while the next on the path worked was not
            // waited for.
            if end_ns <= at_ns {
                step(row, end_ns, at_ns);
                at_ns = end_ns;
                row = child as usize;
            }
        }
    }
}

fn nanoseconds(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}
