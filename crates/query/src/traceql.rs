//! TraceQL: from the text a person typed to a checked syntax tree.
//!
//! Everything that searches (the UI, Jaeger's parameters, the command line)
//! speaks this tree, so there is one meaning of a condition in the program.
//! It is read whole; **what cannot be answered yet is refused in lowering.**
//! The reference for users, with the differences from Grafana Tempo, is
//! `docs/traceql.md`.
//!
//! The stages, one file each: `lexer` cuts text into tokens, `parser` builds
//! the tree with binding powers, `validate` checks types while both sides of
//! a comparison still know where they were written, `print` turns a tree back
//! into its canonical text.
//!
//! **This module never looks at a span**, never touches a store, and never
//! panics or recurses without bound, whatever the text.

mod ast;
mod error;
mod half_typed;
mod lexer;
mod parser;
mod pattern;
mod print;
#[cfg(test)]
mod tests;
mod validate;
mod vocabulary;

pub use ast::{
    Aggregate, AttributeScope, CompareOp, Expr, Field, FieldType, Hint, Intrinsic, Literal,
    MetricsExpr, MetricsFunction, Mode, OverTime, Pipeline, Query, Relation, Root, ScalarExpr,
    SourceRange, SpansetExpr, Stage, ValueExpr,
};
pub use error::TraceQlError;
pub use half_typed::condition_of_half_typed;
pub use pattern::{MAX_PATTERN_BYTES, PatternError, compile_pattern};

/// The longest query accepted, in bytes of UTF-8. Queries written by people
/// are below 1 KiB; the rest is room for lists of ids made by programs.
pub const MAX_QUERY_BYTES: usize = 16 * 1024;

/// How deep parentheses may nest, and how high the tree may grow, in levels.
/// `a && b && c` is one level; each change between `&&` and `||`, each `!`
/// and each pair of parentheses is one more. Code that walks a parsed tree
/// may therefore recurse.
pub const MAX_NESTING: usize = 64;

/// Parses and checks a query.
///
/// # Errors
///
/// [`TraceQlError`] says what is wrong, where (a range of characters) and,
/// where we can guess it, what was meant.
pub fn parse(text: &str) -> Result<Query, TraceQlError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(TraceQlError::new(
            0..text.chars().count(),
            format!(
                "the query is {} bytes long, more than the {MAX_QUERY_BYTES} allowed",
                text.len()
            ),
        ));
    }
    parser::parse(lexer::tokenize(text))
}
