//! Reading side of the index file; see the parent for the layout.

use tracewell_model::batch::columns::ValueType;
use tracewell_model::store::{AttributeKey, Operation};
use tracewell_model::{Level, SpanKind, TraceId};

use super::{KeyEntry, ParquetChecks, RowGroup, Sidecar, TRACE_STRIDE};
use crate::block::schema::Fixed;
use crate::block::trace_filter::TraceFilter;

/// What is wrong with the bytes.
pub(super) struct Misfit(pub(super) &'static str);

type Result<T> = std::result::Result<T, Misfit>;

pub(super) fn body(bytes: &[u8]) -> Result<Sidecar> {
    let mut reader = Reader(bytes);
    let spans = reader.varint()?;
    let sidecar = Sidecar {
        spans,
        traces: reader.varint()?,
        min_start_ns: reader.u64()?,
        max_start_ns: reader.u64()?,
        parquet: reader.parquet()?,
        row_groups: reader.row_groups(spans)?,
        trace_index: reader.trace_index(spans)?,
        services_exact: reader.byte()? == 1,
        operations: reader.operations()?,
        keys: reader.keys()?,
        filter: reader.filter()?,
    };
    if !reader.0.is_empty() {
        return Err(Misfit("bytes follow the end"));
    }
    Ok(sidecar)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(Misfit("ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Misfit("ends too early"))?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
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
        Err(Misfit("number too long"))
    }

    /// A count of things that take at least `each` bytes.
    fn count(&mut self, each: usize) -> Result<usize> {
        let count = self.varint()?;
        if count > (self.0.len() / each) as u64 {
            return Err(Misfit("count exceeds the data"));
        }
        Ok(count as usize)
    }

    fn text(&mut self) -> Result<String> {
        let len = self.count(1)?;
        let bytes = self.take(len)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Misfit("text is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn parquet(&mut self) -> Result<ParquetChecks> {
        let (file_bytes, pages_end, tail_crc) = (self.u64()?, self.u64()?, self.u32()?);
        if pages_end > file_bytes {
            return Err(Misfit("pages end after the file"));
        }
        let pages = self.count(4)?;
        Ok(ParquetChecks {
            file_bytes,
            pages_end,
            tail_crc,
            page_crcs: (0..pages).map(|_| self.u32()).collect::<Result<_>>()?,
        })
    }

    fn row_groups(&mut self, spans: u64) -> Result<Vec<RowGroup>> {
        let count = self.count(17)?;
        let mut groups = Vec::with_capacity(count);
        let mut rows_so_far = 0u64;
        for _ in 0..count {
            let rows = self.varint()?;
            rows_so_far = rows_so_far.saturating_add(rows);
            if rows == 0 || rows_so_far > spans {
                return Err(Misfit("row groups do not add up"));
            }
            groups.push(RowGroup {
                rows: rows as usize,
                min_start_ns: self.u64()?,
                max_start_ns: self.u64()?,
            });
        }
        if rows_so_far != spans {
            return Err(Misfit("row groups do not add up"));
        }
        Ok(groups)
    }

    fn trace_index(&mut self, spans: u64) -> Result<Vec<TraceId>> {
        if self.varint()? != TRACE_STRIDE as u64 {
            return Err(Misfit("trace index has an unknown stride"));
        }
        let count = spans.div_ceil(TRACE_STRIDE as u64) + u64::from(spans > 0);
        if count > (self.0.len() / 16) as u64 {
            return Err(Misfit("count exceeds the data"));
        }
        let ids: Vec<TraceId> = (0..count)
            .map(|_| Ok(TraceId(self.array()?)))
            .collect::<Result<_>>()?;
        if !ids.is_sorted() {
            return Err(Misfit("trace index does not ascend"));
        }
        Ok(ids)
    }

    fn operations(&mut self) -> Result<Vec<Operation>> {
        let mut operations = Vec::new();
        for _ in 0..self.count(2)? {
            let service = self.text()?;
            for _ in 0..self.count(4)? {
                operations.push(Operation {
                    service: service.clone(),
                    name: self.text()?,
                    kind: SpanKind::from_otlp(i32::try_from(self.varint()?).unwrap_or(0)),
                    spans: self.varint()?,
                    failed: self.varint()?,
                });
            }
        }
        Ok(operations)
    }

    fn keys(&mut self) -> Result<Vec<KeyEntry>> {
        let count = self.count(6)?;
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            let level = Level::ALL.get(self.byte()? as usize).copied();
            let value_type = value_type(self.byte()?);
            let key = AttributeKey {
                level: level.ok_or(Misfit("unknown level"))?,
                value_type: value_type.ok_or(Misfit("unknown type of values"))?,
                key: self.text()?,
            };
            let (count, elsewhere) = (self.varint()?, self.varint()?);
            let column = match self.varint()? as usize {
                0 => None,
                column if column < Fixed::ALL.len() => {
                    return Err(Misfit("attribute in a column of another kind"));
                }
                column => Some(column),
            };
            keys.push(KeyEntry {
                key,
                count,
                elsewhere,
                column,
            });
        }
        if !keys.is_sorted_by(|a, b| a.key < b.key) {
            return Err(Misfit("keys do not ascend"));
        }
        Ok(keys)
    }

    fn filter(&mut self) -> Result<TraceFilter> {
        let buckets = self.count(1)?;
        let lengths: Vec<u32> = (0..buckets)
            .map(|_| u32::try_from(self.varint()?).map_err(|_| Misfit("number too large")))
            .collect::<Result<_>>()?;
        let (prints, rest) = self.0.as_chunks::<2>();
        let prints = prints
            .iter()
            .map(|print| u16::from_le_bytes(*print))
            .collect();
        self.0 = rest;
        TraceFilter::from_parts(&lengths, prints).ok_or(Misfit("trace filter does not add up"))
    }
}

fn value_type(number: u8) -> Option<ValueType> {
    [
        ValueType::Str,
        ValueType::Int,
        ValueType::Double,
        ValueType::Bool,
        ValueType::Bytes,
        ValueType::Other,
    ]
    .get(number as usize)
    .copied()
}
