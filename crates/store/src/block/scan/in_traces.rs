//! Which rows of a row group belong to traces that fulfil a condition on the whole
//! trace, by the derived columns of a merged block; of one that is only sealed they are
//! derived here.
//!
//! What is found so is true of traces that lie wholly here. **Rows that may be parted are
//! always among the answer.**

use super::super::parted::PartedRows;
use super::super::prune;
use super::super::read::Reader;
use super::super::schema::Fixed;
use super::super::{Block, BlockError};
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::derive::{Deriver, TraceTimes};
use tracewell_model::filter::{Condition, Field, Intrinsic};
use tracewell_model::store::ScanColumns;
use tracewell_model::tree::{TraceSpans, parent_ids, structure_columns};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, SpanKind, ValueRef};

impl Block {
    /// `None` where the block cannot tell.
    ///
    /// # Errors
    /// The request was cancelled.
    pub(super) fn rows_of_traces(
        &self,
        reader: &Reader<'_>,
        group: usize,
        traces: &SpanFilter,
        parted: &PartedRows,
    ) -> Result<Option<RowSet>, BlockError> {
        let decided = if self.index.core.has_derived {
            self.by_columns(reader, group, traces)
        } else {
            self.by_deriving(reader, group, traces)
        };
        match decided {
            Ok(None) => Ok(None),
            Ok(Some(mut rows)) => {
                rows.unite(&parted.of_group(group, rows.table_len()));
                Ok(Some(rows))
            }
            // Whether spans are lost shows when they are read.
            Err(error) => self.do_without(error).map(|()| None),
        }
    }

    fn by_columns(
        &self,
        reader: &Reader<'_>,
        group: usize,
        traces: &SpanFilter,
    ) -> Result<Option<RowSet>, BlockError> {
        let (begins, durations_ns) = reader.numbers(group, Fixed::TraceDurationNs)?;
        let fulfil = traces.decide(begins.len(), &mut |field, condition| {
            let roots = |column| -> Result<_, BlockError> {
                let texts = reader.text(group, column)?;
                let of_begins = begins.iter().map(|row| texts.codes[*row as usize]);
                Ok(Some(texts_hold(&texts, of_begins, condition)))
            };
            match field {
                Field::Intrinsic(Intrinsic::TraceDuration) => {
                    Ok(Some(durations_hold(&durations_ns, condition)))
                }
                Field::Intrinsic(Intrinsic::RootName) => roots(Fixed::RootName),
                Field::Intrinsic(Intrinsic::RootService) => roots(Fixed::RootService),
                _ => Ok(None),
            }
        })?;
        let rows = self.index.core.row_groups[group].rows;
        Ok(fulfil.map(|fulfil| rows_of(&fulfil, &begins, rows)))
    }

    fn by_deriving(
        &self,
        reader: &Reader<'_>,
        group: usize,
        traces: &SpanFilter,
    ) -> Result<Option<RowSet>, BlockError> {
        let wanted = ScanColumns {
            services: true,
            ..structure_columns()
        };
        let columns = prune::visitor_columns(&wanted, &self.index);
        let columns: Vec<usize> = columns.into_iter().collect();
        let spans = reader.batch(group, &columns, None)?;
        let derived = Traces::of(&spans);
        let services = spans.resource_services();
        let fulfil =
            traces.decide::<BlockError>(derived.begins.len(), &mut |field, condition| {
                let without = condition.holds(ValueRef::Str(""));
                let roots = |of_root: &dyn Fn(usize) -> bool| {
                    RowSet::from_fn(derived.begins.len(), |trace| {
                        derived.roots[trace].map_or(without, |row| of_root(row as usize))
                    })
                };
                let holds = |text: &str| condition.holds(ValueRef::Str(text));
                let columns = spans.spans();
                Ok(match field {
                    Field::Intrinsic(Intrinsic::TraceDuration) => {
                        Some(durations_hold(&derived.durations_ns, condition))
                    }
                    Field::Intrinsic(Intrinsic::RootName) => {
                        Some(roots(&|row| holds(columns.name.get(row))))
                    }
                    Field::Intrinsic(Intrinsic::RootService) => Some(roots(&|row| {
                        holds(services[columns.resource[row] as usize])
                    })),
                    _ => None,
                })
            })?;
        Ok(fulfil.map(|fulfil| rows_of(&fulfil, &derived.begins, spans.len())))
    }
}

/// What is derived of the traces of a row group, each one run of rows by start.
#[derive(Default)]
struct Traces {
    begins: Vec<u32>,
    durations_ns: Vec<i64>,
    roots: Vec<Option<u32>>,
}

impl Traces {
    fn of(batch: &SpanBatch) -> Self {
        let spans = batch.spans();
        let kinds = spans.kind.iter().map(|kind| SpanKind::from_otlp(*kind));
        let kinds: Vec<SpanKind> = kinds.collect();
        let parents = parent_ids(batch);
        let (mut traces, mut deriver, mut begin) = (Self::default(), Deriver::new(), 0);
        for run in spans.trace_id.chunk_by(|a, b| a == b) {
            let rows = begin..begin + run.len();
            let derived = deriver.derive(
                TraceSpans {
                    span_id: &spans.span_id[rows.clone()],
                    parent_span_id: &parents[rows.clone()],
                    kind: &kinds[rows.clone()],
                },
                TraceTimes {
                    start_ns: &spans.start_ns[rows.clone()],
                    duration_ns: &spans.duration_ns[rows.clone()],
                },
            );
            traces.begins.push(begin as u32);
            traces.durations_ns.push(derived.duration_ns);
            traces
                .roots
                .push(derived.root.map(|root| begin as u32 + root));
            begin = rows.end;
        }
        traces
    }
}

/// The rows of these of the traces that begin there.
fn rows_of(traces: &RowSet, begins: &[u32], rows: usize) -> RowSet {
    let mut of_traces = RowSet::none(rows);
    for trace in traces.iter() {
        let end = begins.get(trace + 1).map_or(rows, |next| *next as usize);
        (begins[trace] as usize..end).for_each(|row| of_traces.insert(row));
    }
    of_traces
}

fn durations_hold(durations_ns: &[i64], condition: &Condition) -> RowSet {
    RowSet::from_fn(durations_ns.len(), |trace| {
        condition.holds(ValueRef::Int(durations_ns[trace]))
    })
}

/// The entries of a column, by code, for which a condition holds.
fn texts_hold(
    column: &StrColumn,
    codes: impl ExactSizeIterator<Item = u32>,
    condition: &Condition,
) -> RowSet {
    let texts = column.dict.iter();
    let holds: Vec<bool> = texts
        .map(|text| condition.holds(ValueRef::Str(text)))
        .collect();
    let mut rows = RowSet::none(codes.len());
    for (entry, code) in codes.enumerate() {
        if holds[code as usize] {
            rows.insert(entry);
        }
    }
    rows
}
