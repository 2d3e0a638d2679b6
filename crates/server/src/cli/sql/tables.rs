//! What is inside of columns that only we can read, as lines of JSON: events, links
//! and attributes.
//!
//! One pass over the files of a snapshot writes the tables that are wanted; **a block's
//! row group is in memory at a time**, and what is written is beside the snapshot.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use tracewell_model::batch::view::{BatchView, SpanRef, ValueRef};
use tracewell_model::{Level, SpanBatch};
use tracewell_store::block::read_span_file;
use tracewell_store::files::DiskFiles;
use tracewell_wire::any_json::any_json;

use super::Table;
use crate::cli::error::CliError;

/// Writes `events.jsonl` and its like into `dir`.
pub(super) fn write(dir: &Path, files: &[PathBuf], tables: &[Table]) -> Result<(), CliError> {
    let mut outputs = Vec::new();
    for table in tables {
        let path = dir.join(format!("{}.jsonl", table.name()));
        let file = File::create(&path).map_err(|error| cannot(&path, &error))?;
        outputs.push((*table, BufWriter::new(file), path));
    }
    if outputs.is_empty() {
        return Ok(());
    }
    for file in files {
        let read = read_span_file(&DiskFiles, file, &mut |_, batch| {
            for (table, out, path) in &mut outputs {
                lines(&batch, *table, out).map_err(|error| cannot(path, &error))?;
            }
            Ok::<(), CliError>(())
        });
        read.map_err(|error| CliError::Failed(error.to_string()))??;
    }
    for (_, mut out, path) in outputs {
        out.flush().map_err(|error| cannot(&path, &error))?;
    }
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::Failed(format!("cannot write {}: {error}", path.display()))
}

fn lines(batch: &SpanBatch, table: Table, out: &mut impl Write) -> std::io::Result<()> {
    let view = BatchView::new(batch);
    for span in view.spans() {
        match table {
            Table::Attributes => line(&attributes(&view, span), out)?,
            Table::Events => {
                let events = batch.events();
                for row in span.event_rows() {
                    let event = json!({
                        "trace_id": span.trace_id().to_string(),
                        "span_id": span.span_id().to_string(),
                        "time_ns": events.time_ns[row],
                        "name": events.name.get(row),
                        "attributes": object(view.attributes(Level::Event, row)),
                    });
                    line(&event, out)?;
                }
            }
            Table::Links => {
                let links = batch.links();
                for row in span.link_rows() {
                    let link = json!({
                        "trace_id": span.trace_id().to_string(),
                        "span_id": span.span_id().to_string(),
                        "linked_trace_id": links.trace_id[row].to_string(),
                        "linked_span_id": links.span_id[row].to_string(),
                        "attributes": object(view.attributes(Level::Link, row)),
                    });
                    line(&link, out)?;
                }
            }
        }
    }
    Ok(())
}

fn attributes(view: &BatchView<'_>, span: SpanRef<'_>) -> Json {
    json!({
        "trace_id": span.trace_id().to_string(),
        "span_id": span.span_id().to_string(),
        "span": object(span.attributes()),
        "resource": object(view.attributes(Level::Resource, span.resource_row())),
        "scope": object(view.attributes(Level::Scope, span.scope_row())),
    })
}

/// Of a key that is there twice the first value.
fn object<'a>(attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>) -> Json {
    let mut object = Map::new();
    for (key, value) in attributes {
        let value = || any_json(&value.to_any(), Json::from);
        object.entry(key).or_insert_with(value);
    }
    Json::Object(object)
}

fn line(json: &Json, out: &mut impl Write) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, json)?;
    out.write_all(b"\n")
}
