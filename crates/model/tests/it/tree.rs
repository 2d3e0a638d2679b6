//! Shapes of traces: the cases of ADR-012, and random forests compared with a
//! slow and plain way to build them.

use tracewell_model::derive::{Deriver, TraceTimes};
use tracewell_model::tree::{TraceSpans, parent_ids};
use tracewell_model::{RowSet, SpanBatch, SpanKind, TraceTree};
use tracewell_testkit::decisions::trees;
use tracewell_testkit::spans::{TestLink, span_id};
use tracewell_testkit::{Random, TestSpan, batch};

/// As the decision writes trees: nested, siblings in order.
fn drawn(spans: &[TestSpan], tree: &TraceTree) -> String {
    let mut text = String::new();
    for (place, row) in tree.order.iter().enumerate() {
        let (depth, before) = (tree.depth[place], place.checked_sub(1));
        match before.map(|before| tree.depth[before]) {
            None => {}
            Some(above) if depth > above => text.push('('),
            Some(above) => {
                (depth..above).for_each(|_| text.push(')'));
                text.push(' ');
            }
        }
        text.push_str(&spans[*row as usize].name);
    }
    let last = tree.depth.last().copied().unwrap_or(0);
    (0..last).for_each(|_| text.push(')'));
    text
}

#[test]
fn every_case_of_the_decision() {
    for case in trees() {
        // In any order: a store gives spans as they came.
        for turn in 0..case.spans.len() {
            let mut spans = case.spans.clone();
            spans.rotate_left(turn);
            let tree = TraceTree::new(&batch(&spans));
            let name = |row: usize| spans[row].name.as_str();
            let names = |rows: &RowSet| rows.iter().map(name).collect::<Vec<_>>().join(" ");
            let root = tree.root.map_or("", |row| name(row as usize));
            let odd = [names(&tree.orphans), names(&tree.cut)];
            let found = (drawn(&spans, &tree), root, odd);
            let odd = [case.orphans.clone(), case.cut.clone()];
            let expected = (case.tree.clone(), &*case.root, odd);
            assert_eq!(found, expected, "line {}, turned {turn}", case.line);
        }
    }
}

/// The rules of the tree, written down without care for time.
struct Naive {
    parents: Vec<Option<usize>>,
    order: Vec<usize>,
    depth: Vec<usize>,
    orphans: Vec<usize>,
    cut: Vec<usize>,
    repeated: Vec<usize>,
    root: Option<usize>,
}

impl Naive {
    fn new(spans: &[TestSpan]) -> Self {
        let mut by_time: Vec<usize> = (0..spans.len()).collect();
        by_time.sort_by_key(|row| {
            let span = &spans[*row];
            let duration_ns = span.end_ns - span.start_ns;
            (span.start_ns, span.span_id, named(span), duration_ns)
        });
        let first = |id, kind: Option<SpanKind>| {
            let of_id = |row: &usize| {
                spans[*row].span_id == id && kind.is_none_or(|kind| spans[*row].kind == kind)
            };
            by_time.iter().copied().find(of_id)
        };
        // The two sides of a call that share an id.
        let sides = |id| {
            let client = first(id, Some(SpanKind::Client));
            client.zip(first(id, Some(SpanKind::Server)))
        };
        let mut parents: Vec<Option<usize>> = (0..spans.len())
            .map(|row| {
                let (span, parent) = (&spans[row], named(&spans[row]));
                match sides(span.span_id) {
                    Some((client, _)) if span.kind == SpanKind::Server => Some(client),
                    _ if parent.is_zero() || parent == span.span_id => None,
                    _ => match sides(parent) {
                        Some((_, server)) => Some(server),
                        None => first(parent, None),
                    },
                }
            })
            .collect();
        let mut cut = Vec::new();
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
                cut.push(*row);
            }
        }
        let is_root = |row: &usize| parents[*row].is_none() && named(&spans[*row]).is_zero();
        let mut tree = Self {
            root: by_time.iter().copied().find(is_root),
            parents: parents.clone(),
            order: Vec::new(),
            depth: Vec::new(),
            orphans: Vec::new(),
            cut: Vec::new(),
            repeated: Vec::new(),
        };
        for row in 0..spans.len() {
            if parents[row].is_none() && !named(&spans[row]).is_zero() {
                let is_cut = cut.contains(&row) || named(&spans[row]) == spans[row].span_id;
                let odd = if is_cut {
                    &mut tree.cut
                } else {
                    &mut tree.orphans
                };
                odd.push(row);
            }
            let is_first = match sides(spans[row].span_id) {
                Some((client, server)) => row == client || row == server,
                None => first(spans[row].span_id, None) == Some(row),
            };
            if !is_first {
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

/// The parent that a span names.
fn named(span: &TestSpan) -> tracewell_model::SpanId {
    if !span.parent_span_id.is_zero() {
        return span.parent_span_id;
    }
    let child_of = |link: &&TestLink| {
        let ref_type = ("opentracing.ref_type".to_owned(), "child_of".into());
        link.trace_id == span.trace_id && link.attributes.contains(&ref_type)
    };
    let link = span.links.iter().find(child_of);
    link.map(|link| link.span_id).unwrap_or_default()
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
            let kinds = [SpanKind::Client, SpanKind::Server, SpanKind::Internal];
            let mut span = TestSpan::new(1, id, "shop", "work", start_ns)
                .child_of(parent)
                .kind(*random.pick(&kinds))
                .lasting_ns(random.below(100));
            if random.once_in(4) {
                let ref_type = *random.pick(&["child_of", "follows_from"]);
                span.links.push(TestLink {
                    trace_id: span.trace_id,
                    span_id: span_id(1 + random.below(ids)),
                    trace_state: String::new(),
                    flags: 0,
                    attributes: vec![("opentracing.ref_type".to_owned(), ref_type.into())],
                    dropped: 0,
                });
            }
            span
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

/// What merging stores says the same as what searching finds.
fn check_derived(spans: &[TestSpan], naive: &Naive, tree: &TraceTree) {
    let mut rows: Vec<usize> = (0..spans.len()).collect();
    let whole = batch(spans);
    let named = parent_ids(&whole);
    rows.sort_by_key(|row| {
        (
            whole.outline(*row).start_ns,
            spans[*row].span_id,
            named[*row],
            whole.outline(*row).duration_ns,
        )
    });
    let of_spans = whole.spans();
    let derived = Deriver::new()
        .derive(
            TraceSpans {
                span_id: &rows
                    .iter()
                    .map(|row| spans[*row].span_id)
                    .collect::<Vec<_>>(),
                parent_span_id: &rows.iter().map(|row| named[*row]).collect::<Vec<_>>(),
                kind: &rows.iter().map(|row| spans[*row].kind).collect::<Vec<_>>(),
            },
            TraceTimes {
                start_ns: &rows
                    .iter()
                    .map(|row| of_spans.start_ns[*row])
                    .collect::<Vec<_>>(),
                duration_ns: &rows
                    .iter()
                    .map(|row| of_spans.duration_ns[*row])
                    .collect::<Vec<_>>(),
            },
        )
        .clone();
    let row = |place: u32| rows[place as usize];
    assert_eq!(derived.root.map(row), naive.root);
    let places = tree.places();
    for (derived_row, row) in rows.iter().enumerate() {
        let parent = derived.parent_row[derived_row].map(|place| rows[place as usize]);
        assert_eq!(parent, naive.parents[*row]);
        let place = places[*row] as usize;
        assert_eq!(derived.depth[derived_row], u32::from(tree.depth[place]));
        assert_eq!(derived.subtree_spans[derived_row], tree.subtree[place]);
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
        let cut: Vec<usize> = tree.cut.iter().collect();
        assert_eq!(cut, naive.cut, "round {round}");
        let repeated: Vec<usize> = tree.repeated_ids.iter().collect();
        assert_eq!(repeated, naive.repeated, "round {round}");
        check_sizes(&tree);
        let root = tree.root.map(|row| row as usize);
        assert_eq!(root, naive.root, "round {round}: {spans:#?}");
        check_derived(&spans, &naive, &tree);
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
    assert!(tree.orphans.is_empty() && tree.cut.is_empty());
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
    assert_eq!(tree.cut.iter().collect::<Vec<_>>(), [ring.len() - 1]);
    assert!(tree.orphans.is_empty(), "nobody's parent is missing");
    assert_eq!(tree.subtree[0] as usize, ring.len());
    assert_eq!(tree.root, None);
}
