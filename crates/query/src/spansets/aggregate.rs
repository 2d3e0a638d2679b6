//! Numbers of a spanset: `count()`, `avg(duration)` and what is calculated of
//! them.
//!
//! Spans without a value, or with one that is no number, do not count. **A set
//! without any value has no minimum, mean or sum**, and fulfils no condition
//! on it.

use super::evaluate::Trace;
use super::{Scalar, Spanset};
use crate::traceql::Aggregate;
use tracewell_model::filter::CompareOp;
use tracewell_model::values::{Arithmetic, Value, compares};

/// A scalar with the values of the trace's spans that it is of.
pub(super) enum Number<'t> {
    Constant(&'t Value<'static>),
    Aggregate {
        name: &'t str,
        function: Aggregate,
        /// By row.
        values: Option<Vec<Option<Value<'t>>>>,
    },
    Calculated(Arithmetic, Box<Number<'t>>, Box<Number<'t>>),
}

impl<'t> Number<'t> {
    pub(super) fn of(scalar: &'t Scalar, trace: &Trace<'t>) -> Self {
        match scalar {
            Scalar::Constant(value) => Self::Constant(value),
            Scalar::Aggregate { name, function, of } => Self::Aggregate {
                name,
                function: *function,
                values: of.as_ref().map(|of| trace.values(of)),
            },
            Scalar::Calculated(op, left, right) => Self::Calculated(
                *op,
                Box::new(Self::of(left, trace)),
                Box::new(Self::of(right, trace)),
            ),
        }
    }

    /// Its value in the set, which becomes an attribute of it.
    pub(super) fn in_set(&self, set: &mut Spanset) -> Option<Value<'static>> {
        match self {
            Self::Constant(value) => Some((*value).clone()),
            Self::Calculated(op, left, right) => {
                let (left, right) = (left.in_set(set)?, right.in_set(set)?);
                op.of(&left, &right)
            }
            Self::Aggregate {
                name,
                function,
                values,
            } => {
                let value = match values {
                    None => Some(Value::Int(set.rows.len() as i64)),
                    Some(values) => {
                        let of_set = set.rows.iter();
                        let of_set = of_set.filter_map(|row| values[*row as usize].as_ref());
                        aggregate(*function, of_set.filter(|value| value.number().is_some()))
                    }
                }?;
                if !set.attributes.iter().any(|(known, _)| known == name) {
                    set.attributes
                        .push(((*name).to_owned(), Some(value.clone())));
                }
                Some(value)
            }
        }
    }
}

fn aggregate<'a>(
    function: Aggregate,
    mut values: impl Iterator<Item = &'a Value<'a>>,
) -> Option<Value<'static>> {
    let first = values.next()?.clone().into_owned();
    let rest = values.map(|value| value.clone().into_owned());
    let better = |op: CompareOp| {
        move |best: Value<'static>, next: Value<'static>| {
            if compares(op, &next, &best) {
                next
            } else {
                best
            }
        }
    };
    match function {
        Aggregate::Count => Some(Value::Int(1 + rest.count() as i64)),
        Aggregate::Min => Some(rest.fold(first, better(CompareOp::Less))),
        Aggregate::Max => Some(rest.fold(first, better(CompareOp::Greater))),
        Aggregate::Sum => Some(rest.fold(first, sum)),
        Aggregate::Avg => {
            let mut count = 1_i64;
            let total = rest.fold(first, |total, next| {
                count += 1;
                sum(total, next)
            });
            match total {
                // A mean of durations is one.
                Value::DurationNs(_) => Arithmetic::Divide.of(&total, &Value::Int(count)),
                total => Some(Value::Double(total.number()? / count as f64)),
            }
        }
    }
}

/// Whole as long as it fits.
fn sum(total: Value<'static>, next: Value<'static>) -> Value<'static> {
    let doubles = |a: &Value<'_>, b: &Value<'_>| {
        Value::Double(a.number().unwrap_or_default() + b.number().unwrap_or_default())
    };
    Arithmetic::Add
        .of(&total, &next)
        .unwrap_or_else(|| doubles(&total, &next))
}
