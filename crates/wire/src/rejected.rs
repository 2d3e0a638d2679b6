//! Spans left out of a batch: how many, why, and where the first one stood.
//!
//! OTLP answers such a request with success and a `partial_success` text. The
//! text is all that the sender's developer gets to see, so it names the field,
//! what was expected, what came, and the place. It never grows with the
//! number of bad spans.

use std::fmt::{self, Write as _};

use tracewell_model::ids::IdError;

/// Why a span was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectReason {
    /// `trace_id` is not 16 bytes, or all zeros.
    TraceId = 0,
    /// `span_id` is not 8 bytes, or all zeros.
    SpanId = 1,
    /// `parent_span_id` is neither absent nor 8 bytes.
    ParentSpanId = 2,
    /// An id of a link has a wrong length. Links to nowhere (no ids, or zeros)
    /// are legal: SDKs record them for their attributes.
    LinkId = 3,
    /// A time or a duration that 64 bits of nanoseconds do not hold.
    Time = 4,
}

impl RejectReason {
    /// All reasons, in numeric order.
    pub const ALL: [Self; 5] = [
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::LinkId,
        Self::Time,
    ];

    /// A stable name for metric labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::LinkId => "link_id",
            Self::Time => "time",
        }
    }
}

/// What is wrong with a field that was read but cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reason: RejectReason,
    /// The field as its protocol names it.
    pub(crate) field: &'static str,
    pub(crate) problem: FaultProblem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultProblem {
    /// An id of `got` bytes instead of `want`.
    Bytes {
        want: usize,
        got: usize,
    },
    /// An id of `got` characters instead of `want` hexadecimal digits.
    Digits {
        want: usize,
        got: usize,
    },
    /// An id with a character that is no hexadecimal digit.
    NotHex,
    Zero,
    /// A time or duration that does not fit.
    Microseconds(i64),
    /// Likewise, of a protocol that counts seconds.
    Seconds(i64),
}

impl Fault {
    pub(crate) fn new(reason: RejectReason, field: &'static str, problem: FaultProblem) -> Self {
        Self {
            reason,
            field,
            problem,
        }
    }
}

impl Fault {
    /// Why hexadecimal text is no id.
    pub(crate) fn hex(reason: RejectReason, field: &'static str, error: &IdError) -> Self {
        let problem = match *error {
            IdError::Length { max, got } => FaultProblem::Digits { want: max, got },
            IdError::Digit(_) => FaultProblem::NotHex,
            IdError::Zero => FaultProblem::Zero,
        };
        Self::new(reason, field, problem)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.problem {
            FaultProblem::Bytes { want, got } => {
                write!(f, "{field} must be {want} bytes, got {got}")
            }
            FaultProblem::Digits { want, got } => {
                write!(f, "{field} must be {want} hexadecimal digits, got {got}")?;
                // What protobuf's own JSON makes of an id of the right size.
                if got == (want / 2).div_ceil(3) * 4 {
                    f.write_str(": this looks like base64")?;
                }
                Ok(())
            }
            FaultProblem::NotHex => write!(f, "{field} has a character that is not hexadecimal"),
            FaultProblem::Zero => write!(f, "{field} is all zeros"),
            FaultProblem::Microseconds(us) => {
                write!(f, "{field} is {us} µs, which 64 bits of ns do not hold")
            }
            FaultProblem::Seconds(seconds) => {
                write!(f, "{field} is {seconds} s, which 64 bits of ns do not hold")
            }
        }
    }
}

/// Where a span stood in its request; numbers count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) resource: u32,
    pub(crate) scope: u32,
    pub(crate) span: u32,
}

/// Spans left out of a batch, counted by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    counts: [u64; RejectReason::ALL.len()],
    first: [Option<(Fault, Place)>; RejectReason::ALL.len()],
}

impl Rejected {
    /// Spans left out.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Reasons that occurred, with the number of spans each cost.
    pub fn iter(&self) -> impl Iterator<Item = (RejectReason, u64)> {
        RejectReason::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(_, count)| *count > 0)
    }

    /// A text for the sender: per reason the count, the fault and the place of
    /// the first such span. `None` when nothing was left out.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let mut text = String::new();
        for (reason, count) in self.iter() {
            let Some((fault, place)) = self.first[reason as usize] else {
                continue;
            };
            if !text.is_empty() {
                text.push_str("; ");
            }
            let (spans, first) = if count == 1 {
                ("span", "")
            } else {
                ("spans", "first: ")
            };
            write!(
                text,
                "{count} {spans} rejected: {fault} ({first}resource {}, scope {}, span {})",
                place.resource, place.scope, place.span
            )
            .expect("writing to a string cannot fail");
        }
        Some(text).filter(|text| !text.is_empty())
    }

    pub(crate) fn count(&mut self, fault: Fault, place: Place) {
        let index = fault.reason as usize;
        self.counts[index] += 1;
        self.first[index].get_or_insert((fault, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_field_value_count_and_place() {
        let mut rejected = Rejected::default();
        assert_eq!(rejected.message(), None);
        let length = FaultProblem::Bytes { want: 8, got: 4 };
        let fault = Fault::new(RejectReason::SpanId, "span_id", length);
        let place = Place {
            resource: 0,
            scope: 1,
            span: 17,
        };
        rejected.count(fault, place);
        rejected.count(fault, Place::default());
        let zero = Fault::new(RejectReason::TraceId, "trace_id", FaultProblem::Zero);
        rejected.count(zero, place);
        assert_eq!(rejected.total(), 3);
        assert_eq!(
            rejected.iter().collect::<Vec<_>>(),
            [(RejectReason::TraceId, 1), (RejectReason::SpanId, 2)]
        );
        assert_eq!(
            rejected.message().unwrap(),
            "1 span rejected: trace_id is all zeros (resource 0, scope 1, span 17); \
             2 spans rejected: span_id must be 8 bytes, got 4 \
             (first: resource 0, scope 1, span 17)"
        );
    }
}
