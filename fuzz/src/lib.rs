//! What must hold for bytes that nobody should send, checked by every fuzz target.
//!
//! **Nothing here is linked into what ships.** A bounded run of the same kind is
//! in the tests (`crates/wire/tests/it`); how to run the long one is in
//! CONTRIBUTING.md.

use tracewell_query::traceql;
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::{Decoded, WireError, otlp};

/// What a batch may cost for each byte of the request, and on top of that.
const MEMORY_PER_BYTE: usize = 60;
const MEMORY_FIXED: usize = 10_000;

/// What a compressed body may become.
const LIMIT_BYTES: usize = 1 << 20;

/// A decoder of spans does not panic, takes memory in proportion, and what it
/// accepts is well formed for everybody else.
pub fn spans(decode: fn(&[u8]) -> Result<Decoded, WireError>, bytes: &[u8]) {
    let Ok(decoded) = decode(bytes) else {
        return;
    };
    let memory = decoded.batch.memory_bytes();
    let most = MEMORY_PER_BYTE * bytes.len() + MEMORY_FIXED;
    assert!(memory <= most, "{memory} bytes for {}", bytes.len());
    let protobuf = otlp::protobuf::encode(&decoded.batch);
    let back = otlp::protobuf::decode(&protobuf).expect("what we write in protobuf");
    assert_eq!(back.batch.len(), decoded.batch.len());
    assert!(back.repaired.iter().next().is_none(), "it was put right");
    let json = otlp::json::encode(&decoded.batch);
    let back = otlp::json::decode(&json).expect("what we write in JSON");
    assert_eq!(back.batch.len(), decoded.batch.len());
}

/// A compressed body never becomes more than the limit.
pub fn compressed(bytes: &[u8]) {
    let encodings = [
        Encoding::Gzip,
        Encoding::Zstd,
        Encoding::Deflate,
        Encoding::Snappy,
        Encoding::Lz4,
    ];
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let encoding = encodings[usize::from(*first) % encodings.len()];
    if let Ok(plain) = decompress(body, encoding, LIMIT_BYTES) {
        assert!(plain.len() <= LIMIT_BYTES);
    }
}

/// A query is refused, or means the same when it is written down and read again.
pub fn query(text: &str) {
    let Ok(query) = traceql::parse(text) else {
        return;
    };
    let written = query.to_string();
    let again = traceql::parse(&written).expect("what we write down");
    assert_eq!(again.to_string(), written);
}
