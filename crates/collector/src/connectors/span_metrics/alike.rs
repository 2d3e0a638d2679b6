//! Spans of a batch, or their events, that belong to the same series, and the
//! labels of it.

use tracewell_model::{Level, SpanBatch, SpanKind, StatusCode};

use super::config::{Dimension, DimensionOf, Fixed};
use crate::connectors::groups::Groups;
use crate::connectors::texts::Texts;
use crate::series::Labels;

/// Spans divided by what all of them have.
pub(super) struct Spans<'b> {
    batch: &'b SpanBatch,
    fixed: &'b [Fixed],
    /// By resource.
    services: Texts<'b>,
    groups: Groups,
}

impl<'b> Spans<'b> {
    pub(super) fn of(batch: &'b SpanBatch, fixed: &'b [Fixed]) -> Self {
        let services = Texts::each(batch.resource_services().into_iter());
        let mut groups = Groups::one(batch.len());
        let spans = batch.spans();
        for by in fixed {
            match by {
                Fixed::Service => {
                    groups.divide(|span| services.code(spans.resource[span] as usize));
                }
                Fixed::Name => groups.divide(|span| spans.name.codes[span]),
                Fixed::Kind => groups.divide(|span| kind(batch, span) as u32),
                Fixed::Status => groups.divide(|span| status(batch, span) as u32),
            }
        }
        Self {
            batch,
            fixed,
            services,
            groups,
        }
    }

    fn write(&self, span: usize, labels: &mut Labels) {
        let spans = self.batch.spans();
        for by in self.fixed {
            let value = match by {
                Fixed::Service => {
                    let service = self.services.get(spans.resource[span] as usize);
                    service.unwrap_or_default()
                }
                Fixed::Name => spans.name.get(span),
                Fixed::Kind => kind_text(kind(self.batch, span)),
                Fixed::Status => status_text(status(self.batch, span)),
            };
            labels.push(by.label(), value);
        }
    }
}

fn kind(batch: &SpanBatch, span: usize) -> SpanKind {
    SpanKind::from_otlp(batch.spans().kind[span])
}

fn status(batch: &SpanBatch, span: usize) -> StatusCode {
    StatusCode::from_otlp(batch.spans().status_code[span])
}

/// As the Collector writes it.
fn kind_text(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "SPAN_KIND_UNSPECIFIED",
        SpanKind::Internal => "SPAN_KIND_INTERNAL",
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
    }
}

fn status_text(status: StatusCode) -> &'static str {
    match status {
        StatusCode::Unset => "STATUS_CODE_UNSET",
        StatusCode::Ok => "STATUS_CODE_OK",
        StatusCode::Error => "STATUS_CODE_ERROR",
    }
}

/// Rows that belong to the same series.
pub(super) struct Alike<'s> {
    spans: &'s Spans<'s>,
    pub(super) groups: Groups,
    /// The span of a row; `None`: they are spans themselves.
    span_of: Option<&'s [u32]>,
    dimensions: Vec<(&'s str, Texts<'s>)>,
}

impl<'s> Alike<'s> {
    /// Spans, divided by more.
    pub(super) fn spans(spans: &'s Spans<'s>, dimensions: &'s [Dimension]) -> Self {
        Self {
            spans,
            groups: spans.groups.clone(),
            span_of: None,
            dimensions: Vec::new(),
        }
        .divided(dimensions)
    }

    /// Events of spans, likewise; one that lacks an attribute has that of its span.
    pub(super) fn events(spans: &'s Spans<'s>, dimensions: &'s [Dimension]) -> Self {
        let span_of = &spans.batch.events().span_row[..];
        let mut groups = Groups::one(span_of.len());
        groups.divide(|event| spans.groups.of_row[span_of[event] as usize]);
        Self {
            spans,
            groups,
            span_of: Some(span_of),
            dimensions: Vec::new(),
        }
        .divided(dimensions)
    }

    fn divided(mut self, dimensions: &'s [Dimension]) -> Self {
        for Dimension { label, of } in dimensions {
            let texts = match of {
                DimensionOf::Attribute { key, default } => self.attribute(key, default.as_deref()),
                DimensionOf::ScopeName(wanted) | DimensionOf::ScopeVersion(wanted) => {
                    let is_name = matches!(of, DimensionOf::ScopeName(_));
                    self.scope(wanted, is_name)
                }
            };
            if !texts.is_none() {
                self.groups.divide(|row| texts.code(row));
                self.dimensions.push((label, texts));
            }
        }
        self
    }

    /// What the Collector takes: that of the span, of the event, of the resource.
    fn attribute(&self, key: &str, default: Option<&'s str>) -> Texts<'s> {
        let batch = self.spans.batch;
        let of = |level| Texts::of_attribute(batch, level, key);
        let rows = self.groups.of_row.len();
        let mut texts = Texts::none(rows).or(&of(Level::Span), |row| self.span(row));
        if self.span_of.is_some() {
            texts = texts.or(&of(Level::Event), |event| event);
        }
        let resources = &batch.spans().resource;
        texts = texts.or(&of(Level::Resource), |row| {
            resources[self.span(row)] as usize
        });
        match default {
            Some(default) => texts.or_text(default),
            None => texts,
        }
    }

    fn scope(&self, wanted: &[String], is_name: bool) -> Texts<'s> {
        let batch = self.spans.batch;
        let scopes = batch.scopes();
        let of_scopes = (0..scopes.name.len()).map(|scope| {
            let name = scopes.name.get(scope);
            match wanted.iter().any(|wanted| wanted == name) {
                true if is_name => name,
                true => scopes.version.get(scope),
                false => "",
            }
        });
        let of_spans = &batch.spans().scope;
        Texts::none(self.groups.of_row.len()).or(&Texts::each(of_scopes), |row| {
            of_spans[self.span(row)] as usize
        })
    }

    fn span(&self, row: usize) -> usize {
        self.span_of.map_or(row, |span_of| span_of[row] as usize)
    }

    /// The labels of a row.
    pub(super) fn write(&self, row: usize, labels: &mut Labels) {
        labels.clear();
        self.spans.write(self.span(row), labels);
        for (label, texts) in &self.dimensions {
            labels.push(label, texts.get(row).unwrap_or_default());
        }
    }
}
