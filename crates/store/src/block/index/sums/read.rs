//! Sums as a batch, so that the one evaluator of filters and the one fold judge
//! them as they judge spans.

use super::{BUCKETS, HAS_WEIGHTS};
use crate::block::index::decode::{Misfit, Reader, Result};
use crate::block::operations::add_resource;
use crate::block::schema::ROW_GROUP_ROWS;
use tracewell_model::batch::SpanColumns;
use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::store::Weight;
use tracewell_model::{RowSet, SpanBatch, SpanId, TraceId};

/// Sums of a row group, and an example for each look: a row each.
#[derive(Debug)]
pub(in crate::block) struct Sums {
    /// The length of a step, ns: each sum starts at the end of its step, or when the
    /// last span of the row group does.
    pub(in crate::block) step_ns: u64,
    pub(in crate::block) batch: SpanBatch,
    pub(in crate::block) weights: Vec<Weight>,
}

/// What the spans of a look have.
struct Look {
    resource: u32,
    name: u32,
    kind: i32,
    status: i32,
    failed: bool,
}

/// Rows that are put together.
#[derive(Default)]
struct Rows {
    columns: SpanColumns,
    failed: Vec<bool>,
    weights: Vec<Weight>,
}

impl Sums {
    /// Of a section of a row group whose spans start in between; `None` where it has
    /// none.
    pub(in crate::block::index) fn read(
        section: &[u8],
        (first_ns, last_ns): (u64, u64),
    ) -> Result<Option<Self>> {
        if section.is_empty() {
            return Ok(None);
        }
        let mut reader = Reader(section);
        let step_ns = reader.varint()?;
        if step_ns == 0 {
            return Err(Misfit("steps without a length"));
        }
        let has_weights = reader.byte()? & HAS_WEIGHTS != 0;
        let mut assembler = BatchAssembler::new();
        let mut resources = Vec::new();
        for _ in 0..reader.count(1)? {
            let service = match reader.byte()? {
                0 => None,
                _ => Some(reader.text()?),
            };
            resources.push(add_resource(&mut assembler, service));
        }
        let mut rows = Rows::default();
        for _ in 0..reader.count(1)? {
            let name = reader.text()?;
            rows.columns.name.dict.push(name);
        }
        let looks = read_looks(&mut reader, &resources, first_ns, &mut rows)?;
        let mut kinds = Vec::new();
        for _ in 0..reader.count(2)? {
            let look = reader.place_in(&looks)?;
            let bucket = reader.byte()?;
            if usize::from(bucket) >= BUCKETS {
                return Err(Misfit("a bucket that there is not"));
            }
            kinds.push((look, duration_ns(bucket)));
        }
        let mut number = 0u64;
        for _ in 0..reader.count(4)? {
            number = number.saturating_add(reader.varint()?);
            let start_ns = number.saturating_mul(step_ns).min(last_ns);
            let mut kind = 0usize;
            for _ in 0..reader.count(2)? {
                kind = kind.saturating_add(reader.varint()? as usize);
                let (look, duration_ns) = *kinds.get(kind).ok_or(Misfit("a kind is missing"))?;
                let spans = reader.varint()?;
                let adjusted = match has_weights {
                    true => f64::from_bits(reader.u64()?),
                    false => spans as f64,
                };
                rows.push(look, start_ns, duration_ns, Weight { spans, adjusted });
            }
        }
        let columns = &mut rows.columns;
        columns
            .trace_id
            .resize(rows.weights.len(), TraceId::default());
        columns
            .span_id
            .resize(rows.weights.len(), SpanId::default());
        columns.parent_span_id = vec![SpanId::default(); rows.weights.len()];
        let failed = std::mem::take(&mut rows.failed);
        assembler.failed(RowSet::from_fn(failed.len(), |row| failed[row]));
        let batch = assembler.finish(rows.columns);
        let batch = batch.map_err(|_| Misfit("sums do not fit together"))?;
        Ok(Some(Self {
            step_ns,
            batch,
            weights: rows.weights,
        }))
    }
}

/// All looks; their examples become rows.
fn read_looks(
    reader: &mut Reader<'_>,
    resources: &[u32],
    first_ns: u64,
    rows: &mut Rows,
) -> Result<Vec<Look>> {
    const LEAST_BYTES: usize = 5 + 24 + 2;
    let mut looks = Vec::new();
    for _ in 0..reader.count(LEAST_BYTES)? {
        let resource = *reader.place_in(resources)?;
        let name = reader.varint()?;
        if name >= rows.columns.name.dict.len() as u64 {
            return Err(Misfit("a name is missing"));
        }
        let look = Look {
            resource,
            name: name as u32,
            kind: reader.varint()? as u32 as i32,
            status: reader.varint()? as u32 as i32,
            failed: reader.byte()? != 0,
        };
        rows.columns.trace_id.push(TraceId(reader.array()?));
        rows.columns.span_id.push(SpanId(reader.array()?));
        let start_ns = first_ns.saturating_add(reader.varint()?);
        let duration_ns = i64::try_from(reader.varint()?).unwrap_or(i64::MAX);
        let example = Weight {
            spans: 0,
            adjusted: 0.0,
        };
        rows.push(&look, start_ns, duration_ns, example);
        looks.push(look);
    }
    if looks.len() > ROW_GROUP_ROWS {
        return Err(Misfit("more looks than spans"));
    }
    Ok(looks)
}

impl Rows {
    fn push(&mut self, look: &Look, start_ns: u64, duration_ns: i64, weight: Weight) {
        let columns = &mut self.columns;
        columns.start_ns.push(start_ns);
        columns.duration_ns.push(duration_ns);
        columns.name.codes.push(look.name);
        columns.kind.push(look.kind);
        columns.status_code.push(look.status);
        columns.resource.push(look.resource);
        self.failed.push(look.failed);
        self.weights.push(weight);
    }
}

/// One that lies in a bucket: its edge.
fn duration_ns(bucket: u8) -> i64 {
    match bucket {
        0 => 0,
        64.. => i64::MAX,
        bucket => 1 << (bucket - 1),
    }
}
