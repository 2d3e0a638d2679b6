//! `SpanBatch`: spans as columns, immutable once built, cheap to share.
//!
//! ```text
//! spans      one row a span: ids, name, kind, times, status, resource →, scope →
//! resources  one row a distinct resource of the request      (spans point at it)
//! scopes     one row a distinct instrumentation scope         (spans point at it)
//! events     one row an event, `span_row` ascending
//! links      one row a link,  `span_row` ascending
//! attributes one column per (level, key, type): owner rows ascending + values
//! overflow   attributes beyond MAX_ATTRIBUTE_COLUMNS distinct columns
//! ```
//!
//! Columns of text are dictionary codes, so a predicate is decided once per
//! distinct value. A dictionary **may hold equal entries** (a column of unique
//! values is not deduplicated), so codes are compared as strings, never as
//! numbers. A batch never knows where its spans came from or where they go.

pub mod assemble;
pub mod builder;
pub mod codec;
pub mod columns;
pub mod concat;
mod edit;

pub mod identity;
pub mod intern;
mod owners;
pub mod view;

use crate::ids::{SpanId, TraceId};
use crate::rows::RowSet;
use columns::{AttributeColumn, Blobs, OverflowColumn, SparseU32, StrColumn};

/// Distinct (level, key, type) columns a batch may have. Beyond it attributes
/// go to the overflow column: a column costs some 200 bytes, so without a
/// limit a request of unique keys would cost 30 times its size in memory.
pub const MAX_ATTRIBUTE_COLUMNS: usize = 1024;

/// Whose attribute it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The span's own.
    Span = 0,
    /// Of the resource (service, host, ...) the span came from.
    Resource = 1,
    /// Of the instrumentation scope.
    Scope = 2,
    /// Of an event of the span.
    Event = 3,
    /// Of a link of the span.
    Link = 4,
}

impl Level {
    /// All levels, in numeric order.
    pub const ALL: [Self; 5] = [
        Self::Span,
        Self::Resource,
        Self::Scope,
        Self::Event,
        Self::Link,
    ];

    /// The name the APIs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Resource => "resource",
            Self::Scope => "scope",
            Self::Event => "event",
            Self::Link => "link",
        }
    }
}

/// Fixed columns of spans; all of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpanColumns {
    /// Trace ids.
    pub trace_id: Vec<TraceId>,
    /// Span ids.
    pub span_id: Vec<SpanId>,
    /// Parent span ids; zeros for none.
    pub parent_span_id: Vec<SpanId>,
    /// W3C tracestate text.
    pub trace_state: StrColumn,
    /// OTLP span flags (W3C flags in the low byte, remote bits 0x100 and 0x200).
    pub flags: Vec<u32>,
    /// Operation names.
    pub name: StrColumn,
    /// OTLP kind numbers, as sent.
    pub kind: Vec<i32>,
    /// Start, ns since the Unix epoch.
    pub start_ns: Vec<u64>,
    /// End minus start, wrapping, so that nonsense survives the round trip;
    /// negative means the span ended before it started.
    pub duration_ns: Vec<i64>,
    /// OTLP status code numbers, as sent.
    pub status_code: Vec<i32>,
    /// Status messages.
    pub status_message: StrColumn,
    /// Attributes the client dropped, where not zero.
    pub dropped_attributes: SparseU32,
    /// Events the client dropped, where not zero.
    pub dropped_events: SparseU32,
    /// Links the client dropped, where not zero.
    pub dropped_links: SparseU32,
    /// Row in the resource table.
    pub resource: Vec<u32>,
    /// Row in the scope table.
    pub scope: Vec<u32>,
}

/// Resources; attributes are at [`Level::Resource`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceTable {
    /// Schema URL of the `ResourceSpans`.
    pub schema_url: StrColumn,
    /// Attributes the client dropped.
    pub dropped_attributes: SparseU32,
    /// `Resource.entity_refs` (field 3) as it stood on the wire, tags included.
    pub entity_refs: Blobs,
}

/// Instrumentation scopes; attributes are at [`Level::Scope`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScopeTable {
    /// Scope names.
    pub name: StrColumn,
    /// Scope versions.
    pub version: StrColumn,
    /// Schema URL of the `ScopeSpans`.
    pub schema_url: StrColumn,
    /// Attributes the client dropped.
    pub dropped_attributes: SparseU32,
}

/// Events; attributes are at [`Level::Event`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventTable {
    /// The span each belongs to, ascending.
    pub span_row: Vec<u32>,
    /// Time, ns since the Unix epoch.
    pub time_ns: Vec<u64>,
    /// Event names.
    pub name: StrColumn,
    /// Attributes the client dropped.
    pub dropped_attributes: SparseU32,
}

/// Links; attributes are at [`Level::Link`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkTable {
    /// The span each belongs to, ascending.
    pub span_row: Vec<u32>,
    /// Linked trace.
    pub trace_id: Vec<TraceId>,
    /// Linked span.
    pub span_id: Vec<SpanId>,
    /// W3C tracestate of the linked span.
    pub trace_state: StrColumn,
    /// OTLP flags of the linked context.
    pub flags: Vec<u32>,
    /// Attributes the client dropped.
    pub dropped_attributes: SparseU32,
}

/// Spans as columns. Built by [`builder::SpanBatchBuilder`]; read by column
/// through the fields here or by span through [`view::BatchView`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpanBatch {
    pub(crate) spans: SpanColumns,
    pub(crate) resources: ResourceTable,
    pub(crate) scopes: ScopeTable,
    pub(crate) events: EventTable,
    pub(crate) links: LinkTable,
    pub(crate) attributes: Vec<AttributeColumn>,
    pub(crate) overflow: OverflowColumn,
    /// Which spans failed, where whoever assembled a partial batch knew.
    pub(crate) failed: Option<RowSet>,
}

impl SpanBatch {
    /// Number of spans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.span_id.len()
    }

    /// True without spans.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fixed columns.
    #[must_use]
    pub fn spans(&self) -> &SpanColumns {
        &self.spans
    }

    /// The resource table.
    #[must_use]
    pub fn resources(&self) -> &ResourceTable {
        &self.resources
    }

    /// The scope table.
    #[must_use]
    pub fn scopes(&self) -> &ScopeTable {
        &self.scopes
    }

    /// The event table.
    #[must_use]
    pub fn events(&self) -> &EventTable {
        &self.events
    }

    /// The link table.
    #[must_use]
    pub fn links(&self) -> &LinkTable {
        &self.links
    }

    /// The attribute columns, in no particular order.
    #[must_use]
    pub fn attributes(&self) -> &[AttributeColumn] {
        &self.attributes
    }

    /// Attributes that found no column of their own.
    #[must_use]
    pub fn overflow(&self) -> &OverflowColumn {
        &self.overflow
    }

    /// Rows of the table that `level` speaks of.
    #[must_use]
    pub fn level_len(&self, level: Level) -> usize {
        match level {
            Level::Span => self.len(),
            Level::Resource => self.resources.schema_url.len(),
            Level::Scope => self.scopes.name.len(),
            Level::Event => self.events.span_row.len(),
            Level::Link => self.links.span_row.len(),
        }
    }

    /// Earliest and latest span start, ns; `None` without spans.
    #[must_use]
    pub fn start_range_ns(&self) -> Option<(u64, u64)> {
        let starts = &self.spans.start_ns;
        Some((*starts.iter().min()?, *starts.iter().max()?))
    }

    /// `service.name` of each resource; empty where there is none or it is no text.
    #[must_use]
    pub fn resource_services(&self) -> Vec<&str> {
        let mut names = vec![""; self.level_len(Level::Resource)];
        let columns = self.attributes.iter();
        for column in columns.filter(|c| c.level == Level::Resource && &*c.key == "service.name") {
            if let columns::ColumnValues::Str(values) = &column.values {
                for (index, row) in column.rows.iter().enumerate() {
                    names[*row as usize] = values.get(index);
                }
            }
        }
        names
    }

    /// Bytes of memory the columns hold, for accounting against limits.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        const FIXED_PER_SPAN: usize = 16 + 8 + 8 + 4 + 4 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4;
        let text = [
            &self.spans.trace_state,
            &self.spans.name,
            &self.spans.status_message,
            &self.resources.schema_url,
            &self.scopes.name,
            &self.scopes.version,
            &self.scopes.schema_url,
            &self.events.name,
            &self.links.trace_state,
        ];
        size_of::<Self>()
            + self.len() * FIXED_PER_SPAN
            + self.events.span_row.len() * 12
            + self.links.span_row.len() * 32
            + text
                .iter()
                .map(|column| column.memory_bytes())
                .sum::<usize>()
            + self.resources.entity_refs.memory_bytes()
            + self
                .attributes
                .iter()
                .map(AttributeColumn::memory_bytes)
                .sum::<usize>()
            + self.overflow.memory_bytes()
    }
}
