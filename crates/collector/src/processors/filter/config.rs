//! What `filter` can be told.

use std::sync::Arc;

use tracewell_model::clock::SystemClock;
use tracewell_ottl::{Compiler, Condition, Context, infer_context};

use crate::processors::error_mode::ErrorMode;
use crate::processors::matching::MatchingConfig;
use crate::written::fields::nested::Item;
use crate::written::fields::{Fields, Placed};

/// A condition, and what becomes of a batch on which it fails.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) condition: Condition,
    pub(super) mode: ErrorMode,
}

/// See the module above.
#[derive(Debug)]
pub struct FilterConfig {
    /// The older form: spans that are not meant are dropped.
    pub(super) matching: MatchingConfig,
    pub(super) conditions: Vec<Asked>,
}

impl FilterConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let mode = ErrorMode::read(&fields, ErrorMode::Ignore);
        let mut conditions = Vec::new();
        let older = fields.section("traces");
        let has_older = older.is_some();
        if let Some(older) = older {
            for (name, context) in [
                ("resource", Context::Resource),
                ("scope", Context::Scope),
                ("span", Context::Span),
                ("spanevent", Context::SpanEvent),
            ] {
                let place = older.path(name);
                for line in older.lines(name) {
                    conditions.extend(condition(&older, &place, &line, Some(context), mode));
                }
            }
            older.end();
        }
        let place = fields.path("trace_conditions");
        for item in fields.items("trace_conditions") {
            match item {
                Item::Text(line) => {
                    conditions.extend(condition(&fields, &place, &line, None, mode))
                }
                Item::Section(group) => {
                    let mode = ErrorMode::read(&group, mode);
                    let context = context(&group);
                    let place = group.path("conditions");
                    for line in group.lines("conditions") {
                        conditions.extend(condition(&group, &place, &line, context, mode));
                    }
                    group.end();
                }
            }
        }
        let spans = fields.section("spans");
        let matching = spans.map(|spans| {
            let matching = MatchingConfig::read(&spans);
            spans.end();
            matching
        });
        if has_older && fields.has("trace_conditions") {
            fields.mistake(format!(
                "{place} and traces exclude one another; keep trace_conditions"
            ));
        }
        for other in [
            "metrics",
            "logs",
            "profiles",
            "metric_conditions",
            "log_conditions",
            "profile_conditions",
        ] {
            if fields.has(other) {
                let path = fields.path(other);
                fields
                    .reading()
                    .warn(format!("{path}: only traces are served"));
            }
        }
        fields.end();
        Self {
            matching: matching.unwrap_or_default(),
            conditions,
        }
    }
}

/// `context` of a group; `None` where the paths say it.
pub(in crate::processors) fn context(fields: &Fields<'_>) -> Option<Context> {
    fields.value("context", None, |text| {
        let context = Context::from_name(text).map(Some);
        context.ok_or_else(|| format!("{text:?} is not one of resource, scope, span, spanevent"))
    })
}

fn condition(
    fields: &Fields<'_>,
    place: &str,
    line: &Placed,
    context: Option<Context>,
    mode: ErrorMode,
) -> Option<Asked> {
    let compiled = match context {
        Some(context) => Ok(context),
        None => infer_context(&[], &[&line.text]),
    };
    let compiler = Compiler::new(Arc::new(SystemClock));
    let compiled = compiled.and_then(|context| compiler.condition(&line.text, context));
    match compiled {
        Ok(condition) => Some(Asked { condition, mode }),
        Err(mistake) => {
            fields
                .reading()
                .mistake(line.location, format!("{place}: {mistake}"));
            None
        }
    }
}
