//! From files to requests, on a thread that may wait for a disk.

use std::sync::atomic::Ordering;

use tokio::sync::mpsc::Sender;
use tracewell_store::block::{BlockError, read_span_file};
use tracewell_store::files::DiskFiles;
use tracewell_wire::{Decoded, WireError, jaeger, otlp};

use super::format::{self, Format};
use super::input::Source;
use super::record::{Fault, Kind, Place, Records};
use super::requests::{Request, Requests, Stopped};
use super::tally::Tally;

/// Reads the files one after another; a file that cannot be read to its end
/// is named, and the next one follows.
pub(super) fn read_all(
    sources: &[Source],
    format: Option<Format>,
    tally: &Tally,
    sender: &Sender<Request>,
) {
    for source in sources {
        let name = source.name();
        let requests = Requests::new(name.as_str().into(), sender.clone());
        let mut file = FileReader {
            name: &name,
            tally,
            requests,
            place: Place::default(),
        };
        let read = file.read(source, format);
        tally.end_of_file(&name);
        if read.is_err() {
            return;
        }
    }
}

struct FileReader<'a> {
    name: &'a str,
    tally: &'a Tally,
    requests: Requests,
    place: Place,
}

impl FileReader<'_> {
    fn read(&mut self, source: &Source, format: Option<Format>) -> Result<(), Stopped> {
        let mut input = match source.open(&self.tally.bytes) {
            Ok(input) => input,
            Err(error) => {
                let reason = format!("cannot be opened: {error}");
                self.tally.problem(self.name, None, &reason, None);
                return Ok(());
            }
        };
        let is_parquet = input.head().is_ok_and(format::is_parquet);
        if is_parquet && matches!(format, None | Some(Format::Parquet)) {
            return self.parquet(source);
        }
        match format::records(input, format) {
            Ok(mut records) => self.records(&mut *records, format)?,
            Err(Fault::Skipped(reason) | Fault::Lost(reason)) => {
                self.tally.problem(self.name, None, &reason, None);
            }
        }
        self.requests.flush()
    }

    fn records(
        &mut self,
        records: &mut dyn Records,
        format: Option<Format>,
    ) -> Result<(), Stopped> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let next = records.next(&mut bytes);
            self.place = Place {
                record: self.place.record + 1,
                byte: records.byte(),
            };
            match next {
                Ok(None) => break,
                Ok(Some(kind)) => {
                    let wanted = format.filter(|format| !format.allows(kind));
                    if let Some(wanted) = wanted {
                        self.broken(&format!("it is not {}", wanted.name()));
                        continue;
                    }
                    match decode(kind, &bytes) {
                        Ok(decoded) => self.decoded(&decoded)?,
                        Err(error) => self.broken(&format!("in the record, {error}")),
                    }
                }
                Err(Fault::Skipped(reason)) => self.broken(&reason),
                Err(Fault::Lost(reason)) => {
                    self.broken(&format!("{reason}; nothing after it can be read"));
                    break;
                }
            }
        }
        self.tally.passed.add(records.passed());
        Ok(())
    }

    fn broken(&mut self, reason: &str) {
        let place = Some(self.place);
        self.tally.problem(self.name, place, reason, None);
    }

    fn decoded(&mut self, decoded: &Decoded) -> Result<(), Stopped> {
        let rejected = decoded.rejected.total();
        self.tally.records.add(1);
        self.tally.read.add(decoded.batch.len() as u64 + rejected);
        if let Some(message) = decoded.rejected.message() {
            self.tally.rejected.add(rejected);
            let place = Some(self.place);
            self.tally
                .problem(self.name, place, &message, Some(rejected));
        }
        self.requests.add(self.place, &decoded.batch)
    }

    fn parquet(&mut self, source: &Source) -> Result<(), Stopped> {
        let Source::File(path) = source else {
            let reason = "Parquet is read from its end, so it cannot come from standard input; \
                          write it to a file first";
            self.tally.problem(self.name, None, reason, None);
            return Ok(());
        };
        let read = read_span_file(&DiskFiles, path, &mut |group, batch| {
            self.place.record = group as u64 + 1;
            self.tally.records.add(1);
            self.tally.read.add(batch.len() as u64);
            self.requests.add(self.place, &batch)
        });
        match read {
            Ok(added) => added?,
            Err(error) => {
                let reason = match error {
                    BlockError::Damaged { reason, .. } => format!("cannot be read: {reason}"),
                    error => error.to_string(),
                };
                self.tally.problem(self.name, None, &reason, None);
            }
        }
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.requests.flush()
    }
}

fn decode(kind: Kind, bytes: &[u8]) -> Result<Decoded, WireError> {
    match kind {
        Kind::OtlpProtobuf => otlp::protobuf::decode(bytes),
        Kind::OtlpJson => otlp::json::decode(bytes),
        Kind::JaegerJson => jaeger::json::decode(bytes),
    }
}
