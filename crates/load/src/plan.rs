//! What is to be sent: every choice that a run leaves to whoever starts it.
//!
//! It only says what was asked for; **nothing is sent from here**.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::time::Instant;

use super::encoding::{Encoding, Templates};
use super::error::LoadError;
use super::reach::Credentials;
use super::sender::{Compression, Protocol, Sender};
use super::shape::{Shape, ShapeName};
use super::totals::Totals;
use super::verify_file::VerifyFile;
use super::worker::Run;

/// What is to be sent, where to, and for how long.
#[derive(Clone)]
pub struct Plan {
    /// Spans a second over all connections; 0 sends as fast as the server takes them.
    pub rate: u64,
    /// How long to send.
    pub duration: Duration,
    /// Stop after this many spans.
    pub spans: Option<u64>,
    /// Protocol to send with.
    pub protocol: Protocol,
    /// Where to send; by default to the port of the protocol on this machine.
    pub endpoint: Option<String>,
    /// How spans are encoded.
    pub encoding: Encoding,
    /// How requests are compressed.
    pub compression: Compression,
    /// Connections, each with one request at a time.
    pub connections: u16,
    /// Spans in a request.
    pub batch: u32,
    /// What the traces look like.
    pub shape: ShapeName,
    /// Repeats ids and traces; without it every run is different.
    pub seed: Option<u64>,
    /// How long a request may take.
    pub timeout: Duration,
    /// How long a request is tried again when the server cannot take it.
    pub retry_for: Duration,
    /// Where trace ids and numbers of acknowledged spans are written.
    pub verify_file: Option<PathBuf>,
    /// What a locked server wants to see.
    pub credentials: Credentials,
}

impl Plan {
    /// One sender for each connection.
    pub(super) fn senders(&self) -> Result<Vec<Sender>, LoadError> {
        (0..self.connections).map(|_| self.sender()).collect()
    }

    fn sender(&self) -> Result<Sender, LoadError> {
        let default = match self.protocol {
            Protocol::Grpc => "http://127.0.0.1:4317",
            Protocol::Http => "http://127.0.0.1:4318",
        };
        let endpoint = self.endpoint.as_deref().unwrap_or(default);
        let with_scheme = match endpoint.split_once("://") {
            None => format!("http://{endpoint}"),
            Some(("http" | "https", _)) => endpoint.to_owned(),
            Some(_) => {
                let problem =
                    format!("only http and https are supported; write for example {default}");
                return Err(LoadError::endpoint(endpoint, problem));
            }
        };
        Sender::new(
            self.protocol,
            &with_scheme,
            self.encoding,
            self.compression,
            self.timeout,
            &self.credentials,
        )
    }

    /// What all connections share, from now on.
    pub(super) fn begin(&self) -> Result<Run, LoadError> {
        let verify = self.verify_file.as_deref().map(VerifyFile::create);
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let each = self.rate as f64 / f64::from(self.connections);
        // At low rates a full batch would take long to fill; every connection sends
        // at least once a second, as an exporter with a timer does.
        let batch_spans = if self.rate == 0 {
            self.batch as usize
        } else {
            (each as usize).clamp(1, self.batch as usize)
        };
        let interval = if self.rate == 0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(batch_spans as f64 / each)
        };
        Ok(Run {
            verify: verify.transpose()?,
            templates: Templates::encode(&Shape::build(self.shape, seed), self.encoding),
            totals: Totals::default(),
            remaining: self.spans.map(AtomicU64::new),
            seed,
            batch_spans,
            connections: usize::from(self.connections),
            interval,
            start: Instant::now(),
            duration: self.duration,
            retry_for: self.retry_for,
        })
    }
}

/// The standard library's source of unpredictable hash keys.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
