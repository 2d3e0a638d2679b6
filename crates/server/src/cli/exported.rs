//! Traces that the server hands out, whole ones: what is asked, the records of the
//! answer, and whether there were all.

use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tracewell_model::SpanBatch;
use tracewell_wire::otlp;

use super::client::percent_encoded;
use super::error::CliError;
use super::output::plain;

/// Records are parts of traces and far smaller; a mistaken address does not
/// fill the memory.
const MAX_RECORD_BYTES: usize = 1 << 30;

/// Bytes of the sentence about a failure.
const MAX_REASON_BYTES: usize = 64 << 10;

const LENGTH_BYTES: usize = 4;

/// `GET /api/export`, as it arrives.
pub(super) struct Exported {
    body: Incoming,
    pending: BytesMut,
    server: String,
    read_bytes: u64,
    /// What follows where it breaks off.
    consequence: &'static str,
}

impl Exported {
    /// Of this answer; where it breaks off, people are told what follows from that.
    pub(super) fn new(
        response: Response<Incoming>,
        server: &str,
        consequence: &'static str,
    ) -> Self {
        Self {
            body: response.into_body(),
            pending: BytesMut::new(),
            server: server.to_owned(),
            read_bytes: 0,
            consequence,
        }
    }

    /// Bytes that have arrived.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The next record; `None` when the server has sent all there is.
    pub(super) async fn record(&mut self) -> Result<Option<Bytes>, CliError> {
        if !self.fill(LENGTH_BYTES).await? {
            return Err(self.broken_off("it ended without a last record"));
        }
        let length = self.pending.get_u32();
        if length == u32::MAX {
            return Err(self.failure().await);
        }
        let length = length as usize;
        if length == 0 {
            return Ok(None);
        }
        if length > MAX_RECORD_BYTES {
            return Err(CliError::Failed(format!(
                "{} sent a record of {length} bytes; is this tracewell?",
                self.server
            )));
        }
        if !self.fill(length).await? {
            return Err(self.broken_off("it ended within a record"));
        }
        Ok(Some(self.pending.split_to(length).freeze()))
    }

    /// Waits until so many bytes are there; `false` if there will not be.
    async fn fill(&mut self, bytes: usize) -> Result<bool, CliError> {
        while self.pending.len() < bytes {
            match self.body.frame().await {
                None => return Ok(false),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.read_bytes += data.len() as u64;
                        self.pending.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => return Err(self.broken_off(&error.to_string())),
            }
        }
        Ok(true)
    }

    /// The server's own words about why it does not go on.
    async fn failure(&mut self) -> CliError {
        // The connection breaks off behind them, as it should.
        while self.pending.len() < MAX_REASON_BYTES {
            let more = self.pending.len() + 1;
            if !matches!(self.fill(more).await, Ok(true)) {
                break;
            }
        }
        let said: Value = serde_json::from_slice(&self.pending).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("no reason is given");
        self.broken_off(message)
    }

    fn broken_off(&self, reason: &str) -> CliError {
        CliError::Failed(format!(
            "{} broke off the export: {}; {}",
            self.server,
            plain(reason),
            self.consequence
        ))
    }
}

/// The request, with what was typed as it was typed.
pub(super) fn path(query: Option<&str>, from: Option<&str>, to: Option<&str>) -> String {
    let mut path = "api/export".to_owned();
    let query = query.map(str::trim).unwrap_or_default();
    let braced = match query {
        "" => None,
        query if query.starts_with('{') => Some(query.to_owned()),
        query => Some(format!("{{ {query} }}")),
    };
    let mut separator = '?';
    for (name, value) in [("q", braced.as_deref()), ("from", from), ("to", to)] {
        if let Some(value) = value {
            path.push_str(&format!("{separator}{name}={}", percent_encoded(value)));
            separator = '&';
        }
    }
    path
}

/// The spans of a record.
pub(super) fn decode(message: &[u8]) -> Result<SpanBatch, CliError> {
    let decoded = otlp::protobuf::decode(message).map_err(|error| {
        CliError::Failed(format!("the server sent a record that is no OTLP: {error}"))
    })?;
    match decoded.rejected.message() {
        None => Ok(decoded.batch),
        Some(message) => Err(CliError::Failed(format!(
            "the server sent spans that cannot be read: {message}"
        ))),
    }
}
