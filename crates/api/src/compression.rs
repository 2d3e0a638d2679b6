//! Large answers are compressed as the client says it can read.
//!
//! At the fastest level: a trace is sent once and looked at for minutes, and
//! the network between them is usually short. Runs where the answer was made,
//! **never on an async thread**.

use std::io::Write;

use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};
use tracewell_model::store::ScanReport;

use super::searched;

/// Smaller answers fit a few packets as they are.
const MIN_BYTES: usize = 16 << 10;

const LEVEL: i32 = 1;

/// A content coding (RFC 9110, 8.4) that we can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The cheapest coding that `Accept-Encoding` allows.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        if Self::accepts(headers, "zstd") {
            Self::Zstd
        } else if Self::accepts(headers, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// Whether `Accept-Encoding` allows the coding of this name.
    pub(crate) fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter();
        let items = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        // Of several mentions the first counts.
        items
            .map(coding_and_weight)
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .is_some_and(|(_, is_wanted)| is_wanted)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn encode(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => {
                let half = Vec::with_capacity(bytes.len() / 2);
                let mut encoder = GzEncoder::new(half, Compression::new(LEVEL as u32));
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Zstd => zstd::bulk::compress(bytes, LEVEL),
        }
    }
}

/// One item of `Accept-Encoding`: its name, and whether its weight is above 0.
fn coding_and_weight(item: &str) -> (&str, bool) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    let is_wanted = weight.is_none_or(|weight| weight.parse().is_ok_and(|q: f32| q > 0.0));
    (name, is_wanted)
}

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
        let compressed = (coding != Coding::Identity && bytes.len() >= MIN_BYTES)
            .then(|| coding.encode(&bytes).ok())
            .flatten();
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

impl IntoResponse for Encoded {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::VARY, "accept-encoding"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let searched = self.searched.as_ref().map(searched::fields);
        let mut response = (headers, searched.unwrap_or_default(), self.bytes).into_response();
        if self.coding != Coding::Identity {
            let value = http::HeaderValue::from_static(self.coding.name());
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_cheapest_accepted_coding_is_taken() {
        for (accept, want) in [
            ("", Coding::Identity),
            ("br", Coding::Identity),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("GZIP", Coding::Gzip),
            ("zstd;q=0, gzip;q=0.5", Coding::Gzip),
            ("zstd; q=nonsense,gzip;q=0.0", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
            assert_eq!(Coding::accepted(&headers), want, "{accept}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Identity);
    }

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
