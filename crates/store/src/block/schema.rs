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
//! failed              bool      status error, exception event or HTTP status ≥ 500
//! dropped_attributes, dropped_events, dropped_links   int32, null for 0
//! service_name        string,   null when the resource has none
//! resource            binary    ResourceSpans with `resource` and `schema_url` only
//! scope               binary    ScopeSpans with `scope` and `schema_url` only
//! attributes          binary    Span with the `attributes` that have no column
//! events              binary    Span with `events` only; null for none
//! links               binary    Span with `links` only; null for none
//! span.<key>          string, int64, double or bool; null where absent
//! ```
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

use parquet::basic::Type as PhysicalType;
use tracewell_model::batch::columns::ValueType;

/// Version of Parquet schema and index file that this code writes.
pub(super) const VERSION: u32 = 1;

/// Key of the version in the Parquet key-value metadata.
pub(super) const VERSION_KEY: &str = "tracewell.block.version";

/// Rows of a row group: what one reader decodes at once.
pub(super) const ROW_GROUP_ROWS: usize = 32_768;

/// Rows of a data page: what a trace look-up decodes at least.
pub(super) const PAGE_ROWS: usize = 4096;

/// Largest dictionary page of most columns: what a trace look-up decodes at
/// least of each column of text.
pub(super) const DICTIONARY_PAGE_BYTES: usize = 64 * 1024;

/// Largest dictionary page of `resource` and `scope`: long messages that
/// repeat; a row that found no place in the dictionary would hold a whole one.
pub(super) const MESSAGE_DICTIONARY_PAGE_BYTES: usize = 1024 * 1024;

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
}

impl Fixed {
    pub(super) const ALL: [Self; 21] = [
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
    ];

    /// Its place in the file.
    pub(super) fn column(self) -> usize {
        self as usize
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::TraceState => "trace_state",
            Self::Flags => "flags",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::StartNs => "start_ns",
            Self::DurationNs => "duration_ns",
            Self::StatusCode => "status_code",
            Self::StatusMessage => "status_message",
            Self::Failed => "failed",
            Self::DroppedAttributes => "dropped_attributes",
            Self::DroppedEvents => "dropped_events",
            Self::DroppedLinks => "dropped_links",
            Self::ServiceName => "service_name",
            Self::Resource => "resource",
            Self::Scope => "scope",
            Self::Attributes => "attributes",
            Self::Events => "events",
            Self::Links => "links",
        }
    }

    /// May a row have none?
    pub(super) fn is_nullable(self) -> bool {
        matches!(
            self,
            Self::ParentSpanId
                | Self::TraceState
                | Self::StatusMessage
                | Self::DroppedAttributes
                | Self::DroppedEvents
                | Self::DroppedLinks
                | Self::ServiceName
                | Self::Attributes
                | Self::Events
                | Self::Links
        )
    }

    pub(super) fn physical_type(self) -> PhysicalType {
        match self {
            Self::TraceId | Self::SpanId | Self::ParentSpanId => PhysicalType::FIXED_LEN_BYTE_ARRAY,
            Self::Flags
            | Self::Kind
            | Self::StatusCode
            | Self::DroppedAttributes
            | Self::DroppedEvents
            | Self::DroppedLinks => PhysicalType::INT32,
            Self::StartNs | Self::DurationNs => PhysicalType::INT64,
            Self::Failed => PhysicalType::BOOLEAN,
            Self::TraceState
            | Self::Name
            | Self::StatusMessage
            | Self::ServiceName
            | Self::Resource
            | Self::Scope
            | Self::Attributes
            | Self::Events
            | Self::Links => PhysicalType::BYTE_ARRAY,
        }
    }
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
