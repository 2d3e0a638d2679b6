//! Tests of the store from outside.

mod conformance;
mod crash_pairs;
mod embedded;
mod full_disk;
mod model;
