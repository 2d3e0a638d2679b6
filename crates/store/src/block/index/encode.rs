//! Writing side of the index file; see the parent for the layout.

use super::VERSION;
use super::sections::Place;
use super::{Core, HEADER_BYTES, MAGIC};

pub(super) const SERVICES_EXACT: u8 = 1;
pub(super) const HAS_DERIVED: u8 = 2;

pub(super) const HAS_ALIKE: u8 = 1;
pub(super) const BEGINS_WITHIN: u8 = 2;

/// The file of a core and its sections.
pub(super) fn file(core: &Core, sections: &[u8]) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(HEADER_BYTES + sections.len()));
    out.counts(core);
    out.row_groups(core);
    out.place(core.traces_place);
    out.place(core.tokens);
    out.services(core);
    out.keys(core);
    let core = out.0;
    let mut file = Vec::with_capacity(HEADER_BYTES + core.len() + sections.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&crc32c::crc32c(&core).to_le_bytes());
    file.extend_from_slice(&(core.len() as u32).to_le_bytes());
    file.extend_from_slice(&core);
    file.extend_from_slice(sections);
    file
}

/// Puts what it writes to the end.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn place(&mut self, place: Place) {
        self.varint(place.offset);
        self.varint(place.bytes);
    }

    fn counts(&mut self, core: &Core) {
        self.varint(core.spans);
        self.varint(core.traces);
        self.u64(core.min_start_ns);
        self.u64(core.max_start_ns);
        let services = u8::from(core.services_exact) * SERVICES_EXACT;
        self.0
            .push(services | (u8::from(core.has_derived) * HAS_DERIVED));
        self.u64(core.parquet_bytes);
        self.0.extend_from_slice(&core.parquet_crc.to_le_bytes());
        self.u64(core.sections_bytes);
    }

    fn row_groups(&mut self, core: &Core) {
        self.varint(core.row_groups.len() as u64);
        for group in &core.row_groups {
            self.varint(group.rows as u64);
            self.u64(group.min_start_ns);
            self.u64(group.max_start_ns);
            self.u64(group.max_end_ns);
            self.place(group.directory);
            self.place(group.tokens);
            let alike = u8::from(group.has_alike) * HAS_ALIKE;
            self.0
                .push(alike | (u8::from(group.begins_within) * BEGINS_WITHIN));
            self.varint(group.traces);
            self.place(group.sums);
        }
    }

    fn services(&mut self, core: &Core) {
        let services = &core.catalogue.services;
        self.varint(services.len() as u64);
        for service in services {
            self.text(&service.name);
            self.varint(service.operations.len() as u64);
            for operation in &service.operations {
                self.text(&operation.name);
                self.varint(operation.kind.to_otlp() as u64);
                self.varint(operation.spans);
                self.varint(operation.failed);
                self.varint(operation.groups.all);
                self.varint(operation.groups.failed);
            }
        }
    }

    fn keys(&mut self, core: &Core) {
        self.varint(core.keys.len() as u64);
        for entry in &core.keys {
            self.0.push(entry.key.level as u8);
            self.0.push(entry.key.value_type as u8);
            self.text(&entry.key.key);
            self.varint(entry.count);
            self.varint(entry.elsewhere);
            self.varint(entry.column.map_or(0, |column| column as u64));
        }
    }
}
