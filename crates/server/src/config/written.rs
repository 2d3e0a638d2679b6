//! One setting as somebody wrote it, before anything is understood of it.
//!
//! All sources give these, so that precedence and mistakes are dealt with once.
//! **It is never read without its place**: a message must say where to look.

use tracewell_collector::written::Place;

/// One setting as somebody wrote it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) key: String,
    pub(super) text: String,
    pub(super) place: Place,
}
