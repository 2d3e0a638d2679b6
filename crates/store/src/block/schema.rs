//! The columns of a block's Parquet file: the documented public schema.
//!
//! ```text
//! trace_id            fixed 16, required
//! span_id             fixed 8,  required
//! parent_span_id      fixed 8,  null for none
//! trace_state         string,   null when empty
//! flags               int32     OTLP span flags
//! name                string
//! kind                int32     OTLP number
//! start_ns            int64     ns since the Unix epoch
//! duration_ns         int64     end minus start; negative when it ended before
//! status_code         int32     OTLP number
//! status_message      string,   null when empty
//! failed              bool      what `model::failure` said when the block was written
//! dropped_attributes, dropped_events, dropped_links   int32, null for 0
//! service_name        string,   null when the resource has none
//! resource            binary    ResourceSpans with `resource` and `schema_url` only
//! scope               binary    ScopeSpans with `scope` and `schema_url` only
//! attributes          binary    Span with the `attributes` that have no column
//! events              binary    Span with `events` only; null for none
//! links               binary    Span with `links` only; null for none
//!
//! parent_row          int32     row of the parent in this file; null for none here
//! depth               int32     steps up to a span without parent here
//! subtree_spans       int32     the span and all below it
//! self_ns             int64     duration that no child covers; null for all of it
//! critical_ns         int64     share of the critical path of the trace; 0 off it,
//!                               null when it is the self time
//! root_service        string    of the root of the trace
//! root_name           string    of the root of the trace
//! trace_duration_ns   int64     on the first row of each trace, else null
//!
//! span.<key>          string, int64, double or bool; null where absent
//! ```
//!
//! The eight columns from `parent_row` on are derived when blocks are compacted
//! and null before; `depth` is never null afterwards. Rows of a trace are one
//! run, ordered by start and span id; traces are ordered by their earliest start
//! in the block, then by id.
//!
//! Binary columns are OTLP protobuf messages. `start_ns` is a plain integer,
//! because Spark reads no timestamps in nanoseconds and OTLP's unsigned 64
//! bits do not fit any: it holds the same 64 bits, so a time after 2262 reads
//! as negative elsewhere and comes back exactly here.
//!
//! Which attributes have a column is chosen per block. A key that occurs with
//! several types has its most frequent one under the bare name and the others
//! with a suffix: `span.http.status_code:str`. A key that itself ends like a
//! suffix always gets its own, so names are never ambiguous.

use tracewell_model::batch::columns::ValueType;
use tracewell_parquet::{Column, PhysicalType};

/// Version of Parquet schema and index file that this code writes.
pub(super) const VERSION: u32 = 1;

/// Key of the version in the Parquet key-value metadata.
pub(super) const VERSION_KEY: &str = "tracewell.block.version";

/// Rows of a row group at most: what one reader decodes at once.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;

/// Largest dictionary page of most columns: what a trace look-up decodes at
/// least of each column of text.
const DICTIONARY_BYTES: usize = 64 * 1024;

/// Largest dictionary page of `resource` and `scope`: long messages that
/// repeat; without the dictionary every row would hold a whole one.
const MESSAGE_DICTIONARY_BYTES: usize = 1024 * 1024;

/// Columns that every block has, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub(super) enum Fixed {
    TraceId,
    SpanId,
    ParentSpanId,
    TraceState,
    Flags,
    Name,
    Kind,
    StartNs,
    DurationNs,
    StatusCode,
    StatusMessage,
    Failed,
    DroppedAttributes,
    DroppedEvents,
    DroppedLinks,
    ServiceName,
    Resource,
    Scope,
    Attributes,
    Events,
    Links,
    ParentRow,
    Depth,
    SubtreeSpans,
    SelfNs,
    CriticalNs,
    RootService,
    RootName,
    TraceDurationNs,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Id16,
    Id8,
    Int32,
    Int64,
    Bool,
    Text,
    /// An OTLP message that many rows share.
    SharedMessage,
    /// An OTLP message of this row.
    Message,
}

impl Fixed {
    pub(super) const ALL: [Self; 29] = [
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::TraceState,
        Self::Flags,
        Self::Name,
        Self::Kind,
        Self::StartNs,
        Self::DurationNs,
        Self::StatusCode,
        Self::StatusMessage,
        Self::Failed,
        Self::DroppedAttributes,
        Self::DroppedEvents,
        Self::DroppedLinks,
        Self::ServiceName,
        Self::Resource,
        Self::Scope,
        Self::Attributes,
        Self::Events,
        Self::Links,
        Self::ParentRow,
        Self::Depth,
        Self::SubtreeSpans,
        Self::SelfNs,
        Self::CriticalNs,
        Self::RootService,
        Self::RootName,
        Self::TraceDurationNs,
    ];

    /// Its place in the file.
    pub(super) fn column(self) -> usize {
        self as usize
    }

    /// May a row have none?
    pub(super) fn is_nullable(self) -> bool {
        self.layout().2
    }

    /// How it is stored.
    pub(super) fn definition(self) -> Column {
        let (name, content, nullable) = self.layout();
        let (physical, max_dictionary_bytes) = match content {
            Content::Id16 => (PhysicalType::Fixed16, 0),
            Content::Id8 => (PhysicalType::Fixed8, 0),
            Content::Int32 => (PhysicalType::Int32, DICTIONARY_BYTES),
            Content::Int64 => (PhysicalType::Int64, DICTIONARY_BYTES),
            Content::Bool => (PhysicalType::Boolean, 0),
            Content::Text => (PhysicalType::ByteArray, DICTIONARY_BYTES),
            Content::SharedMessage => (PhysicalType::ByteArray, MESSAGE_DICTIONARY_BYTES),
            Content::Message => (PhysicalType::ByteArray, 0),
        };
        Column {
            name: name.to_owned(),
            physical,
            is_text: content == Content::Text,
            nullable,
            max_dictionary_bytes,
            // Span ids are random: nothing to gain, and nothing to undo later.
            compress: self != Self::SpanId,
        }
    }

    /// Name, content, and whether a row may have none.
    fn layout(self) -> (&'static str, Content, bool) {
        use Content::{Bool, Id8, Id16, Int32, Int64, Message, SharedMessage, Text};
        match self {
            Self::TraceId => ("trace_id", Id16, false),
            Self::SpanId => ("span_id", Id8, false),
            Self::ParentSpanId => ("parent_span_id", Id8, true),
            Self::TraceState => ("trace_state", Text, true),
            Self::Flags => ("flags", Int32, false),
            Self::Name => ("name", Text, false),
            Self::Kind => ("kind", Int32, false),
            Self::StartNs => ("start_ns", Int64, false),
            Self::DurationNs => ("duration_ns", Int64, false),
            Self::StatusCode => ("status_code", Int32, false),
            Self::StatusMessage => ("status_message", Text, true),
            Self::Failed => ("failed", Bool, false),
            Self::DroppedAttributes => ("dropped_attributes", Int32, true),
            Self::DroppedEvents => ("dropped_events", Int32, true),
            Self::DroppedLinks => ("dropped_links", Int32, true),
            Self::ServiceName => ("service_name", Text, true),
            Self::Resource => ("resource", SharedMessage, false),
            Self::Scope => ("scope", SharedMessage, false),
            Self::Attributes => ("attributes", Message, true),
            Self::Events => ("events", Message, true),
            Self::Links => ("links", Message, true),
            Self::ParentRow => ("parent_row", Int32, true),
            Self::Depth => ("depth", Int32, true),
            Self::SubtreeSpans => ("subtree_spans", Int32, true),
            Self::SelfNs => ("self_ns", Int64, true),
            Self::CriticalNs => ("critical_ns", Int64, true),
            Self::RootService => ("root_service", Text, true),
            Self::RootName => ("root_name", Text, true),
            Self::TraceDurationNs => ("trace_duration_ns", Int64, true),
        }
    }
}

/// How the column of a span attribute is stored; `None` for types without
/// columns.
pub(super) fn attribute_column(name: &str, value_type: ValueType) -> Option<Column> {
    let physical = match value_type {
        ValueType::Str => PhysicalType::ByteArray,
        ValueType::Int => PhysicalType::Int64,
        ValueType::Double => PhysicalType::Double,
        ValueType::Bool => PhysicalType::Boolean,
        ValueType::Bytes | ValueType::Other => return None,
    };
    Some(Column {
        name: name.to_owned(),
        physical,
        is_text: value_type == ValueType::Str,
        nullable: true,
        max_dictionary_bytes: DICTIONARY_BYTES,
        compress: true,
    })
}

/// Types that have columns, with the suffix of each.
const SUFFIXES: [(ValueType, &str); 4] = [
    (ValueType::Str, ":str"),
    (ValueType::Int, ":int"),
    (ValueType::Double, ":double"),
    (ValueType::Bool, ":bool"),
];

/// Name of the column of a span attribute; `main` for the most frequent type
/// of its key. `None` for types without columns.
pub(super) fn attribute_column_name(
    key: &str,
    value_type: ValueType,
    main: bool,
) -> Option<String> {
    let (_, suffix) = SUFFIXES.iter().find(|(of, _)| *of == value_type)?;
    let looks_suffixed = SUFFIXES.iter().any(|(_, suffix)| key.ends_with(suffix));
    let suffix = if main && !looks_suffixed { "" } else { suffix };
    Some(format!("span.{key}{suffix}"))
}

/// The key of an attribute column of this name and type: the inverse of
/// [`attribute_column_name`]. `None` if it is no attribute column.
pub(super) fn attribute_of_column(name: &str, value_type: ValueType) -> Option<&str> {
    let key = name.strip_prefix("span.")?;
    let (_, suffix) = SUFFIXES.iter().find(|(of, _)| *of == value_type)?;
    Some(key.strip_suffix(suffix).unwrap_or(key))
}
