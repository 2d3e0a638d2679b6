//! Services and operations as answers list them: live batches and blocks
//! counted together.
//!
//! **A list never holds more than was asked for**, however much there is: of
//! operations the first by service, name and kind, with whole counts.

use std::collections::{BTreeMap, HashMap};

use tracewell_model::failure::failed_rows;
use tracewell_model::store::{Operation, OperationQuery, ServiceCount};
use tracewell_model::{RowSet, SpanBatch, SpanKind};

/// Bytes of index files that are read again for one list, at most: those of a
/// million names. Somebody types and waits.
const READ_BYTES: u64 = 64 << 20;

/// Spans, and how many of them failed.
type Counts = (u64, u64);

/// Counts services.
#[derive(Debug, Default)]
pub struct ServiceCounts(BTreeMap<String, Counts>);

impl ServiceCounts {
    /// Counts the spans of a batch.
    pub fn add_batch(&mut self, batch: &SpanBatch) {
        let (services, failed) = (batch.resource_services(), failed_rows(batch));
        let mut counts: Vec<Counts> = vec![(0, 0); services.len()];
        for (row, resource) in batch.spans().resource.iter().enumerate() {
            let count = &mut counts[*resource as usize];
            count.0 += 1;
            count.1 += u64::from(failed.contains(row));
        }
        let occurring = services.iter().zip(counts);
        for (service, (spans, failed)) in occurring.filter(|(_, counts)| counts.0 > 0) {
            self.add(service, spans, failed);
        }
    }

    /// Adds to the counts of a service.
    pub fn add(&mut self, service: &str, spans: u64, failed: u64) {
        if let Some(count) = self.0.get_mut(service) {
            count.0 += spans;
            count.1 += failed;
        } else {
            self.0.insert(service.to_owned(), (spans, failed));
        }
    }

    /// The services, sorted.
    #[must_use]
    pub fn finish(self) -> Vec<ServiceCount> {
        let services = self.0.into_iter();
        let services = services.map(|(name, (spans, failed))| ServiceCount {
            name,
            spans,
            failed,
        });
        services.collect()
    }
}

/// Counts the operations that are asked for.
#[derive(Debug)]
pub struct OperationCounts<'a> {
    /// What is asked for.
    pub query: &'a OperationQuery<'a>,
    counts: BTreeMap<(String, String, SpanKind), Counts>,
    has_more: bool,
    left_bytes: u64,
}

impl<'a> OperationCounts<'a> {
    /// Nothing counted so far.
    #[must_use]
    pub fn new(query: &'a OperationQuery<'a>) -> Self {
        Self {
            query,
            counts: BTreeMap::new(),
            has_more: false,
            left_bytes: READ_BYTES,
        }
    }

    /// Counts the spans of a batch.
    pub fn add_batch(&mut self, batch: &SpanBatch) {
        let spans = batch.spans();
        let services = batch.resource_services();
        let wanted = RowSet::from_fn(services.len(), |resource| {
            self.query.wants_service(services[resource])
        });
        if wanted.is_empty() {
            return;
        }
        let failed = failed_rows(batch);
        // First by numbers, so that text is looked at once per distinct operation.
        let mut counts: HashMap<(u32, u32, i32), Counts> = HashMap::new();
        for row in 0..batch.len() {
            let key = (spans.resource[row], spans.name.codes[row], spans.kind[row]);
            if !wanted.contains(key.0 as usize) {
                continue;
            }
            let count = counts.entry(key).or_default();
            count.0 += 1;
            count.1 += u64::from(failed.contains(row));
        }
        for ((resource, name, kind), counts) in counts {
            let name = spans.name.dict.get(name as usize);
            let kind = SpanKind::from_otlp(kind);
            self.add(services[resource as usize], name, kind, counts);
        }
    }

    /// Adds to the counts of an operation, if it is asked for.
    pub(crate) fn add(&mut self, service: &str, name: &str, kind: SpanKind, counts: Counts) {
        if !self.query.wants(name, kind) {
            return;
        }
        let is_full = self.counts.len() >= self.query.limit;
        // What is behind the last of a full list can never come into it again:
        // the last only ever moves to the front.
        let last = self.counts.last_key_value().filter(|_| is_full);
        let is_behind = last.is_some_and(|((last_service, last_name, last_kind), _)| {
            (last_service.as_str(), last_name.as_str(), *last_kind) < (service, name, kind)
        });
        if is_behind {
            self.has_more = true;
            return;
        }
        let key = (service.to_owned(), name.to_owned(), kind);
        let count = self.counts.entry(key).or_default();
        count.0 += counts.0;
        count.1 += counts.1;
        if self.counts.len() > self.query.limit {
            self.counts.pop_last();
            self.has_more = true;
        }
    }

    /// May so many more bytes of index files be read? They are then taken to be.
    pub(crate) fn may_read(&mut self, bytes: u64) -> bool {
        let left = self.left_bytes.checked_sub(bytes);
        self.left_bytes = left.unwrap_or(self.left_bytes);
        left.is_some()
    }

    /// Some that may be asked for are not remembered.
    pub(crate) fn note_more(&mut self) {
        self.has_more = true;
    }

    /// The operations, sorted, and whether there are more.
    #[must_use]
    pub fn finish(self) -> (Vec<Operation>, bool) {
        let counts = self.counts.into_iter();
        let operations = counts.map(|((service, name, kind), (spans, failed))| Operation {
            service,
            name,
            kind,
            spans,
            failed,
        });
        (operations.collect(), self.has_more)
    }
}
