//! What was put right in spans that were kept: how often, and what.
//!
//! A text that is not UTF-8 costs its wrong bytes and not its span, let alone
//! the spans of its resource (OTLP asks for that). But people must be able to
//! find the client that sends it, so nothing is put right without a count.

use tracewell_model::any_value::MAX_DEPTH;

/// Stands where an array or list was cut.
pub(crate) const CUT: &str = "[cut: nested deeper than 32 levels]";

const _: () = assert!(MAX_DEPTH == 32, "the mark says so");

/// What was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repair {
    /// U+FFFD stands for bytes that are not UTF-8; counts the places.
    Utf8 = 0,
    /// An array or list below [`MAX_DEPTH`](tracewell_model::any_value::MAX_DEPTH)
    /// levels of others was cut, with a mark in its place; counts the cuts.
    Nesting = 1,
    /// `bytesValue` in JSON that is not base64 was kept as the text it is.
    Base64 = 2,
}

impl Repair {
    /// All of them, in numeric order.
    pub const ALL: [Self; 3] = [Self::Utf8, Self::Nesting, Self::Base64];

    /// A stable name for metric labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Nesting => "nesting",
            Self::Base64 => "base64",
        }
    }
}

/// Counts of what was put right in one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired([u64; Repair::ALL.len()]);

impl Repaired {
    /// Repairs that happened, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (Repair, u64)> {
        Repair::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, count)| *count > 0)
    }

    pub(crate) fn count(&mut self, repair: Repair, times: u64) {
        self.0[repair as usize] += times;
    }
}
