//! `transform`: statements of OTTL, run over whole batches.
//!
//! Groups follow one another; within one, the rows that its conditions name are found
//! first, and then each statement is run for all of them. A batch that no statement
//! touches is handed on as it is, uncopied.

mod config;
#[cfg(test)]
mod tests;

pub use config::TransformConfig;

use std::sync::Arc;

use tracewell_model::{RowSet, SpanBatch, StoreError};
use tracewell_ottl::Cache;

use super::account::ProcessorAccount;
use super::changing::Change;
use super::error_mode::any_holds;
use super::filter::rows_of;
use config::Group;

impl Change for Arc<TransformConfig> {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        for group in &self.groups {
            let rows = group.rows(&batch, account)?;
            if rows.is_empty() {
                continue;
            }
            let edited = Arc::make_mut(&mut batch);
            let mut cache = Cache::default();
            for statement in &group.statements {
                let ran = statement.run(edited, Some(&rows), &mut cache);
                let error = ran.first_error.as_deref();
                group
                    .mode
                    .heed(account, statement.text(), &ran.failed, error)?;
            }
        }
        Ok(batch)
    }
}

impl Group {
    /// The rows of the group's context for which any of its conditions holds.
    fn rows(&self, batch: &SpanBatch, account: &ProcessorAccount) -> Result<RowSet, StoreError> {
        let all = rows_of(batch, self.context, &RowSet::all(batch.len()));
        if self.conditions.is_empty() {
            return Ok(all);
        }
        let conditions = self
            .conditions
            .iter()
            .map(|condition| (condition, self.mode));
        any_holds(conditions, batch, all, account)
    }
}
