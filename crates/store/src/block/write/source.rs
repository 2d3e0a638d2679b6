//! A batch from which row groups are written: what is worked out once for all
//! of them.

use std::collections::HashMap;

use tracewell_model::batch::Level;
use tracewell_model::{RowSet, SpanBatch, failure};

use super::cells::TooLarge;
use super::messages::Messages;
use super::services::Services;
use crate::block::choose::ChosenColumn;

/// A batch and what its columns need.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) batch: &'a SpanBatch,
    pub(super) failed: RowSet,
    pub(super) services: Services,
    pub(super) messages: Messages<'a>,
    /// For each attribute column of the file, that of the batch, if it has it.
    pub(super) chosen: Vec<Option<usize>>,
    /// Whether an attribute column of the batch has a column in the file.
    pub(super) has_column: Vec<bool>,
}

impl<'a> Source<'a> {
    pub(super) fn new(batch: &'a SpanBatch, chosen: &[ChosenColumn]) -> Result<Self, TooLarge> {
        let columns = batch.attributes().iter().enumerate();
        let of_spans = columns.filter(|(_, column)| column.level == Level::Span);
        let places: HashMap<_, usize> = of_spans
            .map(|(index, column)| ((&*column.key, column.values.value_type()), index))
            .collect();
        let place = |column: &ChosenColumn| {
            let key = (column.key.as_str(), column.value_type);
            places.get(&key).copied()
        };
        let chosen: Vec<Option<usize>> = chosen.iter().map(place).collect();
        let mut has_column = vec![false; batch.attributes().len()];
        for index in chosen.iter().flatten() {
            has_column[*index] = true;
        }
        Ok(Self {
            failed: failure::failed_rows(batch),
            services: Services::new(batch)?,
            messages: Messages::new(batch)?,
            batch,
            chosen,
            has_column,
        })
    }
}
