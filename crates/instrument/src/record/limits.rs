//! How much one span may hold.
//!
//! Limits exist so that a loop that adds attributes or events cannot fill the
//! memory. What they cut off must always be counted.

/// Limits of a span (OpenTelemetry specification, trace SDK, span limits).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanLimits {
    /// Attributes of a span: 128.
    pub max_attributes: usize,
    /// Characters of an attribute's text, longer is cut: no limit.
    pub max_value_chars: Option<usize>,
    /// Events of a span: 128.
    pub max_events: usize,
    /// Links of a span: 128.
    pub max_links: usize,
    /// Attributes of an event: 128.
    pub max_attributes_per_event: usize,
    /// Attributes of a link: 128.
    pub max_attributes_per_link: usize,
}

impl Default for SpanLimits {
    fn default() -> SpanLimits {
        SpanLimits {
            max_attributes: 128,
            max_value_chars: None,
            max_events: 128,
            max_links: 128,
            max_attributes_per_event: 128,
            max_attributes_per_link: 128,
        }
    }
}
