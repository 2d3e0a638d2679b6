//! Services and operations of a block: counted when it is written, and made
//! into a small batch when it is read, so that the one evaluator of filters
//! can say which of them may match.

use std::collections::{BTreeMap, HashMap};

use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::batch::{Level, SpanColumns};
use tracewell_model::{RowSet, SpanBatch, SpanId, SpanKind, TraceId};

use super::catalogue::{Catalogue, OperationEntry, OperationGroups, Rest, ServiceEntry};

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

    /// All of them, sorted.
    pub(super) fn finish(self) -> Catalogue {
        let mut services: Vec<ServiceEntry> = Vec::new();
        for ((service, name, kind), counts) in self.counts {
            if services.last().is_none_or(|last| *last.name != *service) {
                services.push(ServiceEntry {
                    name: service.into(),
                    ..ServiceEntry::default()
                });
            }
            let last = services
                .last_mut()
                .expect("one was pushed if there was none");
            last.spans += counts.spans;
            last.failed += counts.failed;
            last.operations.push(OperationEntry {
                name: name.into(),
                kind,
                spans: counts.spans,
                failed: counts.failed,
                groups: counts.groups,
            });
        }
        Catalogue {
            services,
            rest: Rest::default(),
        }
    }
}

/// Every way in which the spans of a block look in service, name, kind and
/// failure, as batches of one span each.
#[derive(Debug)]
pub(super) struct Looks {
    /// Spans of operations that are listed.
    pub(super) named: LookBatch,
    /// Spans of operations that are not, by service: of any name and kind.
    pub(super) unnamed: LookBatch,
    /// The row groups with spans of services that are not listed, as bits.
    pub(super) unlisted: u64,
}

/// Looks as a batch.
#[derive(Debug)]
pub(super) struct LookBatch {
    pub(super) batch: SpanBatch,
    /// The row groups where each occurs, as bits.
    groups: Vec<u64>,
}

/// Spans that look alike but for failure.
struct Alike<'a> {
    name: &'a str,
    kind: SpanKind,
    counts: Rest,
}

impl Looks {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let named = LookBatch::new(catalogue, |service| {
            let operations = service.operations.iter().map(|operation| Alike {
                name: &operation.name,
                kind: operation.kind,
                counts: Rest {
                    spans: operation.spans,
                    failed: operation.failed,
                    groups: operation.groups,
                },
            });
            operations.collect()
        });
        let unnamed = LookBatch::new(catalogue, |service| {
            vec![Alike {
                name: "",
                kind: SpanKind::Unspecified,
                counts: service.rest,
            }]
        });
        Self {
            named,
            unnamed,
            unlisted: catalogue.rest.groups.all,
        }
    }

    /// Bytes of memory that they hold.
    pub(super) fn memory_bytes(&self) -> usize {
        let batches = [&self.named, &self.unnamed].into_iter();
        let bytes = batches.map(|looks| looks.batch.memory_bytes() + size_of_val(&*looks.groups));
        bytes.sum()
    }
}

impl LookBatch {
    /// One span for every way a span of `spans_of` a service can look. A span
    /// without `service.name` and one with an empty one count alike, so for
    /// those there are both.
    fn new<'a>(
        catalogue: &'a Catalogue,
        spans_of: impl Fn(&'a ServiceEntry) -> Vec<Alike<'a>>,
    ) -> Self {
        let mut assembler = BatchAssembler::new();
        let mut columns = SpanColumns::default();
        let mut names = StrColumn::default();
        let (mut failures, mut groups) = (Vec::new(), Vec::new());
        for service in &catalogue.services {
            let named: &[bool] = if service.name.is_empty() {
                &[true, false]
            } else {
                &[true]
            };
            for named in named {
                let resource = add_resource(&mut assembler, named.then_some(&*service.name));
                for Alike { name, kind, counts } in spans_of(service) {
                    let code = names.dict.push(name);
                    let looks = [
                        (false, counts.failed < counts.spans, counts.groups.all),
                        (true, counts.failed > 0, counts.groups.failed),
                    ];
                    for (failed, _, place) in looks.into_iter().filter(|look| look.1) {
                        names.codes.push(code);
                        columns.kind.push(kind.to_otlp());
                        columns.resource.push(resource);
                        failures.push(failed);
                        groups.push(place);
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
        let batch = assembler
            .finish(columns)
            .expect("every column has one entry per look");
        Self { batch, groups }
    }

    /// The row groups where any of these occurs, as bits.
    pub(super) fn groups_of(&self, looks: &RowSet) -> u64 {
        looks
            .iter()
            .fold(0, |groups, look| groups | self.groups[look])
    }
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
