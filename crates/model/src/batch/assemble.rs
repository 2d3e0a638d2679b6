//! A batch put together from columns that somebody else keeps: how a block
//! reader hands over what it read, without touching every row.
//!
//! Whole columns come as they are. What a block stores as OTLP messages
//! (resources, scopes, events, links, rare attributes) goes through the
//! builder of the row it belongs to. Everything is checked when the batch is
//! finished: **no batch leaves here that would make a reader index outside a
//! table.** The result may be partial: fixed columns that were not read are
//! filled with zeros and empty texts, so every accessor stays safe.

use super::builder::SpanBatchBuilder;
use super::columns::{AttributeColumn, ColumnValues, SparseU32, StrColumn, Strings};
use super::{Level, SpanBatch, SpanColumns};
use crate::any_value::AnyValue;
use crate::ids::SpanId;
use crate::rows::RowSet;

/// Why columns do not make a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// A column has more or fewer rows than the batch has spans.
    #[error("column {0} has another length than the others")]
    Length(&'static str),
    /// A dictionary code, an owner row or a reference points nowhere.
    #[error("column {0} points outside its table")]
    Reference(&'static str),
    /// Owner rows of an attribute column do not ascend.
    #[error("rows of an attribute column do not ascend")]
    Order,
    /// An encoded value is not an `AnyValue`.
    #[error("an attribute value is malformed")]
    Value,
}

/// Collects the columns of one batch; see the module's text.
#[derive(Debug, Default)]
pub struct BatchAssembler {
    builder: SpanBatchBuilder,
    attributes: Vec<AttributeColumn>,
    failed: Option<RowSet>,
}

impl BatchAssembler {
    /// An empty assembler.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The builder, ready for attributes, events and links of the span `row`,
    /// and at any time for resources and scopes. Rows MUST come in ascending
    /// order; spans themselves are never pushed here.
    pub fn builder_at(&mut self, row: u32) -> &mut SpanBatchBuilder {
        let ids = &mut self.builder.batch.spans.span_id;
        debug_assert!(ids.len() <= row as usize, "rows must ascend");
        ids.resize(row as usize, SpanId::default());
        &mut self.builder
    }

    /// Adds a column of attributes. Should the builder get attributes of the
    /// same level, key and type, they follow those of this column.
    pub fn attribute_column(&mut self, column: AttributeColumn) {
        self.attributes.push(column);
    }

    /// States which spans failed, for a batch that may lack what
    /// [`crate::failure::failed_rows`] would look at.
    pub fn failed(&mut self, rows: RowSet) {
        self.failed = Some(rows);
    }

    /// The batch of these spans. Ids, parents, starts and durations must be
    /// there; other columns may be empty, which stands for zeros, empty texts,
    /// and one empty resource and scope for all.
    ///
    /// # Errors
    /// The first thing that does not fit together.
    pub fn finish(mut self, mut spans: SpanColumns) -> Result<SpanBatch, AssembleError> {
        let n = spans.trace_id.len();
        if spans.resource.is_empty() {
            let row = self.builder.resource(b"", 0, b"");
            spans.resource = vec![row.expect("an empty text is UTF-8"); n];
        }
        if spans.scope.is_empty() {
            let row = self.builder.scope(b"", b"", b"", 0);
            spans.scope = vec![row.expect("an empty text is UTF-8"); n];
        }
        let mut batch = self.builder.finish();
        fill_fixed(&mut spans, n)?;
        check_references(
            "resource",
            &spans.resource,
            batch.level_len(Level::Resource),
        )?;
        check_references("scope", &spans.scope, batch.level_len(Level::Scope))?;
        batch.spans = spans;
        check_references("events", &batch.events.span_row, n)?;
        check_references("links", &batch.links.span_row, n)?;
        for column in self.attributes.into_iter().filter(|c| !c.rows.is_empty()) {
            check_attribute(&column, batch.level_len(column.level))?;
            add_attribute(&mut batch.attributes, column);
        }
        for column in batch.attributes.iter().filter(|c| c.level == Level::Span) {
            check_references("attributes", &column.rows, n)?;
        }
        let overflow = batch.overflow.levels.iter().zip(&batch.overflow.rows);
        for (_, row) in overflow.filter(|(level, _)| **level == Level::Span) {
            check_references("attributes", &[*row], n)?;
        }
        if self
            .failed
            .as_ref()
            .is_some_and(|rows| rows.table_len() != n)
        {
            return Err(AssembleError::Length("failed"));
        }
        batch.failed = self.failed;
        Ok(batch)
    }
}

impl Strings {
    /// Texts that stand one after another in `text`; `ends[i]` is where text
    /// `i` ends. `None` when the ends do not ascend to the end of the text on
    /// character boundaries.
    #[must_use]
    pub fn from_parts(ends: Vec<u32>, text: String) -> Option<Self> {
        let ascending =
            ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == text.len();
        let whole = ascending && ends.iter().all(|end| text.is_char_boundary(*end as usize));
        whole.then_some(Self { ends, text })
    }
}

impl SparseU32 {
    /// From one number per row.
    #[must_use]
    pub fn from_values(values: impl Iterator<Item = u32>) -> Self {
        let mut sparse = Self::default();
        for (row, value) in values.enumerate() {
            sparse.push(row as u32, value);
        }
        sparse
    }
}

fn fill_fixed(spans: &mut SpanColumns, n: usize) -> Result<(), AssembleError> {
    let lengths = [
        ("span_id", spans.span_id.len()),
        ("parent_span_id", spans.parent_span_id.len()),
        ("start_ns", spans.start_ns.len()),
        ("duration_ns", spans.duration_ns.len()),
    ];
    if let Some((name, _)) = lengths.iter().find(|(_, len)| *len != n) {
        return Err(AssembleError::Length(name));
    }
    fill_numbers("flags", &mut spans.flags, n)?;
    fill_numbers("kind", &mut spans.kind, n)?;
    fill_numbers("status_code", &mut spans.status_code, n)?;
    fill_numbers("resource", &mut spans.resource, n)?;
    fill_numbers("scope", &mut spans.scope, n)?;
    fill_text("trace_state", &mut spans.trace_state, n)?;
    fill_text("name", &mut spans.name, n)?;
    fill_text("status_message", &mut spans.status_message, n)?;
    check_references("dropped_attributes", &spans.dropped_attributes.rows, n)?;
    check_references("dropped_events", &spans.dropped_events.rows, n)?;
    check_references("dropped_links", &spans.dropped_links.rows, n)
}

fn fill_numbers<T: Clone + Default>(
    name: &'static str,
    column: &mut Vec<T>,
    n: usize,
) -> Result<(), AssembleError> {
    if column.is_empty() {
        column.resize(n, T::default());
    }
    if column.len() == n {
        Ok(())
    } else {
        Err(AssembleError::Length(name))
    }
}

fn fill_text(name: &'static str, column: &mut StrColumn, n: usize) -> Result<(), AssembleError> {
    if column.is_empty() && n > 0 {
        let code = column.dict.push("");
        column.codes.resize(n, code);
    }
    if column.len() != n {
        return Err(AssembleError::Length(name));
    }
    check_references(name, &column.codes, column.dict.len())
}

fn check_references(
    name: &'static str,
    references: &[u32],
    table_len: usize,
) -> Result<(), AssembleError> {
    match references.iter().max() {
        Some(largest) if *largest as usize >= table_len => Err(AssembleError::Reference(name)),
        _ => Ok(()),
    }
}

fn check_attribute(column: &AttributeColumn, owners: usize) -> Result<(), AssembleError> {
    if column.values.len() != column.rows.len() {
        return Err(AssembleError::Length("attributes"));
    }
    if !column.rows.is_sorted() {
        return Err(AssembleError::Order);
    }
    check_references("attributes", &column.rows, owners)?;
    match &column.values {
        ColumnValues::Str(values) => {
            check_references("attributes", &values.codes, values.dict.len())
        }
        ColumnValues::Other(values) => {
            let well_formed = |index| AnyValue::check(values.get(index)).is_ok();
            if (0..values.len()).all(well_formed) {
                Ok(())
            } else {
                Err(AssembleError::Value)
            }
        }
        _ => Ok(()),
    }
}

/// Adds a column, or joins it with the one of the same level, key and type.
fn add_attribute(columns: &mut Vec<AttributeColumn>, mut column: AttributeColumn) {
    let same = |other: &AttributeColumn| {
        other.level == column.level
            && other.key == column.key
            && other.values.value_type() == column.values.value_type()
    };
    let Some(index) = columns.iter().position(same) else {
        columns.push(column);
        return;
    };
    let later = columns.swap_remove(index);
    column.rows.extend_from_slice(&later.rows);
    column.values.append(&later.values);
    let mut order: Vec<usize> = (0..column.rows.len()).collect();
    // Stable: of one row, entries of the first column stay first.
    order.sort_by_key(|entry| column.rows[*entry]);
    columns.push(AttributeColumn {
        level: column.level,
        key: column.key,
        rows: order.iter().map(|entry| column.rows[*entry]).collect(),
        values: column.values.reordered(&order),
    });
}

impl ColumnValues {
    fn len(&self) -> usize {
        match self {
            Self::Str(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Bytes(values) | Self::Other(values) => values.len(),
        }
    }

    /// Appends values of the same type.
    pub(in crate::batch) fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Str(to), Self::Str(from)) => {
                let first = to.dict.len() as u32;
                from.dict.iter().for_each(|text| {
                    to.dict.push(text);
                });
                to.codes.extend(from.codes.iter().map(|code| first + code));
            }
            (Self::Int(to), Self::Int(from)) => to.extend_from_slice(from),
            (Self::Double(to), Self::Double(from)) => to.extend_from_slice(from),
            (Self::Bool(to), Self::Bool(from)) => to.extend_from_slice(from),
            (Self::Bytes(to), Self::Bytes(from)) | (Self::Other(to), Self::Other(from)) => {
                (0..from.len()).for_each(|entry| to.push(from.get(entry)));
            }
            _ => unreachable!("columns of one type are joined"),
        }
    }

    pub(in crate::batch) fn reordered(&self, order: &[usize]) -> Self {
        let entries = order.iter().copied();
        match self {
            Self::Str(values) => Self::Str(StrColumn {
                codes: entries.map(|entry| values.codes[entry]).collect(),
                dict: values.dict.clone(),
            }),
            Self::Int(values) => Self::Int(entries.map(|entry| values[entry]).collect()),
            Self::Double(values) => Self::Double(entries.map(|entry| values[entry]).collect()),
            Self::Bool(values) => Self::Bool(entries.map(|entry| values[entry]).collect()),
            Self::Bytes(values) | Self::Other(values) => {
                let mut blobs = super::columns::Blobs::default();
                entries.for_each(|entry| blobs.push(values.get(entry)));
                if matches!(self, Self::Bytes(_)) {
                    Self::Bytes(blobs)
                } else {
                    Self::Other(blobs)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::builder::RawValue;
    use crate::batch::view::BatchView;
    use crate::failure::failed_rows;
    use crate::ids::TraceId;
    use crate::span_kind::SpanKind;

    fn spans(n: usize) -> SpanColumns {
        SpanColumns {
            trace_id: vec![TraceId([1; 16]); n],
            span_id: vec![SpanId([2; 8]); n],
            parent_span_id: vec![SpanId::default(); n],
            start_ns: vec![5; n],
            duration_ns: vec![7; n],
            ..SpanColumns::default()
        }
    }

    fn column(rows: &[u32], texts: &[&str]) -> AttributeColumn {
        let mut values = StrColumn::default();
        for text in texts {
            let code = values.dict.push(text);
            values.codes.push(code);
        }
        AttributeColumn {
            level: Level::Span,
            key: "k".into(),
            rows: rows.to_vec(),
            values: ColumnValues::Str(values),
        }
    }

    #[test]
    fn a_partial_batch_reads_as_empty_where_nothing_was_given() {
        let mut assembler = BatchAssembler::new();
        assembler.failed(RowSet::from_fn(3, |row| row == 1));
        let batch = assembler.finish(spans(3)).unwrap();
        let view = BatchView::new(&batch);
        let span = view.span(2);
        assert_eq!(
            (span.name(), span.service(), span.kind()),
            ("", "", SpanKind::Unspecified)
        );
        assert_eq!(failed_rows(&batch).iter().collect::<Vec<_>>(), [1]);
        assert!(BatchAssembler::new().finish(spans(0)).unwrap().is_empty());
    }

    #[test]
    fn attributes_of_column_and_builder_become_one_column() {
        let mut assembler = BatchAssembler::new();
        assembler.attribute_column(column(&[0, 2], &["a", "c"]));
        for (row, text) in [(0, "a2"), (1, "b")] {
            let builder = assembler.builder_at(row);
            let value = RawValue::Str(text.as_bytes());
            builder.attribute(Level::Span, row, b"k", value).unwrap();
        }
        let batch = assembler.finish(spans(3)).unwrap();
        let view = BatchView::new(&batch);
        let texts: Vec<Vec<String>> = view
            .spans()
            .map(|span| span.attributes().map(|(_, v)| format!("{v:?}")).collect())
            .collect();
        assert_eq!(
            texts,
            [
                vec!["Str(\"a\")", "Str(\"a2\")"],
                vec!["Str(\"b\")"],
                vec!["Str(\"c\")"]
            ]
        );
        assert_eq!(batch.attributes().len(), 1);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let short = SpanColumns {
            kind: vec![1],
            ..spans(2)
        };
        assert_eq!(
            BatchAssembler::new().finish(short),
            Err(AssembleError::Length("kind"))
        );
        let code = SpanColumns {
            name: StrColumn {
                codes: vec![0, 1],
                dict: Strings::from_parts(vec![1], "a".into()).unwrap(),
            },
            ..spans(2)
        };
        assert_eq!(
            BatchAssembler::new().finish(code),
            Err(AssembleError::Reference("name"))
        );
        let nowhere = SpanColumns {
            resource: vec![0, 3],
            ..spans(2)
        };
        assert_eq!(
            BatchAssembler::new().finish(nowhere),
            Err(AssembleError::Reference("resource"))
        );
        for (rows, want) in [
            (&[1, 0], AssembleError::Order),
            (&[0, 2], AssembleError::Reference("attributes")),
        ] {
            let mut assembler = BatchAssembler::new();
            assembler.attribute_column(column(rows, &["a", "b"]));
            assert_eq!(assembler.finish(spans(2)), Err(want));
        }
        let mut assembler = BatchAssembler::new();
        assembler.builder_at(2).event(1, b"late", 0).unwrap();
        assert_eq!(
            assembler.finish(spans(2)),
            Err(AssembleError::Reference("events"))
        );
        for (ends, text) in [(vec![2, 1], "ab"), (vec![1], "ab"), (vec![1, 2], "é")] {
            assert_eq!(Strings::from_parts(ends, text.into()), None);
        }
    }
}
