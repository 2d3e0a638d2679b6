//! Reading side of the index file; see the parent for the layout.

use tracewell_model::batch::columns::ValueType;
use tracewell_model::store::AttributeKey;
use tracewell_model::{Level, SpanKind};

use super::encode::{BEGINS_WITHIN, HAS_ALIKE, HAS_DERIVED, SERVICES_EXACT};
use super::sections::Place;
use super::{Core, ENDS_SINCE, KeyEntry, RowGroup, SUMS_SINCE, directory, keys};
use crate::block::catalogue::OperationGroups;
use crate::block::catalogue::{Catalogue, ReadOperation, ReadService};
use crate::block::schema::{Fixed, ROW_GROUP_ROWS};

/// What is wrong with the bytes.
pub(super) struct Misfit(pub(super) &'static str);

pub(super) type Result<T> = std::result::Result<T, Misfit>;

pub(super) fn core(bytes: &[u8], version: u32) -> Result<Core> {
    let mut reader = Reader(bytes);
    let head = reader.head(version)?;
    let mut services: Vec<ReadService<'_>> = Vec::new();
    reader.operations(&mut |service, operation| match services.last_mut() {
        Some(last) if last.name == service => last.operations.push(operation),
        _ => services.push(ReadService {
            name: service,
            operations: vec![operation],
        }),
    })?;
    let catalogue = Catalogue::of(services);
    let (keys, unlisted_keys) = keys::keep(reader.keys()?);
    if !reader.0.is_empty() {
        return Err(Misfit("bytes follow the end"));
    }
    let core = Core {
        catalogue,
        keys,
        unlisted_keys,
        ..head
    };
    check(&core)?;
    Ok(core)
}

/// Shows every operation of a core, also those that memory does not keep.
pub(super) fn operations<'a>(
    bytes: &'a [u8],
    version: u32,
    each: &mut dyn FnMut(&'a str, ReadOperation<'a>),
) -> Result<()> {
    let mut reader = Reader(bytes);
    reader.head(version)?;
    reader.operations(each)
}

/// Do the places lie within the file, and do columns have pages?
fn check(core: &Core) -> Result<()> {
    let of_groups = core.row_groups.iter();
    let places = of_groups.flat_map(|group| [group.directory, group.tokens, group.sums]);
    for place in places.chain([core.traces_place, core.tokens]) {
        let end = place
            .stored_bytes()
            .and_then(|bytes| bytes.checked_add(place.offset));
        if end.is_none_or(|end| end > core.sections_bytes) {
            return Err(Misfit("a section lies outside the file"));
        }
    }
    let last = core.keys.iter().filter_map(|entry| entry.column).max();
    let columns = last.map_or(Fixed::ALL.len(), |last| last + 1);
    let mut groups = core.row_groups.iter();
    if groups.any(|group| directory::columns(group.directory, group.rows) < columns) {
        return Err(Misfit("a column has no pages"));
    }
    Ok(())
}

/// Takes what it reads from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(Misfit("ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Misfit("ends too early"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
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
    pub(super) fn count(&mut self, each: usize) -> Result<usize> {
        let count = self.varint()?;
        if count > (self.0.len() / each) as u64 {
            return Err(Misfit("count exceeds the data"));
        }
        Ok(count as usize)
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        let len = self.count(1)?;
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map_err(|_| Misfit("text is not UTF-8"))
    }

    /// One of these, by its number.
    pub(super) fn place_in<'t, T>(&mut self, of: &'t [T]) -> Result<&'t T> {
        let place = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        of.get(place).ok_or(Misfit("a number points nowhere"))
    }

    fn place(&mut self) -> Result<Place> {
        let (offset, bytes) = (self.varint()?, self.varint()?);
        Ok(Place { offset, bytes })
    }

    /// What comes before the services.
    fn head(&mut self, version: u32) -> Result<Core> {
        let (spans, traces) = (self.varint()?, self.varint()?);
        let (min_start_ns, max_start_ns) = (self.u64()?, self.u64()?);
        let flags = self.byte()?;
        let (parquet_bytes, parquet_crc) = (self.u64()?, self.u32()?);
        let sections_bytes = self.u64()?;
        Ok(Core {
            spans,
            traces,
            min_start_ns,
            max_start_ns,
            services_exact: flags & SERVICES_EXACT != 0,
            has_derived: flags & HAS_DERIVED != 0,
            parquet_bytes,
            parquet_crc,
            sections_bytes,
            row_groups: self.row_groups(spans, version)?,
            traces_place: self.place()?,
            tokens: self.place()?,
            ..Core::default()
        })
    }

    fn row_groups(&mut self, spans: u64, version: u32) -> Result<Vec<RowGroup>> {
        let count = self.count(21)?;
        let mut groups = Vec::with_capacity(count);
        let mut rows_so_far = 0u64;
        for _ in 0..count {
            let rows = self.varint()?;
            rows_so_far = rows_so_far.saturating_add(rows);
            if rows == 0 || rows > ROW_GROUP_ROWS as u64 {
                return Err(Misfit("a row group has an impossible size"));
            }
            if rows_so_far > spans {
                return Err(Misfit("row groups do not add up"));
            }
            let (min_start_ns, max_start_ns) = (self.u64()?, self.u64()?);
            let max_end_ns = if version >= ENDS_SINCE {
                self.u64()?
            } else {
                max_start_ns
            };
            let (directory, tokens) = (self.place()?, self.place()?);
            // What an earlier version did not look at may be.
            let (mut has_alike, mut begins_within) = (true, true);
            let (mut traces, mut sums) = (0, Place::default());
            if version >= SUMS_SINCE {
                let flags = self.byte()?;
                has_alike = flags & HAS_ALIKE != 0;
                begins_within = flags & BEGINS_WITHIN != 0;
                traces = self.varint()?;
                sums = self.place()?;
            }
            groups.push(RowGroup {
                rows: rows as usize,
                min_start_ns,
                max_start_ns,
                max_end_ns,
                directory,
                tokens,
                has_alike,
                begins_within,
                traces,
                sums,
            });
        }
        if rows_so_far != spans {
            return Err(Misfit("row groups do not add up"));
        }
        Ok(groups)
    }

    /// Service after service.
    fn operations(&mut self, each: &mut dyn FnMut(&'a str, ReadOperation<'a>)) -> Result<()> {
        for _ in 0..self.count(2)? {
            let service = self.text()?;
            for _ in 0..self.count(6)? {
                let operation = ReadOperation {
                    name: self.text()?,
                    kind: SpanKind::from_otlp(i32::try_from(self.varint()?).unwrap_or(0)),
                    spans: self.varint()?,
                    failed: self.varint()?,
                    groups: OperationGroups {
                        all: self.varint()?,
                        failed: self.varint()?,
                    },
                };
                each(service, operation);
            }
        }
        Ok(())
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
                key: self.text()?.to_owned(),
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
