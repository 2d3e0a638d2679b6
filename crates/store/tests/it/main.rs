//! Tests of the store from outside.

mod conformance;
mod embedded;
