//! What is derived of traces, against tables written by hand and a slow way
//! that follows the definitions word by word.

use proptest::prelude::*;
use tracewell_model::derive::{Derived, Deriver, Measured, TraceTimes};
use tracewell_model::tree::TraceSpans;
use tracewell_model::{SpanId, SpanKind, TraceTree};
use tracewell_testkit::{TestSpan, batch};

/// Id, parent id, start, duration.
type Span = (u64, u64, u64, i64);

fn derive_with(deriver: &mut Deriver, spans: &[Span]) -> Derived {
    let id = |number: u64| SpanId(number.to_be_bytes());
    let span_id: Vec<_> = spans.iter().map(|span| id(span.0)).collect();
    let parent_span_id: Vec<_> = spans.iter().map(|span| id(span.1)).collect();
    let start_ns: Vec<_> = spans.iter().map(|span| span.2).collect();
    let duration_ns: Vec<_> = spans.iter().map(|span| span.3).collect();
    let trace = TraceSpans {
        span_id: &span_id,
        parent_span_id: &parent_span_id,
        kind: &vec![SpanKind::Internal; spans.len()],
    };
    let times = TraceTimes {
        start_ns: &start_ns,
        duration_ns: &duration_ns,
    };
    deriver.derive(trace, times).clone()
}

fn derive(spans: &[Span]) -> Derived {
    derive_with(&mut Deriver::new(), spans)
}

/// A trace and, per row, what is expected: depth, subtree, self, critical.
struct Case {
    name: &'static str,
    spans: &'static [Span],
    expected: &'static [(u32, u32, i64, i64)],
    root: Option<u32>,
    duration_ns: i64,
}

const CASES: &[Case] = &[
    Case {
        name: "no span at all",
        spans: &[],
        expected: &[],
        root: None,
        duration_ns: 0,
    },
    Case {
        name: "one after another: the root has the gaps",
        spans: &[(1, 0, 0, 100), (2, 1, 10, 30), (3, 1, 50, 40)],
        expected: &[(0, 3, 30, 30), (1, 1, 30, 30), (1, 1, 40, 40)],
        root: Some(0),
        duration_ns: 100,
    },
    Case {
        name: "of children at the same time the one that ends last counts",
        spans: &[(1, 0, 0, 100), (2, 1, 10, 40), (3, 1, 10, 80)],
        expected: &[(0, 3, 20, 20), (1, 1, 40, 0), (1, 1, 80, 80)],
        root: Some(0),
        duration_ns: 100,
    },
    Case {
        name: "the path goes down to grandchildren",
        spans: &[
            (1, 0, 0, 100),
            (2, 1, 10, 80),
            (3, 2, 20, 30),
            (4, 2, 60, 10),
        ],
        expected: &[
            (0, 4, 20, 20),
            (1, 3, 40, 40),
            (2, 1, 30, 30),
            (2, 1, 10, 10),
        ],
        root: Some(0),
        duration_ns: 100,
    },
    Case {
        name: "a child that outlives its parent counts as far as the parent lasts",
        spans: &[(1, 0, 100, 50), (2, 1, 120, 500)],
        expected: &[(0, 2, 20, 20), (1, 1, 500, 30)],
        root: Some(0),
        duration_ns: 520,
    },
    Case {
        name: "a child that starts after its parent ended is off the path",
        spans: &[(1, 0, 0, 10), (2, 1, 50, 10)],
        expected: &[(0, 2, 10, 10), (1, 1, 10, 0)],
        root: Some(0),
        duration_ns: 60,
    },
    Case {
        name: "a child whose clock runs ahead comes before its parent",
        spans: &[(2, 1, 0, 30), (1, 0, 20, 100)],
        expected: &[(1, 1, 30, 10), (0, 2, 90, 90)],
        root: Some(1),
        duration_ns: 120,
    },
    Case {
        name: "without the root the path goes through the first orphan",
        spans: &[(2, 1, 0, 30), (3, 2, 10, 10), (4, 1, 40, 10)],
        expected: &[(0, 2, 20, 20), (1, 1, 10, 10), (0, 1, 10, 0)],
        root: None,
        duration_ns: 50,
    },
    Case {
        name: "of several roots the first has the path",
        spans: &[(1, 0, 0, 10), (2, 0, 5, 90)],
        expected: &[(0, 1, 10, 10), (0, 1, 90, 0)],
        root: Some(0),
        duration_ns: 95,
    },
    Case {
        name: "a span that is its own parent, and a cycle of two",
        spans: &[(1, 1, 0, 10), (2, 3, 1, 20), (3, 2, 2, 10)],
        expected: &[(0, 1, 10, 10), (0, 2, 10, 0), (1, 1, 10, 0)],
        root: None,
        duration_ns: 21,
    },
    Case {
        name: "children of a repeated id hang on the first",
        spans: &[(1, 0, 0, 50), (1, 0, 0, 50), (2, 1, 10, 10)],
        expected: &[(0, 2, 40, 40), (0, 1, 50, 0), (1, 1, 10, 10)],
        root: Some(0),
        duration_ns: 50,
    },
    Case {
        name: "no duration, a negative one, and the end of time",
        spans: &[
            (1, 0, 0, 0),
            (2, 1, 5, -7),
            (3, 1, u64::MAX - 5, i64::MAX),
            (4, 3, u64::MAX, i64::MIN),
        ],
        expected: &[(0, 4, 0, 0), (1, 1, 0, 0), (1, 2, 5, 0), (2, 1, 0, 0)],
        root: Some(0),
        duration_ns: i64::MAX,
    },
];

#[test]
fn traces_written_by_hand() {
    let mut deriver = Deriver::new();
    for case in CASES {
        let derived = derive_with(&mut deriver, case.spans);
        let found: Vec<_> = (0..case.spans.len())
            .map(|row| {
                let (depth, subtree) = (derived.depth[row], derived.subtree_spans[row]);
                (
                    depth,
                    subtree,
                    derived.self_ns[row],
                    derived.critical_ns[row],
                )
            })
            .collect();
        assert_eq!(found, case.expected, "{}", case.name);
        let whole = (derived.root, derived.duration_ns);
        assert_eq!(whole, (case.root, case.duration_ns), "{}", case.name);
    }
}

#[test]
fn a_million_spans_in_a_chain_or_side_by_side() {
    let million = 1_000_000u64;
    let chain: Vec<Span> = (0..million)
        .map(|n| (n + 1, n, n, (2 * (million - n)) as i64))
        .collect();
    let derived = derive(&chain);
    assert_eq!(derived.depth[999_999], 999_999);
    assert_eq!(derived.subtree_spans[0], 1_000_000);
    assert_eq!(derived.critical_ns.iter().sum::<i64>(), 2_000_000);
    let siblings = (0..million).map(|n| (n + 2, 1, n, 1));
    let star: Vec<Span> = std::iter::once((1, 0, 0, million as i64))
        .chain(siblings)
        .collect();
    let derived = derive(&star);
    assert_eq!(
        (derived.subtree_spans[0], derived.self_ns[0]),
        (1_000_001, 0)
    );
    assert_eq!(derived.critical_ns[0], 0, "a child ran at every moment");
    assert!(derived.critical_ns[1..].iter().all(|share| *share == 1));
    let cycle: Vec<Span> = (0..million)
        .map(|n| (n + 1, (n + 1) % million + 1, n, 1))
        .collect();
    assert_eq!(derive(&cycle).subtree_spans[0], 1_000_000);
}

/// What [`Measured`] says of the same spans, by row, and the path with rows.
type ByRow = (Vec<i64>, Vec<i64>, Vec<(u32, u64, u64)>);

fn measure(spans: &[Span]) -> ByRow {
    let test_span = |span: &Span| {
        let (id, parent, start_ns, duration_ns) = *span;
        let mut made = TestSpan::new(1, id, "s", "n", start_ns).child_of(parent);
        made.end_ns = start_ns.wrapping_add(duration_ns as u64);
        made
    };
    let batch = batch(&spans.iter().map(test_span).collect::<Vec<_>>());
    let tree = TraceTree::new(&batch);
    let measured = Measured::new(&batch, &tree);
    let place = tree.places();
    let by_row = |list: &[i64]| place.iter().map(|at| list[*at as usize]).collect();
    let row = |place: u32| tree.order[place as usize];
    let path = measured.path.iter();
    (
        by_row(&measured.self_ns),
        by_row(&measured.critical_ns),
        path.map(|part| (row(part.row), part.from_ns, part.to_ns))
            .collect(),
    )
}

/// Any spans: ids and parents that repeat and miss, times on a small scale.
fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (1u64..40, 0u64..44, 0u64..30, -3i64..30);
    proptest::collection::vec(span, 0..40).prop_map(in_block_order)
}

/// A root and children that lie within their parents, as far as chance lets.
fn nested() -> impl Strategy<Value = Vec<Span>> {
    let child = (0usize..40, 0u64..50, 0u64..50);
    proptest::collection::vec(child, 0..40).prop_map(|children| {
        let mut spans: Vec<Span> = vec![(1, 0, 1_000, 1_000)];
        for (parent, skip, length) in children {
            let (id, _, start, duration) = spans[parent % spans.len()];
            let start_ns = start + skip * duration as u64 / 100;
            let room = start + duration as u64 - start_ns;
            let duration = (room * length / 50) as i64;
            spans.push((spans.len() as u64 + 1, id, start_ns, duration));
        }
        in_block_order(spans)
    })
}

fn in_block_order(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.2, span.0, span.1, span.3));
    spans
}

fn interval(span: &Span) -> (u64, u64) {
    (span.2, span.2 + span.3.max(0) as u64)
}

/// Follows the definition of the path, with a list per span.
fn walk(spans: &[Span], parents: &[Option<u32>], row: usize, clip: (u64, u64), shares: &mut [i64]) {
    let within = |row: usize| {
        let (start, end) = interval(&spans[row]);
        (start.clamp(clip.0, clip.1), end.clamp(clip.0, clip.1))
    };
    let children = (0..spans.len()).filter(|child| parents[*child] == Some(row as u32));
    let mut children: Vec<_> = children.map(|child| (within(child), child)).collect();
    children.sort_by_key(|((_, end), child)| (std::cmp::Reverse(*end), *child));
    let mut at = clip.1;
    for ((start, end), child) in children {
        if end <= at {
            shares[row] += (at - end) as i64;
            walk(spans, parents, child, (start, end), shares);
            at = start;
        }
    }
    shares[row] += (at - clip.0) as i64;
}

proptest! {
    #[test]
    fn any_spans_get_what_the_definitions_say(spans in spans()) {
        let derived = derive(&spans);
        let parents = &derived.parent_row;
        let first = |id: u64| spans.iter().position(|span| span.0 == id);
        for (row, span) in spans.iter().enumerate() {
            match parents[row] {
                Some(parent) => prop_assert_eq!(first(span.1), Some(parent as usize)),
                None if span.1 == 0 || span.1 == span.0 => {}
                // Nobody here, itself, or cut out of a cycle as its first.
                None => {
                    let mut row_above = first(span.1);
                    for _ in 0..spans.len() {
                        row_above = row_above.and_then(|above| parents[above]).map(|r| r as usize).or(row_above);
                    }
                    prop_assert!(row_above.is_none() || row_above == Some(row));
                }
            }
            let (start, end) = interval(span);
            let children = (0..spans.len()).filter(|child| parents[*child] == Some(row as u32));
            let children: Vec<_> = children.collect();
            let alone = (start..end).filter(|ns| {
                !children.iter().any(|child| {
                    let (from, to) = interval(&spans[*child]);
                    (from..to).contains(ns)
                })
            });
            prop_assert_eq!(derived.self_ns[row], alone.count() as i64);
            let below: u32 = children.iter().map(|child| derived.subtree_spans[*child]).sum();
            prop_assert_eq!(derived.subtree_spans[row], 1 + below);
            let depth = parents[row].map_or(0, |parent| derived.depth[parent as usize] + 1);
            prop_assert_eq!(derived.depth[row], depth);
        }
        let mut shares = vec![0; spans.len()];
        let root = spans.iter().position(|span| span.1 == 0);
        prop_assert_eq!(derived.root, root.map(|row| row as u32));
        let top = root.or_else(|| parents.iter().position(Option::is_none));
        if let Some(top) = top {
            walk(&spans, parents, top, interval(&spans[top]), &mut shares);
        }
        prop_assert_eq!(&derived.critical_ns, &shares);
    }

    #[test]
    fn an_assembled_trace_has_the_same_times_and_its_path_has_no_gap(spans in spans()) {
        let derived = derive(&spans);
        let (self_ns, critical_ns, path) = measure(&spans);
        prop_assert_eq!(&self_ns, &derived.self_ns);
        let top = derived.root.or_else(|| {
            let top = derived.parent_row.iter().position(Option::is_none);
            top.map(|row| row as u32)
        });
        let whole = top.map_or(0, |row| interval(&spans[row as usize]).1 - interval(&spans[row as usize]).0);
        prop_assert_eq!(critical_ns.iter().sum::<i64>(), whole as i64);
        prop_assert_eq!(&critical_ns, &derived.critical_ns);
        let mut shares = vec![0; spans.len()];
        let mut at = top.map_or(0, |row| spans[row as usize].2);
        for (row, from, to) in path {
            prop_assert_eq!(from, at);
            prop_assert!(from < to);
            let (start, end) = interval(&spans[row as usize]);
            prop_assert!(start <= from && to <= end);
            shares[row as usize] += (to - from) as i64;
            at = to;
        }
        prop_assert_eq!(at, top.map_or(0, |row| interval(&spans[row as usize]).1));
        prop_assert_eq!(shares, critical_ns);
    }

    #[test]
    fn shares_of_a_nested_trace_add_up_to_its_duration(spans in nested()) {
        let derived = derive(&spans);
        prop_assert_eq!(derived.critical_ns.iter().sum::<i64>(), 1_000);
        prop_assert_eq!(derived.duration_ns, 1_000);
        prop_assert_eq!(derived.subtree_spans[0] as usize, spans.len());
    }

    #[test]
    fn no_order_and_no_number_breaks_it(
        spans in proptest::collection::vec((0u64..20, 0u64..20, any::<u64>(), any::<i64>()), 0..30)
    ) {
        let derived = derive(&spans);
        prop_assert_eq!(derived.critical_ns.len(), spans.len());
        prop_assert!(derived.critical_ns.iter().chain(&derived.self_ns).all(|ns| *ns >= 0));
    }
}
