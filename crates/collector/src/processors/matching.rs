//! `include` and `exclude`: which spans a processor is for.
//!
//! A span is meant when `include` matches it, if there is one, and `exclude` does not.
//! Within each, every list that is given must have a match; a list of names matches
//! by any, a list of attributes by all. **A text is judged once**, however many spans
//! have it.

mod config;

pub use config::{Matcher, MatchingConfig, Wanted};

use tracewell_model::batch::columns::StrColumn;
use tracewell_model::values::owner_values;
use tracewell_model::{Level, RowSet, SpanBatch, SpanKind, ValueRef};

use config::{AttributeMatch, LibraryMatch};

impl MatchingConfig {
    /// The spans that are meant.
    pub(super) fn rows(&self, batch: &SpanBatch) -> RowSet {
        let mut rows = match &self.include {
            Some(include) => include.rows(batch),
            None => RowSet::all(batch.len()),
        };
        if let Some(exclude) = &self.exclude {
            let mut others = exclude.rows(batch);
            others.invert();
            rows.intersect(&others);
        }
        rows
    }
}

impl Matcher {
    fn rows(&self, batch: &SpanBatch) -> RowSet {
        let spans = batch.spans();
        let mut rows = RowSet::all(batch.len());
        if !self.services.is_empty() {
            let services = batch.resource_services();
            let is_wanted: Vec<bool> = services
                .iter()
                .map(|name| any(&self.services, name))
                .collect();
            rows.intersect(&RowSet::from_fn(batch.len(), |row| {
                is_wanted[spans.resource[row] as usize]
            }));
        }
        if !self.span_names.is_empty() {
            rows.intersect(&texts(&spans.name, |name| any(&self.span_names, name)));
        }
        if !self.span_kinds.is_empty() {
            rows.intersect(&RowSet::from_fn(batch.len(), |row| {
                any(&self.span_kinds, kind_name(spans.kind[row]))
            }));
        }
        for wanted in &self.attributes {
            rows.intersect(&wanted.owners(batch, Level::Span));
        }
        for wanted in &self.resources {
            rows.intersect(&of_spans(batch, &wanted.owners(batch, Level::Resource)));
        }
        if !self.libraries.is_empty() {
            let scopes = batch.scopes();
            let is_wanted = RowSet::from_fn(batch.level_len(Level::Scope), |row| {
                let (name, version) = (scopes.name.get(row), scopes.version.get(row));
                self.libraries
                    .iter()
                    .any(|library: &LibraryMatch| library.matches(name, version))
            });
            rows.intersect(&RowSet::from_fn(batch.len(), |row| {
                is_wanted.contains(spans.scope[row] as usize)
            }));
        }
        rows
    }
}

fn any(wanted: &[Wanted], text: &str) -> bool {
    wanted.iter().any(|wanted| wanted.matches(text))
}

/// Rows of a column whose text is wanted.
fn texts(column: &StrColumn, is_wanted: impl Fn(&str) -> bool) -> RowSet {
    let is_wanted: Vec<bool> = column.dict.iter().map(is_wanted).collect();
    RowSet::from_fn(column.len(), |row| is_wanted[column.codes[row] as usize])
}

/// The spans of these resources.
fn of_spans(batch: &SpanBatch, resources: &RowSet) -> RowSet {
    let of = &batch.spans().resource;
    RowSet::from_fn(batch.len(), |row| resources.contains(of[row] as usize))
}

/// As the Collector writes kinds.
fn kind_name(kind: i32) -> &'static str {
    match SpanKind::from_otlp(kind) {
        SpanKind::Unspecified => "SPAN_KIND_UNSPECIFIED",
        SpanKind::Internal => "SPAN_KIND_INTERNAL",
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
    }
}

impl AttributeMatch {
    fn owners(&self, batch: &SpanBatch, level: Level) -> RowSet {
        let values = owner_values(batch, level, &self.key);
        let mut owners = RowSet::none(batch.level_len(level));
        for (row, value) in values.into_iter().enumerate() {
            if let Some(value) = value
                && self.matches(value)
            {
                owners.insert(row);
            }
        }
        owners
    }

    fn matches(&self, value: ValueRef<'_>) -> bool {
        match &self.value {
            None => true,
            Some(wanted) => wanted.matches_value(value),
        }
    }
}
