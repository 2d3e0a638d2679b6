//! Writing side of the index file; see the parent for the layout.

use super::{Sidecar, TRACE_STRIDE};

pub(super) fn body(sidecar: &Sidecar) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    out.counts(sidecar);
    out.parquet(sidecar);
    out.row_groups(sidecar);
    out.trace_index(sidecar);
    out.services(sidecar);
    out.keys(sidecar);
    out.filter(sidecar);
    out.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn counts(&mut self, sidecar: &Sidecar) {
        self.varint(sidecar.spans);
        self.varint(sidecar.traces);
        self.u64(sidecar.min_start_ns);
        self.u64(sidecar.max_start_ns);
    }

    fn parquet(&mut self, sidecar: &Sidecar) {
        let checks = &sidecar.parquet;
        self.u64(checks.file_bytes);
        self.u64(checks.pages_end);
        self.u32(checks.tail_crc);
        self.varint(checks.page_crcs.len() as u64);
        checks.page_crcs.iter().for_each(|crc| self.u32(*crc));
    }

    fn row_groups(&mut self, sidecar: &Sidecar) {
        self.varint(sidecar.row_groups.len() as u64);
        for group in &sidecar.row_groups {
            self.varint(group.rows as u64);
            self.u64(group.min_start_ns);
            self.u64(group.max_start_ns);
        }
    }

    fn trace_index(&mut self, sidecar: &Sidecar) {
        self.varint(TRACE_STRIDE as u64);
        for id in &sidecar.trace_index {
            self.0.extend_from_slice(&id.0);
        }
    }

    fn services(&mut self, sidecar: &Sidecar) {
        self.0.push(u8::from(sidecar.services_exact));
        let services = || sidecar.operations.chunk_by(|a, b| a.service == b.service);
        self.varint(services().count() as u64);
        for operations in services() {
            self.text(&operations[0].service);
            self.varint(operations.len() as u64);
            for operation in operations {
                self.text(&operation.name);
                self.varint(operation.kind.to_otlp() as u64);
                self.varint(operation.spans);
                self.varint(operation.failed);
            }
        }
    }

    fn keys(&mut self, sidecar: &Sidecar) {
        self.varint(sidecar.keys.len() as u64);
        for entry in &sidecar.keys {
            self.0.push(entry.key.level as u8);
            self.0.push(entry.key.value_type as u8);
            self.text(&entry.key.key);
            self.varint(entry.count);
            self.varint(entry.elsewhere);
            self.varint(entry.column.map_or(0, |column| column as u64));
        }
    }

    fn filter(&mut self, sidecar: &Sidecar) {
        let lengths = sidecar.filter.lengths();
        self.varint(lengths.len() as u64);
        lengths.for_each(|length| self.varint(u64::from(length)));
        for print in sidecar.filter.prints() {
            self.0.extend_from_slice(&print.to_le_bytes());
        }
    }
}
