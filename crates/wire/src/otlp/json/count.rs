//! Counts objects at the end of a path of names.

use crate::WireError;
use crate::json::Reader;
use crate::otlp::step::Step;

pub(in crate::otlp) fn count(body: &[u8], steps: &[Step]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    below(&mut Reader::new(text), steps).ok()
}

/// Lists of messages count each of them, a single message counts as one.
fn below(reader: &mut Reader<'_>, steps: &[Step]) -> Result<u64, WireError> {
    let mut sum = 0;
    if reader.is_list() {
        reader.array("items", |reader, _| {
            sum += below(reader, steps)?;
            Ok(())
        })?;
        return Ok(sum);
    }
    let Some((step, rest)) = steps.split_first() else {
        return reader.skip().map(|_| 1);
    };
    reader.object(|reader, name| {
        if step.names.contains(&name) {
            sum += below(reader, rest)?;
            return Ok(());
        }
        reader.skip().map(drop)
    })?;
    Ok(sum)
}
