//! Whose attributes have a certain value.
//!
//! Filters and the judgement of failure ask this of every batch that is
//! scanned, so a test is decided once per distinct text. Attributes beyond the
//! columns of a batch **are never left out**.

use super::columns::ColumnValues;
use super::view::{ValueRef, overflow_value};
use super::{Level, SpanBatch};
use crate::rows::RowSet;

impl SpanBatch {
    /// Rows of a level that have an attribute for whose value the test of its
    /// key holds, where its key has one.
    pub(crate) fn owners_with<T>(&self, level: Level, test_of: impl Fn(&str) -> Option<T>) -> RowSet
    where
        T: Fn(ValueRef<'_>) -> bool,
    {
        let mut owners = RowSet::none(self.level_len(level));
        let columns = self.attributes.iter();
        for column in columns.filter(|column| column.level == level) {
            let Some(holds) = test_of(&column.key) else {
                continue;
            };
            let rows = column.rows.iter();
            match &column.values {
                ColumnValues::Str(values) => {
                    let texts = values.dict.iter();
                    let holds: Vec<bool> = texts.map(|text| holds(ValueRef::Str(text))).collect();
                    rows.zip(&values.codes)
                        .filter(|(_, code)| holds[**code as usize])
                        .for_each(|(row, _)| owners.insert(*row as usize));
                }
                values => rows
                    .enumerate()
                    .filter(|(entry, _)| holds(values.get(*entry)))
                    .for_each(|(_, row)| owners.insert(*row as usize)),
            }
        }
        let rest = &self.overflow;
        for (entry, row) in rest.rows.iter().enumerate() {
            if rest.levels[entry] == level
                && let Some(holds) = test_of(rest.keys.get(entry))
                && holds(overflow_value(rest.values.get(entry)))
            {
                owners.insert(*row as usize);
            }
        }
        owners
    }
}
