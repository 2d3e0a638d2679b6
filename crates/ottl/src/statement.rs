//! Statements and conditions that are ready to run.

mod scopes;

use std::sync::Arc;

use tracewell_model::clock::Clock;
use tracewell_model::{RowSet, SpanBatch};

use crate::cache::Cache;
use crate::context::Context;
use crate::editors::Quick;
use crate::evaluate::{Decided, Failures, Scene, owners, projected};
use crate::plan::{Expression, Test};
use crate::target::{Target, Write};
use crate::value::Value;

/// A condition for the rows of a context.
#[derive(Debug)]
pub struct Condition {
    pub(crate) text: String,
    pub(crate) context: Context,
    pub(crate) test: Test,
    pub(crate) clock: Arc<dyn Clock>,
}

/// For which rows a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Rows of the context's table for which it holds.
    pub rows: RowSet,
    /// Rows for which there is no answer; in `rows` they are not.
    pub failed: RowSet,
    /// Why the first of them has none.
    pub first_error: Option<String>,
}

impl Condition {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whose rows it is about.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// Decides all rows of a batch.
    #[must_use]
    pub fn holds(&self, batch: &SpanBatch) -> Judged {
        let rows = RowSet::all(batch.level_len(self.context.level()));
        self.holds_among(batch, &rows, &Cache::default())
    }

    /// Decides some rows, of which the others are neither found nor failed.
    #[must_use]
    pub fn holds_among(&self, batch: &SpanBatch, among: &RowSet, cache: &Cache) -> Judged {
        let scene = Scene {
            batch,
            cache,
            now_ns: self.clock.now_ns(),
        };
        let Decided { rows, failures } = scene.decide(&self.test, self.context, among);
        Judged {
            rows,
            failed: failures.rows,
            first_error: failures.first.map(|fault| fault.to_string()),
        }
    }
}

/// A statement for the rows of a context.
#[derive(Debug)]
pub struct Statement {
    pub(crate) text: String,
    pub(crate) context: Context,
    pub(crate) condition: Option<Test>,
    pub(crate) target: Target,
    pub(crate) edit: Edit,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What is done to the target.
#[derive(Debug)]
pub(crate) enum Edit {
    /// It gets a value, where there is one.
    Set(Expression),
    /// All attributes are edited by column.
    Quick(Quick),
}

/// What a statement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Rows of the context that it was applied to.
    pub changed: usize,
    /// Rows for which it failed; they are as they were.
    pub failed: RowSet,
    /// Why it failed for the first of them.
    pub first_error: Option<String>,
}

impl Statement {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whose rows it is run for.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// Runs it for some rows of the context's table, or for all. All values are
    /// calculated before any is written; where several rows write to one (spans
    /// to their resource), the last counts.
    pub fn run(&self, batch: &mut SpanBatch, among: Option<&RowSet>, cache: &mut Cache) -> Ran {
        let len = batch.level_len(self.context.level());
        let mut ran = Decided {
            rows: RowSet::none(len),
            failures: Failures::none(len),
        };
        let mut rows = among.cloned().unwrap_or_else(|| RowSet::all(len));
        if let Some(condition) = &self.condition {
            let decided = self
                .scene(batch, cache)
                .decide(condition, self.context, &rows);
            rows = decided.rows;
            ran.failures.unite(decided.failures);
        }
        if !rows.is_empty() {
            self.separate_scopes(batch);
            match &self.edit {
                Edit::Set(value) => self.set(value, &rows, batch, cache, &mut ran),
                Edit::Quick(quick) => {
                    self.edit_columns(quick, &rows, batch);
                    ran.rows = rows;
                }
            }
        }
        Ran {
            changed: ran.rows.count(),
            failed: ran.failures.rows,
            first_error: ran.failures.first.map(|fault| fault.to_string()),
        }
    }

    fn scene<'b>(&self, batch: &'b SpanBatch, cache: &'b Cache) -> Scene<'b> {
        Scene {
            batch,
            cache,
            now_ns: self.clock.now_ns(),
        }
    }

    /// A scope that spans of several resources share gets a row for each of them,
    /// before spans write to it: what one resource's spans say is not for another's.
    fn separate_scopes(&self, batch: &mut SpanBatch) {
        let reads_more = match &self.edit {
            Edit::Set(value) => value.at.is_some_and(|at| at != Context::Scope),
            Edit::Quick(_) => false,
        };
        let condition = self.condition.as_ref();
        let depends = condition.is_some_and(|test| test.at.is_some_and(|at| at != Context::Scope));
        let writes_up = self.target.context == Context::Scope && self.context != Context::Scope;
        if writes_up && (reads_more || depends) {
            scopes::separate(batch);
        }
    }

    fn set(
        &self,
        value: &Expression,
        rows: &RowSet,
        batch: &mut SpanBatch,
        cache: &mut Cache,
        ran: &mut Decided,
    ) {
        let prepared = {
            let scene = self.scene(batch, cache);
            let column = scene.column(value, self.context, rows);
            let owners = (self.target.context != self.context)
                .then(|| owners(batch, self.context, self.target.context));
            let len = batch.level_len(self.target.context.level());
            // For each row of the target the row that writes to it.
            let mut writers: Vec<Option<u32>> = Vec::new();
            if owners.is_some() {
                writers.resize(len, None);
            }
            let (mut writes, mut sources) = (Vec::with_capacity(rows.count()), Vec::new());
            for row in rows.iter() {
                match column.of(row) {
                    Ok(Value::Nil) => {}
                    Err(fault) => ran.failures.add(row, fault),
                    Ok(value) => match &owners {
                        Some(owners) => writers[owners[row] as usize] = Some(row as u32),
                        None => {
                            sources.push(row);
                            writes.push(Write {
                                row,
                                value: value.clone(),
                            });
                        }
                    },
                }
            }
            for (row, writer) in writers.iter().enumerate() {
                if let Some(writer) = writer
                    && let Ok(value) = column.of(*writer as usize)
                {
                    sources.push(*writer as usize);
                    writes.push(Write {
                        row,
                        value: value.clone(),
                    });
                }
            }
            sources.iter().for_each(|row| ran.rows.insert(*row));
            let prepared = self.target.prepare(batch, cache, writes);
            for (index, message) in &prepared.failures {
                ran.rows.remove(sources[*index]);
                ran.failures.add(sources[*index], &message.as_str().into());
            }
            prepared.change
        };
        prepared(batch, cache);
    }

    fn edit_columns(&self, quick: &Quick, rows: &RowSet, batch: &mut SpanBatch) {
        let level = self.target.context.level();
        let len = batch.level_len(level);
        let rows = match self.target.context == self.context {
            true => rows.clone(),
            false => projected(rows, &owners(batch, self.context, self.target.context), len),
        };
        match quick {
            Quick::Keep(keep) => batch.retain_attributes(level, &rows, keep),
            Quick::Remove(key) => batch.remove_attribute(level, key, &rows),
            Quick::Texts(new) => {
                batch.edit_texts(level, &rows, |_| true, new);
            }
        }
    }
}
