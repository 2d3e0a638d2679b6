//! Links, which Zipkin does not have: the Collector writes each as a tag
//! `otlp.link.0` with the text `traceId|spanId|traceState|attributes|dropped`.

use tracewell_model::batch::builder::LinkHeader;
use tracewell_model::{AnyValue, SpanId, TraceId};

use super::annotation::behind_last_bar;
use super::json_attributes::read;
use crate::notes::Notes;
use crate::room::NoRoom;

/// A link and its attributes.
pub(super) type Link<'t> = (LinkHeader<'t>, Vec<(String, AnyValue)>);

/// Does a tag hold a link?
pub(super) fn is_link(key: &[u8]) -> bool {
    let number = key.strip_prefix(b"otlp.link.");
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// Reads the text of such a tag; `None` when it is something else.
pub(super) fn read_link<'t>(
    text: &'t [u8],
    notes: &mut Notes<'_>,
) -> Result<Option<Link<'t>>, NoRoom> {
    let Some((header, attributes)) = parts(text) else {
        return Ok(None);
    };
    let attributes = match attributes {
        b"" => Some(Vec::new()),
        attributes => read(attributes, notes)?,
    };
    Ok(attributes.map(|attributes| (header, attributes)))
}

fn parts(text: &[u8]) -> Option<(LinkHeader<'_>, &[u8])> {
    let (trace, rest) = before_bar(text)?;
    let (span, rest) = before_bar(rest)?;
    let (rest, dropped) = behind_last_bar(rest)?;
    // A trace state may have bars in it.
    let bar = match rest.windows(2).position(|pair| pair == b"|{") {
        Some(bar) => bar,
        None => rest
            .len()
            .checked_sub(1)
            .filter(|last| rest[*last] == b'|')?,
    };
    let header = LinkHeader {
        trace_id: TraceId::parse_hex(std::str::from_utf8(trace).ok()?).ok()?,
        span_id: SpanId::parse_hex(std::str::from_utf8(span).ok()?).ok()?,
        trace_state: &rest[..bar],
        dropped_attributes: dropped,
        ..LinkHeader::default()
    };
    Some((header, &rest[bar + 1..]))
}

fn before_bar(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let bar = text.iter().position(|byte| *byte == b'|')?;
    Some((&text[..bar], &text[bar + 1..]))
}
