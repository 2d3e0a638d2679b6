//! Writing attributes: one column, one place within a value, or all of them.

use std::collections::BTreeMap;

use tracewell_model::batch::view::BatchView;
use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, RowSet, SpanBatch};

use super::{Prepared, Step, Write};
use crate::cache::Cache;
use crate::context::Context;
use crate::evaluate::attributes_of;
use crate::functions::map_in;
use crate::value::{Map, check_depth};

/// A list never grows because an index behind its end is set.
const NOT_IN_LIST: &str = "the list has no such index";

/// The attribute under a key, or what stands within it.
pub(super) fn one(
    batch: &SpanBatch,
    context: Context,
    key: &str,
    steps: &[Step],
    writes: Vec<Write<'_>>,
) -> Prepared {
    let level = context.level();
    let old = match steps {
        [] => Vec::new(),
        _ => owner_values(batch, level, key),
    };
    let mut values: Vec<(u32, AnyValue)> = Vec::with_capacity(writes.len());
    let mut failures = Vec::new();
    for (index, write) in writes.iter().enumerate() {
        let value = write.value.to_any().and_then(|value| {
            let old = old.get(write.row).copied().flatten();
            let mut whole = old.map_or(AnyValue::Empty, |old| old.to_any());
            put(&mut whole, steps, value)?;
            check_depth(&whole).map(|()| whole)
        });
        match value {
            Ok(value) => values.push((write.row as u32, value)),
            Err(message) => failures.push((index, message)),
        }
    }
    let key = key.to_owned();
    Prepared {
        change: Box::new(move |batch, _| batch.set_attribute(level, &key, &values)),
        failures,
    }
}

/// Puts a value where the steps lead; maps that lack are made.
fn put(whole: &mut AnyValue, steps: &[Step], value: AnyValue) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *whole = value;
        return Ok(());
    };
    match (step, whole) {
        (Step::Key(key), whole @ AnyValue::Empty) => {
            let mut inner = AnyValue::Empty;
            put(&mut inner, rest, value)?;
            *whole = AnyValue::KvList(vec![(key.clone(), inner)]);
            Ok(())
        }
        (Step::Key(key), AnyValue::KvList(pairs)) => {
            if let Some((_, inner)) = pairs.iter_mut().find(|(known, _)| known == key) {
                return put(inner, rest, value);
            }
            let mut inner = AnyValue::Empty;
            put(&mut inner, rest, value)?;
            pairs.push((key.clone(), inner));
            Ok(())
        }
        (Step::Index(index), AnyValue::Array(values)) => match values.get_mut(*index) {
            Some(inner) => put(inner, rest, value),
            None => Err(NOT_IN_LIST.to_owned()),
        },
        (Step::Key(key), _) => Err(format!("there is no map to set {key:?} in")),
        (Step::Index(index), _) => Err(format!("there is no list to set index {index} of")),
    }
}

/// The scratch map, or what stands within it.
pub(super) fn cached(cache: &Cache, steps: &[Step], writes: Vec<Write<'_>>) -> Prepared {
    let (mut maps, mut failures) = (Vec::new(), Vec::new());
    for (index, write) in writes.iter().enumerate() {
        let mut whole = AnyValue::KvList(cache.map(write.row).clone());
        let done = write
            .value
            .to_any()
            .and_then(|value| put(&mut whole, steps, value));
        let done = done.and_then(|()| check_depth(&whole));
        match (done, whole) {
            (Ok(()), AnyValue::KvList(map)) => maps.push((write.row, map)),
            (Ok(()), _) => failures.push((index, "a cache is a map".to_owned())),
            (Err(message), _) => failures.push((index, message)),
        }
    }
    Prepared {
        change: Box::new(move |_, cache| {
            maps.into_iter()
                .for_each(|(row, map)| cache.set_map(row, map));
        }),
        failures,
    }
}

/// All attributes: what differs from what is there.
pub(super) fn all(batch: &SpanBatch, context: Context, writes: Vec<Write<'_>>) -> Prepared {
    let level = context.level();
    let view = BatchView::new_levels(batch, &[level]);
    let len = batch.level_len(level);
    let mut removed: BTreeMap<String, RowSet> = BTreeMap::new();
    let mut put: BTreeMap<String, Vec<(u32, AnyValue)>> = BTreeMap::new();
    let mut failures = Vec::new();
    for (index, write) in writes.iter().enumerate() {
        let checked = map_in(&write.value).and_then(|new| {
            new.iter().try_for_each(|(_, value)| check_depth(value))?;
            Ok(new)
        });
        let new = match checked {
            Ok(new) => new,
            Err(message) => {
                failures.push((index, message));
                continue;
            }
        };
        let old: Map = attributes_of(&view, context, write.row);
        let of = |pairs: &Map, key: &str| pairs.iter().position(|(known, _)| known == key);
        for (key, _) in old.iter().filter(|(key, _)| of(new, key).is_none()) {
            let rows = removed
                .entry(key.clone())
                .or_insert_with(|| RowSet::none(len));
            rows.insert(write.row);
        }
        for (place, (key, value)) in new.iter().enumerate() {
            let is_known = of(&old, key).is_some_and(|place| old[place].1 == *value);
            if !is_known && of(new, key) == Some(place) {
                put.entry(key.clone())
                    .or_default()
                    .push((write.row as u32, value.clone()));
            }
        }
    }
    Prepared {
        change: Box::new(move |batch, _| {
            for (key, rows) in &removed {
                batch.remove_attribute(level, key, rows);
            }
            for (key, values) in &put {
                batch.set_attribute(level, key, values);
            }
        }),
        failures,
    }
}
