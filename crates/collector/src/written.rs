//! What people write to configure a process, with the place of every word.
//!
//! Knows files and sentences, **no setting and no component**: who reads a
//! configuration says what may stand there.

pub mod expand;
pub mod fields;
pub mod go_duration;
pub mod merge;
pub mod mistake;
#[cfg(test)]
pub(crate) mod section;
pub mod yaml;

pub use mistake::{Mistake, Mistakes, Place, nearest};
