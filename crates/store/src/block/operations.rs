//! Services and operations of a block: counted when it is written, and made
//! into a small batch when it is read, so that the one evaluator of filters
//! can say which of them may match.

use std::collections::{BTreeMap, HashMap};

use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::batch::{Level, SpanColumns};
use tracewell_model::store::Operation;
use tracewell_model::{RowSet, SpanBatch, SpanId, SpanKind, TraceId};

use super::index::Core;

/// Counts operations while row groups are written.
#[derive(Debug, Default)]
pub(super) struct OperationCounter {
    counts: BTreeMap<(String, String, SpanKind), Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    spans: u64,
    failed: u64,
    groups: OperationGroups,
}

/// The row groups in which an operation occurs, as bits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct OperationGroups {
    /// Where it has spans.
    pub(super) all: u64,
    /// Where it has spans that failed.
    pub(super) failed: u64,
}

impl OperationCounter {
    /// Counts these rows of a batch, which make up a row group; `group` is its bit.
    pub(super) fn add(&mut self, batch: &SpanBatch, rows: &[u32], failed: &RowSet, group: u64) {
        let services = batch.resource_services();
        let spans = batch.spans();
        // By dictionary code first: hashing text for every row would cost more
        // than all the rest.
        let mut by_code: HashMap<(u32, u32, i32), (u64, u64), foldhash::fast::RandomState> =
            HashMap::default();
        for row in rows.iter().map(|row| *row as usize) {
            let key = (spans.resource[row], spans.name.codes[row], spans.kind[row]);
            let counts = by_code.entry(key).or_default();
            counts.0 += 1;
            counts.1 += u64::from(failed.contains(row));
        }
        for ((resource, name, kind), (spans_here, failed_here)) in by_code {
            let service = services[resource as usize].to_owned();
            let name = spans.name.dict.get(name as usize).to_owned();
            let key = (service, name, SpanKind::from_otlp(kind));
            let counts = self.counts.entry(key).or_default();
            counts.spans += spans_here;
            counts.failed += failed_here;
            counts.groups.all |= group;
            counts.groups.failed |= if failed_here > 0 { group } else { 0 };
        }
    }

    /// Operations, grouped by service and sorted, each with its row groups.
    pub(super) fn finish(self) -> (Vec<Operation>, Vec<OperationGroups>) {
        let counted = self.counts.into_iter();
        let operations = counted.map(|((service, name, kind), counts)| {
            let operation = Operation {
                service,
                name,
                kind,
                spans: counts.spans,
                failed: counts.failed,
            };
            (operation, counts.groups)
        });
        operations.unzip()
    }
}

/// Every way in which the spans of a block look in service, name, kind and
/// failure, as a batch of one span each.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) batch: SpanBatch,
    /// The row groups where each occurs, as bits.
    groups: Vec<u64>,
}

impl Looks {
    pub(super) fn new(core: &Core) -> Self {
        let (batch, stands_for) = representatives(&core.operations);
        let of = |(operation, failed): (u32, bool)| {
            let groups = core.operation_groups[operation as usize];
            if failed { groups.failed } else { groups.all }
        };
        Self {
            batch,
            groups: stands_for.into_iter().map(of).collect(),
        }
    }

    /// The row groups where any of these occurs, as bits.
    pub(super) fn groups_of(&self, looks: &RowSet) -> u64 {
        looks
            .iter()
            .fold(0, |groups, look| groups | self.groups[look])
    }
}

/// One span for every way a span of the block can look in service, name, kind
/// and failure. A span without `service.name` and one with an empty one count
/// alike, so for those there are both. With each the operation it stands for, and whether
/// it failed.
fn representatives(operations: &[Operation]) -> (SpanBatch, Vec<(u32, bool)>) {
    let mut assembler = BatchAssembler::new();
    let mut columns = SpanColumns::default();
    let mut names = StrColumn::default();
    let (mut failures, mut stands_for) = (Vec::new(), Vec::new());
    let mut first = 0;
    for of_service in operations.chunk_by(|a, b| a.service == b.service) {
        let service = of_service[0].service.as_str();
        let named: &[bool] = if service.is_empty() {
            &[true, false]
        } else {
            &[true]
        };
        for named in named {
            let resource = add_resource(&mut assembler, named.then_some(service));
            for (place, operation) in of_service.iter().enumerate() {
                let code = names.dict.push(&operation.name);
                let looks = [
                    (false, operation.failed < operation.spans),
                    (true, operation.failed > 0),
                ];
                for (failed, _) in looks.iter().filter(|(_, occurs)| *occurs) {
                    names.codes.push(code);
                    columns.kind.push(operation.kind.to_otlp());
                    columns.resource.push(resource);
                    failures.push(*failed);
                    stands_for.push(((first + place) as u32, *failed));
                }
            }
        }
        first += of_service.len();
    }
    let n = failures.len();
    columns.trace_id = vec![TraceId::default(); n];
    columns.span_id = vec![SpanId::default(); n];
    columns.parent_span_id = vec![SpanId::default(); n];
    columns.start_ns = vec![0; n];
    columns.duration_ns = vec![0; n];
    columns.name = names;
    assembler.failed(RowSet::from_fn(n, |row| failures[row]));
    let batch = assembler
        .finish(columns)
        .expect("every column has one entry per look");
    (batch, stands_for)
}

/// Adds a resource with at most a `service.name`.
pub(super) fn add_resource(assembler: &mut BatchAssembler, service: Option<&str>) -> u32 {
    let builder = assembler.builder_at(0);
    let row = builder
        .resource(b"", 0, b"")
        .expect("an empty text is UTF-8");
    if let Some(service) = service {
        let value = RawValue::Str(service.as_bytes());
        builder
            .attribute(Level::Resource, row, b"service.name", value)
            .expect("text is UTF-8");
    }
    row
}
