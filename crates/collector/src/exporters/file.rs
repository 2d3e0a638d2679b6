//! `file`: spans as OTLP into a file that the user named, to be read by
//! `tracewell import` or by a Collector.
//!
//! ```text
//! json             TracesData, newline                  one a batch
//! proto, or zstd   u32 big-endian length, TracesData    each packed by itself
//! ```
//!
//! One thread writes: what has gathered is written together, synced once, and then
//! acknowledged. **Nothing is acknowledged that a power cut could take**, and a
//! record that was not written whole is taken back.

mod backups;
mod config;
mod held;
mod output;

pub use config::{FileConfig, FileFormat, Rotation};

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};
use tracewell_wire::otlp::{json, protobuf};

use super::account::ExporterAccount;
use crate::pipelines::graph::Surroundings;
use held::Held;
use output::Output;

/// Batches that may wait for the disk; more are refused as busy.
const WAITING_MAX: usize = 1_000;

/// Bytes that are written before a sync, and that are held in memory for it.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// See the module's text.
pub(crate) struct FileExporter {
    account: Arc<ExporterAccount>,
    /// Taken at the end, which ends the thread.
    waiting: Mutex<Option<SyncSender<Waiting>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Waiting {
    batch: Arc<SpanBatch>,
    held: Held,
}

impl FileExporter {
    /// Opens the file; it is closed when the exporter ends.
    ///
    /// # Errors
    /// It cannot be written: why.
    pub(super) fn build(
        config: &FileConfig,
        account: Arc<ExporterAccount>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Arc<dyn Consumer>, String> {
        let this = Arc::new(Self::start(config, account)?);
        let ending = Arc::clone(&this);
        surroundings.endings.add(async move {
            // It waits for a disk.
            let closed = tokio::task::spawn_blocking(move || ending.close());
            if let Err(error) = closed.await {
                tracing::error!("a file was not closed: {error}");
            }
        });
        Ok(this)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// It cannot be written: why.
    pub(crate) fn start(
        config: &FileConfig,
        account: Arc<ExporterAccount>,
    ) -> Result<Self, String> {
        let mut output = Output::new(config.clone());
        output.open().map_err(|error| config.wrong(&error))?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let (config, of_thread) = (config.clone(), Arc::clone(&account));
        let writer = std::thread::Builder::new()
            .name("file-exporter".to_owned())
            .spawn(move || write_all(&receiver, &mut output, &config, &of_thread))
            .map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(Self {
            account,
            waiting: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Writes what waits, and takes no more. Idempotent.
    fn close(&self) {
        drop(
            self.waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take() {
            let is_bad = writer.join().is_err();
            if is_bad {
                tracing::error!("{}: its thread ended badly", self.account.exporter());
            }
        }
    }
}

impl Consumer for FileExporter {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let held = Held::new(&self.account, batch.len() as u64, ack);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Told so where it is dropped.
        let Some(waiting) = waiting.clone() else {
            return;
        };
        match waiting.try_send(Waiting { batch, held }) {
            Ok(()) => {}
            Err(TrySendError::Full(Waiting { held, .. })) => {
                let exporter = self.account.exporter();
                let why = format!("{WAITING_MAX} batches wait for the exporter {exporter} already");
                held.rejected("queue_full", StoreError::Busy(why));
            }
            // Told so where it is dropped.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Drop for FileExporter {
    /// What waits is written.
    fn drop(&mut self) {
        self.close();
    }
}

fn write_all(
    receiver: &Receiver<Waiting>,
    output: &mut Output,
    config: &FileConfig,
    account: &ExporterAccount,
) {
    let mut next = None;
    while let Some(first) = next.take().or_else(|| receiver.recv().ok()) {
        let mut group = Group::default();
        group.add(first, config);
        while group.bytes.len() < GROUP_BYTES_MAX
            && let Ok(waiting) = receiver.try_recv()
        {
            // What no longer fits begins the next file.
            let record = record(&waiting.batch, config);
            if output.has_room(group.bytes.len(), record.len()) {
                group.put(waiting.held, &record);
            } else {
                next = Some(waiting);
                break;
            }
        }
        let written = output.write(&group.bytes);
        group.end(written.map_err(|error| config.wrong(&error)), account);
    }
}

/// What is written together.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    held: Vec<Held>,
}

impl Group {
    fn add(&mut self, waiting: Waiting, config: &FileConfig) {
        let record = record(&waiting.batch, config);
        self.put(waiting.held, &record);
    }

    fn put(&mut self, held: Held, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.held.push(held);
    }

    fn end(self, written: Result<(), String>, account: &ExporterAccount) {
        match &written {
            Ok(()) => {
                if account.recovered() {
                    tracing::info!("{}: the file is written again", account.exporter());
                }
            }
            Err(why) => {
                if account.failed(why) {
                    tracing::error!("{}: {why}", account.exporter());
                }
            }
        }
        for held in self.held {
            match &written {
                Ok(()) => held.written(),
                Err(why) => held.rejected("cannot_write", StoreError::Unavailable(why.clone())),
            }
        }
    }
}

/// A batch as it stands in the file.
fn record(batch: &SpanBatch, config: &FileConfig) -> Vec<u8> {
    let mut message = match config.format {
        FileFormat::Json => json::encode(batch),
        FileFormat::Protobuf => protobuf::encode(batch),
    };
    if !config.is_framed() {
        message.push(b'\n');
        return message;
    }
    if config.is_packed {
        let packed = zstd::bulk::compress(&message, 0);
        message = packed.expect("memory takes whatever is written");
    }
    let length = u32::try_from(message.len()).expect("a request has less than 4 GiB");
    let mut record = length.to_be_bytes().to_vec();
    record.extend_from_slice(&message);
    record
}

#[cfg(test)]
mod tests;
