//! Reading side of the batch encoding; see the parent for the layout.

use super::CodecError;
use crate::any_value::AnyValue;
use crate::batch::columns::{
    AttributeColumn, Blobs, ColumnValues, OverflowColumn, SparseU32, StrColumn, Strings,
};
use crate::batch::{
    EventTable, Level, LinkTable, MAX_ATTRIBUTE_COLUMNS, ResourceTable, ScopeTable, SpanBatch,
    SpanColumns,
};
use crate::ids::{SpanId, TraceId};

type Result<T> = std::result::Result<T, CodecError>;

struct Reader<'a>(&'a [u8]);

/// Rows of each level's table.
type Counts = [usize; 5];

pub(super) fn batch(bytes: &[u8]) -> Result<SpanBatch> {
    let mut reader = Reader(bytes);
    let version = reader.byte()?;
    if version != super::VERSION {
        return Err(CodecError::Version(version));
    }
    let mut counts: Counts = [0; 5];
    for count in &mut counts {
        *count = reader.count()?;
    }
    let columns = reader.count()?;
    if columns > MAX_ATTRIBUTE_COLUMNS {
        return Err(CodecError::Damaged("too many attribute columns"));
    }
    let overflow = reader.count()?;
    let batch = SpanBatch {
        spans: reader.spans(&counts)?,
        resources: ResourceTable {
            schema_url: reader.text(counts[Level::Resource as usize])?,
            dropped_attributes: reader.sparse(counts[Level::Resource as usize])?,
            entity_refs: reader.blobs_exactly(counts[Level::Resource as usize])?,
        },
        scopes: reader.scopes(counts[Level::Scope as usize])?,
        events: reader.events(&counts)?,
        links: reader.links(&counts)?,
        attributes: (0..columns)
            .map(|_| reader.attribute(&counts))
            .collect::<Result<_>>()?,
        overflow: reader.overflow(overflow, &counts)?,
        failed: None,
    };
    if !reader.0.is_empty() {
        return Err(CodecError::Damaged("bytes follow the end"));
    }
    Ok(batch)
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(CodecError::Damaged("ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::Damaged("number too long"))
    }

    /// A count of things of which each takes at least one byte further on.
    fn count(&mut self) -> Result<usize> {
        let count = self.varint()?;
        if count > self.0.len() as u64 {
            return Err(CodecError::Damaged("count exceeds the data"));
        }
        Ok(count as usize)
    }

    fn zigzag(&mut self) -> Result<i64> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    fn deltas(&mut self, count: usize) -> Result<Vec<u64>> {
        let mut value = 0u64;
        let mut next = || {
            value = value.wrapping_add(self.zigzag()? as u64);
            Ok(value)
        };
        (0..count).map(|_| next()).collect()
    }

    fn ascending(&mut self, count: usize, table_len: usize) -> Result<Vec<u32>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let dense = self.byte()? == 1;
        let mut row = self.varint()?;
        let out_of_table = CodecError::Damaged("row outside its table");
        if row >= table_len as u64 {
            return Err(out_of_table);
        }
        if dense {
            if row + count as u64 > table_len as u64 {
                return Err(out_of_table);
            }
            return Ok((row as u32..row as u32 + count as u32).collect());
        }
        if count > self.0.len() + 1 {
            return Err(CodecError::Damaged("count exceeds the data"));
        }
        let mut rows = Vec::with_capacity(count);
        rows.push(row as u32);
        for _ in 1..count {
            row = row
                .checked_add(self.varint()?)
                .filter(|row| *row < table_len as u64)
                .ok_or(out_of_table)?;
            rows.push(row as u32);
        }
        Ok(rows)
    }

    fn u32s(&mut self, count: usize) -> Result<Vec<u32>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        Ok(match self.byte()? {
            0 => vec![0; count],
            1 => self
                .take(count)?
                .iter()
                .map(|byte| u32::from(*byte))
                .collect(),
            2 => {
                let bytes = self.take(count.saturating_mul(2))?.as_chunks::<2>().0;
                bytes
                    .iter()
                    .map(|pair| u32::from(u16::from_le_bytes(*pair)))
                    .collect()
            }
            4 => {
                let bytes = self.take(count.saturating_mul(4))?.as_chunks::<4>().0;
                bytes.iter().map(|four| u32::from_le_bytes(*four)).collect()
            }
            _ => return Err(CodecError::Damaged("unknown width of numbers")),
        })
    }

    /// Numbers that each name a row of a table.
    fn rows_of(&mut self, count: usize, table_len: usize) -> Result<Vec<u32>> {
        let rows = self.u32s(count)?;
        if rows.iter().any(|row| *row as usize >= table_len) {
            return Err(CodecError::Damaged("row outside its table"));
        }
        Ok(rows)
    }

    fn i32s(&mut self, count: usize) -> Result<Vec<i32>> {
        Ok(self
            .u32s(count)?
            .into_iter()
            .map(|value| value as i32)
            .collect())
    }

    fn trace_ids(&mut self, count: usize) -> Result<Vec<TraceId>> {
        let bytes = self.take(count.saturating_mul(16))?;
        Ok(bytes
            .as_chunks::<16>()
            .0
            .iter()
            .map(|id| TraceId(*id))
            .collect())
    }

    fn span_ids(&mut self, count: usize) -> Result<Vec<SpanId>> {
        let bytes = self.take(count.saturating_mul(8))?;
        Ok(bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|id| SpanId(*id))
            .collect())
    }

    fn sparse(&mut self, table_len: usize) -> Result<SparseU32> {
        let count = self.count()?;
        Ok(SparseU32 {
            rows: self.ascending(count, table_len)?,
            values: self.u32s(count)?,
        })
    }

    fn lengths(&mut self) -> Result<(Vec<u32>, &'a [u8])> {
        let count = self.count()?;
        let mut end = 0u64;
        let mut ends = Vec::with_capacity(count);
        for _ in 0..count {
            end = end.saturating_add(self.varint()?);
            ends.push(u32::try_from(end).map_err(|_| CodecError::Damaged("text too long"))?);
        }
        Ok((ends, self.take(end as usize)?))
    }

    fn strings(&mut self) -> Result<Strings> {
        let (ends, bytes) = self.lengths()?;
        let text = simdutf8::basic::from_utf8(bytes)
            .map_err(|_| CodecError::Damaged("text is not UTF-8"))?;
        if !ends.iter().all(|end| text.is_char_boundary(*end as usize)) {
            return Err(CodecError::Damaged("text is not UTF-8"));
        }
        Ok(Strings {
            ends,
            text: text.to_owned(),
        })
    }

    fn text(&mut self, count: usize) -> Result<StrColumn> {
        if count == 0 {
            return Ok(StrColumn::default());
        }
        let dict = self.strings()?;
        let codes = self.rows_of(count, dict.len())?;
        Ok(StrColumn { codes, dict })
    }

    fn blobs_exactly(&mut self, count: usize) -> Result<Blobs> {
        let (ends, bytes) = self.lengths()?;
        if ends.len() != count {
            return Err(CodecError::Damaged("columns differ in length"));
        }
        Ok(Blobs {
            ends,
            bytes: bytes.to_vec(),
        })
    }

    fn any_values(&mut self, count: usize) -> Result<Blobs> {
        let blobs = self.blobs_exactly(count)?;
        if (0..count).any(|index| AnyValue::check(blobs.get(index)).is_err()) {
            return Err(CodecError::Damaged("malformed attribute value"));
        }
        Ok(blobs)
    }

    fn spans(&mut self, counts: &Counts) -> Result<SpanColumns> {
        let n = counts[Level::Span as usize];
        Ok(SpanColumns {
            trace_id: self.trace_ids(n)?,
            span_id: self.span_ids(n)?,
            parent_span_id: self.span_ids(n)?,
            trace_state: self.text(n)?,
            flags: self.u32s(n)?,
            name: self.text(n)?,
            kind: self.i32s(n)?,
            start_ns: self.deltas(n)?,
            duration_ns: (0..n).map(|_| self.zigzag()).collect::<Result<_>>()?,
            status_code: self.i32s(n)?,
            status_message: self.text(n)?,
            dropped_attributes: self.sparse(n)?,
            dropped_events: self.sparse(n)?,
            dropped_links: self.sparse(n)?,
            resource: self.rows_of(n, counts[Level::Resource as usize])?,
            scope: self.rows_of(n, counts[Level::Scope as usize])?,
        })
    }

    fn scopes(&mut self, n: usize) -> Result<ScopeTable> {
        Ok(ScopeTable {
            name: self.text(n)?,
            version: self.text(n)?,
            schema_url: self.text(n)?,
            dropped_attributes: self.sparse(n)?,
        })
    }

    fn events(&mut self, counts: &Counts) -> Result<EventTable> {
        let n = counts[Level::Event as usize];
        Ok(EventTable {
            span_row: self.ascending(n, counts[Level::Span as usize])?,
            time_ns: self.deltas(n)?,
            name: self.text(n)?,
            dropped_attributes: self.sparse(n)?,
        })
    }

    fn links(&mut self, counts: &Counts) -> Result<LinkTable> {
        let n = counts[Level::Link as usize];
        Ok(LinkTable {
            span_row: self.ascending(n, counts[Level::Span as usize])?,
            trace_id: self.trace_ids(n)?,
            span_id: self.span_ids(n)?,
            trace_state: self.text(n)?,
            flags: self.u32s(n)?,
            dropped_attributes: self.sparse(n)?,
        })
    }

    fn level(&mut self) -> Result<Level> {
        let number = self.byte()? as usize;
        Level::ALL
            .get(number)
            .copied()
            .ok_or(CodecError::Damaged("unknown level"))
    }

    fn attribute(&mut self, counts: &Counts) -> Result<AttributeColumn> {
        let level = self.level()?;
        let value_type = self.byte()?;
        let key_len = self.count()?;
        let key = std::str::from_utf8(self.take(key_len)?)
            .map_err(|_| CodecError::Damaged("key is not UTF-8"))?
            .into();
        let n = self.count()?;
        let rows = self.ascending(n, counts[level as usize])?;
        let values = match value_type {
            0 => ColumnValues::Str(self.text(n)?),
            1 => ColumnValues::Int((0..n).map(|_| self.zigzag()).collect::<Result<_>>()?),
            2 => {
                let bytes = self.take(n.saturating_mul(8))?.as_chunks::<8>().0;
                ColumnValues::Double(bytes.iter().map(|v| f64::from_le_bytes(*v)).collect())
            }
            3 => ColumnValues::Bool(self.take(n)?.iter().map(|byte| *byte != 0).collect()),
            4 => ColumnValues::Bytes(self.blobs_exactly(n)?),
            5 => ColumnValues::Other(self.any_values(n)?),
            _ => return Err(CodecError::Damaged("unknown type of values")),
        };
        Ok(AttributeColumn {
            level,
            key,
            rows,
            values,
        })
    }

    fn overflow(&mut self, n: usize, counts: &Counts) -> Result<OverflowColumn> {
        let levels = (0..n).map(|_| self.level()).collect::<Result<Vec<_>>>()?;
        let rows = self.u32s(n)?;
        if levels
            .iter()
            .zip(&rows)
            .any(|(level, row)| *row as usize >= counts[*level as usize])
        {
            return Err(CodecError::Damaged("row outside its table"));
        }
        let keys = self.strings()?;
        if keys.len() != n {
            return Err(CodecError::Damaged("columns differ in length"));
        }
        Ok(OverflowColumn {
            levels,
            rows,
            keys,
            values: self.any_values(n)?,
        })
    }
}
