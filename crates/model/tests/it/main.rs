//! Tests of the model against spans written as plain structs.

#![expect(clippy::unwrap_used, reason = "tests")]

mod batches;
mod derive;
mod edits;
mod failures;
mod filters;
mod identity;
mod partial;
mod tree;
mod values;
