//! Services and operations of a block: counted when it is written, and made
//! into a small batch when it is read, so that the one evaluator of filters
//! can say which of them may match.

use std::collections::HashMap;

use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::batch::{Level, SpanColumns};
use tracewell_model::store::Operation;
use tracewell_model::{RowSet, SpanBatch, SpanId, SpanKind, TraceId};

/// Counts operations, grouped by service and sorted.
pub(super) fn count(batch: &SpanBatch, failed: &RowSet) -> Vec<Operation> {
    let services = batch.resource_services();
    let spans = batch.spans();
    // By dictionary code first: hashing text for every row would cost more
    // than all the rest.
    let mut by_code: HashMap<(u32, u32, SpanKind), (u64, u64), foldhash::fast::RandomState> =
        HashMap::default();
    for row in 0..batch.len() {
        let kind = SpanKind::from_otlp(spans.kind[row]);
        let key = (spans.resource[row], spans.name.codes[row], kind);
        let counts = by_code.entry(key).or_default();
        counts.0 += 1;
        counts.1 += u64::from(failed.contains(row));
    }
    let mut by_text: HashMap<(&str, &str, SpanKind), (u64, u64)> = HashMap::new();
    for ((resource, name, kind), (spans_here, failed_here)) in by_code {
        let name = spans.name.dict.get(name as usize);
        let counts = by_text
            .entry((services[resource as usize], name, kind))
            .or_default();
        counts.0 += spans_here;
        counts.1 += failed_here;
    }
    let mut operations: Vec<Operation> = by_text
        .into_iter()
        .map(|((service, name, kind), (spans, failed))| Operation {
            service: service.to_owned(),
            name: name.to_owned(),
            kind,
            spans,
            failed,
        })
        .collect();
    operations.sort_by(|a, b| (&a.service, &a.name, a.kind).cmp(&(&b.service, &b.name, b.kind)));
    operations
}

/// One span for every way a span of the block can look in service, name, kind
/// and failure. A span without `service.name` and one with an empty one count
/// alike, so for those there are both.
pub(super) fn representatives(operations: &[Operation]) -> SpanBatch {
    let mut assembler = BatchAssembler::new();
    let mut columns = SpanColumns::default();
    let mut names = StrColumn::default();
    let mut failures = Vec::new();
    for of_service in operations.chunk_by(|a, b| a.service == b.service) {
        let service = of_service[0].service.as_str();
        let named: &[bool] = if service.is_empty() {
            &[true, false]
        } else {
            &[true]
        };
        for named in named {
            let resource = add_resource(&mut assembler, named.then_some(service));
            for operation in of_service {
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
                }
            }
        }
    }
    let n = failures.len();
    columns.trace_id = vec![TraceId::default(); n];
    columns.span_id = vec![SpanId::default(); n];
    columns.parent_span_id = vec![SpanId::default(); n];
    columns.start_ns = vec![0; n];
    columns.duration_ns = vec![0; n];
    columns.name = names;
    assembler.failed(RowSet::from_fn(n, |row| failures[row]));
    assembler
        .finish(columns)
        .expect("every column has one entry per look")
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
