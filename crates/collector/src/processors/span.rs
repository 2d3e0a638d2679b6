//! `span`: names and statuses of spans, made of their attributes and the other way
//! round.

mod config;

pub use config::SpanConfig;

use std::borrow::Cow;
use std::sync::Arc;

use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch, StoreError};

use super::account::ProcessorAccount;
use super::changing::Change;
use crate::value_text::text_of;
use config::{FromAttributes, ToAttributes};

impl Change for SpanConfig {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        _account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let rows = self.matching.rows(&batch);
        if rows.is_empty() {
            return Ok(batch);
        }
        let edited = Arc::make_mut(&mut batch);
        if let Some(from) = &self.from_attributes {
            rename(from, edited, &rows);
        }
        if let Some(to) = &self.to_attributes {
            extract(to, edited, &rows);
        }
        if let Some((code, message)) = &self.status {
            let spans = edited.spans_mut();
            rows.iter()
                .for_each(|row| spans.status_code[row] = *code as i32);
            let texts = rows.iter().map(|row| (row as u32, message));
            spans.status_message.set(texts);
        }
        Ok(batch)
    }
}

/// A span that lacks one of the attributes keeps its name.
fn rename(from: &FromAttributes, batch: &mut SpanBatch, rows: &RowSet) {
    let keys = from.keys.iter();
    let columns: Vec<_> = keys
        .map(|key| owner_values(batch, Level::Span, key))
        .collect();
    if columns.iter().any(Vec::is_empty) {
        return;
    }
    let name = |row: usize| {
        let values = columns.iter().map(|column| column[row].map(text_of));
        let parts: Vec<Cow<'_, str>> = values.collect::<Option<_>>()?;
        Some((row as u32, parts.join(&from.separator)))
    };
    let names: Vec<_> = rows.iter().filter_map(name).collect();
    drop(columns);
    batch.spans_mut().name.set(names);
}

/// Parts of the name become attributes, and stand in it by their names.
fn extract(to: &ToAttributes, batch: &mut SpanBatch, rows: &RowSet) {
    let mut left = rows.clone();
    for pattern in &to.rules {
        let names: Vec<&str> = pattern.capture_names().flatten().collect();
        let mut found: Vec<Vec<(u32, AnyValue)>> = vec![Vec::new(); names.len()];
        let mut renamed = Vec::new();
        for row in left.iter() {
            let name = batch.spans().name.get(row);
            let Some(captures) = pattern.captures(name) else {
                continue;
            };
            let mut new = String::with_capacity(name.len());
            let mut behind = 0;
            for (index, part_name) in names.iter().enumerate() {
                let Some(part) = captures.name(part_name) else {
                    continue;
                };
                found[index].push((row as u32, AnyValue::from(part.as_str())));
                if part.start() >= behind {
                    new.push_str(&name[behind..part.start()]);
                    new.extend(["{", part_name, "}"]);
                    behind = part.end();
                }
            }
            new.push_str(&name[behind..]);
            renamed.push((row as u32, new));
        }
        for (name, values) in names.iter().zip(&found) {
            batch.set_attribute(Level::Span, name, values);
        }
        if to.ends_at_match {
            renamed
                .iter()
                .for_each(|(row, _)| left.remove(*row as usize));
        }
        if !to.keeps_name {
            batch.spans_mut().name.set(renamed);
        }
    }
}
