//! Comparisons: most conditions are one of a field with a constant, and these
//! **touch the field's column alone**, without a value for each row.

use tracewell_model::batch::columns::{AttributeColumn, ColumnValues};
use tracewell_model::{RowSet, ValueRef};

use super::column::combined;
use super::{Decided, Failures, Scene};
use crate::ast::CompareOp;
use crate::context::Context;
use crate::paths::Field;
use crate::plan::{Expression, ExpressionKind};
use crate::value::Value;

pub(super) fn compared<'b>(
    scene: Scene<'b>,
    op: CompareOp,
    left: &'b Expression,
    right: &'b Expression,
    at: Context,
    rows: &RowSet,
) -> Decided {
    let quick = match (left.as_constant(), right.as_constant()) {
        (None, Some(constant)) => with_constant(scene, op, left, constant, rows),
        (Some(constant), None) => with_constant(scene, turned(op), right, constant, rows),
        _ => None,
    };
    if let Some(found) = quick {
        return Decided {
            rows: found,
            failures: Failures::none(rows.table_len()),
        };
    }
    let columns = [left, right].map(|side| scene.column(side, at, rows));
    let compared = combined(&columns, rows, |values| {
        Ok(Value::Bool(values[0].compares(op, values[1])))
    });
    compared.truths(rows)
}

/// `5 < a` is `a > 5`.
fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
        other => other,
    }
}

fn with_constant(
    scene: Scene<'_>,
    op: CompareOp,
    side: &Expression,
    constant: &Value<'_>,
    rows: &RowSet,
) -> Option<RowSet> {
    let spans = scene.batch.spans();
    let number = |of: &dyn Fn(usize) -> i64| {
        let mut found = RowSet::none(rows.table_len());
        rows.iter()
            .filter(|row| Value::Int(of(*row)).compares(op, constant))
            .for_each(|row| found.insert(row));
        found
    };
    match &side.kind {
        ExpressionKind::Attribute(context, key) => {
            let attributes = scene.batch.attributes();
            let is_it =
                |column: &&AttributeColumn| column.level == context.level() && column.key == *key;
            let mut columns = attributes.iter().filter(is_it);
            match (columns.next(), columns.next()) {
                (Some(column), None) if scene.batch.overflow().rows.is_empty() => {
                    of_column(column, op, constant, rows)
                }
                _ => None,
            }
        }
        ExpressionKind::Field(Field::Kind) => Some(number(&|row| i64::from(spans.kind[row]))),
        ExpressionKind::Field(Field::StatusCode) => {
            Some(number(&|row| i64::from(spans.status_code[row])))
        }
        ExpressionKind::Field(Field::StartNs) => Some(number(&|row| spans.start_ns[row] as i64)),
        _ => None,
    }
}

/// Of an attribute that has one type and stands once with each owner.
fn of_column(
    column: &AttributeColumn,
    op: CompareOp,
    constant: &Value<'_>,
    rows: &RowSet,
) -> Option<RowSet> {
    if !column.rows.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let without = Value::Nil.compares(op, constant);
    let mut found = if without {
        rows.clone()
    } else {
        RowSet::none(rows.table_len())
    };
    let mut put = |row: u32, holds: bool| {
        let row = row as usize;
        if holds && rows.contains(row) {
            found.insert(row);
        } else if without && !holds {
            found.remove(row);
        }
    };
    let owners = column.rows.iter();
    match &column.values {
        ColumnValues::Str(values) => {
            let holds = |text| Value::of(ValueRef::Str(text)).compares(op, constant);
            if values.dict.len() > 2 * values.len() + 16 {
                let entries = owners.enumerate();
                entries.for_each(|(entry, row)| put(*row, holds(values.get(entry))));
            } else {
                let holds: Vec<bool> = values.dict.iter().map(holds).collect();
                let entries = owners.zip(&values.codes);
                entries.for_each(|(row, code)| put(*row, holds[*code as usize]));
            }
        }
        ColumnValues::Int(values) => {
            let entries = owners.zip(values);
            entries.for_each(|(row, value)| put(*row, Value::Int(*value).compares(op, constant)));
        }
        values => {
            let holds = |entry| Value::of(values.get(entry)).compares(op, constant);
            let entries = owners.enumerate();
            entries.for_each(|(entry, row)| put(*row, holds(entry)));
        }
    }
    Some(found)
}
