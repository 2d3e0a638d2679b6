//! Answers that are made whole and compressed where they were made.
//!
//! A query holds memory for what it makes; **compressed it holds the small form
//! while a slow client reads**.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use tracewell_model::store::ScanReport;

use super::encoder::Encoder;
use super::{Coding, MIN_BYTES};
use crate::searched;

/// A finished answer, compressed if that pays.
#[derive(Debug)]
pub(crate) struct Encoded {
    content_type: &'static str,
    coding: Coding,
    bytes: Vec<u8>,
    searched: Option<ScanReport>,
}

impl Encoded {
    /// Compresses if the answer is large and the client can read it.
    pub(crate) fn new(content_type: &'static str, coding: Coding, bytes: Vec<u8>) -> Self {
        let is_large = bytes.len() >= MIN_BYTES;
        let encoder = is_large.then(|| Encoder::new(coding)).flatten();
        let compressed = encoder.and_then(|encoder| whole(encoder, &bytes).ok());
        let (coding, bytes) = match compressed {
            Some(compressed) => (coding, compressed),
            None => (Coding::Identity, bytes),
        };
        Self {
            content_type,
            coding,
            bytes,
            searched: None,
        }
    }

    /// The same answer, saying how much was looked at for it.
    pub(crate) fn having_searched(self, report: &ScanReport) -> Self {
        Self {
            searched: Some(*report),
            ..self
        }
    }
}

fn whole(mut encoder: Encoder, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::from(encoder.push(bytes)?);
    packed.extend_from_slice(&encoder.finish()?);
    Ok(packed)
}

impl IntoResponse for Encoded {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::VARY, "accept-encoding"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let searched = self.searched.as_ref().map(searched::fields);
        let mut response = (headers, searched.unwrap_or_default(), self.bytes).into_response();
        if let Some(name) = self.coding.name() {
            let name = HeaderValue::from_static(name);
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, name);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_large_is_compressed_and_reads_back() {
        let large: Vec<u8> = (0..MIN_BYTES).map(|i| (i / 100) as u8).collect();
        let gzip = Encoded::new("text/plain", Coding::Gzip, large.clone());
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&gzip.bytes[..])
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, large);
        let zstd = Encoded::new("text/plain", Coding::Zstd, large.clone());
        assert!(zstd.bytes.len() < large.len() / 10);
        let read = zstd::bulk::decompress(&zstd.bytes, large.len()).unwrap();
        assert_eq!(read, large);
        let small = Encoded::new("text/plain", Coding::Zstd, b"small".to_vec());
        assert_eq!(
            (small.coding, &small.bytes[..]),
            (Coding::Identity, &b"small"[..])
        );
    }
}
