//! What a policy asks of single spans: one that has it is enough for its trace.
//!
//! Asked by column, once for a whole batch, as spans arrive; a trace then has a bit
//! for each. **An attribute counts where the span has it and where its resource has
//! it**, and only with the type that the policy is about.

use std::sync::Arc;

use regex::Regex;
use tracewell_model::batch::columns::{ColumnValues, StrColumn};
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch};
use tracewell_ottl::{Condition, Context};

/// Distinct conditions that a file may have: the bits of a trace.
pub(super) const MAX_CONDITIONS: usize = 64;

/// See the module's text.
#[derive(Debug, Clone)]
pub enum SpanCondition {
    /// One of these numbers of OTLP.
    StatusCode(Vec<i32>),
    /// An attribute of text.
    Text {
        /// Its key.
        key: String,
        /// What it may be.
        values: Texts,
    },
    /// An attribute that is a whole number within these bounds, which are included.
    Number {
        /// Its key.
        key: String,
        /// From here.
        least: i64,
        /// To here.
        most: i64,
    },
    /// An attribute that is true or false.
    Truth {
        /// Its key.
        key: String,
        /// Which.
        value: bool,
    },
    /// An entry of the tracestate.
    TraceState {
        /// Its key.
        key: String,
        /// What it may be.
        values: Vec<String>,
    },
    /// The flag that W3C calls sampled.
    SampledFlag,
    /// One of these holds for the span, or for an event of it. One that fails does
    /// not hold.
    Ottl(Arc<Vec<Condition>>),
}

/// Texts that are looked for.
#[derive(Debug, Clone)]
pub enum Texts {
    /// Exactly one of these.
    Exactly(Vec<String>),
    /// Anything in which one of these is found.
    Matching(Vec<Regex>),
}

impl Texts {
    fn has(&self, text: &str) -> bool {
        match self {
            Self::Exactly(texts) => texts.iter().any(|known| known == text),
            Self::Matching(patterns) => patterns.iter().any(|pattern| pattern.is_match(text)),
        }
    }
}

impl SpanCondition {
    /// The spans that have it.
    pub(super) fn rows(&self, batch: &SpanBatch) -> RowSet {
        let spans = batch.spans();
        match self {
            Self::StatusCode(codes) => {
                RowSet::from_fn(batch.len(), |row| codes.contains(&spans.status_code[row]))
            }
            Self::SampledFlag => RowSet::from_fn(batch.len(), |row| spans.flags[row] & 1 == 1),
            Self::TraceState { key, values } => {
                let states = &spans.trace_state;
                let has = texts_with(states, |text| {
                    entry_of(text, key).is_some_and(|entry| values.iter().any(|one| one == entry))
                });
                RowSet::from_fn(batch.len(), |row| has[states.codes[row] as usize])
            }
            Self::Ottl(conditions) => {
                let mut spans = RowSet::none(batch.len());
                for condition in conditions.iter() {
                    spans.unite(&spans_of(batch, condition));
                }
                spans
            }
            Self::Text { key, .. } | Self::Number { key, .. } | Self::Truth { key, .. } => {
                self.rows_with(batch, key)
            }
        }
    }

    /// The spans that have an attribute under the key that is as it should be, or
    /// whose resource has.
    fn rows_with(&self, batch: &SpanBatch, key: &str) -> RowSet {
        let mut spans = RowSet::none(batch.len());
        let mut resources = RowSet::none(batch.level_len(Level::Resource));
        let mut put = |level, row: u32| match level {
            Level::Span => spans.insert(row as usize),
            Level::Resource => resources.insert(row as usize),
            Level::Scope | Level::Event | Level::Link => {}
        };
        for column in batch.attributes().iter().filter(|c| *c.key == *key) {
            self.owners(&column.values, &column.rows, |row| put(column.level, row));
        }
        let rest = batch.overflow();
        for (entry, level) in rest.levels.iter().enumerate() {
            if rest.keys.get(entry) == key
                && AnyValue::decode(rest.values.get(entry)).is_ok_and(|value| self.is(&value))
            {
                put(*level, rest.rows[entry]);
            }
        }
        if !resources.is_empty() {
            let of_spans = &batch.spans().resource;
            spans.unite(&RowSet::from_fn(batch.len(), |row| {
                resources.contains(of_spans[row] as usize)
            }));
        }
        spans
    }

    /// The owners of those values of a column that are as they should be.
    fn owners(&self, values: &ColumnValues, rows: &[u32], mut put: impl FnMut(u32)) {
        match (self, values) {
            (Self::Text { values: texts, .. }, ColumnValues::Str(column)) => {
                let has = texts_with(column, |text| texts.has(text));
                let found = rows.iter().zip(&column.codes);
                found
                    .filter(|(_, code)| has[**code as usize])
                    .for_each(|(row, _)| put(*row));
            }
            (Self::Number { least, most, .. }, ColumnValues::Int(column)) => {
                let found = rows.iter().zip(column);
                found
                    .filter(|(_, number)| (least..=most).contains(number))
                    .for_each(|(row, _)| put(*row));
            }
            (Self::Truth { value, .. }, ColumnValues::Bool(column)) => {
                let found = rows.iter().zip(column);
                found
                    .filter(|(_, truth)| *truth == value)
                    .for_each(|(row, _)| put(*row));
            }
            _ => {}
        }
    }

    fn is(&self, value: &AnyValue) -> bool {
        match (self, value) {
            (Self::Text { values, .. }, AnyValue::String(text)) => values.has(text),
            (Self::Number { least, most, .. }, AnyValue::Int(number)) => {
                (least..=most).contains(&number)
            }
            (Self::Truth { value, .. }, AnyValue::Bool(truth)) => truth == value,
            _ => false,
        }
    }
}

/// The spans for which a condition holds, or for an event of which it does.
fn spans_of(batch: &SpanBatch, condition: &Condition) -> RowSet {
    let found = condition.holds(batch).rows;
    if condition.context() == Context::Span {
        return found;
    }
    let mut spans = RowSet::none(batch.len());
    let owners = &batch.events().span_row;
    found
        .iter()
        .for_each(|event| spans.insert(owners[event] as usize));
    spans
}

/// Asked once for each distinct text.
fn texts_with(column: &StrColumn, test: impl Fn(&str) -> bool) -> Vec<bool> {
    column.dict.iter().map(test).collect()
}

/// What a tracestate has under a key.
fn entry_of<'t>(state: &'t str, key: &str) -> Option<&'t str> {
    let mut entries = state.split(',').filter_map(|entry| entry.split_once('='));
    let found = entries.find(|(name, _)| name.trim() == key);
    found.map(|(_, value)| value.trim())
}
