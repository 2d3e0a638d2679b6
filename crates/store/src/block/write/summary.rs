//! What the index file says of a block that was just encoded.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use tracewell_model::batch::columns::ValueType;
use tracewell_model::batch::view::overflow_value;
use tracewell_model::store::AttributeKey;
use tracewell_model::{RowSet, SpanBatch, TraceId, ValueRef};

use super::columns::Columns;
use crate::block::operations;
use crate::block::pages;
use crate::block::schema::Fixed;
use crate::block::sidecar::{KeyEntry, ParquetChecks, RowGroup, Sidecar, TRACE_STRIDE};
use crate::block::trace_filter::TraceFilter;

pub(super) fn sidecar(
    batch: &SpanBatch,
    order: &[u32],
    failed: &RowSet,
    columns: &Columns<'_>,
    parquet: &Bytes,
) -> Result<Sidecar, ParquetError> {
    let ids = &batch.spans().trace_id;
    let id = |row: &u32| ids[*row as usize];
    let mut distinct: Vec<TraceId> = order.iter().map(id).collect();
    distinct.dedup();
    let strides = order.iter().step_by(TRACE_STRIDE).chain(order.last());
    let (min_start_ns, max_start_ns) = start_range(batch, order);
    Ok(Sidecar {
        spans: batch.len() as u64,
        traces: distinct.len() as u64,
        min_start_ns,
        max_start_ns,
        parquet: checks(parquet)?,
        row_groups: columns
            .row_groups()
            .map(|rows| row_group(batch, order, rows))
            .collect(),
        trace_index: strides.map(id).collect(),
        services_exact: columns.services.exact,
        operations: operations::count(batch, failed),
        keys: keys(batch, columns),
        filter: TraceFilter::new(&distinct),
    })
}

fn start_range(batch: &SpanBatch, rows: &[u32]) -> (u64, u64) {
    let starts = || rows.iter().map(|row| batch.spans().start_ns[*row as usize]);
    (starts().min().unwrap_or(0), starts().max().unwrap_or(0))
}

fn row_group(batch: &SpanBatch, order: &[u32], rows: Range<usize>) -> RowGroup {
    let (min_start_ns, max_start_ns) = start_range(batch, &order[rows.clone()]);
    RowGroup {
        rows: rows.len(),
        min_start_ns,
        max_start_ns,
    }
}

fn checks(parquet: &Bytes) -> Result<ParquetChecks, ParquetError> {
    let metadata = ParquetMetaDataReader::new()
        .with_offset_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(parquet)?;
    let pages = pages::pages(&metadata)
        .ok_or_else(|| ParquetError::General("pages without places".to_owned()))?;
    let pages_end = pages
        .last()
        .map_or(0, |page| page.offset + u64::from(page.bytes));
    let crc = |from: u64, to: u64| crc32c::crc32c(&parquet[from as usize..to as usize]);
    let file_bytes = parquet.len() as u64;
    Ok(ParquetChecks {
        file_bytes,
        pages_end,
        tail_crc: crc(pages_end, file_bytes),
        page_crcs: pages
            .iter()
            .map(|page| crc(page.offset, page.offset + u64::from(page.bytes)))
            .collect(),
    })
}

fn keys(batch: &SpanBatch, columns: &Columns<'_>) -> Vec<KeyEntry> {
    let mut entries: BTreeMap<AttributeKey, KeyEntry> = BTreeMap::new();
    let mut add = |key: AttributeKey, count: u64| {
        let entry = entries.entry(key.clone()).or_insert(KeyEntry {
            key,
            count: 0,
            elsewhere: 0,
            column: None,
        });
        entry.count += count;
        entry.elsewhere += count;
    };
    let key_of = |index: usize| {
        let column = &batch.attributes()[index];
        AttributeKey {
            level: column.level,
            key: column.key.to_string(),
            value_type: column.values.value_type(),
        }
    };
    for (index, column) in batch.attributes().iter().enumerate() {
        add(key_of(index), column.rows.len() as u64);
    }
    let overflow = batch.overflow();
    for (entry, level) in overflow.levels.iter().enumerate() {
        let key = AttributeKey {
            level: *level,
            key: overflow.keys.get(entry).to_owned(),
            value_type: value_type(overflow_value(overflow.values.get(entry))),
        };
        add(key, 1);
    }
    for (place, (index, in_column)) in columns.attributes.sources().enumerate() {
        if let Some(entry) = entries.get_mut(&key_of(index)) {
            entry.column = Some(Fixed::ALL.len() + place);
            entry.elsewhere -= in_column as u64;
        }
    }
    entries.into_values().collect()
}

fn value_type(value: ValueRef<'_>) -> ValueType {
    match value {
        ValueRef::Str(_) => ValueType::Str,
        ValueRef::Int(_) => ValueType::Int,
        ValueRef::Double(_) => ValueType::Double,
        ValueRef::Bool(_) => ValueType::Bool,
        ValueRef::Bytes(_) => ValueType::Bytes,
        ValueRef::Other(_) => ValueType::Other,
    }
}
