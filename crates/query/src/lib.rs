//! TraceQL, search, trace assembly and analysis.
//!
//! This crate answers questions about traces over any `TraceStore`. **It never
//! opens a file or a socket and never knows a protocol.**

pub mod traceql;
