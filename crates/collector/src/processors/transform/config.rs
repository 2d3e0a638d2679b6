//! What `transform` can be told.

use std::sync::Arc;

use tracewell_model::clock::SystemClock;
use tracewell_ottl::{Compiler, Condition, Context, Mistake, Statement, infer_context};

use crate::processors::error_mode::ErrorMode;
use crate::processors::filter;
use crate::written::fields::nested::Item;
use crate::written::fields::{Fields, Placed};

/// Statements that are run together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) context: Context,
    pub(super) conditions: Vec<Condition>,
    pub(super) statements: Vec<Statement>,
    pub(super) mode: ErrorMode,
}

/// See the module above.
#[derive(Debug)]
pub struct TransformConfig {
    pub(super) groups: Vec<Group>,
}

impl TransformConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let mode = ErrorMode::read(&fields, ErrorMode::Ignore);
        let place = fields.path("trace_statements");
        let mut groups = Vec::new();
        let mut plain = Vec::new();
        for item in fields.items("trace_statements") {
            match item {
                Item::Text(line) => plain.push(line),
                Item::Section(section) => {
                    let mode = ErrorMode::read(&section, mode);
                    let context = filter::context(&section);
                    let (conditions, statements) =
                        (section.lines("conditions"), section.lines("statements"));
                    let place = section.path("statements");
                    if statements.is_empty() {
                        section.mistake(format!("{place} is missing"));
                    }
                    groups.extend(group(
                        &section,
                        &place,
                        context,
                        &conditions,
                        &statements,
                        mode,
                    ));
                    section.has("shared_cache");
                    section.end();
                }
            }
        }
        if !plain.is_empty() {
            groups.extend(group(&fields, &place, None, &[], &plain, mode));
        }
        fields.has("flatten_data");
        for other in ["metric_statements", "log_statements", "profile_statements"] {
            if fields.has(other) {
                let path = fields.path(other);
                fields
                    .reading()
                    .warn(format!("{path}: only traces are served"));
            }
        }
        fields.end();
        Self { groups }
    }
}

fn group(
    fields: &Fields<'_>,
    place: &str,
    context: Option<Context>,
    conditions: &[Placed],
    statements: &[Placed],
    mode: ErrorMode,
) -> Option<Group> {
    let texts =
        |lines: &[Placed]| -> Vec<String> { lines.iter().map(|line| line.text.clone()).collect() };
    let mistake = |line: &Placed, mistake: &Mistake| {
        fields
            .reading()
            .mistake(line.location, format!("{place}: {mistake}"));
    };
    let context = match context {
        Some(context) => context,
        None => {
            let (statement_texts, condition_texts) = (texts(statements), texts(conditions));
            let statement_texts: Vec<&str> = statement_texts.iter().map(String::as_str).collect();
            let condition_texts: Vec<&str> = condition_texts.iter().map(String::as_str).collect();
            match infer_context(&statement_texts, &condition_texts) {
                Ok(context) => context,
                Err(wrong) => {
                    let lines = statements.iter().chain(conditions);
                    let line = lines.clone().find(|line| line.text == wrong.text);
                    mistake(line.or_else(|| statements.first())?, &wrong);
                    return None;
                }
            }
        }
    };
    let compiler = Compiler::new(Arc::new(SystemClock));
    let mut group = Group {
        context,
        conditions: Vec::new(),
        statements: Vec::new(),
        mode,
    };
    for line in conditions {
        match compiler.condition(&line.text, context) {
            Ok(condition) => group.conditions.push(condition),
            Err(wrong) => mistake(line, &wrong),
        }
    }
    for line in statements {
        match compiler.statement(&line.text, context) {
            Ok(statement) => group.statements.push(statement),
            Err(wrong) => mistake(line, &wrong),
        }
    }
    Some(group)
}
