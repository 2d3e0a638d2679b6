//! Pipelines back into text. **Where spanset operators meet there are always
//! parentheses**, as in conditions.

use std::fmt::{self, Display, Formatter, Write};

use super::super::ast::{Pipeline, ScalarExpr, SpansetExpr, Stage, ValueExpr};
use super::super::vocabulary;
use super::{braced, list};

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.stages.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{stage}")?;
        }
        Ok(())
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spansets(spansets) => write!(f, "{spansets}"),
            Self::ScalarFilter { left, op, right } => write!(f, "{left} {op} {right}"),
            Self::By(value) => {
                f.write_str("by(")?;
                argument(f, value)?;
                f.write_char(')')
            }
            Self::Coalesce => f.write_str("coalesce()"),
            Self::Select(fields) => {
                f.write_str("select(")?;
                list(f, fields, |f, field| write!(f, "{field}"))?;
                f.write_char(')')
            }
        }
    }
}

/// A condition needs no further parentheses.
fn argument(f: &mut Formatter<'_>, value: &ValueExpr) -> fmt::Result {
    match value {
        ValueExpr::Condition(condition) => write!(f, "{condition}"),
        other => write!(f, "{other}"),
    }
}

impl Display for SpansetExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(filter) => braced(f, filter),
            Self::Combine {
                relation,
                mode,
                left,
                right,
            } => {
                side(f, left)?;
                let operator = vocabulary::relation_text(*relation, *mode);
                write!(f, " {operator} ")?;
                side(f, right)
            }
            Self::Pipeline(pipeline) => write!(f, "({pipeline})"),
        }
    }
}

fn side(f: &mut Formatter<'_>, spansets: &SpansetExpr) -> fmt::Result {
    match spansets {
        SpansetExpr::Combine { .. } => write!(f, "({spansets})"),
        _ => write!(f, "{spansets}"),
    }
}

impl Display for ScalarExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Aggregate { function, of } => {
                write!(f, "{}(", vocabulary::aggregate_name(*function))?;
                if let Some(of) = of {
                    argument(f, of)?;
                }
                f.write_char(')')
            }
            Self::Calculated { op, left, right } => {
                operand(f, left)?;
                write!(f, " {} ", op.symbol())?;
                operand(f, right)
            }
            Self::OfPipeline { spans, scalar, .. } => write!(f, "({spans} | {scalar})"),
        }
    }
}

fn operand(f: &mut Formatter<'_>, scalar: &ScalarExpr) -> fmt::Result {
    match scalar {
        ScalarExpr::Calculated { .. } => write!(f, "({scalar})"),
        _ => write!(f, "{scalar}"),
    }
}
