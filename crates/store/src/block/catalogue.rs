//! The services and operations of a block, as far as memory keeps them.
//!
//! The index file lists every operation. A program that puts an id into its
//! span names makes as many of them as spans, and every open block would hold
//! them for ever. So of a block only so many bytes of names are kept: every
//! service gets the same share, what one does not need goes to the others, and
//! within its share the most frequent are kept. What was let go is summed up
//! by service. **A sum may stand for any name and any kind**: whoever rules out
//! row groups must take it so.

use std::cmp::Reverse;

use tracewell_model::SpanKind;

/// Bytes of operations that an open block holds: some three thousand names,
/// more than well-named services have together.
const OPERATIONS_BYTES: usize = 256 << 10;

/// Bytes of services that an open block holds: some two thousand.
const SERVICES_BYTES: usize = 256 << 10;

pub(super) const SERVICE_KEY: &str = "service.name";

/// What a block knows of its services.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Catalogue {
    /// Sorted by name.
    pub(super) services: Vec<ServiceEntry>,
    /// The services that were let go: where there are very many, the rarest.
    pub(super) rest: Rest,
}

/// A service of a block.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct ServiceEntry {
    /// Empty for spans without one.
    pub(super) name: Box<str>,
    /// All its spans, whether their operations are kept or not.
    pub(super) spans: u64,
    /// Of these, how many failed.
    pub(super) failed: u64,
    /// By name and kind.
    pub(super) operations: Vec<OperationEntry>,
    /// The operations that were let go.
    pub(super) rest: Rest,
}

/// An operation of a service of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OperationEntry {
    pub(super) name: Box<str>,
    pub(super) kind: SpanKind,
    pub(super) spans: u64,
    pub(super) failed: u64,
    pub(super) groups: OperationGroups,
}

/// The row groups in which an operation occurs, as bits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct OperationGroups {
    /// Where it has spans.
    pub(super) all: u64,
    /// Where it has spans that failed.
    pub(super) failed: u64,
}

/// The sum of what is not kept one by one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) spans: u64,
    pub(super) failed: u64,
    pub(super) groups: OperationGroups,
}

/// A service while an index file is read: names are still in its bytes.
#[derive(Debug)]
pub(super) struct ReadService<'a> {
    pub(super) name: &'a str,
    pub(super) operations: Vec<ReadOperation<'a>>,
}

/// An operation while an index file is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadOperation<'a> {
    pub(super) name: &'a str,
    pub(super) kind: SpanKind,
    pub(super) spans: u64,
    pub(super) failed: u64,
    pub(super) groups: OperationGroups,
}

impl Catalogue {
    /// Keeps of these what there is room for.
    pub(super) fn of(services: Vec<ReadService<'_>>) -> Self {
        Self::within(services, SERVICES_BYTES, OPERATIONS_BYTES)
    }

    fn within(
        mut services: Vec<ReadService<'_>>,
        services_bytes: usize,
        operations_bytes: usize,
    ) -> Self {
        let mut rest = Rest::default();
        let bytes = services.iter().map(service_bytes).sum::<usize>();
        if bytes > services_bytes {
            services.sort_by_cached_key(|service| {
                Reverse(service.operations.iter().map(|o| o.spans).sum::<u64>())
            });
            let gone = services.split_off(fitting(&services, service_bytes, services_bytes));
            let gone = gone.iter().flat_map(|service| &service.operations);
            gone.for_each(|operation| rest.add(operation));
        }
        let needs = services.iter().map(|service| {
            let operations = service.operations.iter();
            operations.map(operation_bytes).sum()
        });
        let share = fair_share(needs.collect(), operations_bytes);
        let kept = services.into_iter().map(|service| service.keep(share));
        let mut services: Vec<ServiceEntry> = kept.collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Self { services, rest }
    }

    /// Bytes of memory that it holds.
    pub(super) fn memory_bytes(&self) -> usize {
        let services = self.services.iter().map(|service| {
            let operations = service.operations.iter();
            let operations = operations.map(|o| size_of::<OperationEntry>() + o.name.len());
            size_of::<ServiceEntry>() + service.name.len() + operations.sum::<usize>()
        });
        services.sum()
    }

    /// The service of this name, or all.
    pub(super) fn services(&self, wanted: Option<&str>) -> &[ServiceEntry] {
        let Some(wanted) = wanted else {
            return &self.services;
        };
        let place = (self.services).binary_search_by(|service| (*service.name).cmp(wanted));
        place.map_or(&[], |place| std::slice::from_ref(&self.services[place]))
    }
}

impl Rest {
    /// Was nothing let go?
    pub(super) fn is_none(&self) -> bool {
        self.spans == 0
    }

    fn add(&mut self, operation: &ReadOperation<'_>) {
        // Damage that a checksum does not show must not end the process.
        self.spans = self.spans.saturating_add(operation.spans);
        self.failed = self.failed.saturating_add(operation.failed);
        self.groups.all |= operation.groups.all;
        self.groups.failed |= operation.groups.failed;
    }
}

impl ReadService<'_> {
    /// Keeps the most frequent operations that fit.
    fn keep(mut self, share_bytes: usize) -> ServiceEntry {
        let mut all = Rest::default();
        self.operations
            .iter()
            .for_each(|operation| all.add(operation));
        let mut rest = Rest::default();
        let bytes: usize = self.operations.iter().map(operation_bytes).sum();
        if bytes > share_bytes {
            self.operations.sort_by_key(|o| Reverse(o.spans));
            let fitting = fitting(&self.operations, operation_bytes, share_bytes);
            let gone = self.operations.split_off(fitting);
            gone.iter().for_each(|operation| rest.add(operation));
            self.operations.sort_by_key(|o| (o.name, o.kind));
        }
        let kept = self.operations.into_iter().map(|operation| OperationEntry {
            name: operation.name.into(),
            kind: operation.kind,
            spans: operation.spans,
            failed: operation.failed,
            groups: operation.groups,
        });
        ServiceEntry {
            name: self.name.into(),
            spans: all.spans,
            failed: all.failed,
            operations: kept.collect(),
            rest,
        }
    }
}

fn service_bytes(service: &ReadService<'_>) -> usize {
    size_of::<ServiceEntry>() + service.name.len()
}

fn operation_bytes(operation: &ReadOperation<'_>) -> usize {
    size_of::<OperationEntry>() + operation.name.len()
}

/// How many from the first on fit.
pub(super) fn fitting<T>(
    entries: &[T],
    bytes_of: impl Fn(&T) -> usize,
    limit_bytes: usize,
) -> usize {
    let mut left = limit_bytes;
    let fits = |entry: &&T| {
        let rest = left.checked_sub(bytes_of(entry));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    entries.iter().take_while(fits).count()
}

/// What nobody may have more of, so that all together stay within a budget.
pub(super) fn fair_share(mut needs: Vec<usize>, budget: usize) -> usize {
    needs.sort_unstable();
    let mut left = budget;
    for (place, need) in needs.iter().enumerate() {
        let share = left / (needs.len() - place);
        if *need > share {
            return share;
        }
        left -= need;
    }
    budget
}

#[cfg(test)]
mod tests;
