//! OTTL, the OpenTelemetry Transformation Language, for spans.
//!
//! A text is compiled once ([`Compiler`]) and run over whole batches: a
//! [`Condition`] answers with a set of rows, a [`Statement`] edits columns. What
//! is wrong with a text is said when it is compiled; **no span is ever taken
//! apart and put together again**, and nothing here knows of pipelines, files or
//! the network.

pub mod ast;
mod cache;
mod compiler;
mod context;
mod editors;
mod evaluate;
mod functions;
mod lexer;
mod mistake;
mod parser;
mod paths;
mod plan;
mod statement;
mod target;
mod value;

pub use cache::Cache;
pub use compiler::{Compiler, infer_context, parse_condition, parse_statement};
pub use context::Context;
pub use mistake::Mistake;
pub use statement::{Condition, Judged, Ran, Statement};
