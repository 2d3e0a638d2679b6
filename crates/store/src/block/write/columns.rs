//! The columns that every span has, gathered in the order of a row group.

use tracewell_model::batch::columns::{SparseU32, StrColumn};
use tracewell_parquet::{Cells, Values};

use super::cells::{Buffers, TooLarge, full, refill, refill_some, sparse};
use super::derived::{self, DerivedRows};
use super::rows::{Rows, Spread};
use super::source::Source;
use crate::block::schema::Fixed;

/// A row group of the batch, as far as every span has it.
#[derive(Debug)]
pub(super) struct FixedColumns<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) rows: &'a Rows<'a>,
    pub(super) derived: Option<&'a DerivedRows>,
}

impl FixedColumns<'_> {
    /// The cells of a column other than `attributes`, which is left to whoever
    /// knows what the attribute columns hold.
    pub(super) fn cells<'b>(
        &'b self,
        column: Fixed,
        spread: &'b mut Spread,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        let (source, rows) = (self.source, self.rows);
        let spans = source.batch.spans();
        let codes = |of: &'b [u32]| rows.iter().map(move |row| of[row]);
        Ok(match column {
            Fixed::TraceId => {
                let ids = rows.iter().map(|row| spans.trace_id[row].0);
                full(Values::Fixed16(refill(&mut out.ids_16, ids)))
            }
            Fixed::SpanId => {
                let ids = rows.iter().map(|row| spans.span_id[row].0);
                full(Values::Fixed8(refill(&mut out.ids_8, ids)))
            }
            Fixed::ParentSpanId => {
                let parents = rows.iter().map(|row| spans.parent_span_id[row]);
                let parents = parents.map(|id| (!id.is_zero()).then_some(id.0));
                refill_some(&mut out.present, &mut out.ids_8, parents);
                sparse(rows.len(), &out.present, Values::Fixed8(&out.ids_8))
            }
            Fixed::TraceState => text_or_null(&spans.trace_state, rows, out),
            Fixed::StatusMessage => text_or_null(&spans.status_message, rows, out),
            Fixed::Name => {
                let codes = refill(&mut out.codes, codes(&spans.name.codes));
                full(text(&spans.name, codes))
            }
            Fixed::Flags => int32(out, rows.iter().map(|row| spans.flags[row] as i32)),
            Fixed::Kind => int32(out, rows.iter().map(|row| spans.kind[row])),
            Fixed::StatusCode => int32(out, rows.iter().map(|row| spans.status_code[row])),
            Fixed::StartNs => int64(out, rows.iter().map(|row| spans.start_ns[row] as i64)),
            Fixed::DurationNs => int64(out, rows.iter().map(|row| spans.duration_ns[row])),
            Fixed::Failed => {
                let failed = rows.iter().map(|row| source.failed.contains(row));
                full(Values::Bool(refill(&mut out.bools, failed)))
            }
            Fixed::DroppedAttributes => dropped(&spans.dropped_attributes, rows, spread, out),
            Fixed::DroppedEvents => dropped(&spans.dropped_events, rows, spread, out),
            Fixed::DroppedLinks => dropped(&spans.dropped_links, rows, spread, out),
            Fixed::ServiceName => {
                let named = &source.services.named;
                let codes = codes(&spans.resource).map(|code| named[code as usize].then_some(code));
                refill_some(&mut out.present, &mut out.codes, codes);
                let values = source.services.names.coded(&out.codes);
                sparse(rows.len(), &out.present, values)
            }
            Fixed::Resource => {
                let codes = refill(&mut out.codes, codes(&spans.resource));
                full(source.messages.resources.coded(codes))
            }
            Fixed::Scope => {
                let codes = refill(&mut out.codes, codes(&spans.scope));
                full(source.messages.scopes.coded(codes))
            }
            Fixed::Attributes => unreachable!("gathered with the attribute columns"),
            Fixed::Events => source.messages.events(rows, out)?,
            Fixed::Links => source.messages.links(rows, out)?,
            Fixed::ParentRow
            | Fixed::Depth
            | Fixed::SubtreeSpans
            | Fixed::SelfNs
            | Fixed::CriticalNs
            | Fixed::RootService
            | Fixed::RootName
            | Fixed::TraceDurationNs => match self.derived {
                Some(derived) => derived.cells(column, out)?,
                None => derived::none(column, rows.len()),
            },
        })
    }
}

fn int32(out: &mut Buffers, values: impl Iterator<Item = i32>) -> Cells<'_> {
    full(Values::I32(refill(&mut out.i32s, values)))
}

fn int64(out: &mut Buffers, values: impl Iterator<Item = i64>) -> Cells<'_> {
    full(Values::I64(refill(&mut out.i64s, values)))
}

/// The column with other codes.
pub(super) fn text<'b>(column: &'b StrColumn, codes: &'b [u32]) -> Values<'b> {
    Values::Coded {
        codes,
        ends: column.dict.ends(),
        bytes: column.dict.text().as_bytes(),
    }
}

/// Text that is nearly always empty, and null where it is.
fn text_or_null<'b>(column: &'b StrColumn, rows: &Rows<'_>, out: &'b mut Buffers) -> Cells<'b> {
    let ends = column.dict.ends();
    let is_text = |code: u32| {
        let code = code as usize;
        ends[code] > if code == 0 { 0 } else { ends[code - 1] }
    };
    if column.dict.text().is_empty() {
        out.present.clear();
        out.codes.clear();
    } else {
        let codes = rows.iter().map(|row| column.codes[row]);
        let codes = codes.map(|code| is_text(code).then_some(code));
        refill_some(&mut out.present, &mut out.codes, codes);
    }
    sparse(rows.len(), &out.present, text(column, &out.codes))
}

/// A number that is nearly always zero, and null where it is.
fn dropped<'b>(
    column: &SparseU32,
    rows: &Rows<'_>,
    spread: &'b mut Spread,
    out: &'b mut Buffers,
) -> Cells<'b> {
    spread.fill(rows, column.rows(), |_, _| {});
    let values = spread.entries.iter();
    let values = values.map(|entry| column.values()[*entry as usize] as i32);
    let values = Values::I32(refill(&mut out.i32s, values));
    sparse(rows.len(), &spread.present, values)
}
