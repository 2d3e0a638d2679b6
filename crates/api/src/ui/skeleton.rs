//! A trace as columns: all that a waterfall draws, in one buffer.
//!
//! ```text
//! u32 header bytes | header JSON | zeros to a multiple of 8
//! start f64 | duration f64 | subtree u32 | name u32 | depth u16 | service u16
//! | scope u16 | kind u8 | status u8 | flags u8 | events u8
//! ```
//!
//! Little-endian; each column has a value per row and is padded to a multiple
//! of 8, so that a browser looks at it in place. Rows are the places of a
//! [`TraceTree`](tracewell_query::TraceTree). 36 bytes a span, and **nothing
//! per span but these**: a million spans must fit in tens of megabytes.

use std::collections::HashMap;

use serde::Serialize;
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::failure::failed_rows;
use tracewell_model::{SpanBatch, SpanKind, StatusCode};

use super::loaded::LoadedTrace;
use crate::error::to_json;

/// The media type of the answer.
pub(super) const CONTENT_TYPE: &str = "application/vnd.tracewell.skeleton";

const COLUMNS: [&str; 11] = [
    "start:f64",
    "duration:f64",
    "subtree:u32",
    "name:u32",
    "depth:u16",
    "service:u16",
    "scope:u16",
    "kind:u8",
    "status:u8",
    "flags:u8",
    "events:u8",
];

const BYTES_PER_SPAN: usize = 8 + 8 + 4 + 4 + 2 + 2 + 2 + 1 + 1 + 1 + 1;

const FLAG_ERROR: u8 = 1;
const FLAG_EVENTS: u8 = 2;
const FLAG_LINKS: u8 = 4;
const FLAG_ORPHAN: u8 = 8;
const FLAG_ENDS_BEFORE_START: u8 = 16;
const FLAG_REPEATED_ID: u8 = 32;
const FLAG_CYCLE: u8 = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    trace_id: String,
    n: usize,
    start_ns: String,
    duration_ns: String,
    services: Vec<&'a str>,
    names: Vec<&'a str>,
    scopes: Vec<String>,
    kinds: [&'static str; 6],
    root_service: Option<&'a str>,
    root_name: Option<&'a str>,
    error_count: usize,
    orphan_count: usize,
    cycle_count: usize,
    waiting_count: u64,
    depth: usize,
    revision: &'a str,
    warnings: Vec<String>,
    columns: [&'static str; 11],
}

/// Bytes that writing the skeleton takes: its columns, and the answer made of
/// them.
pub(super) fn memory_bytes(trace: &LoadedTrace) -> usize {
    // Compressed, a skeleton takes less than half.
    BYTES_PER_SPAN * trace.batch.len() / 2 * 3
}

/// Writes the skeleton of a trace.
pub(super) fn encode(trace: &LoadedTrace) -> Vec<u8> {
    let (batch, tree) = (&trace.batch, &trace.tree);
    let spans = batch.spans();
    let service_of_resource = batch.resource_services();
    let names = Numbered::of_column(&spans.name, u32::MAX);
    let services = Numbered::new(service_of_resource.iter().copied(), u16::MAX.into());
    let scope_names = scope_names(batch);
    let scopes = Numbered::new(scope_names.iter().map(String::as_str), u16::MAX.into());
    let failed = failed_rows(batch);
    let (flags, events) = flags_and_events(trace, &failed);
    let root = tree.root.map(|row| row as usize);
    let header = Header {
        trace_id: trace.id.to_string(),
        n: batch.len(),
        start_ns: tree.start_ns.to_string(),
        duration_ns: tree.duration_ns.to_string(),
        names: names.texts,
        services: services.texts,
        scopes: scopes.texts.iter().map(|text| (*text).to_owned()).collect(),
        kinds: SpanKind::ALL.map(SpanKind::name),
        root_service: root.map(|row| service_of_resource[spans.resource[row] as usize]),
        root_name: root.map(|row| spans.name.get(row)),
        error_count: failed.count(),
        orphan_count: tree.orphans.count(),
        cycle_count: tree.cut.count(),
        waiting_count: trace.waiting,
        depth: tree
            .depth
            .iter()
            .max()
            .map_or(0, |deepest| usize::from(*deepest) + 1),
        revision: &trace.revision,
        warnings: warnings(trace),
        columns: COLUMNS,
    };
    let header = to_json(&header);

    let order = || tree.order.iter().map(|row| *row as usize);
    let mut out = Out::new(&header, batch.len());
    out.column(order().map(|row| f64_of(spans.start_ns[row] - tree.start_ns)));
    out.column(order().map(|row| f64_of(spans.duration_ns[row].max(0) as u64)));
    out.column(tree.subtree.iter().map(|size| size.to_le_bytes()));
    out.column(order().map(|row| names.numbers[spans.name.codes[row] as usize].to_le_bytes()));
    out.column(tree.depth.iter().map(|depth| depth.to_le_bytes()));
    out.column(order().map(|row| u16_of(services.numbers[spans.resource[row] as usize])));
    out.column(order().map(|row| u16_of(scopes.numbers[spans.scope[row] as usize])));
    out.column(order().map(|row| [SpanKind::from_otlp(spans.kind[row]) as u8]));
    out.column(order().map(|row| [StatusCode::from_otlp(spans.status_code[row]) as u8]));
    out.column(order().map(|row| [flags[row]]));
    out.column(order().map(|row| [events[row]]));
    out.0
}

/// Exact up to 2^53 ns, 104 days.
fn f64_of(ns: u64) -> [u8; 8] {
    (ns as f64).to_le_bytes()
}

fn u16_of(number: u32) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

/// The buffer, filled column by column.
struct Out(Vec<u8>);

impl Out {
    fn new(header: &[u8], spans: usize) -> Self {
        let padding = COLUMNS.len() * 8;
        let mut out = Vec::with_capacity(12 + header.len() + spans * BYTES_PER_SPAN + padding);
        // The texts of a batch are limited to 4 GiB, and headers with them.
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(header);
        let mut out = Self(out);
        out.pad();
        out
    }

    fn column<const N: usize>(&mut self, values: impl Iterator<Item = [u8; N]>) {
        values.for_each(|value| self.0.extend_from_slice(&value));
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
    }
}

/// Distinct texts with their numbers.
struct Numbered<'a> {
    texts: Vec<&'a str>,
    /// Number of the text at each place it came from.
    numbers: Vec<u32>,
}

/// Stands for all texts beyond what the numbers can tell apart.
const OTHERS: &str = "(others)";

impl<'a> Numbered<'a> {
    /// Numbers texts from 0 to `last`.
    fn new(all: impl Iterator<Item = &'a str>, last: u32) -> Self {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut texts = Vec::new();
        let mut number = |text: &'a str| {
            let next = texts.len() as u32;
            if next > last {
                return known.get(text).copied().unwrap_or(last);
            }
            *known.entry(text).or_insert_with(|| {
                texts.push(if next == last { OTHERS } else { text });
                next
            })
        };
        let numbers = all.map(&mut number).collect();
        Self { texts, numbers }
    }

    /// By dictionary entry; only entries that a row uses get a number of
    /// their own.
    fn of_column(column: &'a StrColumn, last: u32) -> Self {
        let mut is_used = vec![false; column.dict.len()];
        for code in &column.codes {
            is_used[*code as usize] = true;
        }
        let first = column
            .codes
            .first()
            .map_or("", |code| column.dict.get(*code as usize));
        let used = column.dict.iter().zip(is_used);
        Self::new(
            used.map(|(text, is_used)| if is_used { text } else { first }),
            last,
        )
    }
}

/// `name` or `name@version` of each scope.
fn scope_names(batch: &SpanBatch) -> Vec<String> {
    let scopes = batch.scopes();
    let label = |row: usize| match (scopes.name.get(row), scopes.version.get(row)) {
        (name, "") => name.to_owned(),
        (name, version) => format!("{name}@{version}"),
    };
    (0..scopes.name.len()).map(label).collect()
}

/// By row of the batch.
fn flags_and_events(trace: &LoadedTrace, failed: &tracewell_model::RowSet) -> (Vec<u8>, Vec<u8>) {
    let (batch, tree) = (&trace.batch, &trace.tree);
    let mut flags = vec![0u8; batch.len()];
    let mut events = vec![0u8; batch.len()];
    for row in &batch.events().span_row {
        let count = &mut events[*row as usize];
        *count = count.saturating_add(1);
        flags[*row as usize] |= FLAG_EVENTS;
    }
    for row in &batch.links().span_row {
        flags[*row as usize] |= FLAG_LINKS;
    }
    for (row, duration_ns) in batch.spans().duration_ns.iter().enumerate() {
        if *duration_ns < 0 {
            flags[row] |= FLAG_ENDS_BEFORE_START;
        }
    }
    for (rows, flag) in [
        (failed, FLAG_ERROR),
        (&tree.orphans, FLAG_ORPHAN),
        (&tree.repeated_ids, FLAG_REPEATED_ID),
        (&tree.cut, FLAG_CYCLE),
    ] {
        rows.iter().for_each(|row| flags[row] |= flag);
    }
    (flags, events)
}

/// What is odd about the trace, as sentences for people.
fn warnings(trace: &LoadedTrace) -> Vec<String> {
    let reversed = trace.batch.spans().duration_ns.iter();
    let reversed = reversed.filter(|duration_ns| **duration_ns < 0).count();
    let counted = [
        (
            trace.tree.orphans.count(),
            "span refers to a parent that never arrived",
            "spans refer to parents that never arrived",
        ),
        (
            trace.tree.cut.count(),
            "span is among its own parents: a cycle, which is cut there",
            "spans are among their own parents: cycles, which are cut there",
        ),
        (
            reversed,
            "span ends before it starts; its duration is shown as 0",
            "spans end before they start; their durations are shown as 0",
        ),
        (
            trace.tree.repeated_ids.count(),
            "span repeats the id of another span",
            "spans repeat the ids of other spans",
        ),
    ];
    let said = counted.into_iter().filter(|(count, _, _)| *count > 0);
    said.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .chain(trace.report.lacking())
        .collect()
}
