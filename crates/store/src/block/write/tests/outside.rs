//! A block's Parquet file as another program sees it.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::{Level, SpanBatchBuilder, SpanHeader, SpanId, TraceId};
use tracewell_testkit::{TestSpan, flatten};
use tracewell_wire::otlp::parts;

use crate::files::faulty::FaultyFiles;
use crate::files::{Access, Files, read_exact_at};

/// A file that was opened.
pub(super) struct Outside {
    rows: Vec<RecordBatch>,
    group_rows: Vec<usize>,
}

impl Outside {
    pub(super) fn open(files: &FaultyFiles, block: &str) -> Self {
        let path = Path::new(super::DIR).join(format!("{block}.parquet"));
        let file = files.open(&path, Access::Read).unwrap();
        let mut bytes = vec![0; file.size().unwrap() as usize];
        read_exact_at(&*file, &mut bytes, 0).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
        let groups = reader.metadata().row_groups().iter();
        Self {
            group_rows: groups.map(|group| group.num_rows() as usize).collect(),
            rows: reader.build().unwrap().map(Result::unwrap).collect(),
        }
    }

    pub(super) fn group_rows(&self) -> &[usize] {
        &self.group_rows
    }

    /// Names of the columns of attributes.
    pub(super) fn attribute_columns(&self) -> Vec<String> {
        let schema = self.rows[0].schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        names.filter(|name| name.starts_with("span.")).collect()
    }

    pub(super) fn ints(&self, column: &str) -> Vec<Option<i32>> {
        let parts = self.column(column);
        parts
            .flat_map(|part| part.as_primitive::<Int32Type>().iter().collect::<Vec<_>>())
            .collect()
    }

    pub(super) fn longs(&self, column: &str) -> Vec<Option<i64>> {
        let parts = self.column(column);
        parts
            .flat_map(|part| part.as_primitive::<Int64Type>().iter().collect::<Vec<_>>())
            .collect()
    }

    pub(super) fn texts(&self, column: &str) -> Vec<Option<String>> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let parts = self.column(column);
        parts
            .flat_map(|part| {
                part.as_string::<i32>()
                    .iter()
                    .map(owned)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn column(&self, name: &str) -> impl Iterator<Item = &ArrayRef> {
        self.rows
            .iter()
            .map(move |rows| rows.column_by_name(name).unwrap())
    }

    /// All spans, put together from the documented columns alone.
    pub(super) fn spans(&self) -> Vec<TestSpan> {
        let mut builder = SpanBatchBuilder::new();
        for rows in &self.rows {
            (0..rows.num_rows()).for_each(|row| add_span(&mut builder, &Row { rows, row }));
        }
        flatten(&builder.finish())
    }
}

/// One row of the file.
struct Row<'a> {
    rows: &'a RecordBatch,
    row: usize,
}

impl<'a> Row<'a> {
    fn cell(&self, column: &str) -> Option<&'a ArrayRef> {
        let array = self.rows.column_by_name(column).unwrap();
        array.is_valid(self.row).then_some(array)
    }

    fn int(&self, column: &str) -> i32 {
        let cell = self.cell(column);
        cell.map_or(0, |cell| cell.as_primitive::<Int32Type>().value(self.row))
    }

    fn long(&self, column: &str) -> i64 {
        let cell = self.cell(column).unwrap();
        cell.as_primitive::<Int64Type>().value(self.row)
    }

    fn text(&self, column: &str) -> &'a str {
        let cell = self.cell(column);
        cell.map_or("", |cell| cell.as_string::<i32>().value(self.row))
    }

    fn message(&self, column: &str) -> &'a [u8] {
        let cell = self.cell(column);
        cell.map_or(b"", |cell| cell.as_binary::<i32>().value(self.row))
    }

    fn id<const N: usize>(&self, column: &str) -> [u8; N] {
        let cell = self.cell(column);
        cell.map_or([0; N], |cell| {
            let bytes = cell.as_fixed_size_binary().value(self.row);
            bytes.try_into().unwrap()
        })
    }
}

fn add_span(builder: &mut SpanBatchBuilder, row: &Row<'_>) {
    let resource = parts::read_resource(builder, row.message("resource")).unwrap();
    let scope = parts::read_scope(builder, row.message("scope")).unwrap();
    add_attribute_columns(builder, row);
    for part in ["attributes", "events", "links"] {
        let message = row.message(part);
        assert_eq!(row.cell(part).is_some(), !message.is_empty(), "{part}");
        parts::read_span_parts(builder, message).unwrap();
    }
    let start_ns = row.long("start_ns") as u64;
    let dropped = |column: &str| {
        assert_ne!(row.cell(column).map(|_| row.int(column)), Some(0));
        row.int(column) as u32
    };
    let header = SpanHeader {
        trace_id: TraceId(row.id("trace_id")),
        span_id: SpanId(row.id("span_id")),
        parent_span_id: SpanId(row.id("parent_span_id")),
        trace_state: row.text("trace_state").as_bytes(),
        flags: row.int("flags") as u32,
        name: row.text("name").as_bytes(),
        kind: row.int("kind"),
        start_ns,
        end_ns: start_ns.wrapping_add(row.long("duration_ns") as u64),
        status_code: row.int("status_code"),
        status_message: row.text("status_message").as_bytes(),
        dropped_attributes: dropped("dropped_attributes"),
        dropped_events: dropped("dropped_events"),
        dropped_links: dropped("dropped_links"),
        resource,
        scope,
    };
    builder.span(&header).unwrap();
}

fn add_attribute_columns(builder: &mut SpanBatchBuilder, row: &Row<'_>) {
    let schema = row.rows.schema();
    for (field, array) in schema.fields().iter().zip(row.rows.columns()) {
        let Some(key) = field.name().strip_prefix("span.") else {
            continue;
        };
        let known = [":str", ":int", ":double", ":bool"].iter();
        let suffix = known.copied().find(|suffix| key.ends_with(suffix));
        let key = suffix.map_or(key, |suffix| &key[..key.len() - suffix.len()]);
        if array.is_null(row.row) {
            continue;
        }
        let value = if let Some(texts) = array.as_string_opt::<i32>() {
            RawValue::Str(texts.value(row.row).as_bytes())
        } else if let Some(values) = array.as_primitive_opt::<Int64Type>() {
            RawValue::Int(values.value(row.row))
        } else if let Some(values) = array.as_primitive_opt::<Float64Type>() {
            RawValue::Double(values.value(row.row))
        } else {
            RawValue::Bool(array.as_boolean().value(row.row))
        };
        let span = builder.next_span();
        builder
            .attribute(Level::Span, span, key.as_bytes(), value)
            .unwrap();
    }
}
