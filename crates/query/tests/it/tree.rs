//! Shapes of traces: compared with a slow and plain way to build them.

use tracewell_model::SpanBatch;
use tracewell_query::TraceTree;
use tracewell_testkit::{Random, TestSpan, batch};

/// The rules of the tree, written down without care for time.
struct Naive {
    order: Vec<usize>,
    depth: Vec<usize>,
    orphans: Vec<usize>,
    repeated: Vec<usize>,
}

impl Naive {
    fn new(spans: &[TestSpan]) -> Self {
        let mut by_time: Vec<usize> = (0..spans.len()).collect();
        by_time.sort_by_key(|row| (spans[*row].start_ns, spans[*row].span_id));
        let first = |id| {
            by_time
                .iter()
                .copied()
                .find(|row| spans[*row].span_id == id)
        };
        let mut parents: Vec<Option<usize>> = (0..spans.len())
            .map(|row| {
                let parent = spans[row].parent_span_id;
                let found = (!parent.is_zero()).then(|| first(parent)).flatten();
                found.filter(|parent| *parent != row)
            })
            .collect();
        for row in &by_time {
            let mut above = parents[*row];
            for _ in 0..spans.len() {
                above = above.and_then(|row| parents[row]);
            }
            // Still climbing: a cycle. The earliest span that is on it, not
            // only below it, is cut loose.
            let is_on_cycle = |row: usize| {
                let mut next = parents[row];
                (0..spans.len()).any(|_| {
                    let is_back = next == Some(row);
                    next = next.and_then(|row| parents[row]);
                    is_back
                })
            };
            if above.is_some() && is_on_cycle(*row) {
                parents[*row] = None;
            }
        }
        let mut tree = Self {
            order: Vec::new(),
            depth: Vec::new(),
            orphans: Vec::new(),
            repeated: Vec::new(),
        };
        for row in 0..spans.len() {
            if parents[row].is_none() && !spans[row].parent_span_id.is_zero() {
                tree.orphans.push(row);
            }
            if first(spans[row].span_id) != Some(row) {
                tree.repeated.push(row);
            }
        }
        tree.place(None, 0, &by_time, &parents);
        tree
    }

    fn place(
        &mut self,
        parent: Option<usize>,
        depth: usize,
        by_time: &[usize],
        parents: &[Option<usize>],
    ) {
        for row in by_time.iter().filter(|row| parents[**row] == parent) {
            self.order.push(*row);
            self.depth.push(depth);
            self.place(Some(*row), depth + 1, by_time, parents);
        }
    }
}

/// Up to 25 spans whose ids and parents are drawn from so few numbers that
/// cycles, repeated ids and missing parents are the rule.
fn tangled(random: &mut Random) -> Vec<TestSpan> {
    let count = 1 + random.below(25);
    let ids = 1 + random.below(30);
    (0..count)
        .map(|_| {
            let (id, parent) = (1 + random.below(ids), random.below(ids + 3));
            let start_ns = 1_000 + random.below(20);
            let span = TestSpan::new(1, id, "shop", "work", start_ns);
            span.child_of(parent).lasting_ns(random.below(100))
        })
        .collect()
}

fn check_sizes(tree: &TraceTree) {
    for (place, size) in tree.subtree.iter().enumerate() {
        let below = tree.depth[place + 1..]
            .iter()
            .take_while(|depth| **depth > tree.depth[place])
            .count();
        assert_eq!(*size as usize, below + 1, "subtree of place {place}");
    }
}

#[test]
fn every_span_has_one_place_by_the_rules() {
    let mut random = Random::new(11);
    for round in 0..3_000 {
        let spans = tangled(&mut random);
        let (naive, tree) = (Naive::new(&spans), TraceTree::new(&batch(&spans)));
        let order: Vec<usize> = tree.order.iter().map(|row| *row as usize).collect();
        let depth: Vec<usize> = tree.depth.iter().map(|depth| usize::from(*depth)).collect();
        assert_eq!(order, naive.order, "round {round}: {spans:#?}");
        assert_eq!(depth, naive.depth, "round {round}");
        let orphans: Vec<usize> = tree.orphans.iter().collect();
        assert_eq!(orphans, naive.orphans, "round {round}");
        let repeated: Vec<usize> = tree.repeated_ids.iter().collect();
        assert_eq!(repeated, naive.repeated, "round {round}");
        check_sizes(&tree);
        let places = tree.places();
        assert!(
            order
                .iter()
                .enumerate()
                .all(|(place, row)| places[*row] as usize == place)
        );
        let children: u32 = tree.child_count.iter().sum();
        let roots = depth.iter().filter(|depth| **depth == 0).count();
        assert_eq!(children as usize + roots, spans.len());
    }
}

#[test]
fn root_and_times_are_of_the_earliest_and_the_latest() {
    let spans = [
        TestSpan::new(1, 1, "shop", "second root", 200).lasting_ns(10),
        TestSpan::new(1, 2, "shop", "orphan", 100)
            .child_of(77)
            .lasting_ns(500),
        TestSpan::new(1, 3, "shop", "root", 150).lasting_ns(20),
    ];
    let tree = TraceTree::new(&batch(&spans));
    assert_eq!(
        (tree.root, tree.start_ns, tree.duration_ns),
        (Some(2), 100, 500)
    );
    assert_eq!(tree.order, [1, 2, 0]);
    let nothing = TraceTree::new(&SpanBatch::default());
    assert_eq!(
        (nothing.root, nothing.duration_ns, nothing.order.len()),
        (None, 0, 0)
    );
}

/// Far deeper than any stack of calls.
const DEEP: u64 = 100_000;

#[test]
fn a_chain_of_any_depth_is_arranged() {
    let chain: Vec<_> = (1..=DEEP)
        .map(|id| TestSpan::new(1, id, "shop", "call", id).child_of(id - 1))
        .collect();
    let tree = TraceTree::new(&batch(&chain));
    assert!(tree.order.iter().copied().eq(0..DEEP as u32));
    assert!(tree.subtree.iter().copied().eq((1..=DEEP as u32).rev()));
    assert_eq!((tree.depth[1], tree.depth[70_000]), (1, u16::MAX));
    assert!(tree.orphans.is_empty());
}

#[test]
fn a_cycle_of_any_length_is_cut_once() {
    let ring: Vec<_> = (1..=DEEP)
        .map(|id| {
            let parent = if id == 1 { DEEP } else { id - 1 };
            TestSpan::new(1, id, "shop", "call", DEEP - id).child_of(parent)
        })
        .collect();
    let tree = TraceTree::new(&batch(&ring));
    assert_eq!(tree.order.len(), ring.len());
    // The earliest starts at 0: the one with the largest id, the last row.
    assert_eq!(tree.orphans.iter().collect::<Vec<_>>(), [ring.len() - 1]);
    assert_eq!(tree.subtree[0] as usize, ring.len());
    assert_eq!(tree.root, None);
}
