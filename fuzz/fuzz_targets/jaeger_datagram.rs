//! What an agent is sent, in either protocol of Thrift.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::jaeger::thrift::decode_datagram, bytes);
});
