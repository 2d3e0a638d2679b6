//! `filter`: drops spans, and events of spans, for which a condition holds.
//!
//! Conditions are asked from the top down: spans of a resource that is dropped are not
//! asked again. **What cannot be judged is kept.**

mod config;
#[cfg(test)]
mod tests;

pub use config::FilterConfig;
pub(super) use config::context;

use std::sync::Arc;

use tracewell_model::{Level, RowSet, SpanBatch, StoreError};
use tracewell_ottl::Context;

use super::account::ProcessorAccount;
use super::changing::{Change, only};
use super::error_mode::any_holds;
use config::Asked;

impl Change for Arc<FilterConfig> {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let mut kept = self.matching.rows(&batch);
        for context in [Context::Resource, Context::Scope, Context::Span] {
            if kept.is_empty() {
                break;
            }
            let mut found = of_spans(
                &batch,
                context,
                &self.found(context, &batch, &kept, account)?,
            );
            found.invert();
            kept.intersect(&found);
        }
        batch = only(batch, &kept);
        let all = RowSet::all(batch.len());
        let mut events = self.found(Context::SpanEvent, &batch, &all, account)?;
        if !events.is_empty() {
            events.invert();
            Arc::make_mut(&mut batch).retain_events(&events);
        }
        Ok(batch)
    }
}

impl FilterConfig {
    /// Rows of a context for which one of its conditions holds, of the spans that are
    /// left.
    fn found(
        &self,
        context: Context,
        batch: &SpanBatch,
        spans: &RowSet,
        account: &ProcessorAccount,
    ) -> Result<RowSet, StoreError> {
        let of_context = |asked: &&Asked| asked.condition.context() == context;
        let conditions = self.conditions.iter().filter(of_context);
        let conditions = conditions.map(|asked| (&asked.condition, asked.mode));
        any_holds(conditions, batch, rows_of(batch, context, spans), account)
    }
}

/// The rows of a context that these spans have: those of nobody are left in tables.
pub(super) fn rows_of(batch: &SpanBatch, context: Context, spans: &RowSet) -> RowSet {
    let mut rows = RowSet::none(batch.level_len(context.level()));
    let owners = match context {
        Context::Resource => &batch.spans().resource,
        Context::Scope => &batch.spans().scope,
        Context::Span => return spans.clone(),
        Context::SpanEvent => return RowSet::all(rows.table_len()),
    };
    spans
        .iter()
        .for_each(|span| rows.insert(owners[span] as usize));
    rows
}

/// The spans of these rows.
fn of_spans(batch: &SpanBatch, context: Context, rows: &RowSet) -> RowSet {
    let spans = batch.spans();
    let owners = match context.level() {
        Level::Resource => &spans.resource,
        Level::Scope => &spans.scope,
        _ => return rows.clone(),
    };
    RowSet::from_fn(batch.len(), |row| rows.contains(owners[row] as usize))
}
