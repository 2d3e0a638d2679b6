//! What is evaluated: expressions whose names are known, whose constants are
//! calculated, and which know at whose rows they are decided.
//!
//! An expression that only reads resources is evaluated once per resource,
//! whatever the statement is for. **Whatever can be wrong without a span is
//! said here**, never while spans pass.

mod compile;

pub(crate) use compile::{Names, arrange};

use crate::ast::{CompareOp, MathOp};
use crate::context::Context;
use crate::functions::Call;
use crate::paths::Field;
use crate::value::Value;

/// An expression.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) kind: ExpressionKind,
    /// At whose rows it is evaluated; `None` where it is the same for all.
    pub(crate) at: Option<Context>,
}

#[derive(Debug)]
pub(crate) enum ExpressionKind {
    Constant(Value<'static>),
    /// A field as a whole.
    Field(Field),
    /// The attribute under a key.
    Attribute(Context, Box<str>),
    /// The time of day, of the whole batch.
    Now,
    Index {
        of: Box<Expression>,
        keys: Vec<Expression>,
        /// A key that is not there: nil of a path, a failure of a result.
        may_lack: bool,
    },
    Math(Box<Expression>, Vec<(MathOp, Expression)>),
    Negated(Box<Expression>),
    List(Vec<Expression>),
    Map(Vec<(String, Expression)>),
    Call(Box<dyn Call>, Vec<Expression>),
}

impl Expression {
    pub(crate) fn constant(value: Value<'static>) -> Self {
        Self {
            kind: ExpressionKind::Constant(value),
            at: None,
        }
    }

    pub(crate) fn as_constant(&self) -> Option<&Value<'static>> {
        match &self.kind {
            ExpressionKind::Constant(value) => Some(value),
            _ => None,
        }
    }
}

/// A condition.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) kind: TestKind,
    /// At whose rows it is decided.
    pub(crate) at: Option<Context>,
}

#[derive(Debug)]
pub(crate) enum TestKind {
    Constant(bool),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
    Compare(CompareOp, Expression, Expression),
    /// A value that is true or false by itself.
    Is(Expression),
}

/// Where parts of something are all known.
pub(crate) fn joined(parts: impl IntoIterator<Item = Option<Context>>) -> Option<Context> {
    let known = parts.into_iter().flatten();
    known.reduce(Context::joined)
}
