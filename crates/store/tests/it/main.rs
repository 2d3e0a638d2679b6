//! Tests of the store from outside.

#![expect(clippy::disallowed_methods, reason = "tests look at files themselves")]

mod compaction;
mod conformance;
mod crash_pairs;
mod embedded;
mod frozen;
mod full_disk;
mod model;
mod query_memory;
