//! How much one span may hold.
//!
//! Limits exist so that a loop that adds attributes or events cannot fill the
//! memory. What they cut off must always be counted.

/// Limits of a span (OpenTelemetry specification, trace SDK, span limits).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

impl SpanLimits {
    /// Attributes of a span.
    #[must_use]
    pub fn max_attributes(mut self, limit: usize) -> SpanLimits {
        self.max_attributes = limit;
        self
    }

    /// Characters of an attribute's text.
    #[must_use]
    pub fn max_value_chars(mut self, limit: usize) -> SpanLimits {
        self.max_value_chars = Some(limit);
        self
    }

    /// Events of a span.
    #[must_use]
    pub fn max_events(mut self, limit: usize) -> SpanLimits {
        self.max_events = limit;
        self
    }

    /// Links of a span.
    #[must_use]
    pub fn max_links(mut self, limit: usize) -> SpanLimits {
        self.max_links = limit;
        self
    }

    /// Attributes of an event.
    #[must_use]
    pub fn max_attributes_per_event(mut self, limit: usize) -> SpanLimits {
        self.max_attributes_per_event = limit;
        self
    }

    /// Attributes of a link.
    #[must_use]
    pub fn max_attributes_per_link(mut self, limit: usize) -> SpanLimits {
        self.max_attributes_per_link = limit;
        self
    }
}
