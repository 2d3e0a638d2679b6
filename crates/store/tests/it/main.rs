//! Tests of the store from outside.

mod compaction;
mod conformance;
mod crash_pairs;
mod embedded;
mod frozen;
mod full_disk;
mod model;
