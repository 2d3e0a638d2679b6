//! Stages after a filter, values of spans, and what a list shows of them.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::values::Value;
use tracewell_model::{AnyValue, SpanKind, StoreError};
use tracewell_query::search::{Search, SearchEvent, search};
use tracewell_query::spansets::ShownSpanset;
use tracewell_query::{lower, traceql};
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::{Random, TestSpan, batch};

use crate::{everything, filter, matching, store_of};

const MS: u64 = 1_000_000;

/// Trace 1: a shop that asks for prices three times. Trace 2: only once.
/// Trace 3: a job whose parent never came.
fn shop() -> NarrowStore {
    let price = |trace, id: u64, ms: u64| {
        TestSpan::new(trace, id, "prices", "get", id * 10 * MS)
            .child_of(1)
            .lasting_ns(ms * MS)
            .with("items", AnyValue::Int(id as i64))
            .with("limit", AnyValue::Int(3))
    };
    let cart = |trace| {
        TestSpan::new(trace, 1, "shop", "cart", MS)
            .lasting_ns(100 * MS)
            .kind(SpanKind::Server)
            .with_text("user", "ann")
            .with("items", AnyValue::Double(2.5))
    };
    store_of(&[
        &[cart(1), price(1, 2, 5), price(1, 3, 10), price(1, 4, 30)],
        &[cart(2), price(2, 2, 50).with_text("user", "ann")],
        &[TestSpan::new(3, 9, "job", "tick", 5)
            .child_of(8)
            .lasting_ns(MS)
            .with("list", AnyValue::Array(vec![1.into(), 2.into()]))],
    ])
}

#[test]
fn numbers_of_spansets() {
    let store = shop();
    for (query, want) in [
        ("{ } | count() > 1", vec![1, 2]),
        ("{ } | count() = 2", vec![2]),
        ("{ } | 3 < count()", vec![1]),
        (r#"{ name = "get" } | count() >= 3"#, vec![1]),
        (r#"{ name = "get" } | avg(duration) = 15ms"#, vec![1]),
        (r#"{ name = "get" } | max(duration) < 40ms"#, vec![1]),
        (r#"{ name = "get" } | min(duration) = 5ms"#, vec![1]),
        (r#"{ name = "get" } | sum(span.items) = 9"#, vec![1]),
        ("{ } | sum(span.items) = 4.5", vec![2]),
        ("{ } | max(duration) - min(duration) > 90ms", vec![1]),
        ("{ } | avg(duration) * 2 > max(duration)", vec![2, 3]),
        // Nobody has it, so there is no number.
        ("{ } | sum(.nothing) >= 0", vec![]),
        ("{ } | count() > 1 | count() < 3", vec![2]),
        ("count() > 1", vec![1, 2]),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}

#[test]
fn groups_are_judged_one_by_one() {
    let store = shop();
    for (query, want) in [
        ("{ } | by(resource.service.name) | count() > 1", vec![1]),
        ("{ } | by(resource.service.name) | count() > 3", vec![]),
        ("{ } | by(name) | coalesce() | count() > 3", vec![1]),
        ("{ } | by(duration > 20ms) | count() = 2", vec![1, 2]),
        (
            r#"{ } | by(span.user) | { name = "get" } | count() = 1"#,
            vec![2],
        ),
        (
            r#"{ } | by(name) | { name = "cart" } > { name = "get" }"#,
            vec![],
        ),
        (
            r#"({ name = "cart" } | count() = 1) > { name = "get" } | count() = 1"#,
            vec![2],
        ),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}

#[test]
fn values_of_spans() {
    let store = shop();
    for (query, want) in [
        ("{ span.items = span.limit }", vec![1]),
        ("{ span.items > span.limit }", vec![1]),
        ("{ span.items < span.limit }", vec![1, 2]),
        // Nothing is compared with what is not there.
        ("{ span.items != span.nothing }", vec![]),
        ("{ span.items + 1 = span.limit * 2 - 2 }", vec![1]),
        ("{ span.items * 2 = 5 }", vec![1, 2]),
        ("{ duration / 2 = 25ms }", vec![2]),
        ("{ -duration < -60ms }", vec![1, 2]),
        ("{ span.items % 2 = 1 }", vec![1]),
        ("{ span.items / 0 = 1 }", vec![]),
        ("{ duration * 2 > trace:duration }", vec![1, 2, 3]),
        ("{ name = resource.service.name }", vec![]),
        ("{ span.list = span.list }", vec![3]),
        (
            "{ (duration > 20ms) = (kind = server) && name = \"get\" }",
            vec![1],
        ),
        // Parents.
        (r#"{ parent.user = "ann" }"#, vec![1, 2]),
        (r#"{ parent.span.user = .user }"#, vec![2]),
        (
            r#"{ parent.resource.service.name = "shop" && duration > 40ms }"#,
            vec![2],
        ),
        (r#"{ parent.user = nil && parent.user != nil }"#, vec![]),
        (r#"{ parent.user = nil && name = "tick" }"#, vec![3]),
        ("{ parent.items < span.items }", vec![1]),
        // Nested sets: a root has -1, an orphan 0.
        ("{ nestedSetParent < 0 }", vec![1, 2]),
        ("{ nestedSetParent = -1 && nestedSetLeft = 1 }", vec![1, 2]),
        ("{ nestedSetParent = 0 }", vec![3]),
        ("{ nestedSetParent = 1 }", vec![1, 2]),
        ("{ nestedSetRight = 8 }", vec![1]),
        (
            "{ nestedSetRight - nestedSetLeft = 1 && nestedSetParent < 0 }",
            vec![],
        ),
        ("{ !(nestedSetParent < 0) && nestedSetLeft = 1 }", vec![3]),
    ] {
        assert_eq!(matching(&store, query), want, "{query}");
    }
}

/// What the list shows of each trace.
fn shown(store: &NarrowStore, query: &str) -> BTreeMap<u64, Vec<ShownSpanset>> {
    let mut all = BTreeMap::new();
    let never = AtomicBool::new(false);
    search(store, &everything(query), &never, &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            let id = u128::from_be_bytes(trace.place.trace_id.0) as u64;
            all.insert(id, trace.summary().spansets);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    all
}

#[test]
fn a_list_shows_groups_numbers_and_selected_fields() {
    let store = shop();
    assert_eq!(shown(&store, "{ }")[&1], []);
    let query = "{ } | by(resource.service.name) | count() > 0 | select(span.items, kind)";
    let sets = &shown(&store, query)[&1];
    let text = |text: &str| Some(Value::Str(text.to_owned().into()));
    let group = |set: &ShownSpanset| (set.matched, set.attributes.clone());
    let named = |service: &str, count: i64| {
        let by = ("by(resource.service.name)".to_owned(), text(service));
        vec![by, ("count()".to_owned(), Some(Value::Int(count)))]
    };
    assert_eq!(
        sets.iter().map(group).collect::<Vec<_>>(),
        [(3, named("prices", 3)), (1, named("shop", 1))]
    );
    let spans: Vec<_> = sets[0].spans.iter().map(|span| &span.attributes).collect();
    let of = |items| {
        vec![
            ("span.items".to_owned(), Value::Int(items)),
            ("kind".to_owned(), Value::Kind(SpanKind::Internal)),
        ]
    };
    assert_eq!(spans, [&of(2), &of(3), &of(4)]);
    assert_eq!(sets[1].spans[0].name, "cart");
    assert_eq!(sets[1].spans[0].duration_ns, 100 * MS);

    let query = "{ } | by(span.user) | select(span.user, nestedSetParent)";
    let sets = &shown(&store, query)[&1];
    let groups: Vec<_> = sets.iter().map(|set| set.attributes[0].1.clone()).collect();
    assert_eq!(groups, [text("ann"), None]);
    let parent = ("nestedSetParent".to_owned(), Value::Int(1));
    assert_eq!(sets[1].spans[0].attributes, [parent]);
}

/// What would take gigabytes, or hours, if a group cost as much as its trace.
#[test]
fn a_trace_of_many_spans_falls_into_as_many_groups() {
    const SPANS: u64 = 200_000;
    let spans: Vec<_> = (1..=SPANS)
        .map(|id| TestSpan::new(1, id, "shop", "n", id).lasting_ns(id))
        .collect();
    let batch = batch(&spans);
    let never = AtomicBool::new(false);
    let groups = |query: &str| {
        let tree = OnceCell::new();
        let groups = filter(query).spansets(&batch, &tree, &never).unwrap();
        assert!(tree.get().is_none(), "{query} needs no tree");
        groups
    };
    let all = groups("{ } | by(span:id)");
    let rows = all.iter().flat_map(|set| &set.rows).copied();
    assert_eq!(rows.collect::<Vec<_>>(), Vec::from_iter(0..SPANS as u32));
    let some = groups("{ } | by(span:id) | max(duration) > 1us | { duration <= 2us } && { }");
    assert_eq!(some.len(), 1_000);
}

#[test]
fn judging_ends_when_nobody_waits_for_it() {
    let batch = batch(&[TestSpan::new(1, 1, "shop", "n", 1)]);
    let judged =
        filter("{ } | count() > 0").spansets(&batch, &OnceCell::new(), &AtomicBool::new(true));
    assert!(matches!(judged, Err(StoreError::Cancelled)), "{judged:?}");
}

/// Spans with what the oracle knows of them.
struct Plain {
    service: &'static str,
    weight: Option<i64>,
    start_ns: u64,
}

/// `{ } | by(service) | AGGREGATE(span.w) OP N`, with plain loops.
#[test]
fn groups_and_their_numbers_are_those_of_an_oracle() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut spans = Vec::new();
        let mut plain: BTreeMap<u64, Vec<Plain>> = BTreeMap::new();
        for index in 0..120 {
            let trace = 1 + random.below(12);
            let service = *random.pick(&["a", "b", "c"]);
            let weight = (!random.once_in(4)).then(|| random.below(9) as i64 - 2);
            let start_ns = 1_000 + index;
            let mut span = TestSpan::new(trace, index + 1, service, "n", start_ns).lasting_ns(3);
            if let Some(weight) = weight {
                span = span.with("w", AnyValue::Int(weight));
            }
            spans.push(span);
            let of_trace = plain.entry(trace).or_default();
            of_trace.push(Plain {
                service,
                weight,
                start_ns,
            });
        }
        let parts: Vec<&[TestSpan]> = spans.chunks(50).collect();
        let store = store_of(&parts);
        for function in ["count", "sum", "min", "max", "avg"] {
            let least = random.below(6) as i64 - 1;
            let of = if function == "count" { "" } else { "span.w" };
            let query = format!("{{ }} | by(resource.service.name) | {function}({of}) > {least}");
            let mut expected: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            for (trace, all) in &plain {
                let mut starts = Vec::new();
                for service in ["a", "b", "c"] {
                    let group = || all.iter().filter(|span| span.service == service);
                    let weights: Vec<i64> = group().filter_map(|span| span.weight).collect();
                    let number = match function {
                        "count" => Some(group().count() as f64),
                        _ if weights.is_empty() => None,
                        "sum" => Some(weights.iter().sum::<i64>() as f64),
                        "min" => weights.iter().min().map(|least| *least as f64),
                        "max" => weights.iter().max().map(|most| *most as f64),
                        _ => Some(weights.iter().sum::<i64>() as f64 / weights.len() as f64),
                    };
                    if number.is_some_and(|number| number > least as f64) {
                        starts.extend(group().map(|span| span.start_ns));
                    }
                }
                starts.sort_unstable();
                if !starts.is_empty() {
                    expected.insert(*trace, starts);
                }
            }
            let found = crate::relations::found(&store, &query);
            assert_eq!(found, expected, "seed {seed}: {query}");
        }
    }
}

#[test]
fn a_tree_is_made_for_the_stage_that_asks_for_it() {
    let all = batch(&[
        TestSpan::new(1, 1, "shop", "above", 10),
        TestSpan::new(1, 2, "shop", "below", 20).child_of(1),
    ]);
    let never = AtomicBool::new(false);
    for (query, spans, needs_tree) in [
        (r#"{ name = "none" } | { span:childCount = 0 }"#, 0, false),
        (r#"{ name = "none" } | by(span:childCount)"#, 0, false),
        (
            r#"{ name = "none" } >> { } | select(span:childCount)"#,
            0,
            false,
        ),
        (r#"{ } | count() > 1 | select(nestedSetLeft)"#, 2, false),
        (r#"{ name = "below" } | { span:childCount = 0 }"#, 1, true),
        (r#"{ } | max(span:childCount) > 0"#, 2, true),
        (r#"{ name = "above" } >> { }"#, 1, true),
    ] {
        let tree = OnceCell::new();
        let sets = filter(query).spansets(&all, &tree, &never).unwrap();
        let found: usize = sets.iter().map(|set| set.rows.len()).sum();
        assert_eq!(found, spans, "{query}");
        assert_eq!(tree.get().is_some(), needs_tree, "{query}");
    }
}

/// What Tempo's clients are shown: each field that a query names, without its
/// scope, of as many spans as they ask for.
#[test]
fn every_field_that_a_query_names_is_shown() {
    let store = shop();
    let both = "1 items=2.5 kind=server user=ann";
    for (query, spans, want) in [
        ("{ .user = \"ann\" }", 3, ["1 user=ann", "2 user=ann"]),
        (
            "{ span.items > 2 && kind = server } | select(span.user, name)",
            1,
            [both, both],
        ),
        (
            "{ nestedSetParent < 0 } | rate()",
            3,
            ["1 nestedSetParent=-1", "1 nestedSetParent=-1"],
        ),
        ("{ name = \"get\" }", 1, ["1", "3"]),
    ] {
        let parsed = traceql::parse(query).unwrap();
        let wanted = Search {
            filter: lower::search_showing_fields(&parsed, spans).unwrap(),
            ..everything("{}")
        };
        let mut shown = Vec::new();
        let never = AtomicBool::new(false);
        let each = &mut |event: SearchEvent<'_>| {
            if let SearchEvent::Trace(found) = event {
                for set in found.summary().spansets {
                    assert!(set.spans.len() <= spans, "{query}");
                    let mut words = vec![set.matched.to_string()];
                    let attributes = set.spans[0].attributes.iter();
                    words.extend(attributes.map(|(name, value)| {
                        let value = match value {
                            Value::Str(text) => text.to_string(),
                            Value::Kind(kind) => kind.name().to_owned(),
                            other => other.number().unwrap().to_string(),
                        };
                        format!("{name}={value}")
                    }));
                    shown.push(words.join(" "));
                }
            }
            ControlFlow::Continue(())
        };
        search(&store, &wanted, &never, each).unwrap();
        shown.sort();
        assert_eq!(shown, want, "{query}");
    }
}
