//! A value as text, where a name, a label or a pattern wants one. **All components that
//! need a text make the same of a value.**

use std::borrow::Cow;

use serde_json::Value as Json;
use tracewell_model::ValueRef;
use tracewell_wire::any_json::any_json;

/// Text as it is, the rest as JSON.
pub(crate) fn text_of(value: ValueRef<'_>) -> Cow<'_, str> {
    match value {
        ValueRef::Str(text) => Cow::Borrowed(text),
        other => match any_json(&other.to_any(), Json::from) {
            Json::String(text) => text.into(),
            Json::Null => "".into(),
            json => json.to_string().into(),
        },
    }
}
