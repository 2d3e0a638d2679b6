//! The columns of text that every span has, and its service.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array};
use arrow_schema::{ArrowError, DataType};
use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::{ColumnValues, StrColumn};

use super::arrays::{coded, dictionary_of, spread, texts};

/// A column of text: dictionary, or plain when most values differ, because
/// then the dictionary would only be another copy of them.
#[derive(Debug)]
pub(super) struct Text {
    dictionary: Option<ArrayRef>,
}

impl Text {
    pub(super) fn new(column: &StrColumn) -> Result<Self, ArrowError> {
        let dictionary = if is_repetitive(column) {
            Some(Arc::new(texts(column.dict.iter().map(Some))?) as ArrayRef)
        } else {
            None
        };
        Ok(Self { dictionary })
    }

    pub(super) fn data_type(&self) -> DataType {
        match self.dictionary {
            Some(_) => dictionary_of(DataType::Utf8),
            None => DataType::Utf8,
        }
    }

    /// Entries of `column` (the one this was made of); `None` is null.
    pub(super) fn array(
        &self,
        column: &StrColumn,
        entries: impl Iterator<Item = Option<u32>>,
    ) -> Result<ArrayRef, ArrowError> {
        let codes = entries.map(|entry| entry.map(|entry| column.codes[entry as usize]));
        match &self.dictionary {
            Some(values) => {
                let keys: Int32Array = codes.map(|code| code.map(|code| code as i32)).collect();
                coded(keys, values)
            }
            None => {
                let column =
                    texts(codes.map(|code| code.map(|code| column.dict.get(code as usize))))?;
                Ok(Arc::new(column))
            }
        }
    }
}

impl Text {
    /// As [`Text::array`], of (row, entry) in any order; other rows are null.
    pub(super) fn sparse_array(
        &self,
        column: &StrColumn,
        entries: &[(u32, u32)],
        rows: usize,
    ) -> Result<ArrayRef, ArrowError> {
        let Some(values) = &self.dictionary else {
            let (entries, nulls) = spread(entries, rows, |entry| entry as u32);
            let is_valid = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let entries = entries.iter().enumerate();
            return self.array(
                column,
                entries.map(|(row, entry)| is_valid(row).then_some(*entry)),
            );
        };
        let (codes, nulls) = spread(entries, rows, |entry| column.codes[entry] as i32);
        coded(Int32Array::try_new(codes.into(), nulls)?, values)
    }
}

/// Values that are looked at to judge whether a column repeats itself.
const SAMPLE: usize = 4096;

/// Do values repeat so often that a dictionary pays? The dictionary of the
/// batch alone cannot tell: it may hold equal entries.
fn is_repetitive(column: &StrColumn) -> bool {
    let rows = column.codes.len();
    if column.dict.len() * 2 <= rows.max(2) {
        return true;
    }
    let sample = || (0..rows).step_by(rows.div_ceil(SAMPLE));
    let distinct: HashSet<&str, foldhash::fast::RandomState> =
        sample().map(|row| column.get(row)).collect();
    distinct.len() * 2 <= sample().count()
}

/// `service.name` of every resource.
#[derive(Debug)]
pub(super) struct Services {
    values: ArrayRef,
    named: Vec<bool>,
    /// No resource has a second `service.name` or one that is no text.
    pub(super) exact: bool,
}

impl Services {
    pub(super) fn new(batch: &SpanBatch) -> Result<Self, ArrowError> {
        let mut seen = vec![0u32; batch.level_len(Level::Resource)];
        let mut named = vec![false; seen.len()];
        let columns = batch.attributes().iter();
        for column in columns.filter(|c| c.level == Level::Resource && &*c.key == "service.name") {
            for row in column.rows.iter().map(|row| *row as usize) {
                seen[row] += 1;
                named[row] |= matches!(column.values, ColumnValues::Str(_));
            }
        }
        let overflow = batch.overflow();
        let overflows = (0..overflow.levels.len()).any(|entry| {
            overflow.levels[entry] == Level::Resource && overflow.keys.get(entry) == "service.name"
        });
        let told = seen
            .iter()
            .zip(&named)
            .all(|(seen, named)| *seen == u32::from(*named));
        Ok(Self {
            values: Arc::new(texts(batch.resource_services().into_iter().map(Some))?),
            named,
            exact: told && !overflows,
        })
    }

    pub(super) fn array(
        &self,
        resources: impl Iterator<Item = u32>,
    ) -> Result<ArrayRef, ArrowError> {
        let keys: Int32Array = resources
            .map(|row| self.named[row as usize].then_some(row as i32))
            .collect();
        coded(keys, &self.values)
    }
}
