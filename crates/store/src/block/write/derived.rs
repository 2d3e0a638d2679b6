//! What compaction knows of each span within its trace.

use tracewell_parquet::{Cells, Values};

use super::cells::{Buffers, TooLarge, full, refill, refill_some, sparse};
use crate::block::schema::Fixed;

/// The derived columns of a row group, one entry per row in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DerivedRows {
    /// Row of the parent in the file; `None` for a root or a parent elsewhere.
    pub(crate) parent_row: Vec<Option<u32>>,
    /// Steps up to a span without parent in the file.
    pub(crate) depth: Vec<u32>,
    /// The span and all below it.
    pub(crate) subtree_spans: Vec<u32>,
    /// Duration that no child covers, ns; `None` for all of it.
    pub(crate) self_ns: Vec<Option<i64>>,
    /// Share of the critical path of the trace, ns; 0 off it, `None` when it is
    /// the span's self time.
    pub(crate) critical_ns: Vec<Option<i64>>,
    /// The root of the span's trace, as a place in `roots`.
    pub(crate) root: Vec<u32>,
    /// Service and name of roots.
    pub(crate) roots: Vec<(String, String)>,
    /// Duration of the trace, ns, on the first row of each trace in the block.
    pub(crate) trace_duration_ns: Vec<Option<i64>>,
}

impl DerivedRows {
    /// Whether every column has this many rows and every root exists.
    pub(super) fn fits(&self, rows: usize) -> bool {
        let lengths = [
            self.parent_row.len(),
            self.depth.len(),
            self.subtree_spans.len(),
            self.self_ns.len(),
            self.critical_ns.len(),
            self.root.len(),
            self.trace_duration_ns.len(),
        ];
        let roots = self.roots.len();
        lengths.iter().all(|length| *length == rows)
            && self.root.iter().all(|root| (*root as usize) < roots)
    }

    /// The cells of a derived column.
    pub(super) fn cells<'b>(
        &'b self,
        column: Fixed,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        let rows = self.depth.len();
        let int64 = |column: &[Option<i64>], out: &'b mut Buffers| {
            refill_some(&mut out.present, &mut out.i64s, column.iter().copied());
            sparse(rows, &out.present, Values::I64(&out.i64s))
        };
        let int32 = |column: &[u32], out: &'b mut Buffers| {
            let values = column.iter().map(|value| *value as i32);
            full(Values::I32(refill(&mut out.i32s, values)))
        };
        Ok(match column {
            Fixed::ParentRow => {
                let values = self.parent_row.iter().map(|row| row.map(|row| row as i32));
                refill_some(&mut out.present, &mut out.i32s, values);
                sparse(rows, &out.present, Values::I32(&out.i32s))
            }
            Fixed::Depth => int32(&self.depth, out),
            Fixed::SubtreeSpans => int32(&self.subtree_spans, out),
            Fixed::SelfNs => int64(&self.self_ns, out),
            Fixed::CriticalNs => int64(&self.critical_ns, out),
            Fixed::TraceDurationNs => int64(&self.trace_duration_ns, out),
            Fixed::RootName => self.roots(|(_, name)| name, out)?,
            Fixed::RootService => self.roots(|(service, _)| service, out)?,
            _ => unreachable!("not a derived column"),
        })
    }

    fn roots<'b>(
        &'b self,
        text: impl Fn(&(String, String)) -> &String,
        out: &'b mut Buffers,
    ) -> Result<Cells<'b>, TooLarge> {
        out.texts.clear();
        for root in &self.roots {
            out.texts.push(text(root))?;
        }
        Ok(full(out.texts.coded(&self.root)))
    }
}

/// A derived column that is not known yet: null in every row.
pub(super) fn none(column: Fixed, rows: usize) -> Cells<'static> {
    let values = match column {
        Fixed::SelfNs | Fixed::CriticalNs | Fixed::TraceDurationNs => Values::I64(&[]),
        Fixed::RootService | Fixed::RootName => Values::Coded {
            codes: &[],
            ends: &[],
            bytes: &[],
        },
        _ => Values::I32(&[]),
    };
    sparse(rows, &[], values)
}
