//! Adds up the spans of a row group.

use super::{BUCKETS, HAS_WEIGHTS, SPANS_A_CELL, STEPS_NS};
use crate::block::index::GroupFacts;
use crate::block::index::encode::Writer;
use std::collections::HashMap;
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;
use tracewell_model::{RowSet, SpanBatch, log2};

type Table<K> = HashMap<K, u32, foldhash::fast::RandomState>;

const UNKNOWN: u32 = u32::MAX;

/// What spans look like: service, name, kind, status, failure.
type Look = (u32, u32, i32, i32, bool);

/// The section of a row group; empty where it has no sums.
pub(in crate::block::index) fn section(group: &GroupFacts<'_>) -> Vec<u8> {
    if !group.services_exact {
        return Vec::new();
    }
    let kinds = Kinds::of(group);
    let starts = &group.batch.spans().start_ns;
    let starts_ns = || group.order.iter().map(|row| starts[*row as usize]);
    let (Some(first_ns), Some(last_ns)) = (starts_ns().min(), starts_ns().max()) else {
        return Vec::new();
    };
    let steps = |step_ns: &u64| {
        let first = first_ns.div_ceil(*step_ns);
        Steps {
            step_ns: *step_ns,
            first,
            count: (last_ns.div_ceil(*step_ns) - first + 1) as usize,
        }
    };
    let most_cells = group.order.len() / SPANS_A_CELL;
    let is_short = |steps: &Steps| {
        let all = steps.count.checked_mul(kinds.list.len());
        all.is_some_and(|all| {
            all <= most_cells * 16 && kinds.cells(steps, starts_ns()) <= most_cells
        })
    };
    match STEPS_NS.iter().map(steps).find(is_short) {
        Some(steps) => kinds.write(group, &steps, first_ns),
        None => Vec::new(),
    }
}

/// The steps that the spans start in.
struct Steps {
    step_ns: u64,
    first: u64,
    count: usize,
}

impl Steps {
    fn place(&self, start_ns: u64) -> usize {
        (start_ns.div_ceil(self.step_ns) - self.first) as usize
    }
}

/// The kinds of spans there are: looks, by bucket of duration.
struct Kinds {
    looks: Vec<Look>,
    /// The row of the batch with the longest span of each look.
    longest: Vec<usize>,
    services: Vec<Option<String>>,
    names: Vec<u32>,
    list: Vec<(u32, u8)>,
    /// The kind of each row of the group.
    of_rows: Vec<u32>,
}

impl Kinds {
    fn of(group: &GroupFacts<'_>) -> Self {
        let (batch, spans) = (group.batch, group.batch.spans());
        let mut services = Services::new(batch, group.named);
        let (mut names, mut name_of) = (Vec::new(), vec![UNKNOWN; spans.name.dict.len()]);
        let (mut looks, mut look_of) = (Vec::new(), Table::<Look>::default());
        let (mut longest, mut of_looks): (Vec<usize>, Vec<[u32; BUCKETS]>) = Default::default();
        let (mut list, mut of_rows) = (Vec::new(), Vec::with_capacity(group.order.len()));
        for row in group.order.iter().map(|row| *row as usize) {
            let name = &mut name_of[spans.name.codes[row] as usize];
            if *name == UNKNOWN {
                *name = names.len() as u32;
                names.push(spans.name.codes[row]);
            }
            let service = services.number(spans.resource[row]);
            let failed = group.failed.contains(row);
            let look = (
                service,
                *name,
                spans.kind[row],
                spans.status_code[row],
                failed,
            );
            let number = *look_of.entry(look).or_insert_with(|| {
                looks.push(look);
                longest.push(row);
                of_looks.push([UNKNOWN; BUCKETS]);
                looks.len() as u32 - 1
            });
            let longest = &mut longest[number as usize];
            if spans.duration_ns[row] > spans.duration_ns[*longest] {
                *longest = row;
            }
            let bucket = bucket(spans.duration_ns[row]);
            let kind = &mut of_looks[number as usize][bucket as usize];
            if *kind == UNKNOWN {
                *kind = list.len() as u32;
                list.push((number, bucket));
            }
            of_rows.push(*kind);
        }
        Self {
            looks,
            longest,
            services: services.list,
            names,
            list,
            of_rows,
        }
    }

    /// How many sums there are with these steps.
    fn cells(&self, steps: &Steps, starts_ns: impl Iterator<Item = u64>) -> usize {
        let mut cells = RowSet::none(steps.count * self.list.len());
        let rows = starts_ns.zip(&self.of_rows);
        rows.for_each(|(start_ns, kind)| {
            cells.insert(steps.place(start_ns) * self.list.len() + *kind as usize);
        });
        cells.count()
    }

    fn write(&self, group: &GroupFacts<'_>, steps: &Steps, first_ns: u64) -> Vec<u8> {
        let spans = group.batch.spans();
        let weights = AdjustedCounts::of(group.batch);
        let has_weights = !weights.are_ones();
        let mut cells = vec![(0u32, 0.0f64); steps.count * self.list.len()];
        for (row, kind) in group.order.iter().zip(&self.of_rows) {
            let row = *row as usize;
            let place = steps.place(spans.start_ns[row]);
            let cell = &mut cells[place * self.list.len() + *kind as usize];
            cell.0 += 1;
            cell.1 += if has_weights { weights.get(row) } else { 1.0 };
        }
        let mut out = Writer(Vec::new());
        out.varint(steps.step_ns);
        out.0.push(if has_weights { HAS_WEIGHTS } else { 0 });
        out.varint(self.services.len() as u64);
        for service in &self.services {
            out.0.push(u8::from(service.is_some()));
            service.iter().for_each(|service| out.text(service));
        }
        out.varint(self.names.len() as u64);
        let names = self.names.iter();
        names.for_each(|name| out.text(spans.name.dict.get(*name as usize)));
        out.varint(self.looks.len() as u64);
        for ((service, name, kind, status, failed), longest) in self.looks.iter().zip(&self.longest)
        {
            out.varint(u64::from(*service));
            out.varint(u64::from(*name));
            out.varint(u64::from(*kind as u32));
            out.varint(u64::from(*status as u32));
            out.0.push(u8::from(*failed));
            out.0.extend_from_slice(&spans.trace_id[*longest].0);
            out.0.extend_from_slice(&spans.span_id[*longest].0);
            out.varint(spans.start_ns[*longest] - first_ns);
            out.varint(spans.duration_ns[*longest].max(0) as u64);
        }
        out.varint(self.list.len() as u64);
        for (look, bucket) in &self.list {
            out.varint(u64::from(*look));
            out.0.push(*bucket);
        }
        self.steps(&cells, steps, has_weights, &mut out);
        out.0
    }

    fn steps(&self, cells: &[(u32, f64)], steps: &Steps, has_weights: bool, out: &mut Writer) {
        let of_steps = cells.chunks(self.list.len()).zip(steps.first..);
        let filled = |of: &&[(u32, f64)]| of.iter().filter(|cell| cell.0 > 0).count();
        let of_steps: Vec<_> = of_steps.filter(|(of, _)| filled(of) > 0).collect();
        out.varint(of_steps.len() as u64);
        let mut before = 0;
        for (of_step, number) in of_steps {
            out.varint(number - before);
            before = number;
            out.varint(filled(&of_step) as u64);
            let mut last = 0;
            for (kind, (spans, adjusted)) in of_step.iter().enumerate() {
                if *spans > 0 {
                    out.varint((kind - last) as u64);
                    last = kind;
                    out.varint(u64::from(*spans));
                    if has_weights {
                        out.u64(adjusted.to_bits());
                    }
                }
            }
        }
    }
}

/// Services by number.
struct Services<'a> {
    of_resources: Vec<&'a str>,
    named: &'a [bool],
    numbers: Vec<u32>,
    by_name: HashMap<Option<&'a str>, u32, foldhash::fast::RandomState>,
    list: Vec<Option<String>>,
}

impl<'a> Services<'a> {
    fn new(batch: &'a SpanBatch, named: &'a [bool]) -> Self {
        Self {
            of_resources: batch.resource_services(),
            named,
            numbers: vec![UNKNOWN; named.len()],
            by_name: HashMap::default(),
            list: Vec::new(),
        }
    }

    fn number(&mut self, resource: u32) -> u32 {
        let resource = resource as usize;
        if self.numbers[resource] == UNKNOWN {
            let name = self.named[resource].then_some(self.of_resources[resource]);
            let list = &mut self.list;
            self.numbers[resource] = *self.by_name.entry(name).or_insert_with(|| {
                list.push(name.map(str::to_owned));
                list.len() as u32 - 1
            });
        }
        self.numbers[resource]
    }
}

fn bucket(duration_ns: i64) -> u8 {
    match log2::bucket(duration_ns as f64) {
        log2::ZERO => 0,
        bucket => bucket as u8 + 1,
    }
}
