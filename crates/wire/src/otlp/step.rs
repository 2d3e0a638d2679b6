//! The way down through the messages of a request, for who only looks for what
//! is at its end.

/// A step from a message to those within it: the fields to follow, by number
/// and by the names of JSON.
pub(super) struct Step {
    pub(super) numbers: &'static [u32],
    pub(super) names: &'static [&'static str],
}
