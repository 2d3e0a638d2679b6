//! Which columns a reader looks at, so that a store decodes no others.
//!
//! It names ideas (names, events, an attribute), **never columns of a file**.

use crate::batch::Level;
use crate::filter::{Condition, Field, Intrinsic, Place, SpanFilter};
use crate::tree::structure_columns;

/// Which columns of spans a reader looks at beyond trace id, span id, parent
/// id, start and duration, which are there unless [`ScanColumns::starts_only`].
/// Others MAY be empty or hold less than the store knows: such a batch is
/// *partial*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanColumns {
    /// Of what is always there, starts alone: ids, parents and durations MAY
    /// be zeros. For scans; a trace needs them.
    pub starts_only: bool,
    /// Only of spans that may be stored twice, or whose trace may lie in several
    /// places, does the reader look at ids, parents and durations, unless it asks for
    /// these: a store that can tell
    /// ([`TraceStore::scan_unordered`](super::TraceStore::scan_unordered)) shows those
    /// spans apart ([`super::ScanChunk::parted`]), and of all others these MAY be zeros.
    pub parted_apart: bool,
    /// Ids of spans and their parents, with [`ScanColumns::parted_apart`].
    pub ids: bool,
    /// Durations, with the same.
    pub durations: bool,
    /// With the same, of how many traces the others are.
    pub whole_traces: bool,
    /// Sums will do in place of spans. Asked for with [`ScanColumns::parted_apart`].
    pub sums: Sums,
    /// Span names, kinds and status codes.
    pub names: bool,
    /// Status messages.
    pub status_messages: bool,
    /// Tracestates.
    pub trace_states: bool,
    /// `service.name` of the resource.
    pub services: bool,
    /// Names and versions of instrumentation scopes.
    pub scopes: bool,
    /// What [`crate::failure::failed_rows`] needs.
    pub failures: bool,
    /// Events with names and times, without attributes.
    pub events: bool,
    /// Links with the ids they point to, without attributes.
    pub links: bool,
    /// Attributes of these levels and keys, with the events and links that
    /// have them.
    pub attributes: Vec<(Level, Box<str>)>,
}

/// Whether a reader, who adds up and looks at services, names, kinds, statuses and
/// failures alone, takes sums of spans that are equal in these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sums {
    /// It needs spans.
    #[default]
    No,
    /// Of all in the range. Durations are looked at by their bucket
    /// ([`crate::log2`]) only.
    OfAll,
    /// The same, told apart by steps of so many ns: a start belongs to the step that
    /// ends at the first multiple of it not before.
    BySteps(u64),
}

impl ScanColumns {
    /// What the evaluation of a filter looks at. Tests that need the whole
    /// trace look at names, services and parents.
    #[must_use]
    pub fn of_filter(filter: &SpanFilter) -> Self {
        let mut columns = Self::default();
        filter.for_each_field(&mut |field, condition| columns.add_field(field, condition));
        columns
    }

    /// Adds what the value of a field, or a condition on it, looks at.
    pub fn add_field(&mut self, field: &Field, condition: Option<&Condition>) {
        match field {
            Field::Intrinsic(field) => self.add_intrinsic(*field),
            Field::Attribute(place, keys) => {
                // Those that lack the key matter as well.
                let is_absence = matches!(condition, Some(Condition::Absent));
                self.events |= is_absence && *place == Place::Event;
                self.links |= is_absence && *place == Place::Link;
                self.add_keys(*place, keys);
            }
            Field::ParentAttribute(place, keys) => {
                self.add_all(structure_columns());
                self.add_keys(*place, keys);
            }
        }
    }

    fn add_keys(&mut self, place: Place, keys: &[Box<str>]) {
        for level in place.levels() {
            keys.iter().for_each(|key| self.add(*level, key));
        }
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.add_all(other);
        self
    }

    fn add_all(&mut self, other: Self) {
        self.starts_only &= other.starts_only;
        self.parted_apart &= other.parted_apart;
        self.sums = Sums::No;
        self.ids |= other.ids;
        self.durations |= other.durations;
        self.whole_traces |= other.whole_traces;
        self.names |= other.names;
        self.status_messages |= other.status_messages;
        self.trace_states |= other.trace_states;
        self.services |= other.services;
        self.scopes |= other.scopes;
        self.failures |= other.failures;
        self.events |= other.events;
        self.links |= other.links;
        for (level, key) in &other.attributes {
            self.add(*level, key);
        }
    }

    fn add(&mut self, level: Level, key: &str) {
        let wanted = (level, key.into());
        if !self.attributes.contains(&wanted) {
            self.attributes.push(wanted);
        }
    }

    fn add_intrinsic(&mut self, field: Intrinsic) {
        match field {
            Intrinsic::TraceId | Intrinsic::SpanId | Intrinsic::ParentSpanId => self.ids = true,
            Intrinsic::Duration | Intrinsic::TraceDuration => self.durations = true,
            Intrinsic::Name | Intrinsic::Kind | Intrinsic::Status => self.names = true,
            Intrinsic::ChildCount
            | Intrinsic::RootName
            | Intrinsic::NestedSetLeft
            | Intrinsic::NestedSetRight
            | Intrinsic::NestedSetParent => self.add_all(structure_columns()),
            Intrinsic::RootService => {
                self.add_all(structure_columns());
                self.services = true;
            }
            Intrinsic::StatusMessage => self.status_messages = true,
            Intrinsic::Failed => self.failures = true,
            Intrinsic::EventName | Intrinsic::EventTimeSinceStart => self.events = true,
            Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => self.links = true,
            Intrinsic::ScopeName | Intrinsic::ScopeVersion => self.scopes = true,
        }
    }
}
