//! Tests of the store from outside.

#![expect(clippy::disallowed_methods, reason = "tests look at files themselves")]

mod backup;
mod compaction;
mod conformance;
mod crash_pairs;
mod damage;
mod embedded;
mod frozen;
mod full_disk;
mod healing;
mod in_traces;
mod lost_files;
mod many_names;
mod model;
mod neighbours;
mod outliers;
mod query_memory;
mod read_only;
mod repairs;
mod snapshot;
mod strangers;
