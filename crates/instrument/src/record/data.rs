//! What a span holds when it has ended.
//!
//! It exists so that exporters, mocks and the buffer of undecided traces read
//! one structure. Its memory is used again for later spans: it must never keep
//! anything of the span before.

use super::core::Core;
use super::inbox::Inbox;
use super::limits::SpanLimits;
use super::value::{KeyValue, Value};
use crate::context::{SpanContext, SpanId};
use crate::sampling::SpanKind;
use std::borrow::Cow;
use std::sync::Arc;

/// Whether the work went well (opentelemetry/proto/trace/v1, `Status`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Somebody says it went well.
    Ok,
    /// It failed, with a description for people; may be empty.
    Error(Cow<'static, str>),
}

impl Status {
    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Status::Error(_))
    }
}

/// Something that happened during a span.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// When, in nanoseconds since 1970.
    pub time_unix_ns: u64,
    /// What.
    pub name: Cow<'static, str>,
    /// Details.
    pub attributes: Vec<KeyValue>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// Another span that this one has to do with, besides its parent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The other span.
    pub context: SpanContext,
    /// Details.
    pub attributes: Vec<KeyValue>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// Who recorded a span: a library or a part of the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scope {
    pub(crate) name: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
}

/// Who records for others: parts of this crate with a scope each, by its number
/// in every recorder. 0 is the application itself.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(all(feature = "tower", feature = "reqwest-0_13")),
    expect(dead_code, reason = "some are behind features")
)]
pub(crate) enum Part {
    Server = 1,
    Client = 2,
    Database = 3,
    Reqwest = 4,
}

impl Scope {
    /// The application, and the parts in the order of their numbers.
    pub(super) fn first() -> Vec<Scope> {
        let part = |name| Scope {
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
        };
        vec![
            Scope::default(),
            part("tracewell_instrument::middleware::server"),
            part("tracewell_instrument::middleware::client"),
            part("tracewell_instrument::middleware::database"),
            part("tracewell_instrument::middleware::reqwest"),
        ]
    }
}

/// A finished span.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct SpanData {
    /// Its ids, flags and tracestate.
    pub context: SpanContext,
    /// Its parent; invalid for a root.
    pub parent_span_id: SpanId,
    /// The parent is in another process.
    pub parent_is_remote: bool,
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its kind.
    pub kind: SpanKind,
    /// When it started, in nanoseconds since 1970.
    pub start_unix_ns: u64,
    /// When it ended, in nanoseconds since 1970; never before its start.
    pub end_unix_ns: u64,
    /// Attributes, each name once.
    pub attributes: Vec<KeyValue>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
    /// Events in the order they were added.
    pub events: Vec<Event>,
    /// Events beyond the limit.
    pub dropped_events: u32,
    /// Links in the order they were added.
    pub links: Vec<Link>,
    /// Links beyond the limit.
    pub dropped_links: u32,
    /// Its status.
    pub status: Status,
    pub(crate) scope: u32,
    /// The clock at the start, in nanoseconds since its anchor.
    pub(crate) start_ns: u64,
    /// Its memory when it ended, in bytes.
    pub(super) held_bytes: usize,
    /// It started while its thread was unwinding: that panic is not its own.
    pub(super) started_in_panic: bool,
    pub(super) is_unwound: bool,
    spare: Spare,
}

/// Above this a list's memory is not kept for the next span.
const MAX_REUSED: usize = 32;

/// Above this, in bytes, nor is a text's.
const MAX_REUSED_BYTES: usize = 256;

/// Memory for the next span: no part of what a span says.
#[derive(Debug, Default)]
struct Spare {
    texts: Vec<String>,
    inbox: Option<Arc<Inbox>>,
}

impl Clone for Spare {
    fn clone(&self) -> Spare {
        Spare::default()
    }
}

impl Spare {
    fn keep(&mut self, mut text: String) {
        if text.capacity() <= MAX_REUSED_BYTES && self.texts.len() < MAX_REUSED {
            text.clear();
            self.texts.push(text);
        }
    }
}

impl PartialEq for Spare {
    fn eq(&self, _: &Spare) -> bool {
        true
    }
}

impl SpanData {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.key == key)?;
        Some(&found.value)
    }

    /// How long it took, in nanoseconds.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.end_unix_ns.saturating_sub(self.start_unix_ns)
    }

    /// Where others speak of it.
    pub(super) fn inbox(&mut self, core: &'static Core) -> &Arc<Inbox> {
        let inbox = &mut self.spare.inbox;
        inbox.get_or_insert_with(|| Arc::new(Inbox::new(core)))
    }

    /// The same, where there is one already.
    pub(super) fn known_inbox(&self) -> Option<&Arc<Inbox>> {
        self.spare.inbox.as_ref()
    }

    /// A span that is `Ok` stays so, and nothing makes a status unset again
    /// (OpenTelemetry specification, trace API).
    pub(crate) fn set_status(&mut self, status: Status) {
        if self.status != Status::Ok && status != Status::Unset {
            self.status = status;
        }
    }

    /// An error, unless its status says more.
    pub(crate) fn fail_unless_said(&mut self, description: Cow<'static, str>) {
        match &self.status {
            Status::Error(known) if !known.is_empty() => {}
            _ => self.set_status(Status::Error(description)),
        }
    }

    /// Makes room for another span.
    pub(crate) fn reset(&mut self) {
        let mut attributes = std::mem::take(&mut self.attributes);
        let mut events = std::mem::take(&mut self.events);
        let mut spare = std::mem::take(&mut self.spare);
        for attribute in attributes.drain(..) {
            if let Value::Str(Cow::Owned(text)) = attribute.value {
                spare.keep(text);
            }
        }
        events.clear();
        if !spare.inbox.as_mut().is_some_and(Inbox::reset) {
            spare.inbox = None;
        }
        *self = SpanData::default();
        self.spare = spare;
        if attributes.capacity() <= MAX_REUSED {
            self.attributes = attributes;
        }
        if events.capacity() <= MAX_REUSED {
            self.events = events;
        }
    }

    /// About how much memory it holds, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let attributes = |list: &[KeyValue]| -> usize {
            size_of_val(list) + list.iter().map(KeyValue::heap_bytes).sum::<usize>()
        };
        let events = self
            .events
            .iter()
            .map(|event| size_of::<Event>() + event.name.len() + attributes(&event.attributes));
        let links = self
            .links
            .iter()
            .map(|link| size_of::<Link>() + attributes(&link.attributes));
        size_of::<SpanData>()
            + self.name.len()
            + attributes(&self.attributes)
            + events.sum::<usize>()
            + links.sum::<usize>()
    }

    /// A copy of a text, in memory of an earlier span where there is some.
    #[cfg(feature = "tracing")]
    pub(crate) fn copy_of(&mut self, text: &str) -> String {
        let mut copy = self.spare.texts.pop().unwrap_or_default();
        copy.push_str(text);
        copy
    }

    /// Adds or replaces an attribute within the limits.
    pub(crate) fn set_attribute(&mut self, limits: &SpanLimits, mut attribute: KeyValue) {
        if let Some(max_chars) = limits.max_value_chars {
            attribute.value.truncate(max_chars);
        }
        let known = self
            .attributes
            .iter_mut()
            .find(|known| known.key == attribute.key);
        if let Some(known) = known {
            known.value = attribute.value;
        } else if self.attributes.len() < limits.max_attributes {
            self.attributes.push(attribute);
        } else {
            self.dropped_attributes += 1;
        }
    }

    pub(crate) fn add_event(&mut self, limits: &SpanLimits, mut event: Event) {
        if self.events.len() >= limits.max_events {
            self.dropped_events += 1;
            return;
        }
        event.dropped_attributes += limit_list(
            &mut event.attributes,
            limits,
            limits.max_attributes_per_event,
        );
        self.events.push(event);
    }

    pub(crate) fn add_link(&mut self, limits: &SpanLimits, mut link: Link) {
        if self.links.len() >= limits.max_links {
            self.dropped_links += 1;
            return;
        }
        link.dropped_attributes +=
            limit_list(&mut link.attributes, limits, limits.max_attributes_per_link);
        self.links.push(link);
    }
}

/// Cuts a list to its limits; says how many attributes went.
fn limit_list(attributes: &mut Vec<KeyValue>, limits: &SpanLimits, max: usize) -> u32 {
    let dropped = attributes.len().saturating_sub(max);
    attributes.truncate(max);
    if let Some(max_chars) = limits.max_value_chars {
        for attribute in attributes {
            attribute.value.truncate(max_chars);
        }
    }
    u32::try_from(dropped).unwrap_or(u32::MAX)
}
