//! Attributes that exporters put as JSON into the text of an annotation or tag.

use serde_json::Value;
use tracewell_model::AnyValue;
use tracewell_model::any_value::MAX_DEPTH;

use crate::notes::Notes;
use crate::repaired::{CUT, Repair};
use crate::room::{NoRoom, STEP_BYTES};

/// What a JSON tree may cost for each byte of its text: an object of one
/// member is seven bytes of text, and a node of a tree with room for eleven.
const TREE_BYTES_PER_BYTE: usize = 128;

/// The members of a JSON object as attributes; `None` for other text.
pub(super) fn read(
    text: &[u8],
    notes: &mut Notes<'_>,
) -> Result<Option<Vec<(String, AnyValue)>>, NoRoom> {
    let Some(Value::Object(members)) = parse(text, notes)? else {
        return Ok(None);
    };
    let attributes = members
        .into_iter()
        .map(|(key, value)| (key, any_value(value, 0, notes)));
    Ok(Some(attributes.collect()))
}

/// Text that is JSON as a tree.
pub(super) fn parse(text: &[u8], notes: &mut Notes<'_>) -> Result<Option<Value>, NoRoom> {
    if text.len() * TREE_BYTES_PER_BYTE > STEP_BYTES {
        notes.ask_for(text.len() * TREE_BYTES_PER_BYTE)?;
    }
    Ok(serde_json::from_slice(text).ok())
}

/// A JSON value; deeper than values may be it is cut, with a mark.
pub(super) fn any_value(value: Value, depth: usize, notes: &mut Notes<'_>) -> AnyValue {
    match value {
        Value::Null => AnyValue::Empty,
        Value::Bool(value) => AnyValue::Bool(value),
        Value::String(text) => AnyValue::String(text),
        Value::Number(number) => match number.as_i64() {
            Some(value) => AnyValue::Int(value),
            None => AnyValue::Double(number.as_f64().unwrap_or_default()),
        },
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
            notes.repaired.count(Repair::Nesting, 1);
            AnyValue::String(CUT.to_owned())
        }
        Value::Array(items) => {
            let items = items.into_iter();
            AnyValue::Array(
                items
                    .map(|item| any_value(item, depth + 1, notes))
                    .collect(),
            )
        }
        Value::Object(members) => {
            let members = members.into_iter();
            let pairs = members.map(|(key, value)| (key, any_value(value, depth + 1, notes)));
            AnyValue::KvList(pairs.collect())
        }
    }
}
