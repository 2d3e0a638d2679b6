//! The attribute keys of a block, as far as memory keeps them.
//!
//! The index file lists every key. Where a program makes keys out of data
//! there are very many, so memory keeps the most frequent: every level has the
//! same share, and keys with a column are always kept, for whoever reads the
//! Parquet file needs them. **A key is kept with all its types or with none**,
//! so a key that is listed is known in full; one that is not may occur.

use std::cmp::Reverse;

use tracewell_model::Level;

use super::KeyEntry;
use crate::block::catalogue::SERVICE_KEY;
use crate::block::catalogue::{fair_share, fitting};

/// Bytes of keys without a column that an open block holds: some three
/// thousand.
const KEYS_BYTES: usize = 256 << 10;

/// Keys that are kept, and the levels at which others were let go.
pub(super) fn keep(keys: Vec<KeyEntry>) -> (Vec<KeyEntry>, Vec<Level>) {
    within(keys, KEYS_BYTES)
}

fn within(keys: Vec<KeyEntry>, limit_bytes: usize) -> (Vec<KeyEntry>, Vec<Level>) {
    if keys.iter().map(entry_bytes).sum::<usize>() <= limit_bytes {
        return (keys, Vec::new());
    }
    let by_key = keys.chunk_by(|a, b| (a.key.level, &a.key.key) == (b.key.level, &b.key.key));
    let (mut kept, others): (Vec<&[KeyEntry]>, Vec<&[KeyEntry]>) =
        by_key.partition(|types| types.iter().any(|entry| entry.column.is_some()));
    let of_level = |level: Level| -> Vec<&[KeyEntry]> {
        let others = others.iter().copied();
        others.filter(|types| types[0].key.level == level).collect()
    };
    let bytes = |types: &&[KeyEntry]| types.iter().map(entry_bytes).sum::<usize>();
    let needs = Level::ALL.map(|level| of_level(level).iter().map(bytes).sum());
    let share = fair_share(needs.to_vec(), limit_bytes);
    let mut unlisted = Vec::new();
    for level in Level::ALL {
        let mut keys = of_level(level);
        // The services of a block are worth nothing without their key.
        keys.sort_by_key(|types| {
            let count: u64 = types.iter().map(|entry| entry.count).sum();
            (types[0].key.key != SERVICE_KEY, Reverse(count))
        });
        let fits = fitting(&keys, bytes, share);
        if fits < keys.len() {
            unlisted.push(level);
        }
        kept.extend(&keys[..fits]);
    }
    let mut kept: Vec<KeyEntry> = kept.concat();
    kept.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    (kept, unlisted)
}

fn entry_bytes(entry: &KeyEntry) -> usize {
    size_of::<KeyEntry>() + entry.key.key.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::batch::columns::ValueType;
    use tracewell_model::store::AttributeKey;

    fn key(level: Level, key: &str, value_type: ValueType, count: u64) -> KeyEntry {
        KeyEntry {
            key: AttributeKey {
                level,
                key: key.to_owned(),
                value_type,
            },
            count,
            elsewhere: count,
            column: None,
        }
    }

    #[test]
    fn each_level_keeps_its_most_frequent_keys_and_those_with_columns() {
        use ValueType::{Int, Str};
        let mut column = key(Level::Span, "c", Str, 1);
        column.column = Some(40);
        let mut keys = vec![
            key(Level::Span, "a", Str, 5),
            key(Level::Span, "a", Int, 1),
            key(Level::Span, "b", Str, 4),
            column,
            key(Level::Resource, SERVICE_KEY, Str, 1),
            key(Level::Resource, "host", Str, 9),
        ];
        keys.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(within(keys.clone(), usize::MAX), (keys.clone(), vec![]));
        let limit = 4 * (size_of::<KeyEntry>() + SERVICE_KEY.len());
        let (kept, unlisted) = within(keys, limit);
        let mut names: Vec<_> = kept.iter().map(|entry| entry.key.key.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "a", "c", "host", SERVICE_KEY]);
        assert_eq!(unlisted, [Level::Span]);
    }
}
