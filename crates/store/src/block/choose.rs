//! Which attributes get a column of their own in a block.
//!
//! Judged by how often each key occurs in the block alone: frequent first, so
//! that rare keys, however many, cost no columns. It never looks at values, so
//! a compaction can choose from the key counts of the blocks it merges.

use std::collections::HashSet;

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::ValueType;

use super::schema::attribute_column_name;

/// Most attribute columns of a block. Each costs some 150 bytes of footer per
/// row group even where it is empty.
const MAX_COLUMNS: usize = 128;

/// An attribute gets a column when at least one span in this many has it.
const ONE_SPAN_IN: u64 = 200;

/// Longest key, in bytes, that names a column.
const MAX_KEY_BYTES: usize = 200;

/// How often an attribute occurs in what becomes a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyCount<'a> {
    /// Whose attribute.
    pub(crate) level: Level,
    /// Its key.
    pub(crate) key: &'a str,
    /// Its type; a key with several has one count for each.
    pub(crate) value_type: ValueType,
    /// Attributes of this key and type.
    pub(crate) count: u64,
}

/// A span attribute that becomes a column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenColumn {
    /// Its key.
    pub(crate) key: String,
    /// Its type: text, integer, double or truth value.
    pub(crate) value_type: ValueType,
    /// Its name in the file.
    pub(crate) name: String,
}

/// The attribute columns of a block with so many spans, most frequent first.
/// `counts` names each level, key and type once.
pub(crate) fn columns<'a>(
    counts: impl Iterator<Item = KeyCount<'a>>,
    spans: u64,
) -> Vec<ChosenColumn> {
    let least = spans.div_ceil(ONE_SPAN_IN).max(1);
    let of_spans =
        |count: &KeyCount<'_>| count.level == Level::Span && count.key.len() <= MAX_KEY_BYTES;
    let mut frequent: Vec<KeyCount<'_>> = counts
        .filter(|count| of_spans(count) && count.count >= least)
        .collect();
    frequent.sort_by(|a, b| {
        let by_count = b.count.cmp(&a.count);
        by_count.then_with(|| (a.key, a.value_type).cmp(&(b.key, b.value_type)))
    });
    let mut keys = HashSet::new();
    // Most SQL engines take names that differ only in case for the same.
    let mut names = HashSet::new();
    let mut chosen = Vec::new();
    for KeyCount {
        key, value_type, ..
    } in frequent
    {
        let main = !keys.contains(key);
        let name = attribute_column_name(key, value_type, main);
        let Some(name) = name.filter(|name| !names.contains(&name.to_lowercase())) else {
            continue;
        };
        keys.insert(key);
        names.insert(name.to_lowercase());
        chosen.push(ChosenColumn {
            key: key.to_owned(),
            value_type,
            name,
        });
        if chosen.len() == MAX_COLUMNS {
            break;
        }
    }
    chosen
}

/// What [`columns`] chooses from, for a block of one batch. Attributes in the
/// overflow column are left out: they are the rare ones.
pub(super) fn counts(batch: &SpanBatch) -> impl Iterator<Item = KeyCount<'_>> {
    batch.attributes().iter().map(|column| KeyCount {
        level: column.level,
        key: &column.key,
        value_type: column.values.value_type(),
        count: column.rows.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span_key(key: &str, value_type: ValueType, count: u64) -> KeyCount<'_> {
        KeyCount {
            level: Level::Span,
            key,
            value_type,
            count,
        }
    }

    fn names(counts: &[KeyCount<'_>], spans: u64) -> Vec<String> {
        let chosen = columns(counts.iter().copied(), spans);
        chosen.into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn frequent_scalars_of_spans_get_columns_and_others_do_not() {
        use ValueType::{Bool, Bytes, Int, Other, Str};
        let long = "k".repeat(MAX_KEY_BYTES + 1);
        let resource = KeyCount {
            level: Level::Resource,
            ..span_key("host.name", Str, 1000)
        };
        let all = [
            span_key("rare", Str, 4),
            span_key("just.enough", Bool, 5),
            span_key("status", Str, 30),
            span_key("status", Int, 900),
            span_key("ends:int", Str, 20),
            span_key("STATUS", Int, 800),
            span_key("blob", Bytes, 1000),
            span_key("list", Other, 1000),
            span_key(&long, Str, 1000),
            resource,
        ];
        assert_eq!(
            names(&all, 1000),
            [
                "span.status",
                "span.status:str",
                "span.ends:int:str",
                "span.just.enough"
            ]
        );
        assert_eq!(names(&all[..1], 3), ["span.rare"]);
    }

    #[test]
    fn the_most_frequent_fill_the_columns_there_are() {
        let keys: Vec<String> = (0..300).map(|n| format!("key.{n:03}")).collect();
        let counts: Vec<KeyCount<'_>> = keys
            .iter()
            .zip(1u64..)
            .map(|(key, count)| span_key(key, ValueType::Int, count))
            .collect();
        let names = names(&counts, 1);
        assert_eq!(names.len(), MAX_COLUMNS);
        assert_eq!(names[0], "span.key.299");
    }
}
