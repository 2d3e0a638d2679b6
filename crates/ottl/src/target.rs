//! Where a statement writes, and how values get there.
//!
//! Values are checked row by row before anything is written: **a row whose
//! value does not fit keeps what it has**, and the others get theirs.

mod attributes;
mod fixed;

use tracewell_model::SpanBatch;

use crate::ast::{Node, NodeKind};
use crate::cache::Cache;
use crate::context::Context;
use crate::mistake::Wrong;
use crate::paths::{self, Field};
use crate::value::Value;

/// A place that can be written.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) field: Field,
    /// Whose table.
    pub(crate) context: Context,
    /// Keys behind the field.
    pub(crate) steps: Vec<Step>,
}

/// A key or an index.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// A value for a row of the target's table.
#[derive(Debug)]
pub(crate) struct Write<'b> {
    pub(crate) row: usize,
    pub(crate) value: Value<'b>,
}

/// What is written once nothing borrows the batch any more; a failure for each
/// write that does not fit, by its index.
pub(crate) struct Prepared {
    pub(crate) change: Change,
    pub(crate) failures: Vec<(usize, String)>,
}

/// A change of a batch that is sure to fit.
pub(crate) type Change = Box<dyn FnOnce(&mut SpanBatch, &mut Cache)>;

impl Target {
    pub(crate) fn new(node: &Node, context: Context) -> Result<Self, Wrong> {
        let NodeKind::Path(path) = &node.kind else {
            let message = "the target is a path, such as `attributes[\"key\"]`";
            return Err(Wrong::new(node.at.clone(), message));
        };
        let resolved = paths::resolve(path, context)
            .map_err(|message| Wrong::new(node.at.clone(), message))?;
        if matches!(
            resolved.field,
            Field::EventIndex | Field::Events | Field::Links | Field::IsRoot
        ) {
            return Err(Wrong::new(
                node.at.clone(),
                format!("`{path}` cannot be changed"),
            ));
        }
        let steps = resolved.keys.iter().map(|key| match &key.kind {
            NodeKind::Text(key) => Ok(Step::Key(key.clone())),
            NodeKind::Int(index) if *index >= 0 => Ok(Step::Index(*index as usize)),
            _ => {
                let message = "a key of a target is a text or a number, because its column is chosen beforehand";
                Err(Wrong::new(key.at.clone(), message))
            }
        });
        let steps: Vec<Step> = steps.collect::<Result<_, _>>()?;
        if let (Field::Attributes(_) | Field::Cache | Field::TraceState, Some(Step::Index(_))) =
            (resolved.field, steps.first())
        {
            let message = format!("the first key of `{}` is a text", path.parts[0].name);
            return Err(Wrong::new(node.at.clone(), message));
        }
        Ok(Self {
            field: resolved.field,
            context: resolved.context,
            steps,
        })
    }

    /// Is it all attributes of an owner?
    pub(crate) fn is_all_attributes(&self) -> bool {
        matches!(self.field, Field::Attributes(_)) && self.steps.is_empty()
    }

    /// Checks values, whose rows ascend, each once.
    pub(crate) fn prepare(
        &self,
        batch: &SpanBatch,
        cache: &Cache,
        writes: Vec<Write<'_>>,
    ) -> Prepared {
        match (self.field, self.steps.split_first()) {
            (Field::Attributes(context), None) => attributes::all(batch, context, writes),
            (Field::Attributes(context), Some((Step::Key(key), steps))) => {
                attributes::one(batch, context, key, steps, writes)
            }
            (Field::Cache, _) => attributes::cached(cache, &self.steps, writes),
            (Field::TraceState, Some((Step::Key(key), _))) => {
                fixed::trace_state_entry(batch, key, writes)
            }
            (field, _) => fixed::of(field, writes),
        }
    }
}
