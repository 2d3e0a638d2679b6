//! What of a span says which peer it goes to: its trace, or attributes as the text
//! `name=value|name=value|`, which is the Collector's.

use std::fmt::Write as _;

use tracewell_model::batch::view::{BatchView, SpanRef};
use tracewell_model::{Level, RowSet, SpanBatch, SpanKind, ValueRef};

use super::ring::Ring;
use crate::value_text::text_of;

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingKey {
    /// All spans of a trace go to one peer.
    TraceId,
    /// All spans in which these attributes are the same: of the resource, else of the
    /// scope, else of the span, whose `span.name` and `span.kind` count as such.
    Attributes(Vec<String>),
}

impl RoutingKey {
    /// All spans of a service.
    pub(super) fn service() -> Self {
        Self::Attributes(vec!["service.name".to_owned()])
    }

    /// Which rows go to which of so many peers; those without rows are left out.
    pub(super) fn rows(
        &self,
        batch: &SpanBatch,
        ring: &Ring,
        peers: usize,
    ) -> Vec<(usize, RowSet)> {
        let mut rows: Vec<RowSet> = (0..peers).map(|_| RowSet::none(batch.len())).collect();
        let mut put = |row: usize, key: &[u8]| {
            if let Some(peer) = ring.peer_of(key) {
                rows[peer].insert(row);
            }
        };
        match self {
            Self::TraceId => {
                for (row, trace) in batch.spans().trace_id.iter().enumerate() {
                    put(row, &trace.0);
                }
            }
            Self::Attributes(names) => {
                let levels = [Level::Resource, Level::Scope, Level::Span];
                let view = BatchView::new_levels(batch, &levels);
                let mut key = String::new();
                for span in view.spans() {
                    key.clear();
                    names
                        .iter()
                        .for_each(|name| add(&mut key, &view, span, name));
                    put(span.row(), key.as_bytes());
                }
            }
        }
        let rows = rows.into_iter().enumerate();
        rows.filter(|(_, rows)| !rows.is_empty()).collect()
    }
}

fn add(key: &mut String, view: &BatchView<'_>, span: SpanRef<'_>, name: &str) {
    let of_resource = view.attribute(Level::Resource, span.resource_row(), name);
    let of_others = || view.attribute(Level::Scope, span.scope_row(), name);
    key.push_str(name);
    key.push('=');
    match (of_resource.or_else(of_others), name) {
        (Some(value), _) => put_value(key, value),
        (None, "span.name") => key.push_str(span.name()),
        (None, "span.kind") => key.push_str(kind(span.kind())),
        (None, _) => {
            if let Some(value) = span.attribute(name) {
                put_value(key, value);
            }
        }
    }
    key.push('|');
}

fn put_value(key: &mut String, value: ValueRef<'_>) {
    match value {
        // Whole ones are written without a point.
        ValueRef::Double(number) => write!(key, "{number}").unwrap_or_default(),
        other => key.push_str(&text_of(other)),
    }
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "Unspecified",
        SpanKind::Internal => "Internal",
        SpanKind::Server => "Server",
        SpanKind::Client => "Client",
        SpanKind::Producer => "Producer",
        SpanKind::Consumer => "Consumer",
    }
}
