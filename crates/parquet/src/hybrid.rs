//! The RLE / bit-packed hybrid of the format: definition levels and indices
//! into dictionaries.
//!
//! ```text
//! run      varint count << 1,      the value in whole bytes
//!       or varint groups << 1 | 1, groups × 8 values, bit packed
//! ```

use std::ops::Range;

use crate::bits;
use crate::error::DecodeError;
use crate::thrift::{put_varint, varint};

/// A run of equal values this long is worth its own header.
const MIN_RUN: usize = 8;

/// Appends `values`, each below 2^`width`.
pub(crate) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while at < values.len() {
        let rest = &values[at..];
        // Most groups end here: neighbours that differ.
        let run = match rest {
            [a, b, ..] if a != b => 1,
            [a, ..] => rest.iter().take_while(|value| *value == a).count(),
            [] => 0,
        };
        if run >= MIN_RUN || run == rest.len() {
            encode_packed(&values[packed_from..at], width, out);
            encode_run(rest[0], run, width, out);
            at += run;
            packed_from = at;
        } else {
            at = (at + 8).min(values.len());
        }
    }
    encode_packed(&values[packed_from..], width, out);
}

fn encode_run(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    put_varint(out, (count as u64) << 1);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

fn encode_packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    put_varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    bits::pack(values.iter().map(|value| u64::from(*value)), width, out);
    out.resize(end, 0);
}

/// Appends the levels of `rows` rows: bit `i` of `present` is row `i`. Words
/// that are all equal become runs, so empty and full stretches cost little.
pub(crate) fn encode_levels(present: &[u64], rows: usize, out: &mut Vec<u8>) {
    let class = |index: usize| {
        let left = rows - index * 64;
        let full = if left >= 64 {
            u64::MAX
        } else {
            (1 << left) - 1
        };
        match present[index] & full {
            0 => Some(0),
            word if word == full => Some(1),
            _ => None,
        }
    };
    let words = rows.div_ceil(64);
    let mut at = 0;
    while at < words {
        let kind = class(at);
        let end = (at + 1..words).find(|index| class(*index) != kind);
        let end = end.unwrap_or(words);
        let count = (end * 64).min(rows) - at * 64;
        match kind {
            Some(value) => encode_run(value, count, 1, out),
            None => {
                let groups = count.div_ceil(8);
                put_varint(out, (groups as u64) << 1 | 1);
                let packed = out.len();
                out.extend(present[at..end].iter().flat_map(|word| word.to_le_bytes()));
                out.truncate(packed + groups);
            }
        }
        at = end;
    }
}

/// Values next to one another that are stored the same way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run<'a> {
    /// One value many times.
    Equal(u32, usize),
    /// Bit packed; the bytes hold at least that many.
    Packed(&'a [u8], usize),
}

/// The runs of a hybrid, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Runs<'a> {
    bytes: &'a [u8],
    at: usize,
    width: u32,
    left: usize,
    part: &'static str,
}

impl<'a> Runs<'a> {
    /// `count` values of `width` bits (at most 32); `part` names them in errors.
    pub(crate) fn new(bytes: &'a [u8], width: u32, count: usize, part: &'static str) -> Self {
        Self {
            bytes,
            at: 0,
            width,
            left: count,
            part,
        }
    }

    fn damaged(&self, reason: &'static str) -> DecodeError {
        DecodeError::damaged(self.part, self.at, reason)
    }

    /// The next run, cut where the values end; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Run<'a>>, DecodeError> {
        while self.left > 0 {
            let rest = &self.bytes[self.at..];
            let head = varint(rest).ok_or_else(|| self.damaged("ends before all values"))?;
            let (head, head_bytes) = head;
            let rest = &rest[head_bytes..];
            let count = usize::try_from(head >> 1).unwrap_or(usize::MAX);
            let (run, run_bytes) = if head & 1 == 0 {
                let bytes = self.width.div_ceil(8) as usize;
                let value = rest.get(..bytes);
                let value = value.ok_or_else(|| self.damaged("run without its value"))?;
                let mut word = [0; 4];
                word[..bytes].copy_from_slice(value);
                let count = count.min(self.left);
                (Run::Equal(u32::from_le_bytes(word), count), bytes)
            } else {
                let bytes = count.saturating_mul(self.width as usize).min(rest.len());
                let count = count.saturating_mul(8).min(self.left);
                if bytes * 8 < count * self.width as usize {
                    return Err(self.damaged("packed run is longer than the bytes there are"));
                }
                (Run::Packed(&rest[..bytes], count), bytes)
            };
            self.at += head_bytes + run_bytes;
            let (Run::Equal(_, count) | Run::Packed(_, count)) = run;
            self.left -= count;
            if count > 0 {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    /// Appends the values of `ranges` (ascending, below the count) alone.
    pub(crate) fn select(
        mut self,
        ranges: &[Range<usize>],
        out: &mut Vec<u32>,
    ) -> Result<(), DecodeError> {
        let mut ranges = ranges.iter().filter(|range| !range.is_empty()).cloned();
        let mut wanted = ranges.next();
        let mut start = 0;
        while wanted.is_some() {
            let Some(run) = self.next()? else {
                return Err(self.damaged("ends before all values"));
            };
            let (Run::Equal(_, count) | Run::Packed(_, count)) = run;
            let end = start + count;
            while let Some(range) = wanted.as_mut().filter(|range| range.start < end) {
                let take = range.start..range.end.min(end);
                match run {
                    Run::Equal(value, _) => out.resize(out.len() + take.len(), value),
                    Run::Packed(bytes, _) => {
                        bits::unpack(bytes, self.width, take.start - start, take.len(), out);
                    }
                }
                range.start = take.end;
                if range.start == range.end {
                    wanted = ranges.next();
                }
            }
            start = end;
        }
        Ok(())
    }
}
