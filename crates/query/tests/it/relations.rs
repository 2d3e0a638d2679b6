//! Relations between the spans of a trace, against an oracle that looks at
//! every pair: random forests with orphans, cycles, several roots and ids that
//! are shared.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::{SpanKind, TraceStore, TraceTree};
use tracewell_query::search::{SearchEvent, search};
use tracewell_testkit::{Random, TestSpan, batch};

use crate::{everything, matching, store_of};

static NAMES: [&str; 3] = ["a", "b", "c"];
fn name(random: &mut Random) -> &'static str {
    let name: &'static &'static str = random.pick(&NAMES);
    name
}

const RELATIONS: [&str; 5] = [">", ">>", "<", "<<", "~"];

/// What finds spans, as text and for the oracle.
enum Finder {
    Named(&'static str),
    All,
    Both(Box<[Finder; 2]>),
    Either(Box<[Finder; 2]>),
    Related(&'static str, &'static str, Box<[Finder; 2]>),
}

fn finder(random: &mut Random, depth: u64) -> Finder {
    let two =
        |random: &mut Random| Box::new([finder(random, depth - 1), finder(random, depth - 1)]);
    match random.below(if depth == 0 { 5 } else { 14 }) {
        0 => Finder::All,
        1..5 => Finder::Named(name(random)),
        5 => Finder::Both(two(random)),
        6 => Finder::Either(two(random)),
        _ => {
            let mode = *random.pick(&["", "", "!", "&"]);
            let relation = *random.pick(&RELATIONS);
            Finder::Related(mode, relation, two(random))
        }
    }
}

fn text(finder: &Finder) -> String {
    let sides = |operator: &str, sides: &[Finder; 2]| {
        format!("({} {operator} {})", text(&sides[0]), text(&sides[1]))
    };
    match finder {
        Finder::All => "{ }".to_owned(),
        Finder::Named(name) => format!("{{ name = \"{name}\" }}"),
        Finder::Both(both) => sides("&&", both),
        Finder::Either(both) => sides("||", both),
        Finder::Related(mode, relation, both) => sides(&format!("{mode}{relation}"), both),
    }
}

/// One trace for the oracle.
struct Plain {
    names: Vec<String>,
    parents: Vec<Option<u32>>,
}

impl Plain {
    fn new(spans: &[TestSpan]) -> Self {
        Self {
            names: spans.iter().map(|span| span.name.clone()).collect(),
            parents: TraceTree::new(&batch(spans)).parent_row,
        }
    }

    fn is_above(&self, above: usize, row: usize) -> bool {
        let mut at = self.parents[row];
        while let Some(parent) = at {
            if parent as usize == above {
                return true;
            }
            at = self.parents[parent as usize];
        }
        false
    }

    /// Does `a relation b` hold, in the sense of `{ a } relation { b }`?
    fn holds(&self, relation: &str, a: usize, b: usize) -> bool {
        match relation {
            ">" => self.parents[b] == Some(a as u32),
            "<" => self.parents[a] == Some(b as u32),
            ">>" => self.is_above(a, b),
            "<<" => self.is_above(b, a),
            _ => a != b && self.parents[a].is_some() && self.parents[a] == self.parents[b],
        }
    }

    fn found(&self, finder: &Finder) -> Vec<usize> {
        let all = 0..self.names.len();
        let union = |a: &[usize], b: &[usize]| {
            let is_in = |row: &usize| a.contains(row) || b.contains(row);
            all.clone().filter(is_in).collect::<Vec<_>>()
        };
        match finder {
            Finder::All => all.collect(),
            Finder::Named(name) => all.filter(|row| self.names[*row] == *name).collect(),
            Finder::Both(sides) => {
                let (a, b) = (self.found(&sides[0]), self.found(&sides[1]));
                if a.is_empty() || b.is_empty() {
                    return Vec::new();
                }
                union(&a, &b)
            }
            Finder::Either(sides) => union(&self.found(&sides[0]), &self.found(&sides[1])),
            Finder::Related(mode, relation, sides) => {
                let (left, right) = (self.found(&sides[0]), self.found(&sides[1]));
                let has_left = |b: &usize| left.iter().any(|a| self.holds(relation, *a, *b));
                let has_right = |a: &usize| right.iter().any(|b| self.holds(relation, *a, *b));
                let rows = |test: &dyn Fn(&usize) -> bool, of: &[usize]| {
                    of.iter()
                        .copied()
                        .filter(|row| test(row))
                        .collect::<Vec<_>>()
                };
                match *mode {
                    "!" => rows(&|b| !has_left(b), &right),
                    "&" => union(&rows(&has_left, &right), &rows(&has_right, &left)),
                    _ => rows(&has_left, &right),
                }
            }
        }
    }
}

/// A trace whose spans are told apart by their start.
fn forest(random: &mut Random, trace: u64) -> Vec<TestSpan> {
    let count = 1 + random.below(14);
    let span = |random: &mut Random, index: u64| {
        let id = if random.once_in(8) {
            1 + random.below(count)
        } else {
            index + 1
        };
        let kind = *random.pick(&[SpanKind::Client, SpanKind::Server, SpanKind::Internal]);
        let span = TestSpan::new(trace, id, "s", name(random), trace * 1_000 + index)
            .kind(kind)
            .lasting_ns(5);
        match random.below(8) {
            0 => span,
            // Never came, or itself, or makes a circle.
            1 => span.child_of(900 + random.below(2)),
            _ => span.child_of(1 + random.below(count)),
        }
    };
    (0..count).map(|index| span(random, index)).collect()
}

pub(crate) type Found = BTreeMap<u64, Vec<u64>>;

/// The starts of the spans found in each trace.
pub(crate) fn found(store: &dyn TraceStore, query: &str) -> Found {
    let mut all = Found::new();
    let never = AtomicBool::new(false);
    search(store, &everything(query), &never, &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            let starts = &trace.batch.spans().start_ns;
            let mut rows: Vec<u64> = trace.matched.iter().map(|row| starts[row]).collect();
            rows.sort_unstable();
            all.insert(u128::from_be_bytes(trace.place.trace_id.0) as u64, rows);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    all
}

#[test]
fn relations_find_what_looking_at_every_pair_finds() {
    let (mut some, mut none) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let traces: Vec<Vec<TestSpan>> = (1..=20).map(|trace| forest(&mut random, trace)).collect();
        let parts: Vec<&[TestSpan]> = traces.iter().flat_map(|trace| trace.chunks(5)).collect();
        let store = store_of(&parts);
        for _ in 0..12 {
            let finder = finder(&mut random, 3);
            let query = text(&finder);
            let expected: Found = (1_u64..)
                .zip(&traces)
                .map(|(number, spans)| {
                    let rows = Plain::new(spans).found(&finder);
                    (
                        number,
                        rows.iter().map(|row| spans[*row].start_ns).collect(),
                    )
                })
                .filter(|(_, starts): &(u64, Vec<u64>)| !starts.is_empty())
                .collect();
            some += expected.len();
            none += traces.len() - expected.len();
            assert_eq!(found(&store, &query), expected, "seed {seed}: {query}");
        }
    }
    assert!(some > 1_000 && none > 1_000, "{some} and {none}");
}

#[test]
fn a_relation_of_spans_in_other_parts_and_outside_the_range() {
    let root = TestSpan::new(1, 1, "front", "root", 10).lasting_ns(5);
    let child = TestSpan::new(1, 2, "back", "leaf", 5_000)
        .child_of(1)
        .lasting_ns(5);
    let other = TestSpan::new(2, 1, "back", "leaf", 6_000).lasting_ns(5);
    let store = store_of(&[&[child], &[other], &[root]]);
    let query = r#"{ name = "root" } > { name = "leaf" }"#;
    assert_eq!(matching(&store, query), [1]);
    let mut wanted = everything(query);
    // The parent ran long before.
    wanted.range.start_ns = 4_000;
    assert_eq!(crate::run(&store, &wanted).0, [1]);
    // What is found is the child, and it ran later.
    wanted.range.start_ns = 0;
    wanted.range.end_ns = 100;
    assert_eq!(crate::run(&store, &wanted).0, [0_u64; 0]);
}

#[test]
fn traces_without_one_of_the_sides_are_never_fetched() {
    let spans: Vec<TestSpan> = (1..200)
        .map(|trace| TestSpan::new(trace, 1, "s", "frequent", trace))
        .chain([TestSpan::new(7, 2, "s", "rare", 7)])
        .collect();
    let store = store_of(&[&spans]);
    let _so_far = store.take_asked();
    for (query, traces) in [
        (r#"{ name = "never" } >> { name = "frequent" }"#, 0),
        (r#"{ name = "never" } && { name = "frequent" }"#, 0),
        (r#"{ name = "rare" } !>> { name = "never" }"#, 0),
        (r#"{ trace:rootName = "never" }"#, 0),
        (r#"{ name = "frequent" && trace:rootService =~ "n.*" }"#, 0),
        (r#"{ parent.user = "ann" }"#, 0),
    ] {
        assert_eq!(matching(&store, query).len(), traces, "{query}");
        assert_eq!(store.take_asked().len(), 0, "{query}");
    }
    assert_eq!(
        matching(&store, r#"{ name = "rare" } && { name = "frequent" }"#),
        [7]
    );
    // Once to judge it, once to show it.
    assert_eq!(store.take_asked().len(), 2);
    // Without a root its name is empty, without a parent it has nothing.
    assert_eq!(
        matching(&store, r#"{ trace:rootName != "never" }"#).len(),
        199
    );
    assert_eq!(matching(&store, "{ parent.user = nil }").len(), 199);
}

/// Looking for the other side may take as long as the search itself.
#[test]
fn looking_for_the_other_side_is_heard_of_and_can_be_ended() {
    let span = |trace| TestSpan::new(trace, 1, "s", "n", trace);
    let store = store_of(&[&[span(1), span(2)], &[span(3)]]);
    let wanted = everything(r#"{ name = "never" } >> { name = "n" }"#);
    let told = |enough: u64| {
        let mut told = Vec::new();
        let outcome = search(&store, &wanted, &AtomicBool::new(false), &mut |event| {
            let SearchEvent::Progress(report) = event else {
                panic!("nothing matches");
            };
            told.push(report.searched_spans);
            if report.searched_spans >= enough {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        assert_eq!(outcome.unwrap().cursor, None);
        told
    };
    let all = told(u64::MAX);
    assert_eq!(all.last(), Some(&3), "{all:?}");
    assert_eq!(told(1).len(), 1);
}
