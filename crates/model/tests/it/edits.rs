//! Editing columns is editing spans: whatever is done to a batch reads as the same
//! done to each span by hand.

use proptest::prelude::*;
use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

const START_NS: u64 = 1_700_000_000_000_000_000;

fn some(seed: u64, count: usize) -> RowSet {
    // Which rows, by the bits of a number that is mixed for each.
    RowSet::from_fn(count, |row| {
        (seed ^ row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 1
    })
}

fn value_of(row: usize) -> AnyValue {
    match row % 6 {
        0 => AnyValue::String(format!("text {}", row % 4)),
        1 => AnyValue::Int(row as i64),
        2 => AnyValue::Double(row as f64 / 2.0),
        3 => AnyValue::Bool(row % 4 == 3),
        4 => AnyValue::Empty,
        _ => AnyValue::Array(vec![AnyValue::Int(1), AnyValue::from("a")]),
    }
}

/// Encoded and read again, which checks what a batch promises, it has the same spans.
fn check(edited: &SpanBatch) {
    let mut bytes = Vec::new();
    edited.encode(&mut bytes);
    assert_eq!(
        flatten(&SpanBatch::decode(&bytes).unwrap()),
        flatten(edited)
    );
}

/// As [`flatten`] shows them.
fn sorted(mut spans: Vec<TestSpan>) -> Vec<TestSpan> {
    for span in &mut spans {
        span.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        for event in &mut span.events {
            event.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }
    spans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn selected_spans_are_the_others_left_out(seed: u64, count in 0usize..120, thinned: bool) {
        let spans = Random::new(seed).spans(count, START_NS);
        let mut rows = some(seed, count);
        if thinned {
            rows.intersect(&some(seed.rotate_left(7), count));
            rows.intersect(&some(seed.rotate_left(21), count));
        }
        let selected = batch(&spans).select(&rows);
        check(&selected);
        let wanted: Vec<_> = rows.iter().map(|row| spans[row].clone()).collect();
        prop_assert_eq!(flatten(&selected), wanted.clone());
        let mut retained = batch(&spans);
        retained.retain_spans(&rows);
        check(&retained);
        prop_assert_eq!(flatten(&retained), wanted);
    }

    #[test]
    fn an_attribute_is_set_whatever_was_there(seed: u64, count in 1usize..80, pick: prop::sample::Index) {
        let mut spans = Random::new(seed).spans(count, START_NS);
        let mut edited = batch(&spans);
        let keys: Vec<String> = spans.iter().flat_map(|span| span.attributes.iter().map(|(key, _)| key.clone())).chain(["new".to_owned()]).collect();
        let key = &keys[pick.index(keys.len())];
        let rows = some(seed, count);
        let values: Vec<_> = rows.iter().map(|row| (row as u32, value_of(row))).collect();
        edited.set_attribute(Level::Span, key, &values);
        check(&edited);
        for (row, value) in &values {
            let attributes = &mut spans[*row as usize].attributes;
            attributes.retain(|(other, _)| other != key);
            attributes.push((key.clone(), value.clone()));
        }
        prop_assert_eq!(flatten(&edited), sorted(spans));
        let read = owner_values(&edited, Level::Span, key);
        for (row, value) in &values {
            prop_assert_eq!(read[*row as usize].map(AnyValue::from), Some(value.clone()));
        }
    }

    #[test]
    fn attributes_of_spans_and_events_are_taken_away(seed: u64, count in 1usize..80, pick: prop::sample::Index) {
        let mut spans = Random::new(seed).spans(count, START_NS);
        let mut edited = batch(&spans);
        let keys: Vec<String> = spans.iter().flat_map(|span| span.attributes.iter().map(|(key, _)| key.clone())).collect();
        prop_assume!(!keys.is_empty());
        let key = &keys[pick.index(keys.len())];
        let rows = some(seed, count);
        edited.remove_attribute(Level::Span, key, &rows);
        let events = RowSet::all(edited.level_len(Level::Event));
        edited.retain_attributes(Level::Event, &events, |key| key.len().is_multiple_of(2));
        check(&edited);
        for row in rows.iter() {
            spans[row].attributes.retain(|(other, _)| other != key);
        }
        for event in spans.iter_mut().flat_map(|span| &mut span.events) {
            event.attributes.retain(|(key, _)| key.len().is_multiple_of(2));
        }
        prop_assert_eq!(flatten(&edited), spans);
    }

    #[test]
    fn texts_are_edited_once_for_each(seed: u64, count in 1usize..80) {
        let mut spans = Random::new(seed).spans(count, START_NS);
        let mut edited = batch(&spans);
        let rows = some(seed, count);
        let changed = |text: &str| text.len().is_multiple_of(2).then(|| format!("{text}!"));
        edited.edit_texts(Level::Span, &rows, |_| true, changed);
        check(&edited);
        for row in rows.iter() {
            for (_, value) in &mut spans[row].attributes {
                if let AnyValue::String(text) = value && let Some(new) = changed(text) {
                    *text = new;
                }
            }
        }
        prop_assert_eq!(flatten(&edited), spans);
    }

    #[test]
    fn events_and_links_are_taken_out(seed: u64, count in 1usize..80) {
        let mut spans = Random::new(seed).spans(count, START_NS);
        let mut edited = batch(&spans);
        let events = some(seed, edited.level_len(Level::Event));
        let links = some(!seed, edited.level_len(Level::Link));
        edited.retain_events(&events);
        edited.retain_links(&links);
        check(&edited);
        let (mut event, mut link) = (0.., 0..);
        for span in &mut spans {
            span.events.retain(|_| event.next().is_some_and(|row| events.contains(row)));
            span.links.retain(|_| link.next().is_some_and(|row| links.contains(row)));
        }
        prop_assert_eq!(flatten(&edited), spans);
    }
}

#[test]
fn attributes_beyond_the_columns_are_edited_too() {
    let mut span = TestSpan::new(1, 1, "shop", "wide", START_NS);
    for number in 0..1_100 {
        span = span.with(&format!("key {number}"), AnyValue::from("old"));
    }
    let mut edited = batch(&[
        span.clone(),
        TestSpan::new(1, 2, "shop", "narrow", START_NS),
    ]);
    assert!(!edited.overflow().rows.is_empty());
    let all = RowSet::all(2);
    edited.edit_texts(Level::Span, &all, |_| true, |_| Some("new".to_owned()));
    edited.retain_attributes(Level::Span, &all, |key| key.ends_with('9'));
    edited.set_attribute(Level::Span, "key 1099", &[(0, 7.into()), (1, 8.into())]);
    check(&edited);
    let flat = flatten(&edited);
    assert_eq!(flat[0].attributes.len(), 110);
    for (key, value) in &flat[0].attributes {
        let wanted = if key == "key 1099" {
            7.into()
        } else {
            AnyValue::from("new")
        };
        assert_eq!((key, value), (key, &wanted));
    }
    assert_eq!(flat[1].attributes, [("key 1099".to_owned(), 8.into())]);
}

#[test]
fn of_a_key_that_was_sent_twice_the_first_value_stays() {
    let span = TestSpan::new(1, 1, "shop", "twice", START_NS)
        .with_text("note", "first")
        .with_text("note", "second")
        .with("note", 7.into())
        .with_text("other", "kept");
    let once = TestSpan::new(1, 2, "shop", "once", START_NS).with("note", 8.into());
    let mut edited = batch(&[span, once]);
    let keys: Vec<_> = edited.keys(Level::Span).into_iter().collect();
    assert_eq!(keys, ["note".into(), "other".into()]);
    edited.keep_first_values(Level::Span, "note");
    check(&edited);
    let notes: Vec<_> = flatten(&edited)
        .into_iter()
        .map(|span| span.attributes)
        .collect();
    let note = |value: AnyValue| ("note".to_owned(), value);
    let other = ("other".to_owned(), AnyValue::from("kept"));
    assert_eq!(notes[0], [note(AnyValue::from("first")), other]);
    assert_eq!(notes[1], [note(8.into())]);
}
