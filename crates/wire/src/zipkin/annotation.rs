//! The text of an annotation as an event.
//!
//! Zipkin's own annotations are a text and nothing else. OpenTelemetry's
//! exporters put the attributes of an event behind or around its name, each in
//! its own way:
//!
//! | text | of |
//! |---|---|
//! | `{"name": {"k": "v"}}` | the SDK for Python |
//! | `"name": {"k": "v"}` | the specification |
//! | `name\|{"k":"v"}\|0` | the Collector |

use std::borrow::Cow;

use serde_json::Value;
use tracewell_model::AnyValue;

use super::json_attributes::{any_value, parse, read};
use crate::notes::Notes;
use crate::room::NoRoom;

/// An event.
#[derive(Debug, PartialEq)]
pub(super) struct Event<'t> {
    pub(super) name: Cow<'t, [u8]>,
    pub(super) attributes: Vec<(String, AnyValue)>,
    pub(super) dropped: u32,
}

/// Reads the text of an annotation.
pub(super) fn event<'t>(text: &'t [u8], notes: &mut Notes<'_>) -> Result<Event<'t>, NoRoom> {
    let told = match text {
        [b'{', .., b'}'] => named_object(text, notes)?,
        [b'"', .., b'}'] => quoted_name(text, notes)?,
        [.., b'0'..=b'9'] => between_bars(text, notes)?,
        _ => None,
    };
    Ok(told.unwrap_or(Event {
        name: Cow::Borrowed(text),
        attributes: Vec::new(),
        dropped: 0,
    }))
}

fn named_object<'t>(text: &'t [u8], notes: &mut Notes<'_>) -> Result<Option<Event<'t>>, NoRoom> {
    let Some(Value::Object(outer)) = parse(text, notes)? else {
        return Ok(None);
    };
    let mut members = outer.into_iter();
    let (Some((name, Value::Object(attributes))), None) = (members.next(), members.next()) else {
        return Ok(None);
    };
    let attributes = attributes.into_iter();
    Ok(Some(Event {
        name: Cow::Owned(name.into_bytes()),
        attributes: attributes
            .map(|(key, value)| (key, any_value(value, 0, notes)))
            .collect(),
        dropped: 0,
    }))
}

/// The same without the braces around it.
fn quoted_name<'t>(text: &'t [u8], notes: &mut Notes<'_>) -> Result<Option<Event<'t>>, NoRoom> {
    named_object(&[b"{", text, b"}"].concat(), notes).map(|event| {
        event.map(|event| Event {
            name: Cow::Owned(event.name.into_owned()),
            attributes: event.attributes,
            dropped: event.dropped,
        })
    })
}

fn between_bars<'t>(text: &'t [u8], notes: &mut Notes<'_>) -> Result<Option<Event<'t>>, NoRoom> {
    let Some(begin) = text.windows(2).position(|pair| pair == b"|{") else {
        return Ok(None);
    };
    let (name, rest) = (&text[..begin], &text[begin + 1..]);
    let Some((attributes, dropped)) = behind_last_bar(rest) else {
        return Ok(None);
    };
    Ok(read(attributes, notes)?.map(|attributes| Event {
        name: Cow::Borrowed(name),
        attributes,
        dropped,
    }))
}

/// What stands before the last bar, and the number behind it.
pub(super) fn behind_last_bar(text: &[u8]) -> Option<(&[u8], u32)> {
    let bar = text.iter().rposition(|byte| *byte == b'|')?;
    let number = std::str::from_utf8(&text[bar + 1..]).ok()?.parse().ok()?;
    Some((&text[..bar], number))
}
