//! What occurs: services, their operations, attribute keys, as lists that say
//! whether they are whole.
//!
//! A list is for completion and overview; **spans of what it leaves out are
//! found all the same**.

use super::{ScanReport, TimeRange};
use crate::batch::{Level, columns::ValueType};
use crate::span_kind::SpanKind;

/// A list of what occurs, and what it may lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What occurs in everything that can be read.
    pub entries: Vec<T>,
    /// What was left out. How much was looked at is not counted.
    pub report: ScanReport,
    /// More occurs than is listed: as many as were asked for, or more than is
    /// remembered. Spans of what is not listed are found all the same.
    pub has_more: bool,
}

impl<T> Listed<T> {
    /// A list that lacks nothing.
    #[must_use]
    pub fn whole(entries: Vec<T>) -> Self {
        Self {
            entries,
            report: ScanReport::default(),
            has_more: false,
        }
    }

    /// Why there may be more, in a sentence.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let more = self
            .has_more
            .then(|| "there are more than these".to_owned());
        let reasons: Vec<String> = self.report.lacking().into_iter().chain(more).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Another list made from this one, which lacks the same.
    pub fn map<U>(self, change: impl FnOnce(Vec<T>) -> Vec<U>) -> Listed<U> {
        Listed {
            entries: change(self.entries),
            report: self.report,
            has_more: self.has_more,
        }
    }
}

/// A service's operation with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `service.name`; empty for spans without one.
    pub service: String,
    /// Span name.
    pub name: String,
    /// Span kind.
    pub kind: SpanKind,
    /// Spans stored.
    pub spans: u64,
    /// Spans stored that failed.
    pub failed: u64,
}

/// A service with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCount {
    /// `service.name`; empty for spans without one.
    pub name: String,
    /// Spans stored.
    pub spans: u64,
    /// Spans stored that failed.
    pub failed: u64,
}

/// Which operations are asked for.
#[derive(Debug, Clone, Copy)]
pub struct OperationQuery<'a> {
    /// When.
    pub range: TimeRange,
    /// Those of this service; empty for spans without one, `None` for all.
    pub service: Option<&'a str>,
    /// Those of this kind; `None` for all.
    pub kind: Option<SpanKind>,
    /// Those whose name begins so, whatever the case.
    pub prefix: &'a str,
    /// Operations wanted, at most.
    pub limit: usize,
}

impl OperationQuery<'_> {
    /// Every operation in the range.
    #[must_use]
    pub fn all(range: TimeRange) -> Self {
        Self {
            range,
            service: None,
            kind: None,
            prefix: "",
            limit: usize::MAX,
        }
    }

    /// Is an operation of this name and kind asked for, if its service is?
    #[must_use]
    pub fn wants(&self, name: &str, kind: SpanKind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind) && begins_with(name, self.prefix)
    }

    /// Are operations of this service asked for?
    #[must_use]
    pub fn wants_service(&self, service: &str) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
    }
}

/// Does the text begin so, whatever the case?
#[must_use]
pub fn begins_with(text: &str, prefix: &str) -> bool {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    match text.get(..prefix.len()) {
        _ if prefix.is_empty() => true,
        Some(head) if head.eq_ignore_ascii_case(prefix) => true,
        _ if prefix.is_ascii() && text.is_ascii() => false,
        _ => lower(text).starts_with(&lower(prefix)),
    }
}

/// An attribute key that occurs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeKey {
    /// Whose attribute.
    pub level: Level,
    /// The key.
    pub key: String,
    /// A type it occurs with.
    pub value_type: ValueType,
}
