use std::fs;
use std::path::Path;
use std::sync::mpsc;

use tracewell_testkit::{TestSpan, batch};

use super::*;
use crate::written::section;

fn config(path: &Path, more: &str) -> FileConfig {
    let text = format!("{{path: {}, {more}}}", path.display());
    section::read("exporters.file", &text, FileConfig::read).unwrap()
}

fn account() -> Arc<ExporterAccount> {
    ExporterAccount::new("file".to_owned(), "somewhere".to_owned())
}

/// Writes each as a batch of its own, and what each is told.
fn write(config: &FileConfig, batches: &[SpanBatch]) -> Vec<Result<(), StoreError>> {
    let (account, (told, fates)) = (account(), mpsc::channel());
    let exporter = FileExporter::start(config, Arc::clone(&account)).unwrap();
    for batch in batches {
        let told = told.clone();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        exporter.consume(Arc::new(batch.clone()), ack);
    }
    let fates: Vec<_> = fates.iter().take(batches.len()).collect();
    let account = account.snapshot();
    let out = account.sent + account.rejected.values().sum::<u64>();
    assert_eq!((account.received, account.in_flight), (out, 0));
    fates
}

fn trace(number: u64, spans: u64) -> SpanBatch {
    let spans = (1..=spans).map(|span| TestSpan::new(number, span, "shop", "buy", span));
    batch(&spans.collect::<Vec<_>>())
}

/// The batches of a file, and how many bytes remain behind the last whole one.
fn read(path: &Path, config: &FileConfig) -> (Vec<SpanBatch>, usize) {
    let bytes = fs::read(path).unwrap();
    let decode = |message: &[u8]| match config.format {
        FileFormat::Json => json::decode(message).unwrap().batch,
        FileFormat::Protobuf => protobuf::decode(message).unwrap().batch,
    };
    if !config.is_framed() {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        return (lines.map(decode).collect(), 0);
    }
    let (mut rest, mut batches) = (&bytes[..], Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((message, behind)) = behind.split_at_checked(length) else {
            break;
        };
        batches.push(match config.is_packed {
            true => decode(&zstd::bulk::decompress(message, 1 << 20).unwrap()),
            false => decode(message),
        });
        rest = behind;
    }
    (batches, rest.len())
}

#[test]
fn every_format_is_read_back_as_it_was() {
    for format in ["json", "proto"] {
        for compression in ["none", "zstd"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("traces");
            let config = config(
                &path,
                &format!("format: {format}, compression: {compression}"),
            );
            let batches = [trace(1, 3), trace(2, 1), trace(3, 7)];
            assert_eq!(write(&config, &batches), [Ok(()), Ok(()), Ok(())]);
            let (read, rest) = read(&path, &config);
            assert_eq!(rest, 0);
            // As a receiver has them: one resource for all that have the same.
            let received = |batch: &SpanBatch| {
                let decoded = protobuf::decode(&protobuf::encode(batch)).unwrap();
                protobuf::encode(&decoded.batch)
            };
            let spans = |batches: &[SpanBatch]| batches.iter().map(received).collect::<Vec<_>>();
            assert!(spans(&read) == spans(&batches), "{format} {compression}");
        }
    }
}

#[test]
fn a_start_replaces_what_was_there_unless_it_appends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("below/traces.json");
    let replacing = config(&path, "create_directory: true");
    assert_eq!(
        write(&replacing, &[trace(1, 1), trace(2, 1)]),
        [Ok(()), Ok(())]
    );
    assert_eq!(write(&replacing, &[trace(3, 1)]), [Ok(())]);
    assert_eq!(read(&path, &replacing).0.len(), 1);
    let appending = config(&path, "append: true");
    assert_eq!(write(&appending, &[trace(4, 1)]), [Ok(())]);
    assert_eq!(read(&path, &appending).0.len(), 2);
}

#[test]
fn a_file_that_ends_within_a_record_is_put_aside_and_not_written_on() {
    for (format, torn) in [
        ("json", &b"{\"resourceSp"[..]),
        ("proto", b"\0\0\0\x09\x0a"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("traces");
        fs::write(&path, torn).unwrap();
        let config = config(&path, &format!("append: true, format: {format}"));
        assert_eq!(write(&config, &[trace(1, 2)]), [Ok(())]);
        let (read, rest) = read(&path, &config);
        assert_eq!((read.len(), rest), (1, 0));
        let names = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let aside: Vec<_> = names.filter(|name| *name != path).collect();
        assert_eq!(fs::read(&aside[0]).unwrap(), torn, "{format}");
    }
}

#[test]
fn files_are_rotated_at_their_size_and_the_oldest_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("traces.json");
    let mut config = config(&path, "rotation: {max_megabytes: 1, max_backups: 2}");
    let one = record(&trace(1, 5), &config).len() as u64;
    config.rotation.as_mut().unwrap().max_bytes = 2 * one + 1;
    // Two a file.
    let batches = vec![trace(1, 5); 9];
    assert!(write(&config, &batches).iter().all(Result::is_ok));
    let names = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut counts: Vec<_> = names.map(|name| read(&name, &config).0.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 2], "the present one, and two before");
}

#[test]
fn what_cannot_be_written_is_told_and_goes_on_when_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("nowhere/traces.json");
    let told = FileExporter::start(&config(&missing, ""), account());
    let told = told.err().unwrap();
    assert!(
        told.contains("nowhere/traces.json cannot be written: "),
        "{told}"
    );
    assert!(told.contains("create_directory: true"), "{told}");
    let path = dir.path().join("traces.json");
    let config = config(&path, "append: true");
    let mut output = Output::new(config.clone());
    output.open().unwrap();
    output.write(b"first\n").unwrap();
    // As if the disk had been full within a record, and the file opened anew.
    fs::write(&path, "first\nsec").unwrap();
    output.close();
    output.write(b"third\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "first\nthird\n");
}

#[test]
fn two_exporters_do_not_write_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&dir.path().join("traces.json"), "append: true");
    let first = FileExporter::start(&config, account()).unwrap();
    let told = FileExporter::start(&config, account()).err().unwrap();
    assert!(
        told.ends_with("another exporter or process writes it already"),
        "{told}"
    );
    drop(first);
    assert!(FileExporter::start(&config, account()).is_ok());
}
