//! What `routing` can be told.

use std::sync::Arc;

use tracewell_model::clock::SystemClock;
use tracewell_ottl::{Compiler, Condition, Context};

use crate::processors::error_mode::ErrorMode;
use crate::written::fields::{Fields, Placed};

/// See the module above.
#[derive(Debug)]
pub struct RoutingConfig {
    pub(super) routes: Vec<Route>,
    /// Pipelines of spans that no route takes.
    pub(super) default: Vec<String>,
    pub(super) mode: ErrorMode,
}

/// Where spans go for which a condition holds.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) condition: Condition,
    pub(super) pipelines: Vec<String>,
    /// Are they there for the routes behind too?
    pub(super) is_copy: bool,
}

impl RoutingConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let sections = fields.sections("table");
        if sections.is_empty() {
            fields.mistake(format!(
                "{} is missing: which spans go to which pipelines",
                fields.path("table")
            ));
        }
        let config = Self {
            routes: sections.into_iter().filter_map(route).collect(),
            default: names(&fields, "default_pipelines"),
            mode: ErrorMode::read(&fields, ErrorMode::Propagate),
        };
        fields.not_served(
            "match_once",
            "a route takes what it matches; write action: copy for others to have it too",
        );
        fields.end();
        config
    }

    /// All pipelines that it may send to.
    pub(crate) fn pipelines(&self) -> impl Iterator<Item = &str> {
        let routes = self.routes.iter();
        let named = routes.flat_map(|route| &route.pipelines);
        named.chain(&self.default).map(String::as_str)
    }
}

fn names(fields: &Fields<'_>, name: &'static str) -> Vec<String> {
    let names = fields.list(name).into_iter();
    names.map(|name| name.text).collect()
}

fn route(section: Fields<'_>) -> Option<Route> {
    let context = section.value("context", Context::Resource, |text| match text {
        "resource" => Ok(Context::Resource),
        "span" => Ok(Context::Span),
        "request" => Err("headers of a request are not kept; route by resource".to_owned()),
        "metric" | "datapoint" | "log" => Err("only traces are served".to_owned()),
        _ => Err(format!("{text:?} is neither resource nor span")),
    });
    let is_copy = section.value("action", false, |text| match text {
        "move" => Ok(false),
        "copy" => Ok(true),
        _ => Err(format!("{text:?} is neither move nor copy")),
    });
    let pipelines = names(&section, "pipelines");
    if pipelines.is_empty() {
        section.mistake(format!(
            "{} is missing: where spans go for which the condition holds",
            section.path("pipelines")
        ));
    }
    let written = match (section.text("condition"), section.text("statement")) {
        (Some(condition), None) => Some(("condition", condition)),
        (None, Some(statement)) => of_statement(&section, statement),
        _ => {
            section.mistake(format!(
                "{} is missing: write it, or statement, and not both",
                section.path("condition")
            ));
            None
        }
    };
    let condition = written.and_then(|(name, written)| {
        let compiler = Compiler::new(Arc::new(SystemClock));
        let compiled = compiler.condition(&written.text, context);
        let mistake = |why| {
            let message = format!("{}: {why}", section.path(name));
            section.reading().mistake(written.location, message);
        };
        compiled.map_err(mistake).ok()
    });
    section.end();
    Some(Route {
        condition: condition?,
        pipelines,
        is_copy,
    })
}

/// The condition of `route() where …`.
fn of_statement(section: &Fields<'_>, statement: Placed) -> Option<(&'static str, Placed)> {
    let Placed { text, location } = statement;
    let rest = text.trim().strip_prefix("route()").map(str::trim);
    let text = match rest {
        Some("") => Some("true".to_owned()),
        Some(rest) => rest.strip_prefix("where ").map(str::to_owned),
        None => None,
    };
    if text.is_none() {
        section.reading().mistake(
            location,
            format!(
                "{}: only `route() where …` is served; change spans in a transform processor",
                section.path("statement")
            ),
        );
    }
    text.map(|text| ("statement", Placed { text, location }))
}
