//! The one value that a span has of a field, and what is calculated of values.
//!
//! A condition may hold at any of several places; whoever groups, shows,
//! compares or calculates needs one value. **Which one it is, and what
//! arithmetic makes of it, is decided here alone.**

mod arithmetic;
mod attribute;
mod coded;
mod expression;
mod intrinsic;
mod value;

pub use arithmetic::Arithmetic;
pub use attribute::{attribute_values, owner_values};
pub use coded::{CodedOwners, CodedValues, coded_values, owner_codes};
pub use expression::{Comparison, Expression};
pub use value::{Value, compares};

use crate::batch::SpanBatch;
use crate::filter::{Field, Intrinsic, TraceFacts};

/// The value of each span of a field, by row; `None` where it has none, or
/// where the whole trace would have to be known and `facts` are not.
#[must_use]
pub fn field_values<'b>(
    batch: &'b SpanBatch,
    field: &Field,
    facts: Option<&'b TraceFacts>,
) -> Vec<Option<Value<'b>>> {
    let of_attribute = |place, keys| {
        let values = attribute_values(batch, place, keys);
        values.into_iter().map(|value| value.and_then(Value::of))
    };
    match field {
        Field::Attribute(place, keys) => of_attribute(*place, keys).collect(),
        Field::Intrinsic(field) => intrinsic::intrinsic_values(batch, *field, facts),
        Field::ParentAttribute(place, keys) => {
            let Some(facts) = facts else {
                return vec![None; batch.len()];
            };
            let values: Vec<Option<Value<'_>>> = of_attribute(*place, keys).collect();
            let of_parent = |parent: &Option<u32>| values[(*parent)? as usize].clone();
            facts.parent_rows.iter().map(of_parent).collect()
        }
    }
}

/// The number of each span, by row, durations in ns; NaN where the value is no
/// number, or there is none.
#[must_use]
pub fn field_numbers(batch: &SpanBatch, field: &Field, facts: Option<&TraceFacts>) -> Vec<f64> {
    if let Field::Intrinsic(Intrinsic::Duration) = field {
        let durations_ns = batch.spans().duration_ns.iter();
        return durations_ns.map(|ns| (*ns).max(0) as f64).collect();
    }
    let values = field_values(batch, field, facts).into_iter();
    let number = |value: Option<Value<'_>>| value.and_then(|value| value.number());
    values
        .map(|value| number(value).unwrap_or(f64::NAN))
        .collect()
}
