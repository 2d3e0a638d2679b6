//! A tree back into text: the canonical spelling of a query.
//!
//! The UI shows it in the query bar, logs and links carry it. **Parsing what
//! is printed gives the same tree again**; a property test holds us to it.
//! Where `&&` and `||` meet there are always parentheses, although TraceQL
//! does not need them: nobody should have to know its precedence to read one.

mod metrics;
mod pipeline;

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{AttributeScope, CompareOp, Expr, Field, Literal, Query, Root, ValueExpr};
use super::lexer::is_attribute_char;
use super::vocabulary;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Search(pipeline) => write!(f, "{pipeline}")?,
            Root::Metrics(metrics) => write!(f, "{metrics}")?,
        }
        if self.hints.is_empty() {
            return Ok(());
        }
        f.write_str(" with (")?;
        list(f, &self.hints, |f, hint| {
            write!(f, "{}={}", hint.name, hint.value)
        })?;
        f.write_char(')')
    }
}

/// With commas between them.
fn list<T>(
    f: &mut Formatter<'_>,
    all: &[T],
    mut each: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        each(f, one)?;
    }
    Ok(())
}

/// With its braces.
fn braced(f: &mut Formatter<'_>, filter: &Expr) -> fmt::Result {
    match filter {
        Expr::True => f.write_str("{ }"),
        filter => write!(f, "{{ {filter} }}"),
    }
}

/// The condition alone, without braces.
impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(conditions) => joined(f, conditions, " && ", "true"),
            Self::Or(conditions) => joined(f, conditions, " || ", "false"),
            Self::Not(inner) => match inner.as_ref() {
                Self::True | Self::False | Self::Not(_) => write!(f, "!{inner}"),
                _ => write!(f, "!({inner})"),
            },
            Self::Compare {
                field, op, value, ..
            } => write!(f, "{field} {op} {value}"),
            Self::CompareValues {
                left, op, right, ..
            } => write!(f, "{left} {op} {right}"),
            Self::Exists { field, .. } => write!(f, "{field} != nil"),
            Self::Missing { field, .. } => write!(f, "{field} = nil"),
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, all: &[Expr], operator: &str, none: &str) -> fmt::Result {
    if all.is_empty() {
        return f.write_str(none);
    }
    for (index, condition) in all.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        match condition {
            Expr::And(_) | Expr::Or(_) => write!(f, "({condition})")?,
            _ => write!(f, "{condition}")?,
        }
    }
    Ok(())
}

/// Parentheses stand wherever one operator meets another.
impl Display for ValueExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Field(field) => write!(f, "{field}"),
            Self::Negated(of) => match **of {
                Self::Field(_) => write!(f, "-{of}"),
                _ => write!(f, "-({of})"),
            },
            Self::Calculated { op, left, right } => {
                part(f, left)?;
                write!(f, " {} ", op.symbol())?;
                part(f, right)
            }
            Self::Condition(condition) => write!(f, "({condition})"),
        }
    }
}

fn part(f: &mut Formatter<'_>, value: &ValueExpr) -> fmt::Result {
    match value {
        ValueExpr::Calculated { .. } | ValueExpr::Negated(_) => write!(f, "({value})"),
        _ => write!(f, "{value}"),
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (scope, key) = match self {
            Self::Intrinsic(intrinsic) => {
                return f.write_str(vocabulary::intrinsic_name(*intrinsic));
            }
            Self::Attribute { scope, key } => (*scope, key),
            Self::ParentAttribute { scope, key } => {
                f.write_str("parent.")?;
                match scope {
                    AttributeScope::Any => return quoted_key(f, key, !may_follow_parent(key)),
                    scope => (*scope, key),
                }
            }
        };
        write!(f, "{}.", vocabulary::scope_name(scope))?;
        // `.5` is a number, so such a key needs quotes where no scope helps.
        let like_number =
            scope == AttributeScope::Any && key.starts_with(|c: char| c.is_ascii_digit());
        quoted_key(f, key, like_number)
    }
}

/// `parent.span.a` has a scope.
fn may_follow_parent(key: &str) -> bool {
    !key.starts_with("span.") && !key.starts_with("resource.")
}

/// In quotes where it needs them or `must` have them.
fn quoted_key(f: &mut Formatter<'_>, key: &str, must: bool) -> fmt::Result {
    if key.chars().all(|c| is_attribute_char(c) && c != '"') && !must {
        return f.write_str(key);
    }
    f.write_char('"')?;
    for c in key.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted_text(f, text),
            Self::Int(value) => write!(f, "{value}"),
            // The debug form always has a point or an exponent, and reads
            // back as the same number.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::DurationNs(ns) => duration(f, *ns),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Status(status) => f.write_str(status.name()),
            Self::Kind(kind) => f.write_str(kind.name()),
        }
    }
}

fn quoted_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// As Go prints durations, without the zero parts: `1h30m`, `2.5s`, `7us`.
fn duration(f: &mut Formatter<'_>, ns: i64) -> fmt::Result {
    const SECOND: u64 = 1_000_000_000;
    if ns < 0 {
        f.write_char('-')?;
    }
    let ns = ns.unsigned_abs();
    match ns {
        0 => return f.write_str("0s"),
        1..1_000 => return write!(f, "{ns}ns"),
        1_000..1_000_000 => return decimal(f, ns, 1_000, "us"),
        1_000_000..SECOND => return decimal(f, ns, 1_000_000, "ms"),
        _ => {}
    }
    let hours = ns / (3600 * SECOND);
    let minutes = ns / (60 * SECOND) % 60;
    if hours > 0 {
        write!(f, "{hours}h")?;
    }
    if minutes > 0 {
        write!(f, "{minutes}m")?;
    }
    match ns % (60 * SECOND) {
        0 => Ok(()),
        rest => decimal(f, rest, SECOND, "s"),
    }
}

/// `ns` in a unit of `unit_ns` (a power of ten), with all its decimals.
fn decimal(f: &mut Formatter<'_>, ns: u64, unit_ns: u64, unit: &str) -> fmt::Result {
    write!(f, "{}", ns / unit_ns)?;
    let rest = ns % unit_ns;
    if rest > 0 {
        let width = usize::try_from(unit_ns.ilog10()).unwrap_or_default();
        let digits = format!("{rest:0width$}");
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    f.write_str(unit)
}
