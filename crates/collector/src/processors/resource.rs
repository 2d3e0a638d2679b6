//! `resource`: sets, takes away and changes attributes of resources, once for all of
//! their spans.

use std::sync::Arc;

use tracewell_model::{Level, RowSet, SpanBatch, StoreError};

use super::account::ProcessorAccount;
use super::actions::{ActionConfig, act};
use super::changing::Change;
use crate::written::fields::Fields;

/// What `resource` can be told.
#[derive(Debug, Clone)]
pub struct ResourceConfig {
    /// What is done, in this order.
    pub actions: Vec<ActionConfig>,
}

impl ResourceConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let actions = ActionConfig::read_all(&fields, "attributes");
        fields.end();
        Self { actions }
    }
}

impl Change for ResourceConfig {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        _account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let all = RowSet::all(batch.level_len(Level::Resource));
        act(
            &self.actions,
            Arc::make_mut(&mut batch),
            Level::Resource,
            &all,
        );
        Ok(batch)
    }
}
