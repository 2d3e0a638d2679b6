//! Metrics back into text. **Series stand in parentheses wherever they are a
//! side of an operator between two.**

use std::fmt::{self, Display, Formatter, Write};

use super::super::ast::{MetricsExpr, MetricsFunction};
use super::super::vocabulary;
use super::{braced, list};

impl Display for MetricsExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Series {
                spans,
                function,
                by,
                ..
            } => {
                write!(f, "{spans} | {function}")?;
                if by.is_empty() {
                    return Ok(());
                }
                f.write_str(" by (")?;
                list(f, by, |f, field| write!(f, "{field}"))?;
                f.write_char(')')
            }
            Self::Best { of, is_top, count } => {
                let function = if *is_top { "topk" } else { "bottomk" };
                write!(f, "{of} | {function}({count})")
            }
            Self::Filtered { of, op, limit } => write!(f, "{of} {op} {limit}"),
            Self::Calculated { op, left, right } => {
                side(f, left)?;
                write!(f, " {} ", op.symbol())?;
                side(f, right)
            }
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

fn side(f: &mut Formatter<'_>, metrics: &MetricsExpr) -> fmt::Result {
    match metrics {
        MetricsExpr::Number(number) => write!(f, "{number}"),
        other => write!(f, "({other})"),
    }
}

impl Display for MetricsFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate => f.write_str("rate()"),
            Self::Count => f.write_str("count_over_time()"),
            Self::OfField(function, field) => {
                write!(f, "{}({field})", vocabulary::over_time_name(*function))
            }
            Self::Quantiles(field, quantiles) => {
                write!(f, "quantile_over_time({field}")?;
                for quantile in quantiles {
                    write!(f, ", {quantile}")?;
                }
                f.write_char(')')
            }
            Self::Compare {
                selection,
                top,
                between_ns,
            } => {
                f.write_str("compare(")?;
                braced(f, selection)?;
                if let Some(top) = top {
                    write!(f, ", {top}")?;
                }
                if let Some((from, to)) = between_ns {
                    write!(f, ", {from}, {to}")?;
                }
                f.write_char(')')
            }
        }
    }
}
