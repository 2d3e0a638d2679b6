//! Batches changed in place: attributes set and taken away, rows taken out.
//!
//! Processors edit columns; spans are never taken apart and put together again.
//! A batch that is shared is copied once before (`Arc::make_mut`), and nothing
//! here copies what it does not change. **The promises of a batch hold after each
//! call**: owner rows ascend, codes lie within their dictionaries, and no batch
//! gets more attribute columns than it may have.

mod rows;
mod text;

use super::columns::{AttributeColumn, ColumnValues, OverflowColumn, ValueType};
use super::view::ValueRef;
use super::{
    EventTable, Level, LinkTable, MAX_ATTRIBUTE_COLUMNS, ResourceTable, ScopeTable, SpanBatch,
    SpanColumns,
};
use crate::any_value::AnyValue;
use crate::rows::RowSet;
use crate::values::owner_values;
use std::collections::{BTreeSet, HashMap};

impl SpanBatch {
    /// The fixed columns, to be changed. Their number of rows must stay.
    pub fn spans_mut(&mut self) -> &mut SpanColumns {
        // What failed was judged by what stood here before.
        self.failed = None;
        &mut self.spans
    }

    /// The resource table, to be changed. Its number of rows must stay.
    pub fn resources_mut(&mut self) -> &mut ResourceTable {
        &mut self.resources
    }

    /// The scope table, to be changed. Its number of rows must stay.
    pub fn scopes_mut(&mut self) -> &mut ScopeTable {
        &mut self.scopes
    }

    /// The event table, to be changed. Its number of rows must stay.
    pub fn events_mut(&mut self) -> &mut EventTable {
        self.failed = None;
        &mut self.events
    }

    /// The link table, to be changed. Its number of rows must stay.
    pub fn links_mut(&mut self) -> &mut LinkTable {
        &mut self.links
    }

    /// Gives owners a value under a key, in place of whatever they had under it.
    /// `values`: owner rows ascending, each once.
    pub fn set_attribute(&mut self, level: Level, key: &str, values: &[(u32, AnyValue)]) {
        debug_assert!(values.is_sorted_by(|a, b| a.0 < b.0), "rows must ascend");
        if values.is_empty() {
            return;
        }
        let mut owners = RowSet::none(self.level_len(level));
        values
            .iter()
            .for_each(|(row, _)| owners.insert(*row as usize));
        self.remove_attribute(level, key, &owners);
        let mut by_type: [Vec<(u32, &AnyValue)>; 6] = Default::default();
        for (row, value) in values {
            by_type[type_of(value) as usize].push((*row, value));
        }
        for values in by_type.iter().filter(|values| !values.is_empty()) {
            self.put(level, key, values);
        }
    }

    /// Takes what owners have under a key away.
    pub fn remove_attribute(&mut self, level: Level, key: &str, owners: &RowSet) {
        self.retain_attributes(level, owners, |other| other != key);
    }

    /// Takes attributes of owners away, except under keys that are to be kept: asked
    /// once for each column, and for each attribute beyond the columns.
    pub fn retain_attributes(
        &mut self,
        level: Level,
        owners: &RowSet,
        mut keep: impl FnMut(&str) -> bool,
    ) {
        self.failed = None;
        let is_owner = |row: u32| owners.contains(row as usize);
        for column in &mut self.attributes {
            if column.level == level
                && column.rows.iter().any(|row| is_owner(*row))
                && !keep(&column.key)
            {
                let kept: Vec<bool> = column.rows.iter().map(|row| !is_owner(*row)).collect();
                column.retain(&kept);
            }
        }
        self.attributes.retain(|column| !column.rows.is_empty());
        let rest = &self.overflow;
        let entries = 0..rest.rows.len();
        let kept: Vec<bool> = entries
            .map(|entry| {
                rest.levels[entry] != level
                    || !is_owner(rest.rows[entry])
                    || keep(rest.keys.get(entry))
            })
            .collect();
        self.overflow.retain(&kept);
    }

    /// The keys of a level, each once, in order.
    #[must_use]
    pub fn keys(&self, level: Level) -> BTreeSet<Box<str>> {
        let columns = self
            .attributes
            .iter()
            .filter(|column| column.level == level);
        let mut keys: BTreeSet<Box<str>> = columns.map(|column| column.key.clone()).collect();
        let rest = &self.overflow;
        let entries = (0..rest.rows.len()).filter(|entry| rest.levels[*entry] == level);
        keys.extend(entries.map(|entry| Box::from(rest.keys.get(entry))));
        keys
    }

    /// Takes away what an owner has under a key behind its first value: whoever judges
    /// a value sees the first ([`owner_values`]), and hides none of the others.
    pub fn keep_first_values(&mut self, level: Level, key: &str) {
        let mut seen = RowSet::none(self.level_len(level));
        let mut again = RowSet::none(seen.table_len());
        let mut see = |row: u32| match seen.contains(row as usize) {
            true => again.insert(row as usize),
            false => seen.insert(row as usize),
        };
        let columns = self.attributes.iter();
        for column in columns.filter(|column| column.level == level && *column.key == *key) {
            column.rows.iter().for_each(|row| see(*row));
        }
        let rest = &self.overflow;
        let is_it = |entry: &usize| rest.levels[*entry] == level && rest.keys.get(*entry) == key;
        let entries = (0..rest.rows.len()).filter(is_it);
        entries.for_each(|entry| see(rest.rows[entry]));
        if again.is_empty() {
            return;
        }
        let first = owner_values(self, level, key);
        let of_row = |row: usize| Some((row as u32, first[row]?.to_any()));
        let values: Vec<_> = again.iter().filter_map(of_row).collect();
        self.set_attribute(level, key, &values);
    }

    /// Adds values of one type to owners that have none under the key.
    fn put(&mut self, level: Level, key: &str, values: &[(u32, &AnyValue)]) {
        let value_type = type_of(values[0].1);
        let is_it = |column: &AttributeColumn| {
            column.level == level && *column.key == *key && column.values.value_type() == value_type
        };
        let index = self.attributes.iter().position(is_it);
        if index.is_none() && self.attributes.len() >= MAX_ATTRIBUTE_COLUMNS {
            for (row, value) in values {
                self.overflow.push(level, *row, key, value);
            }
            return;
        }
        let mut added = AttributeColumn {
            level,
            key: key.into(),
            rows: values.iter().map(|(row, _)| *row).collect(),
            values: ColumnValues::new(value_type),
        };
        added.values.extend(values.iter().map(|(_, value)| *value));
        match index {
            Some(index) => self.attributes[index].merge(added),
            None => self.attributes.push(added),
        }
    }
}

/// The column that a value goes to.
fn type_of(value: &AnyValue) -> ValueType {
    match value {
        AnyValue::String(_) => ValueType::Str,
        AnyValue::Int(_) => ValueType::Int,
        AnyValue::Double(_) => ValueType::Double,
        AnyValue::Bool(_) => ValueType::Bool,
        AnyValue::Bytes(_) => ValueType::Bytes,
        AnyValue::Empty | AnyValue::Array(_) | AnyValue::KvList(_) => ValueType::Other,
    }
}

impl ColumnValues {
    /// Appends values that are all of this type.
    fn extend<'v>(&mut self, values: impl Iterator<Item = &'v AnyValue>) {
        let mut codes: HashMap<&str, u32> = HashMap::new();
        for value in values {
            match (&mut *self, value) {
                (Self::Str(to), AnyValue::String(text)) => {
                    let code = *codes.entry(text).or_insert_with(|| to.dict.push(text));
                    to.codes.push(code);
                }
                (Self::Int(to), AnyValue::Int(value)) => to.push(*value),
                (Self::Double(to), AnyValue::Double(value)) => to.push(*value),
                (Self::Bool(to), AnyValue::Bool(value)) => to.push(*value),
                (Self::Bytes(to), AnyValue::Bytes(bytes)) => to.push(bytes),
                (Self::Other(to), value) => {
                    let mut encoded = Vec::new();
                    value.encode(&mut encoded);
                    to.push(&encoded);
                }
                _ => unreachable!("values are sorted by type"),
            }
        }
    }
}

impl OverflowColumn {
    fn push(&mut self, level: Level, row: u32, key: &str, value: &AnyValue) {
        let mut encoded = Vec::new();
        value.encode(&mut encoded);
        self.levels.push(level);
        self.rows.push(row);
        self.keys.push(key);
        self.values.push(&encoded);
    }
}

impl From<ValueRef<'_>> for AnyValue {
    fn from(value: ValueRef<'_>) -> Self {
        value.to_any()
    }
}
