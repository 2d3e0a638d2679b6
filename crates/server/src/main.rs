//! The `tracewell` binary.

fn main() {}
