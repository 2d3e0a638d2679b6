//! `attributes`: sets, takes away and changes attributes of spans.

use std::sync::Arc;

use tracewell_model::{Level, SpanBatch, StoreError};

use super::account::ProcessorAccount;
use super::actions::{ActionConfig, act};
use super::changing::Change;
use super::matching::MatchingConfig;
use crate::written::fields::Fields;

/// What `attributes` can be told.
#[derive(Debug, Clone)]
pub struct AttributesConfig {
    /// Which spans are meant.
    pub matching: MatchingConfig,
    /// What is done, in this order.
    pub actions: Vec<ActionConfig>,
}

impl AttributesConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let config = Self {
            matching: MatchingConfig::read(&fields),
            actions: ActionConfig::read_all(&fields, "actions"),
        };
        fields.end();
        config
    }
}

impl Change for AttributesConfig {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        _account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let rows = self.matching.rows(&batch);
        if !rows.is_empty() {
            act(&self.actions, Arc::make_mut(&mut batch), Level::Span, &rows);
        }
        Ok(batch)
    }
}
