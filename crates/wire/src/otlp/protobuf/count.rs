//! Counts messages at the end of a path of fields.

use crate::WireError;
use crate::fields::Cursor;
use crate::otlp::step::Step;

pub(in crate::otlp) fn count(body: &[u8], steps: &[Step]) -> Option<u64> {
    below(Cursor::new(body, 0), steps).ok()
}

fn below(mut fields: Cursor<'_>, steps: &[Step]) -> Result<u64, WireError> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(1);
    };
    let mut sum = 0;
    while !fields.is_done() {
        let tag = fields.tag()?;
        if tag & 7 == 2 && step.numbers.contains(&(tag >> 3)) {
            sum += below(fields.message()?, rest)?;
        } else {
            fields.skip(tag, 0)?;
        }
    }
    Ok(sum)
}
